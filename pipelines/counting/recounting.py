"""Counting the days whose rows changed, and storing them: what every way of reading the counts begins with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from monitors.counts import Counts
from monitors.engine.homes import Work
from monitors.engine.links import Links
from monitors.engine.recipe import DayFacts, day_facts
from monitors.engine.tables import Request, Tables
from monitors.packing import pack_day
from pipelines.counting.known_rows import Source
from pipelines.counting.stand import Stand, book_of, keys_with_days, places_of, read_days
from registry.count_index import Change
from registry.day_counts import DayVersion, Whose


@dataclass
class Shelf:
    """Days that one process has counted or loaded, by version, with the digests of those that are stored."""

    days: dict[DayVersion, Counts] = field(default_factory=dict)
    digests: dict[DayVersion, str] = field(default_factory=dict)


def versions_of_days(stand: Stand, request: Request) -> dict[str, DayVersion]:
    """Return the version of each day that a request needs, by day in order."""
    recipes: dict[object, str] = {}  # of many days on end they are alike
    return {day: _version(fact, request, recipes) for day, fact in sorted(stand.facts.items())}


def recounted(
    source: Source, stand: Stand, missing: Sequence[str], shelf: Shelf | None = None
) -> dict[DayVersion, bytes] | None:
    """Count days from their rows and return the bytes to store; None where the rows of a day cannot be told.

    Args:
        source: which rows, by when, for what.
        stand: where the counts stand.
        missing: the days to count.
        shelf: where the counts are put, too, if they are wanted at once.
    """
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
    source: Source, tables: Tables, links: Links, facts: Sequence[DayFacts], shelf: Shelf | None
) -> dict[DayVersion, bytes]:
    request, by_day = source.request, {fact.day: fact for fact in facts}
    suspended = {day: fact.suspensions(request.suspensions) for day, fact in by_day.items()}
    fresh = {}
    for day, counts in source.runner.count(Work(tables, links, sorted(by_day), suspended, request)):
        version = _version(by_day[day], request, {})
        if shelf is not None:
            shelf.days[version] = counts
        fresh[version] = pack_day(by_day[day].basis, counts)
    return fresh


def keep_days(
    source: Source,
    stand: Stand,
    fresh: Mapping[DayVersion, bytes],
    wanted: Mapping[str, DayVersion],
    digests: dict[DayVersion, str],
) -> None:
    """Store the new versions, then note in the index how far the counts have come; `digests` gets the new ones."""
    workspace, before = source.workspace, stand.before
    stored = workspace.day_counts.store(whose_of(source), fresh, stand.head.tables, workspace.actor)
    digests |= {version: stored[version.day] for version in fresh}
    if before is None or stand.distrusted or (before.as_of <= stand.head.as_of and (stand.head != before or fresh)):
        known = {day: digests[version] for day, version in wanted.items() if version in digests}
        places = tuple(places_of(stand, known))
        change = Change(stand.head, places, stand.gone, keys_with_days(stand.tables, stand.links))
        workspace.count_index.change(book_of(source), before, change, workspace.actor, whole=stand.whole)


def whose_of(source: Source) -> Whose:
    """Return whose counts a source's are."""
    return Whose(source.request.model, source.request.target or "")


def _version(fact: DayFacts, request: Request, recipes: dict[object, str]) -> DayVersion:
    alike = (fact.sites, fact.suspensions(request.suspensions))
    if alike not in recipes:
        recipes[alike] = fact.recipe(request)
    return DayVersion(fact.name, recipes[alike], fact.digest)
