"""Erasing an event's payload for good (crypto-shredding): payload and salt go, the event and the tree stay.

The event's digest of its payload is salted; without the salt nobody can try out what the payload was. What other rows
of the record rest on is never erased: who signed what, when, under which name is kept as long as the record is.
"""

from sqlalchemy import text

from registry.audit.holds import require_free
from registry.domain.digest import digest_bytes
from registry.domain.errors import NotAllowedError, UnknownNameError, UsageError
from registry.domain.event import Event, Subject
from registry.domain.person import Act
from registry.keys import Signer
from registry.record import Record, keep_signature, sign_now, signing
from registry.schema import LedgerEntry, LedgerPayload
from registry.signatures import Intent

# Types of events on whose payload nothing else on record rests: it only tells how something went.
ERASABLE = frozenset(
    {
        "session.opened",
        "intake.quarantined",
        "intake.blocked",
        "cohort.refused",
        "version.decision_refused",
        "serving.refused",
        "reconciliation.differed",
        "data.simulated",
    }
)


def erase(record: Record, seq: int, signer: Signer, reason: str) -> Event:
    """Erase an event's payload and salt, with a signature and an event that tells of it.

    Args:
        record: the record.
        seq: the event.
        signer: who erases: compliance or a quality officer.
        reason: why, such as the request that asks for it; it stays on record, so it names nobody.

    Returns:
        The event that tells of the erasure.

    Raises:
        UnknownNameError: when there is no such event.
        UsageError: when no reason is given, or the payload is erased already.
        NotAllowedError: when the key or role forbids it, a legal hold holds it, or other rows rest on this payload.
        LedgerBrokenError: when the record is read-only.
    """
    if not reason.strip():
        raise UsageError("an erasure says why", mend="use --reason, without naming anybody")
    with record.ledger.transaction() as tx:
        who = signing(record, signer, Act.ERASE, reason)
        entry, kept = tx.session.get(LedgerEntry, seq), tx.session.get(LedgerPayload, seq)
        if entry is None or kept is None:
            raise UnknownNameError(f"the ledger has no event {seq}")
        if entry.type not in ERASABLE:
            raise NotAllowedError(
                f"the record rests on the payload of event {seq} ('{entry.type}')",
                mend=f"erasable are {', '.join(sorted(ERASABLE))}",
            )
        require_free(tx.session, seq)
        if kept.payload is None:
            raise UsageError(f"the payload of event {seq} is erased already", mend="`overread audit list` shows when")
        subject = Subject("event", str(seq), digest_bytes(entry.data))
        intent = Intent(who.act, "", "", (subject,), {"event": str(seq)})
        signature = sign_now(record, who, intent)
        mark = Subject("signature", who.act.value, signature.digest)
        done = tx.erase_payload(seq, who.actor, who.reason, mark)
        keep_signature(tx, signature, intent, done.seq)
    _overwrite_log(record)
    return done


def _overwrite_log(record: Record) -> None:
    """Take the old bytes out of SQLite's write-ahead log too; its pages are overwritten by `secure_delete`."""
    if record.ledger.engine.dialect.name == "sqlite":
        with record.ledger.engine.connect() as connection:
            connection.execution_options(isolation_level="AUTOCOMMIT")
            connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
