"""A ledger that goes on although events were lost: a new epoch, under a new key, that names the one before it.

A log never signs a checkpoint that contradicts an earlier one. A database that was restored from an older backup holds
fewer events than the log signed, so the old key has nothing more to sign: what comes after would be another history
under the same sizes. A new key, which is a new log, signs all events that are here, those that went in unsigned too,
and one event that says which were lost and up to which root the old log is known. Witnesses trust the new key anew.

Only a database that is an earlier state of its own ledger goes on like this. One that was edited, or whose checkpoints
outside it sign another history, does not: for it there is the newest backup alone.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, delete, select
from sqlalchemy.orm import Session

from registry.database import writing
from registry.domain.errors import LedgerBrokenError, UsageError
from registry.domain.event import parse_event
from registry.domain.ports import Clock
from registry.history import told_events
from registry.ledger.checkpoint import Checkpoint, open_checkpoint
from registry.ledger.log_key import LogKey
from registry.ledger.merkle import Frontier
from registry.ledger.standing import MARK, rebuilt
from registry.ledger.transaction import Transaction
from registry.ledger.walk import walk_entries
from registry.schema import LedgerCheckpoint, LedgerEntry, LedgerHead

CONTINUED = "ledger.continued"
_EDITED = "this database is no earlier state of its ledger"
_BACKUP = "restore the newest backup; nothing else brings this record back"
Kept = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Loss:
    """What a restored database lacks.

    Attributes:
        vkey: the public key of the epoch that ends.
        kept: how many of its signed events are here.
        unsigned: how many events went in after them while the record was read-only.
        newest: the largest checkpoint of the old epoch that is known, its note, and what it is called.
    """

    vkey: str
    kept: int
    unsigned: int
    newest: Checkpoint
    note: str
    known_by: str

    @property
    def lost(self) -> int:
        """Return how many events of the old epoch are known to have been signed and are not here."""
        return self.newest.size - self.kept

    def to_json(self) -> dict[str, Any]:
        """Return what the continuing event tells."""
        newest = {
            "size": self.newest.size,
            "root": self.newest.root.hex(),
            "note": self.note,
            "known_by": self.known_by,
        }
        return {"former": self.vkey, "kept": self.kept, "lost": self.lost, "unsigned": self.unsigned, "newest": newest}


@dataclass(frozen=True)
class Former:
    """An epoch that ended, as its continuing event tells: the event, who signed, why, and what was lost."""

    seq: int
    at: str
    vkey: str
    kept: int
    lost: int
    unsigned: int
    newest: Checkpoint
    by: tuple[str, ...]
    reason: str

    def line(self) -> str:
        """Return it as a person reads it."""
        gone = f"the events {self.kept} to {self.newest.size - 1} of {self.newest.origin} were lost"
        after = f", {self.unsigned} went in unsigned before it went on" if self.unsigned else ""
        return f"{gone}{after}: event {self.seq} tells, signed by {' and '.join(self.by)}: {self.reason}"


def find_loss(session: Session, vkey: str, kept: Kept) -> Loss:
    """Return what a database lacks that the log had signed.

    Args:
        session: a snapshot, or the writer's session.
        vkey: the log's public key.
        kept: notes of the log that were kept outside the database, each with what it is called.

    Raises:
        LedgerBrokenError: when the database is no earlier state of its ledger.
        UsageError: when nothing is lost.
    """
    known = [(what, note, open_checkpoint(note, vkey)) for what, note in kept]
    own = {row.size: row.note for row in session.scalars(select(LedgerCheckpoint))}
    former = {one.seq: one.vkey for one in former_epochs(session)}
    walk = walk_entries(session, [*own, *(one.size for *_, one in known)])
    if walk.finding is not None or walk.unexplained:
        raise LedgerBrokenError(_EDITED, where=walk.finding.why if walk.finding else "a payload is gone", mend=_BACKUP)
    for size, note in own.items():
        signed = open_checkpoint(note, next((key for seq, key in former.items() if size <= seq), vkey))
        if signed.size != size or walk.roots.get(size) != signed.root:
            raise LedgerBrokenError(_EDITED, where=f"its checkpoint of {size} events", mend=_BACKUP)
    signed_here = max(own, default=0)
    for what, _, checkpoint in known:
        if checkpoint.size <= signed_here and walk.roots[checkpoint.size] != checkpoint.root:
            raise LedgerBrokenError(_EDITED, where=f"the checkpoint {what} signs another history", mend=_BACKUP)
    if not own or not known or max(one.size for *_, one in known) <= signed_here:
        raise UsageError("no event is known to be lost", mend="run `overread audit verify`")
    _require_marked(session, signed_here)
    what, note, newest = max(known, key=lambda one: one[2].size)
    return Loss(vkey, signed_here, walk.size - signed_here, newest, note, what)


@contextmanager
def continuing(
    engine: Engine, key: LogKey, clock: Clock, service: Mapping[str, str], find: Callable[[Session], Loss]
) -> Iterator[tuple[Transaction, Loss]]:
    """Open the transaction in which a new epoch begins; it commits at exit and rolls back on an exception.

    Args:
        engine: the record's database.
        key: the new epoch's.
        clock: tells each event's time.
        service: name and version of the software.
        find: says what is lost, in the writer's session.

    Raises:
        LedgerBrokenError, UsageError: as `find` raises.
    """
    with writing(engine) as session:
        loss = find(session)
        session.execute(delete(LedgerHead))
        transaction = _Continuing(session, key, clock, service)
        yield transaction, loss
        transaction.seal()


class _Continuing(Transaction):
    """A transaction on the rows as they are, whatever the head before them said."""

    def _open(self) -> tuple[Frontier, str]:
        return rebuilt(self.session)


def former_epochs(session: Session) -> list[Former]:
    """Return the epochs that ended, oldest first.

    Raises:
        LedgerBrokenError: when an event that tells of one is not what was signed.
    """
    return [_former(event.seq, event.record, told) for event, told in told_events(session, (CONTINUED,))]


def _former(seq: int, record: Mapping[str, Any], told: Mapping[str, Any]) -> Former:
    newest = open_checkpoint(told["newest"]["note"], told["former"])
    found = (told["former"], told["kept"], told["lost"], told["unsigned"], newest, tuple(told["signed_by"]))
    return Former(seq, record["at"], *found, record["reason"])


def _require_marked(session: Session, first: int) -> None:
    """Refuse rows after the newest checkpoint that did not go in while the record was read-only."""
    query = select(LedgerEntry.data).where(LedgerEntry.seq >= first).order_by(LedgerEntry.seq)
    for data in session.scalars(query):
        event = parse_event(data)
        if not MARK.items() <= event.record["service"].items():
            raise LedgerBrokenError(_EDITED, where=f"event {event.seq} is unsigned", mend=_BACKUP)
