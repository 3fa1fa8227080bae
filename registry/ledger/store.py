"""The ledger in the database: append in transactions, read back, prove."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, func, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from registry.database import reading, writing
from registry.domain.canonical import NotCanonicalError, parse_canonical
from registry.domain.errors import LedgerBrokenError, ServiceUnreachableError, UnknownNameError
from registry.domain.event import Event, parse_event, payload_digest
from registry.domain.ports import Clock
from registry.ledger.anchors import Anchors
from registry.ledger.checkpoint import Checkpoint, open_checkpoint
from registry.ledger.clock_watch import ClockWatch
from registry.ledger.copy import CheckpointCopy
from registry.ledger.disk_reserve import DiskReserve
from registry.ledger.levels import MerkleLevels
from registry.ledger.log_key import LogKey
from registry.ledger.merkle import EMPTY_ROOT, Frontier, leaf_hash
from registry.ledger.proof import InclusionProof, verify_proof
from registry.ledger.standing import rebuilt, require_kept
from registry.ledger.transaction import Transaction, open_head
from registry.reserve import FULL, make_room
from registry.schema import LedgerCheckpoint, LedgerEntry, LedgerHead, LedgerPayload

__all__ = ["Head", "InclusionProof", "Ledger", "SignedCheckpoint", "Transaction", "verify_proof"]


_DISK_FULL, _READ_ONLY = "53100", "25006"  # SQLSTATE: disk_full, read_only_sql_transaction
_SERVER_FULL = "the disk of the database server is full: no change goes in, a stop neither"


@dataclass(frozen=True)
class Head:
    """The ledger as it stands: its origin, how many events, and their Merkle root (32 bytes)."""

    origin: str
    size: int
    root: bytes


@dataclass(frozen=True)
class SignedCheckpoint:
    """A checkpoint with the note that signs it, and when it was signed (UTC text)."""

    checkpoint: Checkpoint
    note: str
    signed_at: str


class Ledger:
    """The append-only record of one workspace; safe for threads and processes.

    Args:
        engine: the record's database, migrated.
        key: the log's key.
        clock: tells each event's time.
        service: name and version of the software, written into every event.
        copy_to: a file that receives the newest checkpoint after every commit; a database that falls behind it is
            read-only, but for stops, suspensions, reads and outcomes.
        witnessed: the folder of cosigned checkpoints; a database that contradicts the newest one is read-only alike.
        watch: sees that the clock was set, which is an event before the next one; nobody watches unless given.
        reserve: room on the disk for what must never wait; none is kept unless given.
    """

    def __init__(
        self,
        engine: Engine,
        key: LogKey,
        clock: Clock,
        service: Mapping[str, str],
        copy_to: Path | None = None,
        witnessed: Path | None = None,
        watch: ClockWatch | None = None,
        reserve: DiskReserve | None = None,
    ) -> None:
        self.engine = engine
        self.clock = clock
        self._key = key
        self._service = dict(service)
        self._copy = CheckpointCopy(copy_to, key.public_vkey) if copy_to is not None else None
        self._anchors = Anchors(witnessed, key.public_vkey) if witnessed is not None else None
        self._watch = watch
        self._reserve = reserve
        self._open = threading.local()

    @property
    def public_vkey(self) -> str:
        """Return the log's public key as a C2SP vkey."""
        return self._key.public_vkey

    @property
    def service(self) -> Mapping[str, str]:
        """Return the name and version of the software, as events tell them."""
        return dict(self._service)

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Open the one writer's transaction: it commits at exit and rolls back on an exception.

        Raises:
            RuntimeError: when this thread is inside a transaction already.
            LedgerBrokenError: when the ledger contradicts its newest checkpoint, the copy of it, or the newest
                cosigned one; nothing is changed, unless it is what must never wait.
            ServiceUnreachableError: when the database does not answer, or is full and the change can wait.
        """
        if self._reserve is not None:
            self._reserve.keep()
        with self._once(), _roomy(), writing(self.engine) as session:
            contradiction, full = self._contradiction(session), make_room(session)
            step = self._watch.step(self.clock.now()) if self._watch else timedelta(0)
            transaction = Transaction(
                session, self._key, self.clock, self._service, contradiction, full=full, step=step
            )
            yield transaction
            note = transaction.seal()
        if note is not None and self._copy is not None:
            self._copy.write(note)
        if note is not None and self._watch is not None:
            self._watch.mark(self.clock.now(), anew=transaction.told_step)

    def head(self) -> Head:
        """Return origin, size and root; an empty ledger has size 0 and the empty root.

        Of a head that is unreadable, it is the size and root of the rows as they are: a stop needs no more.
        """
        with reading(self.engine) as session:
            try:
                query = select(LedgerHead.frontier).where(LedgerHead.origin == self._key.name)
                stored = session.scalar(query)
                frontier = Frontier() if stored is None else Frontier.from_bytes(stored)
            except (ValueError, LedgerBrokenError):
                frontier, _ = rebuilt(session)
        return Head(self._key.name, frontier.size, frontier.root())

    def latest_checkpoint(self) -> SignedCheckpoint | None:
        """Return the newest checkpoint, or None while the ledger is empty.

        Raises:
            LedgerBrokenError: when the log's key did not sign it.
        """
        with reading(self.engine) as session:
            return self._latest_checkpoint(session)

    def event(self, seq: int) -> Event:
        """Return an event.

        Raises:
            UnknownNameError: when the ledger has no such event.
            LedgerBrokenError: when its bytes are not an event.
        """
        with reading(self.engine) as session:
            row = session.get(LedgerEntry, seq)
            if row is None:
                raise UnknownNameError(f"the ledger has no event {seq}")
            return _event(row.data, seq)

    def payload(self, seq: int) -> dict[str, Any] | None:
        """Return an event's payload, or None when it was erased.

        Raises:
            UnknownNameError: when the ledger has no such event.
            LedgerBrokenError: when the payload is not the one that the event commits to.
        """
        event = self.event(seq)
        with reading(self.engine) as session:
            row = session.get(LedgerPayload, seq)
            if row is not None and row.erased_at is not None and row.payload is None:
                return None
            return _payload(event, row)

    def events(self, last: int = 50) -> list[Event]:
        """Return the newest events, newest first."""
        with reading(self.engine) as session:
            newest = select(LedgerEntry.data, LedgerEntry.seq).order_by(LedgerEntry.seq.desc()).limit(last)
            return [_event(row.data, row.seq) for row in session.execute(newest)]

    def prove(self, seq: int, note: str | None = None) -> InclusionProof:
        """Prove that an event stands in the ledger of a checkpoint.

        Args:
            seq: the event.
            note: the checkpoint, such as a cosigned one; the newest unless given.

        Raises:
            UnknownNameError: when the checkpoint covers no such event.
            LedgerBrokenError: when the checkpoint is not signed by the log's key, or is not of this ledger, or the
                ledger contradicts a checkpoint that was kept outside it.
        """
        kept = self._kept()  # read before the snapshot: a commit in between adds to the ledger alone
        with reading(self.engine) as session:
            require_kept(session, self.public_vkey, kept)
            newest = self._latest_checkpoint(session)
            note = note or (newest.note if newest else "")
            checkpoint = open_checkpoint(note, self.public_vkey) if note else Checkpoint(self._key.name, 0, EMPTY_ROOT)
            tree = _tree(session, checkpoint.size)
        if not 0 <= seq < checkpoint.size or tree.size != checkpoint.size:
            raise UnknownNameError(f"the signed ledger has no event {seq}")
        if tree.root() != checkpoint.root:
            raise LedgerBrokenError("the ledger is not that of the checkpoint", mend="run `overread audit verify`")
        return InclusionProof(seq, checkpoint.size, tree.leaf(seq), tree.inclusion(seq, checkpoint.size), note)

    def prove_continuation(self, old_size: int, size: int) -> tuple[bytes, ...]:
        """Prove that the first `size` events begin with the first `old_size` (hashes of 32 bytes; RFC 6962, 2.1.2).

        Raises:
            UnknownNameError: when the ledger has not so many events, or the old size is the greater.
        """
        with reading(self.engine) as session:
            tree = _tree(session, size)
        if tree.size != size or not 0 <= old_size <= size:
            raise UnknownNameError(f"the ledger has no {old_size} events of {size}")
        return tree.consistency(old_size, size)

    def checkpoint_at(self, size: int) -> SignedCheckpoint:
        """Return the checkpoint of so many events.

        Raises:
            UnknownNameError: when no checkpoint was signed at that size.
            LedgerBrokenError: when the log's key did not sign it.
        """
        with reading(self.engine) as session:
            row = session.get(LedgerCheckpoint, size)
            if row is None:
                below = select(func.max(LedgerCheckpoint.size)).where(LedgerCheckpoint.size < size)
                near = session.execute(below).scalar()
                raise UnknownNameError(
                    f"the ledger signed no checkpoint of {size} events", mend=f"the one before has {near or 0}"
                )
            return SignedCheckpoint(open_checkpoint(row.note, self.public_vkey), row.note, row.signed_at)

    def entries(self, size: int) -> list[tuple[Event, bytes | None, bytes | None]]:
        """Return the first events with their payload's bytes and salt, which are None where they were erased.

        Raises:
            LedgerBrokenError: when the bytes of one are not an event.
        """
        query = select(LedgerEntry.data, LedgerEntry.seq, LedgerPayload.payload, LedgerPayload.salt)
        with reading(self.engine) as session:
            rows = session.execute(
                query.join(LedgerPayload, LedgerPayload.seq == LedgerEntry.seq, isouter=True)
                .where(LedgerEntry.seq < size)
                .order_by(LedgerEntry.seq)
            )
            return [(_event(row.data, row.seq), row.payload, row.salt) for row in rows]

    def sign_evidence(self, text: str) -> str:
        """Return the note over a manifest of evidence, signed by the log's key (see `LogKey.sign_evidence`)."""
        return self._key.sign_evidence(text)

    def _latest_checkpoint(self, session: Session) -> SignedCheckpoint | None:
        newest = select(LedgerCheckpoint).order_by(LedgerCheckpoint.size.desc()).limit(1)
        row = session.execute(newest).scalar_one_or_none()
        if row is None:
            return None
        return SignedCheckpoint(open_checkpoint(row.note, self.public_vkey), row.note, row.signed_at)

    def contradiction(self) -> str:
        """Return why the record is read-only, in one line; empty when it is not."""
        kept = self._kept_or_error()  # read before the snapshot: a commit in between adds to the ledger alone
        with reading(self.engine) as session:
            found = self._held(session, kept)
            if found is not None:
                return found.line()
            try:
                open_head(session, self._key)
            except LedgerBrokenError as error:
                return error.line()
        return ""

    def _kept(self) -> list[tuple[str, Checkpoint]]:
        found = (
            ("copied beside it", self._copy.read() if self._copy else None),
            ("cosigned by witnesses", self._anchors.newest() if self._anchors else None),
        )
        return [(what, checkpoint) for what, checkpoint in found if checkpoint is not None]

    def _kept_or_error(self) -> list[tuple[str, Checkpoint]] | LedgerBrokenError:
        try:
            return self._kept()
        except LedgerBrokenError as error:
            return error

    def _contradiction(self, session: Session) -> LedgerBrokenError | None:
        return self._held(session, self._kept_or_error())

    def _held(
        self, session: Session, kept: list[tuple[str, Checkpoint]] | LedgerBrokenError
    ) -> LedgerBrokenError | None:
        if isinstance(kept, LedgerBrokenError):
            return kept
        try:
            require_kept(session, self.public_vkey, kept)
        except LedgerBrokenError as error:
            return error
        return None

    @contextmanager
    def _once(self) -> Iterator[None]:
        if getattr(self._open, "is_open", False):
            raise RuntimeError("ledger transactions do not nest")
        self._open.is_open = True
        try:
            yield
        finally:
            self._open.is_open = False


@contextmanager
def _roomy() -> Iterator[None]:
    """Tell a database that ran full in the middle of a change as what it is; nothing of the change is kept.

    Raises:
        ServiceUnreachableError: then.
    """
    try:
        yield
    except DBAPIError as error:
        state = getattr(error.orig, "sqlstate", None)
        if state == _DISK_FULL or "disk is full" in str(error.orig):
            full = _SERVER_FULL if state == _DISK_FULL else FULL
            raise ServiceUnreachableError(full, mend="make room, and do it again") from error
        if state == _READ_ONLY:
            raise ServiceUnreachableError("the database server takes no change now", mend="see its log") from error
        raise


def _tree(session: Session, size: int) -> MerkleLevels:
    rows = select(LedgerEntry.data).where(LedgerEntry.seq < size).order_by(LedgerEntry.seq)
    return MerkleLevels(leaf_hash(data) for data in session.execute(rows).scalars())


def _event(data: bytes, seq: int) -> Event:
    try:
        found = parse_event(data)
    except NotCanonicalError as error:
        raise LedgerBrokenError(f"event {seq} is unreadable", mend="run `overread audit verify`") from error
    if found.seq != seq:
        raise LedgerBrokenError(f"event {found.seq} stands in the place of event {seq}")
    return found


def _payload(event: Event, row: LedgerPayload | None) -> dict[str, Any]:
    if row is None or row.salt is None or row.payload is None:
        raise LedgerBrokenError(f"the payload of event {event.seq} is gone", mend="run `overread audit verify`")
    try:
        digest, found = payload_digest(row.salt, row.payload), parse_canonical(row.payload)
    except ValueError as error:
        raise LedgerBrokenError(f"the payload of event {event.seq} is unreadable") from error
    if digest != event.record["payload_digest"] or not isinstance(found, dict):
        raise LedgerBrokenError(f"the payload of event {event.seq} was changed", mend="run `overread audit verify`")
    return found
