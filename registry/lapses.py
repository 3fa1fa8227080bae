"""Ending an approval before its date, by signature: a stop of the version itself, or evidence that is withdrawn."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from registry.approvals import lapse_if_over, lapse_now
from registry.domain.errors import AnswerIsNoError, UnknownNameError, UsageError
from registry.domain.event import EventDraft, Subject
from registry.domain.lifecycle import VersionState
from registry.domain.model import ModelVersion
from registry.domain.person import Act
from registry.evaluations import WITHDRAWN, StoredEvaluation, in_force
from registry.keys import Signer
from registry.ledger.store import Transaction
from registry.record import Record, Signing, keep_signature, refusals_kept, sign_now, signing
from registry.schema import ModelVersionRow
from registry.signatures import Intent, Signature
from registry.told import require_told
from registry.versions import base_subjects, find, name_of, version_of


@dataclass(frozen=True)
class Ended:
    """What the signature did: the version after it, and one phrase for a person."""

    version: ModelVersion
    says: str


def end_approval(
    record: Record, name: tuple[str, str], signer: Signer, reason: str, evaluation: str | None = None
) -> Ended:
    """End a version's approval by one signature; with an evaluation, withdraw that from the evidence.

    Without an evaluation the version must be approved. Withdrawing an evaluation is possible in every state; an
    approval lapses with it. The version may be approved again on the evidence that is left, by the whole quorum.

    Args:
        record: the record.
        name: model and version.
        signer: a quality officer, clinical lead or oversight, with their key unlocked.
        reason: why; it is required.
        evaluation: the digest of an evaluation that no longer counts.

    Raises:
        UnknownNameError: when there is no such version, or no such evaluation of it in force.
        UsageError: when no reason is given.
        NotAllowedError: when the key or role forbids it.
        AnswerIsNoError: when there is no approval to end.
    """
    if not reason.strip():
        raise UsageError("the end of an approval says why", mend="use --reason")
    with refusals_kept(record, "@".join(name), Act.LAPSE, signer), record.ledger.transaction() as tx:
        row = find(tx.session, *name)
        require_told(tx.session, row)
        who = signing(record, signer, Act.LAPSE, reason)
        lapse_if_over(tx, row, record.clock.now())
        found = None if evaluation is None else _evaluation(tx.session, record, row, evaluation)
        if found is None and row.state != VersionState.APPROVED:
            raise AnswerIsNoError(f"{name_of(row)} is {row.state}: it has no approval to end")
        _sign(tx, record, row, who, found)
        if row.state == VersionState.APPROVED:
            lapse_now(tx, row, who.actor, "stop" if found is None else "withdrawn-evidence", who.reason)
        says = "the approval has ended" if found is None else f"the evaluation on '{found.cohort}' no longer counts"
        return Ended(version_of(row), says)


def _evaluation(session: Session, record: Record, row: ModelVersionRow, digest: str) -> StoredEvaluation:
    known = {one.digest: one for one in in_force(session, record.objects, row)}
    if digest not in known:
        raise UnknownNameError.of("evaluation", digest, known, mend="`overread models show --json` lists them")
    return known[digest]


def _sign(
    tx: Transaction, record: Record, row: ModelVersionRow, who: Signing, found: StoredEvaluation | None
) -> Signature:
    told = () if found is None else (Subject("evaluation", found.cohort, found.digest),)
    intent = Intent(Act.LAPSE, row.model, row.version, (*base_subjects(version_of(row)), *told))
    signature = sign_now(record, who, intent)
    subjects = (
        Subject("version", name_of(row), row.artifact_digest),
        Subject("signature", Act.LAPSE.value, signature.digest),
        *told,
    )
    payload = {"model": row.model, "version": row.version, "act": Act.LAPSE.value, "signature": signature.digest}
    event = tx.append(EventDraft("version.signed", who.actor, subjects, payload, who.reason))
    keep_signature(tx, signature, intent, event.seq)
    if found is not None:
        gone = {"model": row.model, "version": row.version, "digest": found.digest}
        tx.append(EventDraft(WITHDRAWN, who.actor, subjects, gone, who.reason))
    return signature
