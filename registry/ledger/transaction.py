"""One change to the record: rows and the events that tell of them, committed together or not at all."""

import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from registry.domain.canonical import canonical_bytes
from registry.domain.errors import LedgerBrokenError, ServiceUnreachableError
from registry.domain.event import SALT_BYTES, Event, EventDraft, Subject, new_event, payload_digest
from registry.domain.instants import instant_text
from registry.domain.person import SERVICE, actor_record
from registry.domain.ports import Clock
from registry.domain.uuid7 import uuid7
from registry.ledger.checkpoint import Checkpoint, open_checkpoint
from registry.ledger.clock_watch import anomaly
from registry.ledger.log_key import LogKey
from registry.ledger.merkle import Frontier, leaf_hash
from registry.ledger.plain_rows import insert_plain
from registry.ledger.standing import MARK, is_vital, may_belong, rebuilt
from registry.reserve import FULL, refill
from registry.schema import LedgerCheckpoint, LedgerEntry, LedgerHead, LedgerPayload

_RESTORE = "run `overread audit verify`; restore the database from a backup"


class Transaction:
    """A change under way.

    Attributes:
        session: the SQLAlchemy session for the domain rows; its `commit` only flushes.
        told_step: whether an event tells that the clock was set.

    Args:
        session: the writer's.
        key: the log's key.
        clock: tells each event's time.
        service: name and version of the software.
        contradiction: why the record is read-only, if it is; only what must never wait goes in, unsigned.
        full: whether the database is full; only what must never wait goes in, into pages kept for that.
        step: by how much the clock was set since the last commit, as its watch saw it; zero: it was not.
    """

    def __init__(
        self,
        session: Session,
        key: LogKey,
        clock: Clock,
        service: Mapping[str, str],
        contradiction: LedgerBrokenError | None = None,
        *,
        full: bool = False,
        step: timedelta = timedelta(0),
    ) -> None:
        self.session = session
        self._key = key
        self._clock = clock
        self._service = dict(service)
        self._events: list[Event] = []
        self._payloads: list[dict[str, Any]] = []
        self._drafts: list[EventDraft] = []
        self._contradiction = contradiction
        self._full = full
        self._step = step
        self.told_step = False
        self._frontier, self._last_at = self._open()

    def append(self, draft: EventDraft) -> Event:
        """Put an event on record; it becomes durable with the transaction.

        Returns:
            The event as it will stand in the ledger.

        Raises:
            ValueError: when the draft is of an unknown type, lacks payload keys, or is too long.
            NotCanonicalError: when a value has no canonical form.
            LedgerBrokenError: when the record is read-only, and this is no change that must never wait.
        """
        if self._contradiction is not None and not may_belong(draft):
            raise self._contradiction
        now = self._clock.now()
        if not self._events and self._contradiction is None and not self._full:
            self._tell_of_clock(now)
        return self._append(draft, now)

    def _tell_of_clock(self, now: datetime) -> None:
        """Put an event before the first one where the clock was set; a stop on a full disk does not wait for it."""
        found = anomaly(self._step, self._last_at, now)
        if found is not None:
            subjects, self.told_step = (Subject("clock", "system"),), True
            self._append(EventDraft("clock.anomaly", actor_record(SERVICE), subjects, found, outcome="alert"), now)

    def _append(self, draft: EventDraft, now: datetime) -> Event:
        at, salt, payload = instant_text(now), secrets.token_bytes(SALT_BYTES), canonical_bytes(dict(draft.payload))
        event = new_event(
            draft,
            event_id=uuid7(now),
            seq=self._frontier.size,
            at=at,
            payload_digest=payload_digest(salt, payload),
            service=self._service | self._marks(at),
        )
        self._drafts.append(draft)
        return self._keep(event, at, salt, payload)

    def erase_payload(self, seq: int, actor: Mapping[str, str], reason: str, *also: Subject) -> Event:
        """Erase an event's payload and salt for good; the event and the tree stay as they are.

        Args:
            seq: the event.
            actor: who erases.
            reason: why.
            also: further subjects of the event that tells of it, such as a signature.

        Raises:
            ValueError: when no earlier transaction holds that event, or its payload is erased already.
        """
        row = self.session.get(LedgerPayload, seq)
        if row is None or row.payload is None:
            raise ValueError(f"event {seq} has no payload to erase")
        row.salt, row.payload, row.erased_at = None, None, instant_text(self._clock.now())
        subjects = (Subject("event", str(seq)), *also)
        return self.append(EventDraft("payload.erased", actor, subjects, {"seq": seq}, reason))

    def seal(self) -> str | None:
        """Write the events, the head and a signed checkpoint; return its note, or None when none was signed.

        Raises:
            LedgerBrokenError: when the record is read-only, and this is no change that must never wait.
            ServiceUnreachableError: when the database is full, and this is no such change.
        """
        self.session.flush()
        vital = is_vital(self._drafts)
        if self._contradiction is not None and not vital:
            raise self._contradiction
        if self._full and not vital:
            raise ServiceUnreachableError(FULL, mend="make room, and do it again")
        if not self._events:
            return None
        if not self._full:
            refill(self.session)
        connection = self.session.connection()
        insert_plain(connection, LedgerEntry, [_entry(event) for event in self._events])
        insert_plain(connection, LedgerPayload, self._payloads)
        connection.execute(delete(LedgerHead).where(LedgerHead.origin == self._key.name))
        head = {"origin": self._key.name, "size": self._frontier.size, "frontier": self._frontier.to_bytes()}
        connection.execute(insert(LedgerHead), [head])
        return self._sign() if self._contradiction is None else None

    def _sign(self) -> str:
        """Sign the new size and root; a record that contradicts an earlier checkpoint is never signed."""
        note = self._key.sign(self._frontier.size, self._frontier.root())
        checkpoint = {"size": self._frontier.size, "note": note, "signed_at": self._last_at}
        self.session.connection().execute(insert(LedgerCheckpoint), [checkpoint])
        return note

    def _open(self) -> tuple[Frontier, str]:
        if self._contradiction is None:
            try:
                return open_head(self.session, self._key)
            except LedgerBrokenError as error:
                self._contradiction = error
        return rebuilt(self.session)

    def _marks(self, at: str) -> dict[str, str]:
        marks = {"clock": "backwards"} if at < self._last_at else {}
        return marks | (MARK if self._contradiction is not None else {})

    def _keep(self, event: Event, at: str, salt: bytes, payload: bytes) -> Event:
        self._events.append(event)
        self._payloads.append({"seq": event.seq, "salt": salt, "payload": payload})
        self._frontier.append(leaf_hash(event.data))
        self._last_at = at
        return event


def _entry(event: Event) -> dict[str, Any]:
    record = event.record
    return {
        "seq": event.seq,
        "event_id": record["id"],
        "type": record["type"],
        "at": record["at"],
        "data": event.data,
    }


def open_head(session: Session, key: LogKey) -> tuple[Frontier, str]:
    """Return the frontier and the newest event's time, once head, newest entry and checkpoint agree.

    Raises:
        LedgerBrokenError: when they do not.
    """
    heads = session.execute(select(LedgerHead.origin, LedgerHead.frontier)).all()
    entries = session.execute(select(func.max(LedgerEntry.seq))).scalar()
    note = session.execute(select(LedgerCheckpoint.note).order_by(LedgerCheckpoint.size.desc()).limit(1)).scalar()
    if not heads and entries is None and note is None:
        return Frontier(), ""
    if len(heads) != 1 or entries is None or note is None:
        raise LedgerBrokenError("the ledger has lost its head, its entries or its checkpoints", mend=_RESTORE)
    if heads[0].origin != key.name:
        raise LedgerBrokenError("the ledger belongs to another log key", mend="restore the log key of this workspace")
    frontier = _read_frontier(heads[0].frontier)
    _check_head(frontier, entries + 1, open_checkpoint(note, key.public_vkey))
    return frontier, session.execute(select(LedgerEntry.at).where(LedgerEntry.seq == entries)).scalar_one()


def _read_frontier(data: bytes) -> Frontier:
    try:
        return Frontier.from_bytes(data)
    except ValueError as error:
        raise LedgerBrokenError("the ledger's head is unreadable", mend=_RESTORE) from error


def _check_head(frontier: Frontier, entries: int, newest: Checkpoint) -> None:
    if not frontier.size == entries == newest.size or frontier.root() != newest.root:
        raise LedgerBrokenError(
            f"the ledger's head ({frontier.size} events), rows ({entries}) and checkpoint ({newest.size}) differ",
            mend=_RESTORE,
        )
