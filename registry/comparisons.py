"""Looks at a test cohort under a change plan: each is counted before anything is scored, each verdict is kept."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from registry.database import reading
from registry.domain.canonical import canonical_bytes, parse_canonical
from registry.domain.comparison import Comparison
from registry.domain.digest import digest_value
from registry.domain.errors import AnswerIsNoError
from registry.domain.event import Event, EventDraft, Subject
from registry.domain.person import Actor, actor_record
from registry.domain.ports import ObjectStore
from registry.history import told_events
from registry.record import Record

FROZEN, COMPARED = "protocol.frozen", "candidate.compared"


@dataclass(frozen=True)
class LookAsked:
    """What is about to be compared: versions with their artifacts by name, the cohort, the plan and its budget.

    `artifacts` maps `candidate`, `deployed` and `original` to `version` and digest.
    """

    model: str
    artifacts: Mapping[str, tuple[str, str]]
    cohort: str
    cohort_digest: str
    plan_digest: str
    looks: int

    def to_json(self) -> dict[str, Any]:
        """Return the record that is frozen."""
        arms = {name: list(found) for name, found in self.artifacts.items()}
        return {"schema": "overread.look/1"} | dict(vars(self)) | {"artifacts": arms}

    @property
    def digest(self) -> str:
        """Digest of the record: the same look asked for twice is one look."""
        return digest_value(self.to_json())


@dataclass(frozen=True)
class Look:
    """A look that was counted: its number at this cohort, and the event that froze it."""

    number: int
    event_seq: int


def begin_look(record: Record, asked: LookAsked, actor: Actor) -> Look:
    """Freeze what is compared and count the look, before anything is scored.

    Raises:
        AnswerIsNoError: when the budget of looks at the cohort is spent.
    """
    digest = record.objects.put(canonical_bytes(asked.to_json()))
    with record.ledger.transaction() as tx:
        told = _looks(tx.session, asked)
        for number, (seq, known) in enumerate(told, start=1):
            if known == digest:
                return Look(number, seq)
        if len(told) >= asked.looks:
            raise AnswerIsNoError(
                f"the budget of {asked.looks} looks at '{asked.cohort}' is spent",
                mend="freeze a new test cohort and adopt a plan that names it",
            )
        payload = {"digest": digest, "model": asked.model, "cohort_digest": asked.cohort_digest}
        version, artifact = asked.artifacts["candidate"]
        subjects = (
            Subject("look", f"{asked.cohort} {len(told) + 1}", digest),
            Subject("cohort", asked.cohort, asked.cohort_digest),
            Subject("version", f"{asked.model}@{version}", artifact),
            Subject("change-plan", asked.model, asked.plan_digest),
        )
        event = tx.append(EventDraft(FROZEN, actor_record(actor), subjects, payload))
        return Look(len(told) + 1, event.seq)


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
        for event, payload in told_events(session, (COMPARED,))
        if payload["model"] == model
    ]


def _looks(session: Session, asked: LookAsked) -> list[tuple[int, str]]:
    """Return the looks at the cohort so far, whichever plan they were made under."""
    return [
        (event.seq, payload["digest"])
        for event, payload in told_events(session, (FROZEN,))
        if event.record["subjects"][0]["kind"] == "look"
        and (payload["model"], payload["cohort_digest"]) == (asked.model, asked.cohort_digest)
    ]
