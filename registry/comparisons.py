"""Looks at a test cohort under a change plan: each is counted before anything is scored, each verdict is kept."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from registry.database import reading
from registry.domain.canonical import canonical_bytes, parse_canonical
from registry.domain.comparison import Comparison
from registry.domain.digest import digest_value
from registry.domain.errors import EvidenceMissingError
from registry.domain.event import Event, EventDraft, Subject
from registry.domain.person import Actor, actor_record
from registry.domain.ports import ObjectStore
from registry.domain.vocabulary import Role, Verdict
from registry.history import events_of, whole_events
from registry.record import Record
from registry.schema import CohortRow
from registry.test_sets import FROZEN, Budget, budget_of, sequestered

COMPARED, EVALUATED = "candidate.compared", "evaluation.completed"
_MUST_NOT_FAIL = frozenset({Role.INTERNAL_TEST, Role.EXTERNAL_TEST})


@dataclass(frozen=True)
class LookAsked:
    """What is about to be compared, and how it is judged: all that is frozen before anything is scored (CHG-05).

    Attributes:
        model: the model.
        artifacts: `candidate`, `deployed` and `original` with `version` and digest.
        cohort, cohort_digest: the test set.
        plan_digest: the signed plan.
        acceptance: its criteria, margins, alpha and looks.
        metric_code: digest of the code that judges.
        statistics: the statistical plan.
    """

    model: str
    artifacts: Mapping[str, tuple[str, str]]
    cohort: str
    cohort_digest: str
    plan_digest: str
    acceptance: Mapping[str, Any]
    metric_code: str
    statistics: Mapping[str, str]

    def to_json(self) -> dict[str, Any]:
        """Return the record that is frozen."""
        arms = {name: list(found) for name, found in self.artifacts.items()}
        rules = {"acceptance": dict(self.acceptance), "statistics": dict(self.statistics)}
        return {"schema": "overread.look/2"} | dict(vars(self)) | {"artifacts": arms} | rules

    @property
    def digest(self) -> str:
        """Digest of the record: the same look asked for twice is one look."""
        return digest_value(self.to_json())


@dataclass(frozen=True)
class Look:
    """A look that was counted: its number at this test set, the event and the digest that froze it, what was warned."""

    number: int
    event_seq: int
    digest: str
    warning: str = ""


def begin_look(record: Record, asked: LookAsked, actor: Actor) -> Look:
    """Freeze what is compared and count the look, before anything is scored.

    Raises:
        EvidenceMissingError: when no plan set the test set apart.
        AnswerIsNoError: when the budget of looks at the test set is spent.
    """
    digest = record.objects.put(canonical_bytes(asked.to_json()))
    with record.ledger.transaction() as tx:
        budget = _budget(tx.session, asked)
        known = budget.number_of(digest)
        if known is not None:
            return Look(known.number, known.event_seq, digest)
        budget.require_left()
        number = len(budget.looks) + 1
        payload = {
            "digest": digest,
            "model": asked.model,
            "cohort_digest": asked.cohort_digest,
            "look": number,
            "looks": budget.test_set.looks,
            "warning": budget.warning,
        }
        version, artifact = asked.artifacts["candidate"]
        subjects = (
            Subject("look", f"{asked.cohort} {number}", digest),
            Subject("cohort", asked.cohort, asked.cohort_digest),
            Subject("version", f"{asked.model}@{version}", artifact),
            Subject("change-plan", asked.model, asked.plan_digest),
        )
        event = tx.append(EventDraft(FROZEN, actor_record(actor), subjects, payload))
        return Look(number, event.seq, digest, budget.warning)


def _budget(session: Session, asked: LookAsked) -> Budget:
    found = sequestered(session, asked.cohort_digest)
    if found is None:
        raise EvidenceMissingError(
            f"'{asked.cohort}' was not set apart as a test set", mend="sign a plan with the next number that names it"
        )
    return budget_of(session, found)


def kept_comparison(record: Record, model: str, look: Look) -> Mapping[str, Any] | None:
    """Return the comparison that a look at a model already gave, or None."""
    with reading(record.ledger.engine) as session:
        found = [one for one in compared(session, record.objects, model) if one["order"]["frozen"] == look.event_seq]
    return found[-1] if found else None


def record_comparison(record: Record, comparison: Comparison, actor: Actor) -> Event:
    """Put a comparison on record, whether it passed or failed."""
    digest = record.objects.put(canonical_bytes(comparison.to_json()))
    name = f"{comparison.model}@{comparison.candidate}"
    subjects = (
        Subject("version", name, comparison.artifacts[comparison.candidate]),
        Subject("comparison", comparison.cohort, digest),
        Subject("cohort", comparison.cohort, comparison.cohort_digest),
        Subject("change-plan", comparison.model, comparison.plan_digest),
    )
    payload = {
        "model": comparison.model,
        "version": comparison.candidate,
        "digest": digest,
        "verdict": comparison.verdict.value,
        "look": comparison.look,
        "why": comparison.why,
    }
    with record.ledger.transaction() as tx:
        return tx.append(EventDraft(COMPARED, actor_record(actor), subjects, payload, outcome=comparison.verdict.value))


def comparisons_of(record: Record, model: str) -> tuple[Mapping[str, Any], ...]:
    """Return the comparisons of a model's candidates, oldest first, each with its `digest` and `event_seq`.

    Raises:
        ArtifactChangedError: when a record is missing or has other bytes.
    """
    with reading(record.ledger.engine) as session:
        return tuple(compared(session, record.objects, model))


def compared(session: Session, objects: ObjectStore, model: str) -> list[Mapping[str, Any]]:
    """Return the comparisons of a model's candidates, oldest first (see `comparisons_of`)."""
    return [
        dict(parse_canonical(objects.get(payload["digest"])))
        | {"digest": payload["digest"], "event_seq": event.seq, "completed_at": event.record["at"]}
        for event, payload in whole_events(session, (COMPARED,))
        if payload["model"] == model
    ]


@dataclass(frozen=True)
class ToldVerdict:
    """A comparison as its event alone tells it, whatever became of its payload: who, the verdict, the number."""

    candidate: str
    verdict: str
    digest: str
    event_seq: int


def verdicts(session: Session, model: str) -> list[ToldVerdict]:
    """Return the verdicts on a model's candidates, oldest first, read from the events and not from their payloads.

    A payload can be removed from the database; a failed comparison is told by its event all the same (CHG-07).
    """
    found = []
    for event in events_of(session, (COMPARED,)):
        version, record = event.record["subjects"][:2]
        of_model, _, candidate = str(version["name"]).rpartition("@")
        if of_model == model:
            found.append(ToldVerdict(candidate, event.record["outcome"], record["digest"], event.seq))
    return found


def failed_evaluations(session: Session, version: str) -> list[str]:
    """Return the cohorts on which a version (`model@number`) failed, ever, where it must not, by the events alone.

    No later evaluation, and no removal of a row or a payload, mends a failure (CHG-07).
    """
    found: dict[str, None] = {}
    for event in events_of(session, (EVALUATED,)):
        named, cohort = event.record["subjects"][:2]
        row = session.get(CohortRow, cohort["name"])
        must_not = row is None or Role(row.role) in _MUST_NOT_FAIL
        if named["name"] == version and event.record["outcome"] == Verdict.FAILED and must_not:
            found[str(cohort["name"])] = None
    return list(found)


def require_unfailed(session: Session, model: str, version: str) -> None:
    """Refuse clinical use, in an emergency too, of a version that failed an evaluation or a comparison, ever.

    Raises:
        EvidenceMissingError: naming the first failure.
    """
    name = f"{model}@{version}"
    found = [f"the evaluation on '{cohort}'" for cohort in failed_evaluations(session, name)]
    ours = (one for one in verdicts(session, model) if (one.candidate, one.verdict) == (version, Verdict.FAILED))
    found += [f"the comparison of event {one.event_seq}" for one in ours]
    for what in found:
        raise EvidenceMissingError(f"{name} failed {what}", mend="only a new candidate can mend it")
