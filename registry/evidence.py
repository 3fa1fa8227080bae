"""What a decision stands on: the digests that are signed, the signatures that count, and what is still missing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from registry.approvals import last_approval
from registry.cards.told import card_subject
from registry.cohorts import manifest
from registry.comparisons import failed_evaluations, verdicts
from registry.domain.digest import digest_bytes, digest_hex
from registry.domain.errors import EvidenceMissingError, NotAllowedError, SignatureBrokenError
from registry.domain.event import Subject
from registry.domain.model import ModelVersion
from registry.domain.person import MAY_SIGN, SEPARATED_FROM_TRAINER, Act, PersonRole
from registry.domain.ports import ObjectStore
from registry.domain.risk_tier import DEFAULT_TIER, RiskTier, quorum_met
from registry.domain.vocabulary import Role, Verdict
from registry.evaluations import StoredEvaluation, current, in_force, passed
from registry.keys import Signer
from registry.record import Record
from registry.removed import require_evaluations
from registry.schema import ModelVersionRow, PersonRow, SignatureRow
from registry.signatures import Intent, KeyBook, Statement, require_covers, require_match, verify
from registry.told import require_event, roster
from registry.vacancies import vacant_roles
from registry.versions import base_subjects, cohort_subject, entered_at, name_of, version_of


@dataclass(frozen=True)
class Evidence:
    """A version's current evaluations, everything that a signature on them covers, and the card of an approval."""

    evaluations: tuple[StoredEvaluation, ...]
    subjects: tuple[Subject, ...]
    card: Subject | None = None

    def intent(self, version: ModelVersion, act: Act) -> Intent:
        """Return the intent to sign an act on exactly this evidence; an approval covers the card too (APP-05)."""
        card = () if self.card is None or act is not Act.APPROVE else (self.card,)
        return Intent(act, version.model, version.version, (*self.subjects, *card))


@dataclass(frozen=True)
class StoredSignature:
    """A signature on record that was verified just now."""

    statement: Statement
    digest: str
    evidence_digest: str
    envelope: bytes
    event_seq: int


def gather(session: Session, objects: ObjectStore, row: ModelVersionRow) -> Evidence:
    """Return a version's current evidence: artifact, operating points, evaluations, their cohorts and protocols.

    Raises:
        LedgerBrokenError: when the ledger does not tell of an evaluation or a cohort, or tells of one that is gone.
    """
    require_evaluations(session, name_of(row))
    evaluations = tuple(current(in_force(session, objects, row)))
    for found in evaluations:
        require_event(session, found.event_seq, _subjects(found)[0])
    fitted = (cohort_subject(session, name) for name in (row.train_cohort, row.tune_cohort))
    tested = (subject for found in evaluations for subject in _subjects(found))
    subjects = {*base_subjects(version_of(row)), *fitted, *tested}
    return Evidence(
        evaluations,
        tuple(sorted(subjects, key=lambda found: (found.kind, found.name, found.digest or ""))),
        card_subject(session, row.model, row.version),
    )


def signatures(session: Session, book: KeyBook, row: ModelVersionRow, act: Act | None = None) -> list[StoredSignature]:
    """Return a version's signatures (on one act), oldest first, each verified.

    Raises:
        SignatureBrokenError: when one does not hold, or was made for another act or version.
    """
    query = select(SignatureRow).where(SignatureRow.model == row.model, SignatureRow.version == row.version)
    if act is not None:
        query = query.where(SignatureRow.act == act.value)
    return [verified(book, found) for found in session.scalars(query.order_by(SignatureRow.event_seq))]


def verified(book: KeyBook, row: SignatureRow) -> StoredSignature:
    """Verify a signature on record: its bytes, its key, and that it is for the act and version under which it is kept.

    Raises:
        SignatureBrokenError: when it does not hold, or was moved.
    """
    statement = verify(row.envelope, book)
    if digest_bytes(row.envelope) != row.digest:
        raise SignatureBrokenError("a signature on record has other bytes than its digest", where=row.digest)
    require_covers(statement, Intent(Act(row.act), row.model, row.version, (), statement.scope))
    return StoredSignature(statement, row.digest, row.evidence_digest, row.envelope, row.event_seq)


def matching(
    session: Session, book: KeyBook, row: ModelVersionRow, evidence: Evidence, act: Act
) -> list[StoredSignature]:
    """Return the signatures of an act over exactly this evidence, oldest first.

    Raises:
        SignatureBrokenError: when one claims this evidence and does not cover it.
    """
    intent = evidence.intent(version_of(row), act)
    digest = intent.evidence_digest
    found = [one for one in signatures(session, book, row, act) if one.evidence_digest == digest]
    for one in found:
        require_match(one.statement, replace(intent, scope=_own_scope(one.statement)))
    return found


def approvals(
    session: Session, book: KeyBook, row: ModelVersionRow, evidence: Evidence, tier: RiskTier = DEFAULT_TIER
) -> dict[PersonRole, StoredSignature]:
    """Return the approvals of this evidence that count, by role.

    Those count that were given since the version entered its present state, and for the risk tier that holds now.
    """
    since = entered_at(session, row)
    found = matching(session, book, row, evidence, Act.APPROVE)
    return {one.statement.role: one for one in found if one.event_seq > since and tier_signed(one.statement) == tier}


def quorum_held(session: Session, book: KeyBook, row: ModelVersionRow) -> bool:
    """Say whether one evidence bears the approvals of every role of the quorum, by persons none of whom trained it.

    The quorum is that of the risk tier in which the version was approved last. The serving gate asks this of an
    approved version, so that a state that was written by hand serves nothing.
    """
    told = last_approval(session, row)
    tier = DEFAULT_TIER if told is None else told.tier
    people = roster(session)
    by_evidence: dict[str, dict[PersonRole, frozenset[str]]] = {}
    base = base_subjects(version_of(row))
    for one in signatures(session, book, row, Act.APPROVE):
        require_covers(one.statement, Intent(Act.APPROVE, row.model, row.version, base, _own_scope(one.statement)))
        behind = people.humans(one.statement.person, one.statement.acting_for)
        if not behind & people.humans(row.trained_by) and tier_signed(one.statement) == tier:
            by_evidence.setdefault(one.evidence_digest, {})[one.statement.role] = behind
    return any(quorum_met(tier, signed) for signed in by_evidence.values())


def tier_signed(statement: Statement) -> RiskTier:
    """Return the risk tier for which an approval was given."""
    return RiskTier(statement.scope.get("tier", DEFAULT_TIER))


def _own_scope(statement: Statement) -> Mapping[str, str]:
    """Return the scope that an approval may have of its own: its risk tier and how long it holds."""
    own = statement.act == Act.APPROVE and set(statement.scope) <= {"tier", "valid_until"}
    return statement.scope if own else {}


def require_separation(session: Session, row: ModelVersionRow, signer: Signer, act: Act) -> None:
    """Refuse an act by whoever trained the version, and any such act while the trainer is unknown (APP-02).

    Raises:
        NotAllowedError: saying which.
    """
    if act not in SEPARATED_FROM_TRAINER:
        return
    if session.get(PersonRow, row.trained_by) is None:
        raise NotAllowedError(
            f"nobody on record trained {name_of(row)}, so no signer can be told apart from its trainer",
            mend="train again after `overread login`",
        )
    told = roster(session)
    acting = (signer.acting_for(role) for role in MAY_SIGN[act])
    if told.humans(row.trained_by) & told.humans(signer.person.person, *acting):
        raise NotAllowedError(
            f"{signer.person.person}, or whom they act for, trained {name_of(row)} and may not sign '{act}' on it",
            mend="let another person sign",
        )


def require_evaluated(evidence: Evidence, row: ModelVersionRow, act: Act) -> None:
    """Refuse an act on a version that was never evaluated.

    Raises:
        EvidenceMissingError: when there is no evaluation.
    """
    if not evidence.evaluations:
        raise EvidenceMissingError(
            f"'{act}' of {name_of(row)} needs an evaluation, and there is none", mend="run `overread validate` first"
        )


def require_approvable(session: Session, record: Record, row: ModelVersionRow, evidence: Evidence) -> None:
    """Refuse approval while evidence is missing.

    Raises:
        EvidenceMissingError: naming everything that is missing.
    """
    missing = [
        *_missing_external(record.objects, evidence.evaluations),
        *(f"the evaluation on '{cohort}' failed" for cohort in failed_evaluations(session, name_of(row))),
        *_failed_comparison(session, row),
        *_missing_signatures(session, record.people, row, evidence),
        *vacant_roles(record.people),
    ]
    if missing:
        raise EvidenceMissingError(
            f"{name_of(row)} cannot be approved: {'; '.join(missing)}",
            mend="supply what is missing; it may run in shadow",
        )


def _missing_external(objects: ObjectStore, evaluations: Sequence[StoredEvaluation]) -> list[str]:
    if passed(evaluations, Role.EXTERNAL_TEST):
        return []
    external = [found for found in evaluations if found.role == Role.EXTERNAL_TEST]
    sites = {unit.site for found in external for unit in manifest(objects, found.cohort_digest).units}
    return [f"no external-test evaluation passed (external sites: {len(sites)})"]


def _failed_comparison(session: Session, row: ModelVersionRow) -> list[str]:
    """Say that a comparison of the version as a candidate failed, ever, or that its newest one was not assessed.

    There is no way round a failure, and no second look that mends it: only a new candidate (CHG-07).
    """
    ours = [one for one in verdicts(session, row.model) if one.candidate == row.version]
    failed = [one for one in ours if one.verdict == Verdict.FAILED]
    found = failed or [one for one in ours[-1:] if one.verdict != Verdict.PASSED]
    return [f"its comparison of event {one.event_seq} under the change plan is {one.verdict}" for one in found[:1]]


def _missing_signatures(session: Session, book: KeyBook, row: ModelVersionRow, evidence: Evidence) -> list[str]:
    missing = []
    told = roster(session)
    trainer = told.humans(row.trained_by)
    reviews = matching(session, book, row, evidence, Act.RISK_REVIEW)
    if all(trainer & told.humans(one.statement.person, one.statement.acting_for) for one in reviews):
        missing.append("no signed risk review of exactly the current evaluations")
    if row.submitted_at is None or not signatures(session, book, row, Act.SUBMIT):
        missing.append("no engineer submitted it")
    return missing


def _subjects(found: StoredEvaluation) -> tuple[Subject, Subject, Subject]:
    return (
        Subject("evaluation", found.cohort, found.digest),
        Subject("cohort", found.cohort, found.cohort_digest),
        Subject("protocol", digest_hex(found.protocol_digest)[:16], found.protocol_digest),
    )
