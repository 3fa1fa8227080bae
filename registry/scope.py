"""Classified changes on record: what versions were made from, where each change lies, and what was declared new.

The ledger proves the order: classified, then trained and registered, then evaluated, then classified again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from registry.change_plans import AdoptedPlan, plan_at
from registry.comparisons import verdicts
from registry.database import reading
from registry.domain.canonical import canonical_bytes, parse_canonical
from registry.domain.change_scope import Classification, Scope, Stage, VersionFacts, facts_faults
from registry.domain.errors import EvidenceMissingError, UsageError
from registry.domain.event import EventDraft, Subject
from registry.domain.model import ModelVersion
from registry.domain.person import Actor, actor_record
from registry.domain.ports import ObjectStore
from registry.domain.text import one_line
from registry.domain.vocabulary import Verdict
from registry.history import last_event, whole_events
from registry.ledger.store import Transaction
from registry.record import Record
from registry.schema import ModelVersionRow

CLASSIFIED, RECORDED, DECLARED = "change.classified", "provenance.recorded", "submission.declared"


@dataclass(frozen=True)
class Classified:
    """A classification on record: its digest and record, the event, the version that it is of once there is one."""

    digest: str
    record: Mapping[str, Any]
    event_seq: int
    at: str
    version: str
    why: str
    submission: str = ""

    @property
    def scope(self) -> Scope:
        """Where the change lies."""
        return Scope(self.record["scope"])

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form: the record, and where it stands in the ledger."""
        kept = {"digest": self.digest, "event_seq": self.event_seq, "at": self.at, "version": self.version}
        return dict(self.record) | kept | {"why": self.why, "new_submission": self.submission}


@dataclass(frozen=True)
class Training:
    """What was recorded at a version's training: its facts, and the classification before it, where there was one."""

    version: str
    facts: str
    classification: str
    event_seq: int


def record_classification(
    record: Record,
    found: Classification,
    facts: VersionFacts,
    actor: Actor,
    version: ModelVersion | None = None,
    submission: str = "",
) -> int:
    """Put a classification on record, and that its change was declared a new submission; return the event's number.

    The same classification of the same version, asked for twice in a row, is one.

    Raises:
        UsageError: when the facts cannot be stored, or the reason is no single line.
    """
    faults = facts_faults(facts)
    if faults:
        raise UsageError(f"the version's facts cannot be kept: {faults[0]}")
    record.objects.put(canonical_bytes(facts.to_json()))
    digest = record.objects.put(canonical_bytes(found.to_json()))
    why = one_line(submission, "reason")
    with record.ledger.transaction() as tx:
        known = classifications(tx.session, record.objects, found.model)
        name = version.version if version is not None else ""
        if known and (known[-1].digest, known[-1].version) == (digest, name) and not why:
            return known[-1].event_seq
        seq = _classified(tx, found, digest, actor, version)
        if why:
            payload = {"model": found.model, "classification": digest, "why": why}
            subjects = (Subject("change", found.model, digest),)
            tx.append(EventDraft(DECLARED, actor_record(actor), subjects, payload, why))
        return seq


def record_training(
    record: Record, version: ModelVersion, facts: VersionFacts, classification: str, actor: Actor
) -> None:
    """Put on record what a version was made from, and which classification went before."""
    digest = record.objects.put(canonical_bytes(facts.to_json()))
    payload = {"model": version.model, "version": version.version, "digest": digest, "classification": classification}
    subjects = (Subject("version", version.name, version.artifact_digest), Subject("facts", version.name, digest))
    with record.ledger.transaction() as tx:
        tx.append(EventDraft(RECORDED, actor_record(actor), subjects, payload))


def classified(record: Record, model: str) -> tuple[Classified, ...]:
    """Return the classifications of a model's changes, oldest first.

    Raises:
        ArtifactChangedError: when a record is missing or has other bytes.
    """
    with reading(record.ledger.engine) as session:
        return tuple(classifications(session, record.objects, model))


def classifications(session: Session, objects: ObjectStore, model: str) -> list[Classified]:
    """Return the classifications of a model's changes (see `classified`); each names its version, where it has one."""
    trained = {one.classification: one.version for one in trainings(session, model) if one.classification}
    declared = {
        payload["classification"]: payload["why"]
        for _, payload in whole_events(session, (DECLARED,))
        if payload["model"] == model
    }
    return [
        Classified(
            payload["digest"],
            parse_canonical(objects.get(payload["digest"])),
            event.seq,
            event.record["at"],
            payload["version"] or trained.get(payload["digest"], ""),
            payload["why"],
            declared.get(payload["digest"], ""),
        )
        for event, payload in whole_events(session, (CLASSIFIED,))
        if payload["model"] == model
    ]


def trainings(session: Session, model: str) -> list[Training]:
    """Return what was recorded at the trainings of a model, oldest first."""
    return [
        Training(payload["version"], payload["digest"], payload["classification"], event.seq)
        for event, payload in whole_events(session, (RECORDED,))
        if payload["model"] == model
    ]


def facts_of(record: Record, model: str, version: str) -> VersionFacts | None:
    """Return what a version was made from, or None where nothing was recorded at its training.

    Raises:
        ArtifactChangedError: when the record is missing or has other bytes.
    """
    with reading(record.ledger.engine) as session:
        found = [one for one in trainings(session, model) if one.version == version]
    return VersionFacts.from_json(parse_canonical(record.objects.get(found[0].facts))) if found else None


def plan_of_version(session: Session, objects: ObjectStore, row: ModelVersionRow) -> AdoptedPlan | None:
    """Return the plan under which a version was registered; None where there was none, or it is the plan's original."""
    registered = last_event(session, ("version.registered",), "artifact", f"{row.model}@{row.version}")
    plan = plan_at(session, objects, row.model, registered.seq if registered is not None else 0)
    return None if plan is None or plan.plan.acceptance.original_version == row.version else plan


def judged_by_plan(session: Session, objects: ObjectStore, row: ModelVersionRow) -> bool:
    """Say whether a version was made under a change plan and not declared a new submission."""
    plan = plan_of_version(session, objects, row)
    if plan is None:
        return False
    before = _before_training(session, classifications(session, objects, row.model), row, plan)
    return before is None or not before.submission


def require_in_scope(session: Session, objects: ObjectStore, row: ModelVersionRow) -> None:
    """Refuse approval of a version that was made under a change plan and does not lie within it (CHG-04).

    Raises:
        EvidenceMissingError: saying why.
    """
    for why in missing_scope(session, objects, row):
        raise EvidenceMissingError(
            f"{row.model}@{row.version} cannot be approved: {why}", mend="only a new candidate can mend it"
        )


def missing_scope(session: Session, objects: ObjectStore, row: ModelVersionRow) -> list[str]:
    """Say what keeps a version that was made under a plan from approval; a declared new submission needs none of it."""
    plan = plan_of_version(session, objects, row)
    if plan is None:
        return []
    name = plan.plan.name
    told = classifications(session, objects, row.model)
    before = _before_training(session, told, row, plan)
    if before is None:
        return [f"its change was not classified under {name} before training, and so counts as out of scope"]
    if before.submission:
        return []
    after = [one for one in told if one.version == row.version and one.record["stage"] == Stage.AFTER]
    passed = any(one.candidate == row.version and one.verdict == Verdict.PASSED for one in verdicts(session, row.model))
    found = {
        f"its change is {before.scope.words} under {name} before training: {before.why}": before.scope is Scope.IN,
        f"its change was not classified under {name} again after an evaluation": bool(after),
        **{f"its change is {one.scope.words} after evaluation: {one.why}": one.scope is Scope.IN for one in after[-1:]},
        f"no comparison under {name} passed": passed,
    }
    return [why for why, holds in found.items() if not holds]


def _before_training(
    session: Session, told: Sequence[Classified], row: ModelVersionRow, plan: AdoptedPlan
) -> Classified | None:
    """Return the classification under a plan that went before a version's training, as its training names it."""
    made = [one for one in trainings(session, row.model) if one.version == row.version]
    under = [one for one in told if one.record["plan_digest"] == plan.plan.digest]
    found = [one for one in under if made and one.digest == made[0].classification]
    return next((one for one in reversed(found) if one.event_seq < made[0].event_seq), None)


def _classified(tx: Transaction, found: Classification, digest: str, actor: Actor, version: ModelVersion | None) -> int:
    payload = {
        "model": found.model,
        "version": version.version if version is not None else "",
        "stage": found.stage.value,
        "scope": found.scope.value,
        "why": found.why,
        "digest": digest,
        "facts": found.candidate,
    }
    subjects = [
        Subject("change", f"{found.model} {found.stage}", digest),
        Subject("change-plan", found.model, found.plan_digest),
        Subject("facts", found.model, found.candidate),
    ]
    if version is not None:
        subjects.append(Subject("version", version.name, version.artifact_digest))
    draft = EventDraft(CLASSIFIED, actor_record(actor), tuple(subjects), payload, outcome=found.scope.value)
    return tx.append(draft).seq
