"""Whether the database still holds what its newest checkpoints outside it say, and what goes on when it does not.

A database that was truncated, emptied, replaced or restored from an older backup is read-only: a change would sign
another history under the same sizes. Stops, suspensions, reads and outcomes go in all the same, marked and unsigned,
for they protect patients and must never wait; `overread audit verify` goes on saying BROKEN.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from registry.domain.errors import LedgerBrokenError
from registry.domain.event import EventDraft
from registry.ledger.checkpoint import Checkpoint, open_checkpoint
from registry.ledger.merkle import Frontier, leaf_hash
from registry.schema import LedgerCheckpoint

MARK = {"ledger": "contradicted"}
_VITAL = frozenset({"deployment.stopped", "stratum.suspended", "intake.quarantined"})
_VITAL_TABLES = frozenset({"reads", "outcomes"})
_BESIDE = frozenset({"site.registered", "target.registered"})  # what a batch of reads may bring with it
_ROWS = text("SELECT seq, at, data FROM ledger_entries WHERE seq >= 0 ORDER BY seq")


def require_kept(session: Session, vkey: str, kept: Iterable[tuple[str, Checkpoint]]) -> None:
    """Hold the stored checkpoints against those that were kept outside the database.

    Args:
        session: a snapshot, or the writer's session.
        vkey: the log's public key.
        kept: checkpoints that the log's key signed, each with what it is called.

    Raises:
        LedgerBrokenError: when one of them is not stored, or stored with another root.
    """
    for what, known in kept:
        note = session.scalar(select(LedgerCheckpoint.note).where(LedgerCheckpoint.size == known.size))
        if note is None or open_checkpoint(note, vkey).root != known.root:
            raise LedgerBrokenError(
                f"the ledger does not contain the checkpoint of {known.size} events that was {what}",
                mend="the database was truncated, replaced or restored from an older backup; restore the newest one; "
                "until then only stops, suspensions, reads and outcomes go in",
            )


def is_vital(drafts: Iterable[EventDraft]) -> bool:
    """Say whether a change is one that must never wait: a stop, a suspension, reads, outcomes."""
    found = list(drafts)
    vital = [draft.type in _VITAL or _is_vital_batch(draft) for draft in found]
    return any(vital) and all(one or draft.type in _BESIDE for one, draft in zip(vital, found, strict=True))


def may_belong(draft: EventDraft) -> bool:
    """Say whether an event may stand in such a change."""
    return draft.type in _VITAL | _BESIDE or _is_vital_batch(draft)


def rebuilt(session: Session) -> tuple[Frontier, str]:
    """Return the tree over the rows as they are and the newest time: a lost or foreign row counts as an empty one."""
    frontier, at = Frontier(), ""
    for row in session.connection().execute(_ROWS):
        while frontier.size < int(row.seq):
            frontier.append(leaf_hash(b""))
        frontier.append(leaf_hash(_bytes(row.data)))
        at = max(at, str(row.at))
    return frontier, at


def _is_vital_batch(draft: EventDraft) -> bool:
    return draft.type == "intake.batch" and draft.payload.get("table") in _VITAL_TABLES


def _bytes(value: Any) -> bytes:
    return bytes(value) if isinstance(value, bytes | memoryview | bytearray) else b""
