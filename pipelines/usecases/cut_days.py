"""What a run of the monitors reads of the stored days, each proved as it is read, never all of them at once."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from monitors.cut import Cut, cut_of
from monitors.daily import GRID, UNITS, daily_sums
from monitors.engine.embedded import count_tables
from monitors.packing import counts_of_day
from pipelines.counting.known_rows import Source
from pipelines.counting.recounting import keep_days, recounted, versions_of_days, whose_of
from pipelines.counting.stand import Stand, stand_of
from registry.day_counts import DayVersion
from registry.domain.errors import ArtifactChangedError
from registry.domain.plan import MonitoringPlan


@dataclass(frozen=True)
class CutDays:
    """What was read.

    Attributes:
        cut: the counts that a run reads.
        days: the days that there are, by name.
        recounted: the days that were counted from rows.
        mended: of those, the days of which a stored version was there and was not what the ledger told.
    """

    cut: Cut
    days: tuple[str, ...]
    recounted: tuple[str, ...]
    mended: tuple[str, ...]


def cut_days(source: Source, plan: MonitoringPlan, *, afresh: bool = False) -> CutDays:
    """Return what a run of the monitors reads of what was known by a day; days whose rows changed are counted first.

    Args:
        source: which rows, by when, for what.
        plan: whose window and references are read.
        afresh: whether every row is read whatever is known of the days.
    """
    stand = stand_of(source, afresh=afresh)
    if not stand.facts:
        counts = count_tables(stand.tables, source.request)
        sums = daily_sums(counts["F0"])
        return CutDays(Cut(counts, sums[UNITS], sums[GRID]), (), (), ())
    stored = _Stored(source, stand, versions_of_days(stand, source.request))
    while stored.bring_up_to_date():
        try:
            cut = cut_of(list(stored.wanted), stored.read, plan, source.as_of)
        except ArtifactChangedError:
            if not stored.broken:
                raise
        else:
            return CutDays(cut, tuple(stored.wanted), tuple(sorted(stored.recounted)), tuple(sorted(stored.mended)))
    return cut_days(source, plan, afresh=True)


@dataclass
class _Stored:
    """The stored versions of the days of a stand."""

    source: Source
    stand: Stand
    wanted: Mapping[str, DayVersion]
    digests: dict[DayVersion, str] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)
    recounted: set[str] = field(default_factory=set)
    mended: set[str] = field(default_factory=set)

    def bring_up_to_date(self) -> bool:
        """Count the days that are not there, or did not hold; say whether that was possible from their rows."""
        if not self.digests:
            asked = self.source.workspace.day_counts.proven(whose_of(self.source), list(self.wanted.values()))
            self.digests, self.mended = dict(asked.digests), set(asked.broken)
        missing = [day for day, version in self.wanted.items() if version not in self.digests or day in self.broken]
        fresh = recounted(self.source, self.stand, missing)
        if fresh is None:
            return False
        keep_days(self.source, self.stand, fresh, self.wanted, self.digests)
        self.recounted |= set(missing)
        self.mended |= self.broken
        self.broken.clear()
        return True

    def read(self, day: str) -> bytes:
        """Return the bytes of a day's counts.

        Raises:
            ArtifactChangedError: when they are not those of its digest; the day is then among the broken ones.
        """
        try:
            return counts_of_day(self.source.workspace.objects.get(self.digests[self.wanted[day]]))
        except ArtifactChangedError:
            self.broken.add(day)
            raise
