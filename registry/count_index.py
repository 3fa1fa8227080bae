"""Which day a row touches: a cache beside the stored counts, kept as far as the newest date that was counted.

It is told nothing that the rows do not tell. Where it is missing, does not fit, or is not what the ledger sealed, it is
made anew from every row.
"""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Engine, delete, func, insert, select
from sqlalchemy.orm import Session

from registry.count_schema import CountDayRow, CountHeadRow, CountPlaceRow
from registry.count_seal import Seal, Seals, content_of, fingerprint_of
from registry.database import in_chunks, reading, writing
from registry.domain.person import Actor

_TOLD_OF_DAYS = ("day", "basis", "digest", "made_first", "made_last", "sites", "segments")


@dataclass(frozen=True)
class Book:
    """Whose counts, by which known time."""

    model: str
    target: str
    known: str


@dataclass(frozen=True)
class Head:
    """How far the counts of a book have come.

    Attributes:
        as_of: the date up to whose end rows are known.
        zones: digest of the sites' time zones.
        tables: per table the number of its newest segment.
        pending: per table the segments with rows that were not known by then.
        superseded: the ids of the rows that were corrected by then.
    """

    as_of: str
    zones: str
    tables: Mapping[str, int]
    pending: Mapping[str, tuple[int, ...]]
    superseded: frozenset[str]


@dataclass(frozen=True)
class DayPlace:
    """What a book knows of a day.

    Attributes:
        day: its name.
        basis: digest of the list of its rows.
        digest: the object that holds that list.
        made: the first and the last instant of its predictions.
        sites: where it was acquired.
        segments: per table the segments of its rows.
    """

    day: str
    basis: str
    digest: str
    made: tuple[str, str]
    sites: tuple[str, ...]
    segments: Mapping[str, tuple[int, ...]]


@dataclass(frozen=True)
class Change:
    """What changes in a book: its head, days that are new or other, days that are gone, places of keys."""

    head: Head
    days: Sequence[DayPlace]
    gone: Collection[str]
    places: Mapping[bytes, str]


class CountIndex:
    """The cache of one workspace."""

    def __init__(self, engine: Engine, seals: Seals) -> None:
        self._engine = engine
        self._seals = seals

    def head(self, book: Book) -> Head | None:
        """Return how far a book has come; None where nothing was counted yet."""
        with reading(self._engine) as session:
            return _head(session, book)

    def sealed(self, book: Book) -> Head | None:
        """Return how far a book has come; None where it holds anything else than what the ledger sealed."""
        with reading(self._engine) as session:
            head, content, keys = _head(session, book), _content(session, book), _keys(session, book)
        seal = self._seals.newest(vars(book))
        return head if seal is not None and (seal.content, seal.keys) == (content, keys) else None

    def faults(self) -> Iterator[str]:
        """Say of each book that is not what the ledger sealed which it is; every key is read."""
        with reading(self._engine) as session:
            heads = list(session.scalars(select(CountHeadRow)))
            for row in heads:
                book = Book(row.model, row.target, row.known)
                seal = self._seals.newest(vars(book))
                if seal != Seal(_content(session, book), _keys(session, book), _fingerprint(session, book)):
                    yield f"the index of the counts of {row.model} {row.target}".strip() + " was changed"

    def days(self, book: Book) -> dict[str, DayPlace]:
        """Return the days of a book by name."""
        with reading(self._engine) as session:
            rows = session.scalars(select(CountDayRow).where(*_of(CountDayRow, book)))
            return {row.day: _place(row) for row in rows}

    def places(self, book: Book, keys: Collection[bytes]) -> dict[bytes, str]:
        """Return the day of each key that is known."""
        found: dict[bytes, str] = {}
        with reading(self._engine) as session:
            for chunk in in_chunks(sorted(keys)):
                query = select(CountPlaceRow.key, CountPlaceRow.day).where(*_of(CountPlaceRow, book))
                rows = session.execute(query.where(CountPlaceRow.key.in_(chunk)))
                found |= {row.key: row.day for row in rows}
        return found

    def change(self, book: Book, before: Head | None, change: Change, actor: Actor, *, whole: bool) -> bool:
        """Change a book in one transaction, unless another run changed it meanwhile.

        Args:
            book: which.
            before: its head when the change was thought out.
            change: what changes.
            actor: who counted.
            whole: whether everything that it held goes first.

        Returns:
            Whether it was changed.
        """
        seal = None if whole else self._seals.newest(vars(book))
        with writing(self._engine) as session:
            if _head(session, book) != before or (seal is None and not whole):
                return False
            fingerprint, keys = fingerprint_of(change.places.items()), len(change.places)
            if seal is not None:
                replaced = list(_replaced(session, book, change.places))
                fingerprint ^= seal.fingerprint ^ fingerprint_of(replaced)
                keys += seal.keys - len(replaced)
            _clear(session, book, change, whole=whole)
            own = vars(book)
            session.execute(insert(CountHeadRow), [own | _head_values(change.head)])
            if change.days:
                session.execute(insert(CountDayRow), [own | _day_values(day) for day in change.days])
            if change.places:
                places = [own | {"key": key, "day": day} for key, day in change.places.items()]
                session.execute(insert(CountPlaceRow), places)
            session.flush()
            sealed = Seal(_content(session, book), keys, fingerprint)
        self._seals.tell(vars(book), sealed, actor)
        return True


def _content(session: Session, book: Book) -> str:
    """Return the digest of a book: of its head, and of its days as they are spelled in their rows."""
    head, columns = _head(session, book), [getattr(CountDayRow, name) for name in _TOLD_OF_DAYS]
    days = session.execute(select(*columns).where(*_of(CountDayRow, book)))
    return content_of({} if head is None else _head_values(head), [row._asdict() for row in days])


def _keys(session: Session, book: Book) -> int:
    return session.scalar(select(func.count()).select_from(CountPlaceRow).where(*_of(CountPlaceRow, book))) or 0


def _fingerprint(session: Session, book: Book) -> int:
    query = select(CountPlaceRow.key, CountPlaceRow.day).where(*_of(CountPlaceRow, book))
    return fingerprint_of((row.key, row.day) for row in session.execute(query).yield_per(10_000))


def _replaced(session: Session, book: Book, places: Collection[bytes]) -> Iterator[tuple[bytes, str]]:
    for keys in in_chunks(sorted(places)):
        query = select(CountPlaceRow.key, CountPlaceRow.day).where(*_of(CountPlaceRow, book))
        yield from ((row.key, row.day) for row in session.execute(query.where(CountPlaceRow.key.in_(keys))))


def _clear(session: Session, book: Book, change: Change, *, whole: bool) -> None:
    session.execute(delete(CountHeadRow).where(*_of(CountHeadRow, book)))
    if whole:
        session.execute(delete(CountDayRow).where(*_of(CountDayRow, book)))
        session.execute(delete(CountPlaceRow).where(*_of(CountPlaceRow, book)))
        return
    for days in in_chunks(sorted({*change.gone, *(day.day for day in change.days)})):
        session.execute(delete(CountDayRow).where(*_of(CountDayRow, book), CountDayRow.day.in_(days)))
    for keys in in_chunks(sorted(change.places)):
        session.execute(delete(CountPlaceRow).where(*_of(CountPlaceRow, book), CountPlaceRow.key.in_(keys)))


def _of(table: Any, book: Book) -> tuple[ColumnElement[bool], ...]:
    return table.model == book.model, table.target == book.target, table.known == book.known


def _head(session: Session, book: Book) -> Head | None:
    row = session.scalars(select(CountHeadRow).where(*_of(CountHeadRow, book))).one_or_none()
    if row is None:
        return None
    pending = {name: tuple(numbers) for name, numbers in json.loads(row.pending).items()}
    return Head(row.as_of, row.zones, json.loads(row.tables), pending, frozenset(json.loads(row.superseded)))


def _head_values(head: Head) -> dict[str, str]:
    return {
        "as_of": head.as_of,
        "zones": head.zones,
        "tables": json.dumps(dict(head.tables), sort_keys=True),
        "pending": json.dumps({name: list(numbers) for name, numbers in head.pending.items()}, sort_keys=True),
        "superseded": json.dumps(sorted(head.superseded)),
    }


def _place(row: CountDayRow) -> DayPlace:
    segments = {name: tuple(numbers) for name, numbers in json.loads(row.segments).items()}
    made = (row.made_first, row.made_last)
    return DayPlace(row.day, row.basis, row.digest, made, tuple(json.loads(row.sites)), segments)


def _day_values(day: DayPlace) -> dict[str, str]:
    return {
        "day": day.day,
        "basis": day.basis,
        "digest": day.digest,
        "made_first": day.made[0],
        "made_last": day.made[1],
        "sites": json.dumps(list(day.sites)),
        "segments": json.dumps({name: list(numbers) for name, numbers in day.segments.items()}, sort_keys=True),
    }
