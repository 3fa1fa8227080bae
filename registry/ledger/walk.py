"""One pass over the entries: every event's bytes, columns, place and payload, and the tree over them."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

from registry.domain.canonical import NotCanonicalError
from registry.domain.event import SALT_BYTES, Event, parse_event, payload_digest
from registry.ledger.merkle import EMPTY_ROOT, Frontier, leaf_hash
from registry.ledger.report import Finding

_CHUNK = 1000
_ENTRIES = text(  # text, so that no column's type converts what it should not believe
    "SELECT e.seq, e.event_id, e.type, e.at, e.data, p.seq, p.salt, p.payload, p.erased_at FROM ledger_entries e "
    "LEFT JOIN ledger_payloads p ON p.seq = e.seq ORDER BY e.seq"
)


class StoredEntry(NamedTuple):
    """A row as the database gives it; SQLite lets whoever edits it put any type into any column."""

    seq: object
    event_id: object
    type: object
    at: object
    data: object
    payload_seq: object
    salt: object
    payload: object
    erased_at: object


@dataclass
class Walk:
    """What a pass over the entries found.

    `roots` maps tree sizes to Merkle roots of 32 bytes, `latest_at` maps them to the latest time that an event claims.
    """

    frontier: Frontier = field(default_factory=Frontier)
    roots: dict[int, bytes] = field(default_factory=lambda: {0: EMPTY_ROOT})
    latest_at: dict[int, str] = field(default_factory=dict)
    finding: Finding | None = None
    clock_steps: list[int] = field(default_factory=list)
    _erased: set[int] = field(default_factory=set)
    _erasures: set[int] = field(default_factory=set)
    _last_at: str = ""
    _greatest_at: str = ""

    @property
    def size(self) -> int:
        """Return how many entries there are."""
        return self.frontier.size

    @property
    def unexplained(self) -> list[int]:
        """Return the events whose payload is gone although no event tells of its erasure."""
        return sorted(self._erased - self._erasures)

    @property
    def lingering(self) -> list[int]:
        """Return the events whose payload is there although an event tells of its erasure."""
        return sorted(self._erasures - self._erased)

    def mark(self) -> None:
        """Keep the root and the latest time at this size."""
        self.roots[self.size], self.latest_at[self.size] = self.frontier.root(), self._greatest_at

    def step(self, row: StoredEntry) -> None:
        """Take in the next row; only the first entry with something wrong is kept."""
        seq, data = self.size, row.data if isinstance(row.data, bytes) else b""
        if self.finding is None:
            why = self._look(row, seq, data)
            self.finding = Finding(seq, f"event {seq}: {why}") if why else None
        self.frontier.append(leaf_hash(data))

    def _look(self, row: StoredEntry, seq: int, data: bytes) -> str:
        if row.seq != seq:
            return "its row is missing, or a row was put in"
        try:
            event = parse_event(data)
        except NotCanonicalError:
            return "its bytes are not an event"
        columns = (row.seq, row.event_id, row.type, row.at)
        if columns != (event.seq, event.record["id"], event.record["type"], event.record["at"]):
            return "its columns are not those of its bytes"
        self._note(event)
        return self._look_at_payload(row, event)

    def _look_at_payload(self, row: StoredEntry, event: Event) -> str:
        if row.payload_seq is None:
            return "its payload's row is missing"
        if row.erased_at is not None and row.salt is None and row.payload is None:
            self._erased.add(event.seq)
            return ""
        if not isinstance(row.payload, bytes) or not isinstance(row.salt, bytes) or len(row.salt) != SALT_BYTES:
            return "its payload or its salt is gone"
        same = payload_digest(row.salt, row.payload) == event.record["payload_digest"]
        return "" if same else "its payload is not the one that it commits to"

    def _note(self, event: Event) -> None:
        at = event.record["at"]
        if at < self._last_at:
            self.clock_steps.append(event.seq)
        self._last_at, self._greatest_at = at, max(at, self._greatest_at)
        if event.record["type"] == "payload.erased":
            names = [subject["name"] for subject in event.record["subjects"] if subject["kind"] == "event"]
            self._erasures.update(int(name) for name in names if name.isascii() and name.isdecimal())


def walk_entries(session: Session, sizes: Collection[int]) -> Walk:
    """Pass over all entries in order, and keep the roots at the given sizes."""
    walk, wanted = Walk(), set(sizes)
    for row in _rows(session):
        walk.step(row)
        if walk.size in wanted:
            walk.mark()
    return walk


def _rows(session: Session) -> Iterator[StoredEntry]:
    for row in session.connection().execute(_ENTRIES).yield_per(_CHUNK):
        yield StoredEntry(*tuple(row))
