"""Counts day by day: what is stored is added up, and only the days whose rows changed are counted from rows.

A stored version is used when it was made from exactly the rows that the day has now (or had, as of an earlier date),
by the same kernel and the same words of the request. So the sum is, to the byte, that of counting every row.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from monitors.counts import Counts, summed
from monitors.engine.embedded import count_tables
from monitors.packing import unpack_day
from pipelines.counting.catching_up import catch_up
from pipelines.counting.known_rows import Source
from pipelines.counting.recounting import Shelf, keep_days, recounted, versions_of_days, whose_of
from pipelines.counting.stand import stand_of
from registry.day_counts import DayVersion


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
    wanted = versions_of_days(stand, source.request)
    mended = _load(source, wanted, shelf)
    missing = [day for day, version in wanted.items() if version not in shelf.days]
    fresh = recounted(source, stand, missing, shelf)
    if fresh is None:
        return count_days(source, keep=keep, shelf=shelf, afresh=True)
    if keep:
        keep_days(source, stand, fresh, wanted, shelf.digests)
    total = summed([shelf.days[version] for version in wanted.values()])
    return Counted(total, tuple(wanted), tuple(missing), mended, sum(t.num_rows for t in vars(stand.tables).values()))


def update_days(source: Source) -> tuple[str, ...]:
    """Store the counts of the days whose rows changed, without adding anything up; return these days.

    This is what a day costs: the other days' counts are not read. `count_days` reads and proves each of them.
    """
    shelf = Shelf()
    catch_up(source)
    stand = stand_of(source, afresh=False)
    wanted = versions_of_days(stand, source.request)
    shelf.digests |= source.workspace.day_counts.known(whose_of(source), list(wanted.values()))
    missing = tuple(day for day, version in wanted.items() if version not in shelf.digests)
    fresh = recounted(source, stand, missing)
    if fresh is None:
        return count_days(source, keep=True, afresh=True).recounted
    keep_days(source, stand, fresh, wanted, shelf.digests)
    return missing


def _load(source: Source, wanted: Mapping[str, DayVersion], shelf: Shelf) -> tuple[str, ...]:
    """Put the stored versions on the shelf; return the days of which one did not hold."""
    absent = {day: version for day, version in wanted.items() if version not in shelf.days}
    found = source.workspace.day_counts.find(whose_of(source), list(absent.values()))
    for day, data in found.data.items():
        shelf.days[absent[day]] = unpack_day(data)
        shelf.digests[absent[day]] = found.digests[day]
    return found.broken
