"""The seal of the index of counted days: what the ledger tells of it, so that one that was edited by hand is not used.

An event seals the head and every day of a book, how many keys it knows, and a fingerprint of where these are. All but
the fingerprint are held against the event at each run; that by `overread monitor counts --check`, which reads all keys.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from registry.database import reading
from registry.domain.digest import digest_value
from registry.domain.errors import LedgerBrokenError
from registry.domain.event import EventDraft, Subject
from registry.domain.person import Actor, actor_record
from registry.ledger.store import Ledger
from registry.schema import LedgerEntry

EVENT = "counts.indexed"
_BYTES = 16


@dataclass(frozen=True)
class Seal:
    """What seals a book.

    Attributes:
        content: digest of its head and its days.
        keys: how many keys it knows.
        fingerprint: of where each key is, whatever the order; see `fingerprint_of`.
    """

    content: str
    keys: int
    fingerprint: int


def content_of(head: Mapping[str, str], days: Iterable[Mapping[str, str]]) -> str:
    """Return the digest of a book's head and days, as they are stored."""
    return digest_value([dict(head), sorted((dict(day) for day in days), key=lambda day: day["day"])])


def fingerprint_of(places: Iterable[tuple[bytes, str]]) -> int:
    """Return the exclusive or of a digest of each key with its day: the same places give it, in any order."""
    found = 0
    for key, day in places:
        found ^= int.from_bytes(hashlib.blake2b(key + day.encode(), digest_size=_BYTES).digest())
    return found


class Seals:
    """The seals of one workspace's books, in its ledger."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def newest(self, book: Mapping[str, str]) -> Seal | None:
        """Return the newest seal of a book; None where there is none that holds."""
        with reading(self._ledger.engine) as session:
            seqs = list(session.scalars(select(LedgerEntry.seq).where(LedgerEntry.type == EVENT)))
        for seq in sorted(seqs, reverse=True):
            try:
                payload = self._ledger.payload(seq)
            except LedgerBrokenError:
                return None
            if payload and {name: payload[name] for name in book} == dict(book):
                return Seal(payload["content"], payload["keys"], int(payload["fingerprint"], 16))
        return None

    def tell(self, book: Mapping[str, str], seal: Seal, actor: Actor) -> None:
        """Put a book's seal on record."""
        told: dict[str, Any] = {"content": seal.content, "keys": seal.keys, "fingerprint": f"{seal.fingerprint:032x}"}
        subject = Subject("counts", f"index of {book['model']} {book['target']}".strip())
        with self._ledger.transaction() as tx:
            tx.append(EventDraft(EVENT, actor_record(actor), (subject,), dict(book) | told))
