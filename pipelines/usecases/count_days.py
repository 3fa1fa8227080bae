"""Counts day by day: what is stored is added up, and only the days whose rows changed are counted from rows.

A stored version is used when it was made from exactly the rows that the day has now (or had, as of an earlier date),
by the same kernel and the same words of the request. So the sum is, to the byte, that of counting every row.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from monitors.counts import Counts, home_text, summed
from monitors.engine.embedded import count_tables
from monitors.engine.homes import count_homes
from monitors.engine.links import Links, links_of
from monitors.engine.recipe import DayFacts, day_facts, requested
from monitors.engine.tables import Request, Tables
from monitors.packing import pack_day, unpack_day
from pipelines.bootstrap import Workspace
from registry.day_counts import DayVersion, Whose


@dataclass(frozen=True)
class Counted:
    """What was counted.

    Attributes:
        counts: every family, over all days.
        days: the days that the sum is made of, by name.
        recounted: the days that were counted from rows.
        mended: of those, the days of which a stored version was there and was not what the ledger told.
    """

    counts: Counts
    days: tuple[str, ...]
    recounted: tuple[str, ...]
    mended: tuple[str, ...]


@dataclass
class Shelf:
    """Days that one process has counted or loaded already, for a replay over many dates."""

    days: dict[DayVersion, Counts] = field(default_factory=dict)


def count_days(
    workspace: Workspace, tables: Tables, request: Request, *, keep: bool, shelf: Shelf | None = None
) -> Counted:
    """Return the counts of tables, and store the days that were counted anew.

    Args:
        workspace: where counts are stored.
        tables: the observation tables, known at one time.
        request: what is counted.
        keep: whether new versions go on record.
        shelf: days that this process has at hand already; what is found or counted is added.
    """
    shelf = shelf or Shelf()
    tables = requested(tables, request)
    links = links_of(tables, request.zone_of)
    facts = {fact.day: fact for fact in day_facts(tables, links, links.days, request)}
    if not facts:
        return Counted(count_tables(tables, request), (), (), ())
    wanted = {day: DayVersion(home_text(day), fact.recipe(request), fact.digest) for day, fact in facts.items()}
    mended = _load(workspace, request, wanted, shelf)
    missing = [day for day, version in wanted.items() if version not in shelf.days]
    fresh = _recount(tables, links, [facts[day] for day in missing], wanted, request, shelf)
    if keep:
        workspace.day_counts.store(_whose(request), fresh, _numbers(workspace), workspace.actor)
    names = tuple(home_text(day) for day in missing)
    total = summed([shelf.days[version] for version in wanted.values()])
    return Counted(total, tuple(map(home_text, facts)), names, mended)


def _load(
    workspace: Workspace, request: Request, wanted: Mapping[int, DayVersion], shelf: Shelf
) -> tuple[str, ...]:
    """Put the stored versions on the shelf; return the days of which one did not hold."""
    absent = {version.day: version for version in wanted.values() if version not in shelf.days}
    found = workspace.day_counts.find(_whose(request), list(absent.values()))
    for day, data in found.data.items():
        shelf.days[absent[day]] = unpack_day(data)
    return found.broken


def _recount(
    tables: Tables,
    links: Links,
    facts: list[DayFacts],
    wanted: Mapping[int, DayVersion],
    request: Request,
    shelf: Shelf,
) -> dict[DayVersion, bytes]:
    """Count days from their rows; return the bytes to store."""
    suspended = {fact.day: fact.suspensions(request.suspensions) for fact in facts}
    basis = {fact.day: fact.basis for fact in facts}
    fresh = {}
    for day, counts in count_homes(tables, links, [fact.day for fact in facts], suspended, request):
        shelf.days[wanted[day]] = counts
        fresh[wanted[day]] = pack_day(basis[day], counts)
    return fresh


def _whose(request: Request) -> Whose:
    return Whose(request.model, request.target or "")


def _numbers(workspace: Workspace) -> dict[str, int]:
    return {name: workspace.tables.version(name).number for name in vars(Tables(None, None, None, None))}
