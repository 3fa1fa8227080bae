"""Where the counts stand: which days there are, from which rows; brought up to a date from what is new since.

New rows name studies, series, units, predictions. The days on which any of these is kept are read whole, with the new
rows, and looked at anew: rows may join days together, or move a study to an earlier one. All other days stay as they
are, unread. Where there is nothing to start from, or a row was corrected, every row is read.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from monitors.counts import home_number, home_text
from monitors.engine.links import Links, keys_of, links_of, parts_of
from monitors.engine.recipe import DayFacts, day_facts
from monitors.engine.tables import Tables
from monitors.packing import rows_of_day
from pipelines.counting.known_rows import Ids, Source, ids_of, segments_of, without
from registry.count_index import Book, DayPlace, Head
from registry.domain.digest import digest_value
from registry.domain.errors import ArtifactChangedError

_KEY_BYTES = 16


@dataclass(frozen=True, eq=False)
class Stand:
    """Where the counts stand.

    Attributes:
        head: how far they have come; `before`: from where; None where every row was read.
        tables: the rows that were read: those of whole days.
        links: of exactly these rows.
        facts: what is known of each day by its name, of those that were read with the list of their rows.
        places: the days that were not read.
        gone: days that have no rows any more.
        distrusted: whether the index was not what the ledger sealed; then it is made anew.
    """

    head: Head
    before: Head | None
    tables: Tables
    links: Links
    facts: Mapping[str, DayFacts]
    places: Mapping[str, DayPlace]
    gone: frozenset[str]
    distrusted: bool = False

    @property
    def whole(self) -> bool:
        """Whether every row was read."""
        return not self.places and not self.gone


def book_of(source: Source) -> Book:
    """Return the book of a source."""
    return Book(source.request.model, source.request.target or "", source.known.value)


def stand_of(source: Source, *, afresh: bool) -> Stand:
    """Return where the counts stand, from what is new since the newest date where that is possible.

    Args:
        source: which rows, by when.
        afresh: whether every row is read whatever is known.
    """
    book, zones = book_of(source), zones_of(source)
    sealed = source.workspace.count_index.sealed(book)
    head = None if afresh else sealed
    if head is not None and head.as_of <= source.as_of and head.zones == zones:
        found = advanced(source, book, head)
        if found is not None:
            return found
    tables, reached = source.every()
    links = links_of(tables, source.request.zone_of)
    before = source.workspace.count_index.head(book)
    facts = _facts(tables, links)
    return Stand(
        replace(reached, zones=zones), before, tables, links, facts, {}, frozenset(), distrusted=sealed is None
    )


def read_days(source: Source, places: Iterable[DayPlace]) -> tuple[Tables, Links] | None:
    """Read the rows of whole days; None where the list of a day's rows is gone or changed."""
    ids = _listed(source, places := list(places))
    if ids is None:
        return None
    tables = source.of(ids, _joined(place.segments for place in places))
    return tables, links_of(tables, source.request.zone_of)


def keys_with_days(tables: Tables, links: Links) -> dict[bytes, str]:
    """Return the day of everything by which the rows are linked."""
    found: dict[str, int] = {}
    for name, table in vars(tables).items():
        for column in keys_of(name, table):
            found.update(zip(column.to_pylist(), links.home[name].tolist(), strict=True))
    found.pop("", None)
    return {_digest(key): home_text(day) for key, day in found.items()}


def advanced(source: Source, book: Book, head: Head, upto: Mapping[str, int] | None = None) -> Stand | None:
    """Return where the counts stand after what is new since a head; None where every row must be read.

    Args:
        source: which rows, by when.
        book: whose index.
        head: how far the counts have come.
        upto: per table the newest segment that is read; every one unless given.
    """
    news = source.since(head, upto)
    if news is None:
        return None
    fresh, reached = news
    known = source.workspace.count_index.days(book)
    keys = {_digest(key) for name, table in vars(fresh).items() for key in _names(name, table)}
    found = source.workspace.count_index.places(book, keys)
    touched = set(found.values())
    while True:
        places = [known[day] for day in sorted(touched) if day in known]
        ids = _listed(source, places)
        if ids is None:
            return None
        both = {name: {*ids.get(name, ()), *new} for name, new in ids_of(fresh).items()}
        tables = source.of(both, _joined([*(place.segments for place in places), segments_of(fresh)]))
        links = links_of(tables, source.request.zone_of)
        further = {home_text(day) for day in links.days} - touched
        touched |= further
        if not further & set(known):
            break
    if not {key for key, day in found.items() if day in known} <= _keys_of_old(tables, fresh):
        return None
    facts = _facts(tables, links)
    rest = {day: place for day, place in known.items() if day not in touched}
    others = {day: DayFacts(home_number(day), place.basis, place.made, place.sites) for day, place in rest.items()}
    gone = frozenset(touched & set(known)) - set(facts)
    return Stand(reached, head, tables, links, others | facts, rest, gone)


def _keys_of_old(tables: Tables, fresh: Tables) -> set[bytes]:
    """Return by what the rows that were known already are linked: a day that the index names for a key must hold it."""
    new = ids_of(fresh)
    old = {name: without(table, new[name]) for name, table in vars(tables).items()}
    return {_digest(key) for name, table in old.items() for key in _names(name, table)}


def _names(name: str, table: Any) -> set[str]:
    """Return everything by which a table's rows are linked."""
    return {key for column in keys_of(name, table) for key in column.to_pylist()} - {""}


def _facts(tables: Tables, links: Links) -> dict[str, DayFacts]:
    return {home_text(fact.day): fact for fact in day_facts(tables, links, links.days)}


def _listed(source: Source, places: Iterable[DayPlace]) -> Ids | None:
    """Return the ids of the rows of some days, per table."""
    found: dict[str, list[str]] = {}
    for place in places:
        try:
            rows = rows_of_day(source.workspace.objects.get(place.digest))
        except (ArtifactChangedError, ValueError):
            return None
        for name, ids in rows.items():
            found.setdefault(name, []).extend(ids)
    return found


def _joined(parts: Iterable[Mapping[str, Iterable[int]]]) -> dict[str, set[int]]:
    found: dict[str, set[int]] = {}
    for part in parts:
        for name, numbers in part.items():
            found.setdefault(name, set()).update(numbers)
    return found


def zones_of(source: Source) -> str:
    """Return the digest of the time zones by which days are told."""
    settings = source.workspace.settings
    return digest_value([settings.time_zone(""), {site: settings.time_zone(site) for site in sorted(settings.sites)}])


def _digest(key: str) -> bytes:
    return hashlib.blake2b(key.encode(), digest_size=_KEY_BYTES).digest()


def places_of(stand: Stand, digests: Mapping[str, str]) -> Iterator[DayPlace]:
    """Yield what the index keeps of the days that were read.

    Args:
        stand: where the counts stand.
        digests: per day the object that lists its rows.
    """
    days = [day for day in stand.facts if day not in stand.places]
    parts = parts_of(stand.tables, stand.links.home, [home_number(day) for day in days])
    for day, part in zip(days, parts, strict=True):
        fact = stand.facts[day]
        yield DayPlace(day, fact.digest, digests[day], fact.made, fact.sites, segments_of(part))
