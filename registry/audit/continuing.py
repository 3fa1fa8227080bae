"""Letting a record that lost events go on: two persons sign, a new epoch begins, and one event tells of the gap."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from registry.domain.digest import digest_value
from registry.domain.errors import NotAllowedError, UsageError
from registry.domain.event import Event, EventDraft, Subject
from registry.domain.person import Act
from registry.keys import Signer
from registry.ledger.continuation import CONTINUED, Kept, Loss, continuing, find_loss
from registry.ledger.log_key import LogKey
from registry.record import Record, Signing, allowed_roles, keep_signature, sign_now, signing
from registry.signatures import Intent


@dataclass(frozen=True)
class Continued:
    """A record that goes on: the event that tells of it, what was lost, and the new log's public key."""

    event: Event
    loss: Loss
    vkey: str


def continue_record(record: Record, key: LogKey, kept: Kept, signers: tuple[Signer, Signer], reason: str) -> Continued:
    """Begin a new epoch on a database that lost events.

    Args:
        record: the record, read-only.
        key: the new epoch's.
        kept: notes of the old epoch that were kept outside the database, each with what it is called.
        signers: two humans, in two of the roles quality officer, clinical lead, compliance.
        reason: why the newest backup cannot be restored; it is required, and names nobody.

    Raises:
        UsageError: when no reason is given, or nothing is lost.
        NotAllowedError: when a key, a role or training forbids it, or one human signs twice.
        LedgerBrokenError: when the database is no earlier state of its ledger.
    """
    if not reason.strip():
        raise UsageError("going on without events says why", mend="use --reason, without naming anybody")
    both = _two(record, signers, reason)
    ledger, old = record.ledger, record.ledger.public_vkey

    def find(session: Session) -> Loss:
        return find_loss(session, old, kept)

    with continuing(ledger.engine, key, ledger.clock, ledger.service, find) as (tx, loss):
        gap = Subject("gap", loss.newest.origin, digest_value(loss.to_json()))
        intent = Intent(Act.CONTINUE_LEDGER, "", "", (gap,), {"former": old, "continued": key.public_vkey})
        signatures = [sign_now(record, who, intent) for who in both]
        marks = (Subject("signature", one.statement.role.value, one.digest) for one in signatures)
        subjects = (Subject("ledger", key.name), gap, *marks)
        signed_by = [one.statement.person for one in signatures]
        payload = loss.to_json() | {"continued": key.public_vkey, "signed_by": signed_by}
        event = tx.append(EventDraft(CONTINUED, both[0].actor, subjects, payload, both[0].reason))
        for signature in signatures:
            keep_signature(tx, signature, intent, event.seq)
    return Continued(event, loss, key.public_vkey)


def _two(record: Record, signers: tuple[Signer, Signer], reason: str) -> tuple[Signing, Signing]:
    """Return the two signers in two roles; no human stands behind both.

    Raises:
        NotAllowedError: when there are no two such roles.
    """
    told, (first, second) = record.people.roster(), signers
    one = signing(record, first, Act.CONTINUE_LEDGER, reason)
    behind = told.humans(first.person.person, first.acting_for(one.role))
    for role in allowed_roles(record, second, Act.CONTINUE_LEDGER):
        if role != one.role and not behind & told.humans(second.person.person, second.acting_for(role)):
            return one, Signing(Act.CONTINUE_LEDGER, second, role, one.reason)
    raise NotAllowedError(
        "one human, or one role, does not let a record go on", mend="two persons sign, in two different roles"
    )
