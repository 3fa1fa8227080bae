"""Release keys on record: which one signed what, and which was revoked, by place in the ledger.

A key that is put out of use counts for what it signed before its revocation and for nothing later; of a key that was
stolen nothing counts, for a thief dates signatures as they like. The release key is none of a person's, nor the log's.
"""

from collections.abc import Iterator
from typing import NamedTuple

from sqlalchemy.orm import Session

from registry.database import reading
from registry.domain.errors import AnswerIsNoError, NotAllowedError, SignatureBrokenError, UnknownNameError, UsageError
from registry.domain.event import Event, EventDraft, Subject
from registry.domain.person import Actor, actor_record
from registry.history import told_events
from registry.people import require_administrator
from registry.record import Record

REVOKED, RELEASED = "release_key.revoked", "release.signed"
SIGN_AGAIN = "sign the release with `overread models release`"


class Revocation(NamedTuple):
    """A revoked release key: since which event, and whether all that it signed is void."""

    key_id: str
    seq: int
    stolen: bool


def revocations(session: Session) -> Iterator[Revocation]:
    """Yield what was revoked, oldest first.

    Raises:
        LedgerBrokenError: when an event that tells of it is not what was signed.
    """
    for event, told in told_events(session, (REVOKED,)):
        yield Revocation(told["key_id"], event.seq, told["stolen"])


def require_counting(session: Session, key_id: str, signed: Event, what: str) -> None:
    """Refuse a release signature whose key did not count when it was made.

    Args:
        session: of the record's database.
        key_id: the key that made it.
        signed: the event that tells of it.
        what: whose files they are, for the message.

    Raises:
        SignatureBrokenError: when the key was revoked before, or stolen.
        LedgerBrokenError: when an event that tells of a revocation is not what was signed.
    """
    for revoked in revocations(session):
        if revoked.key_id == key_id and (revoked.stolen or revoked.seq < signed.seq):
            why = "was stolen" if revoked.stolen else "was revoked before"
            raise SignatureBrokenError(f"the key of the release signature of {what} {why}", mend=SIGN_AGAIN)


def require_usable(session: Session, key_id: str) -> None:
    """Refuse a revoked key for a new release signature.

    Raises:
        NotAllowedError: when it was revoked.
        LedgerBrokenError: when an event that tells of a revocation is not what was signed.
    """
    if any(revoked.key_id == key_id for revoked in revocations(session)):
        raise NotAllowedError(
            "the release key is revoked",
            where=f"{key_id[:16]}…",
            mend="remove its file; the next release makes a new key",
        )


def revoke_release_key(record: Record, key_id: str, actor: Actor, reason: str, *, stolen: bool) -> Event:
    """Put the revocation of a release key on record.

    Args:
        record: the record.
        key_id: SHA-256 of the public key's PEM, in hexadecimal; the start of it is enough where one alone begins so.
        actor: an administrator.
        reason: why.
        stolen: whether somebody else may have used it; then nothing that it signed counts any longer.

    Raises:
        NotAllowedError: when the actor is no administrator.
        UsageError: without a reason.
        UnknownNameError: when no release was signed by such a key, or several begin so.
        AnswerIsNoError: when it is revoked already, and not by this to be called stolen.
    """
    require_administrator(actor)
    if not reason.strip():
        raise UsageError("a release key is revoked for a reason", mend="use --reason")
    with reading(record.ledger.engine) as session:
        used = {told["key_id"] for _, told in told_events(session, (RELEASED,)) if told["key_id"].startswith(key_id)}
        known = [revoked for revoked in revocations(session) if revoked.key_id in used]
    if len(used) != 1 or not key_id:
        raise UnknownNameError("no release, or several, were signed by a key whose id begins so", where=key_id[:64])
    (key,) = used
    if known and (not stolen or any(one.stolen for one in known)):
        raise AnswerIsNoError(f"the release key {key[:16]}… is revoked since event {known[0].seq}")
    with record.ledger.transaction() as tx:
        subject = Subject("release_key", key)
        return tx.append(
            EventDraft(REVOKED, actor_record(actor), (subject,), {"key_id": key, "stolen": stolen}, reason)
        )


def signed_by(session: Session, key_id: str) -> list[str]:
    """Return the versions (`model@number`) whose newest release signature is by a key, in the order of their names."""
    newest: dict[str, str] = {}
    for _, told in told_events(session, (RELEASED,)):
        newest[f"{told['model']}@{told['version']}"] = told["key_id"]
    return sorted(name for name, key in newest.items() if key == key_id)
