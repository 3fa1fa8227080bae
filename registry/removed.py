"""What the ledger told of and the database holds no longer, or otherwise.

An event cannot be taken back; a row can be deleted. A failed evaluation whose row is gone would be evidence that nobody
misses, and a batch whose mark was taken off would no longer be called synthetic.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import Session

from registry.domain.errors import LedgerBrokenError
from registry.domain.event import Event, Subject
from registry.history import events_of, told_events
from registry.schema import (
    CohortRow,
    DeploymentRow,
    EvaluationRow,
    PersonRow,
    SegmentRow,
    SignatureRow,
    SiteRow,
    TargetRow,
)

_EVALUATED = "evaluation.completed"
_KINDS: Mapping[str, tuple[str, ...]] = {
    "person.added": ("person",),
    "cohort.frozen": ("cohort",),
    _EVALUATED: ("evaluation",),
    "version.signed": ("signature",),
    "deployment.started": ("deployment", "signature"),
    "deployment.stopped": ("signature",),
    "deployment.resumed": ("signature",),
    "external.deployed": ("signature",),
    "external.stopped": ("signature",),
    "intake.batch": ("segment",),
}


def require_evaluations(session: Session, version: str) -> None:
    """Refuse evidence from which an evaluation of a version (`model@number`) was removed.

    Raises:
        LedgerBrokenError: naming the cohort of the first one.
    """
    for event in events_of(session, (_EVALUATED,)):
        subjects = _subjects(event)
        if subjects[0].name == version:
            for why in _missing(session, event, ("evaluation",)):
                raise LedgerBrokenError(why, mend="run `overread audit verify`")


def removed(session: Session) -> Iterator[str]:
    """Say of each thing that the ledger told of that its row is missing, or says otherwise.

    Raises:
        LedgerBrokenError: when an event that tells of them is not what was signed.
    """
    for kind, wanted in _KINDS.items():
        for event in events_of(session, (kind,)):
            yield from _missing(session, event, wanted)
    yield from _remade(session)


def _missing(session: Session, event: Event, wanted: tuple[str, ...]) -> Iterator[str]:
    for subject in _subjects(event):
        if subject.kind in wanted and not session.scalar(select(exists().where(_row_of(subject)))):
            yield f"the {subject.kind} '{subject.name}' of event {event.seq} is gone"


def _row_of(subject: Subject) -> ColumnElement[bool]:
    """Return the condition that finds the row of a subject."""
    conditions: Mapping[str, ColumnElement[bool]] = {
        "person": PersonRow.person == subject.name,
        "cohort": (CohortRow.name == subject.name) & (CohortRow.digest == subject.digest),
        "evaluation": EvaluationRow.digest == subject.digest,
        "signature": SignatureRow.digest == subject.digest,
        "deployment": DeploymentRow.deployment == subject.name,
        "segment": (SegmentRow.table_name == subject.name) & (SegmentRow.digest == subject.digest),
    }
    return conditions[subject.kind]


def _remade(session: Session) -> Iterator[str]:
    """Hold batches, sites and targets that are there against what told of them; an erased payload tells nothing."""
    segments: dict[int, list[SegmentRow]] = defaultdict(list)
    for row in session.scalars(select(SegmentRow)):
        segments[row.event_seq].append(row)
    for event, told in told_events(session, ("intake.batch",)):
        for row in segments[event.seq]:
            if row.synthetic is not told["synthetic"]:
                yield f"the mark 'synthetic' of a batch of {row.table_name} is not the one of event {event.seq}"
    sites = {row.site: row for row in session.scalars(select(SiteRow))}
    for event, told in told_events(session, ("site.registered",)):
        site = sites.get(told["site"])
        if site is not None and site.time_zone != told["time_zone"]:
            yield f"the site '{told['site']}' is not the one of event {event.seq}"
    targets = {row.target: row for row in session.scalars(select(TargetRow))}
    for event, told in told_events(session, ("target.registered",)):
        target = targets.get(told["target"])
        if target is not None and target.analysis_unit != told["analysis_unit"]:
            yield f"the target '{told['target']}' is not the one of event {event.seq}"


def _subjects(event: Event) -> list[Subject]:
    return [Subject(one["kind"], one["name"], one.get("digest")) for one in event.record["subjects"]]
