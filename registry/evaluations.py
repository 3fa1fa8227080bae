"""Evaluations on record: each is stored whole under its digest, and moves its version where it passed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from registry.approvals import lapse_now
from registry.cohorts import manifest
from registry.domain.canonical import canonical_bytes, parse_canonical
from registry.domain.cohort import TEST_ROLES, Cohort, prove_disjoint
from registry.domain.digest import digest_hex
from registry.domain.errors import AnswerIsNoError, ArtifactChangedError, LeakFoundError, UsageError
from registry.domain.event import Event, EventDraft, Subject
from registry.domain.instants import instant_text
from registry.domain.lifecycle import VERSION_TRANSITIONS, VersionState, step
from registry.domain.model import Evaluation
from registry.domain.person import SERVICE, Actor, actor_record
from registry.domain.ports import ObjectStore
from registry.domain.vocabulary import Role, Verdict
from registry.history import told_events
from registry.ledger.store import Transaction
from registry.record import Record
from registry.schema import EvaluationRow, ModelVersionRow
from registry.told import require_told
from registry.versions import cohort_row, find, move, name_of

_OPPOSITE = {Role.INTERNAL_TEST: Role.EXTERNAL_TEST, Role.EXTERNAL_TEST: Role.INTERNAL_TEST}
_MUST_NOT_FAIL = frozenset(_OPPOSITE)
WITHDRAWN = "evaluation.withdrawn"
_MOVES = (("validate", Role.INTERNAL_TEST), ("validate-externally", Role.EXTERNAL_TEST))


@dataclass(frozen=True)
class StoredEvaluation:
    """An evaluation as it stands on record; everything but time and event is read from its signed-over record."""

    digest: str
    record: Mapping[str, Any]
    completed_at: str
    event_seq: int

    @property
    def cohort(self) -> str:
        """Name of the cohort."""
        return str(self.record["cohort"])

    @property
    def cohort_digest(self) -> str:
        """Digest of the cohort's manifest."""
        return str(self.record["cohort_digest"])

    @property
    def role(self) -> Role:
        """Role of the cohort."""
        return Role(self.record["cohort_role"])

    @property
    def protocol_digest(self) -> str:
        """Digest of the protocol under which it was judged."""
        return str(self.record["protocol_digest"])

    @property
    def verdict(self) -> Verdict:
        """The verdict."""
        return Verdict(self.record["verdict"])


def record_evaluation(record: Record, evaluation: Evaluation, actor: Actor) -> Event:
    """Put an evaluation on record and move its version as far as the evidence carries; the same twice is once.

    Returns:
        The event `evaluation.completed`.

    Raises:
        UnknownNameError: for an unknown version or cohort.
        UsageError: when the cohort is none to test on.
        ArtifactChangedError: when other bytes were evaluated than were registered.
        LeakFoundError: when the cohort is not disjoint from those that the version was fitted or tested on.
        LedgerBrokenError: when the version's state is not what the ledger told last: nothing is moved from there.
    """
    digest = record.objects.put(canonical_bytes(evaluation.to_json()))
    with record.ledger.transaction() as tx:
        known = tx.session.get(EvaluationRow, digest)
        if known is not None:
            return record.ledger.event(known.event_seq)
        row = find(tx.session, evaluation.model, evaluation.version)
        require_told(tx.session, row)
        _check(tx.session, record.objects, row, evaluation)
        event = tx.append(_draft(evaluation, digest, actor))
        tx.session.add(_row(evaluation, digest, instant_text(record.clock.now()), event.seq))
        tx.session.flush()
        _advance(tx, record.objects, row, actor)
        _lapse_if_failed(tx, row, evaluation)
    return event


def stored(session: Session, objects: ObjectStore, row: ModelVersionRow) -> list[StoredEvaluation]:
    """Return a version's evaluations, oldest first.

    Raises:
        ArtifactChangedError: when an evaluation's record is missing or has other bytes.
    """
    same = (EvaluationRow.model == row.model, EvaluationRow.version == row.version)
    rows = session.scalars(select(EvaluationRow).where(*same).order_by(EvaluationRow.event_seq))
    return [
        StoredEvaluation(found.digest, _read(objects, found, row), found.completed_at, found.event_seq)
        for found in rows
    ]


def in_force(session: Session, objects: ObjectStore, row: ModelVersionRow) -> list[StoredEvaluation]:
    """Return a version's evaluations without those that were withdrawn from the evidence, oldest first.

    Raises:
        ArtifactChangedError: when an evaluation's record is missing or has other bytes.
        LedgerBrokenError: when an event that tells of a withdrawal is not what was signed.
    """
    gone = withdrawn(session)
    return [found for found in stored(session, objects, row) if found.digest not in gone]


def withdrawn(session: Session) -> frozenset[str]:
    """Return the digests of the evaluations that the ledger tells were withdrawn.

    Raises:
        LedgerBrokenError: when an event that tells of one is not what was signed.
    """
    return frozenset(payload["digest"] for _, payload in told_events(session, (WITHDRAWN,)))


def current(evaluations: Sequence[StoredEvaluation]) -> list[StoredEvaluation]:
    """Return the newest evaluation of each cohort under each protocol, oldest first."""
    newest = {(found.cohort_digest, found.protocol_digest): found for found in evaluations}
    return sorted(newest.values(), key=lambda found: found.event_seq)


def passed(evaluations: Sequence[StoredEvaluation], role: Role) -> bool:
    """Say whether one of the evaluations on a role's cohorts passed."""
    return any(found.role == role and found.verdict == Verdict.PASSED for found in evaluations)


def _check(session: Session, objects: ObjectStore, row: ModelVersionRow, evaluation: Evaluation) -> None:
    if evaluation.artifact_digest != row.artifact_digest:
        raise ArtifactChangedError(
            f"the evaluation is of other bytes than {name_of(row)}", mend="evaluate the registered model"
        )
    digest_hex(evaluation.protocol_digest)
    cohort = cohort_row(session, evaluation.cohort)
    if (cohort.digest, cohort.role) != (evaluation.cohort_digest, evaluation.cohort_role.value):
        raise AnswerIsNoError(f"the evaluation is not on the frozen cohort '{cohort.name}'", mend="evaluate again")
    if evaluation.cohort_role not in TEST_ROLES or cohort.target != row.target:
        raise UsageError(f"'{cohort.name}' is no test cohort of {row.target}", mend="freeze one for testing")
    _prove(session, objects, row, manifest(objects, cohort.digest))


def _prove(session: Session, objects: ObjectStore, row: ModelVersionRow, cohort: Cohort) -> None:
    """Prove the cohort disjoint from what the version was fitted on; internal and external tests from each other."""
    ancestors = {cohort_row(session, name).digest for name in (row.train_cohort, row.tune_cohort)}
    opposite = _OPPOSITE.get(cohort.role)
    ancestors |= {found.cohort_digest for found in stored(session, objects, row) if found.role == opposite}
    for digest in sorted(ancestors - {cohort.digest}):
        proof = prove_disjoint(cohort, manifest(objects, digest))
        if not proof.disjoint:
            raise LeakFoundError(
                f"{proof.first} and {proof.second} share {proof.why()}", mend="freeze a cohort that shares nothing"
            )


def _advance(tx: Transaction, objects: ObjectStore, row: ModelVersionRow, actor: Actor) -> None:
    """Move a version along the steps that evaluations alone allow."""
    evidence = current(in_force(tx.session, objects, row))
    for act, role in _MOVES:
        if step(VERSION_TRANSITIONS, row.state, act) is not None and passed(evidence, role):
            move(tx, row, act, actor_record(actor))


def _lapse_if_failed(tx: Transaction, row: ModelVersionRow, evaluation: Evaluation) -> None:
    """Let an approval lapse by a failed revalidation: a test that must not fail before approval fails after it."""
    failed = evaluation.cohort_role in _MUST_NOT_FAIL and evaluation.verdict == Verdict.FAILED
    if failed and row.state == VersionState.APPROVED:
        why = f"the revalidation on '{evaluation.cohort}' failed"
        lapse_now(tx, row, actor_record(SERVICE), "failed-revalidation", why)


def _read(objects: ObjectStore, found: EvaluationRow, row: ModelVersionRow) -> Mapping[str, Any]:
    record: Mapping[str, Any] = parse_canonical(objects.get(found.digest))
    if (record["model"], record["version"], record["artifact_digest"]) != (row.model, row.version, row.artifact_digest):
        raise ArtifactChangedError(f"an evaluation of {name_of(row)} belongs to another version", where=found.digest)
    return record


def _draft(evaluation: Evaluation, digest: str, actor: Actor) -> EventDraft:
    name = f"{evaluation.model}@{evaluation.version}"
    subjects = (
        Subject("version", name, evaluation.artifact_digest),
        Subject("cohort", evaluation.cohort, evaluation.cohort_digest),
        Subject("evaluation", evaluation.cohort, digest),
    )
    payload = {
        "model": evaluation.model,
        "version": evaluation.version,
        "cohort": evaluation.cohort,
        "digest": digest,
        "verdict": evaluation.verdict.value,
        "why": evaluation.why,
    }
    return EventDraft("evaluation.completed", actor_record(actor), subjects, payload, outcome=evaluation.verdict.value)


def _row(evaluation: Evaluation, digest: str, at: str, event_seq: int) -> EvaluationRow:
    return EvaluationRow(
        digest=digest,
        model=evaluation.model,
        version=evaluation.version,
        cohort=evaluation.cohort,
        cohort_role=evaluation.cohort_role.value,
        verdict=evaluation.verdict.value,
        completed_at=at,
        event_seq=event_seq,
    )
