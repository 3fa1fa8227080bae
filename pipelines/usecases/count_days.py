"""Counts day by day: what is stored is added up, and only the days whose rows changed are counted from rows.

A stored version is used when it was made from exactly the rows that the day has now (or had, as of an earlier date),
by the same kernel and the same words of the request. So the sum is, to the byte, that of counting every row.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from monitors.counts import Counts, summed
from monitors.engine.embedded import count_tables
from monitors.engine.homes import Work
from monitors.engine.links import Links
from monitors.engine.recipe import DayFacts, day_facts
from monitors.engine.tables import Request, Tables
from monitors.packing import pack_day, unpack_day
from pipelines.counting.known_rows import Source
from pipelines.counting.stand import Stand, book_of, keys_with_days, places_of, read_days, stand_of
from registry.count_index import Change
from registry.day_counts import DayVersion, Whose


@dataclass(frozen=True)
class Counted:
    """What was counted.

    Attributes:
        counts: every family, over all days.
        days: the days that the sum is made of, by name.
        recounted: the days that were counted from rows.
        mended: of those, the days of which a stored version was there and was not what the ledger told.
        read: the number of rows that were read.
    """

    counts: Counts
    days: tuple[str, ...]
    recounted: tuple[str, ...]
    mended: tuple[str, ...]
    read: int


@dataclass
class Shelf:
    """Days that one process has counted or loaded, by version, with the digests of those that are stored."""

    days: dict[DayVersion, Counts] = field(default_factory=dict)
    digests: dict[DayVersion, str] = field(default_factory=dict)


def count_days(source: Source, *, keep: bool, shelf: Shelf | None = None, afresh: bool = False) -> Counted:
    """Return the counts of what was known by a day, and store the days that were counted anew.

    Args:
        source: which rows, by when, for what.
        keep: whether new versions go on record; without it every row is read, and nothing is written.
        shelf: days that this process has at hand already; what is found or counted is added.
        afresh: whether every row is read whatever is known of the days.
    """
    shelf = shelf or Shelf()
    stand = stand_of(source, afresh=afresh or not keep)
    if not stand.facts:
        return Counted(count_tables(stand.tables, source.request), (), (), (), 0)
    wanted = {day: _version(fact, source.request) for day, fact in sorted(stand.facts.items())}
    mended = _load(source, wanted, shelf)
    missing = [day for day, version in wanted.items() if version not in shelf.days]
    fresh = _recounted(source, stand, missing, shelf)
    if fresh is None:
        return count_days(source, keep=keep, shelf=shelf, afresh=True)
    if keep:
        _keep(source, stand, fresh, wanted, shelf)
    total = summed([shelf.days[version] for version in wanted.values()])
    return Counted(total, tuple(wanted), tuple(missing), mended, sum(t.num_rows for t in vars(stand.tables).values()))


def update_days(source: Source) -> tuple[str, ...]:
    """Store the counts of the days whose rows changed, without adding anything up; return these days.

    This is what a day costs: the other days' counts are not read. `count_days` reads and proves each of them.
    """
    shelf = Shelf()
    stand = stand_of(source, afresh=False)
    wanted = {day: _version(fact, source.request) for day, fact in sorted(stand.facts.items())}
    shelf.digests |= source.workspace.day_counts.known(_whose(source), list(wanted.values()))
    missing = tuple(day for day, version in wanted.items() if version not in shelf.digests)
    fresh = _recounted(source, stand, missing, shelf)
    if fresh is None:
        return count_days(source, keep=True, afresh=True).recounted
    _keep(source, stand, fresh, wanted, shelf)
    return missing


def _version(fact: DayFacts, request: Request) -> DayVersion:
    return DayVersion(fact.name, fact.recipe(request), fact.digest)


def _load(source: Source, wanted: Mapping[str, DayVersion], shelf: Shelf) -> tuple[str, ...]:
    """Put the stored versions on the shelf; return the days of which one did not hold."""
    absent = {day: version for day, version in wanted.items() if version not in shelf.days}
    found = source.workspace.day_counts.find(_whose(source), list(absent.values()))
    for day, data in found.data.items():
        shelf.days[absent[day]] = unpack_day(data)
        shelf.digests[absent[day]] = found.digests[day]
    return found.broken


def _recounted(source: Source, stand: Stand, missing: Sequence[str], shelf: Shelf) -> dict[DayVersion, bytes] | None:
    """Count days from their rows and return the bytes to store; None where the rows of a day cannot be told."""
    here = [day for day in missing if day not in stand.places]
    fresh = _counted(source, stand.tables, stand.links, [stand.facts[day] for day in here], shelf)
    unread = [stand.places[day] for day in missing if day in stand.places]
    if unread:
        found = read_days(source, unread)
        facts = [] if found is None else list(day_facts(*found, found[1].days))
        if found is None or {(f.name, f.digest) for f in facts} != {(place.day, place.basis) for place in unread}:
            return None
        fresh |= _counted(source, *found, facts, shelf)
    return fresh


def _counted(
    source: Source, tables: Tables, links: Links, facts: Sequence[DayFacts], shelf: Shelf
) -> dict[DayVersion, bytes]:
    request, by_day = source.request, {fact.day: fact for fact in facts}
    suspended = {day: fact.suspensions(request.suspensions) for day, fact in by_day.items()}
    fresh = {}
    for day, counts in source.runner.count(Work(tables, links, sorted(by_day), suspended, request)):
        version = _version(by_day[day], request)
        shelf.days[version] = counts
        fresh[version] = pack_day(by_day[day].basis, counts)
    return fresh


def _keep(
    source: Source,
    stand: Stand,
    fresh: Mapping[DayVersion, bytes],
    wanted: Mapping[str, DayVersion],
    shelf: Shelf,
) -> None:
    """Store the new versions, then note in the index how far the counts have come."""
    workspace, before = source.workspace, stand.before
    stored = workspace.day_counts.store(_whose(source), fresh, stand.head.tables, workspace.actor)
    shelf.digests |= {version: stored[version.day] for version in fresh}
    if before is None or (before.as_of <= stand.head.as_of and (stand.head != before or fresh)):
        digests = {day: shelf.digests[version] for day, version in wanted.items() if version in shelf.digests}
        places = tuple(places_of(stand, digests))
        change = Change(stand.head, places, stand.gone, keys_with_days(stand.tables, stand.links))
        workspace.count_index.change(book_of(source), before, change, whole=stand.whole)


def _whose(source: Source) -> Whose:
    return Whose(source.request.model, source.request.target or "")
