"""What a run of the monitors reads of the stored days: whole months as stored sums, the others day by day, all proved.

A month's sum is stored as a version of its own, known by the digests of the days that it sums, and told in the ledger
like theirs: with another version of any of its days it is an old one, and made anew. The newest month is read by days.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby

from monitors.counts import UNACQUIRED
from monitors.cut import Cut, cut_of
from monitors.daily import GRID, UNITS, daily_sums
from monitors.engine.embedded import count_tables
from monitors.every_day import EveryDay, Joined, every_day_from, every_day_of, joined, stretch_recipe
from monitors.packing import counts_of_day
from pipelines.counting.catching_up import catch_up
from pipelines.counting.known_rows import Source
from pipelines.counting.recounting import keep_days, recounted, versions_of_days, whose_of
from pipelines.counting.stand import Stand, stand_of
from registry.day_counts import DayVersion
from registry.domain.digest import digest_value
from registry.domain.errors import ArtifactChangedError
from registry.domain.plan import MonitoringPlan

_MONTH = len("2026-01")


@dataclass(frozen=True)
class CutDays:
    """What was read.

    Attributes:
        cut: the counts that a run reads.
        days: the days that there are, by name.
        recounted: the days that were counted from rows.
        mended: the days and months of which a stored version was there and was not what the ledger told.
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
    if not afresh:
        catch_up(source)
    stand = stand_of(source, afresh=afresh)
    if not stand.facts:
        counts = count_tables(stand.tables, source.request)
        sums = daily_sums(counts["F0"])
        return CutDays(Cut(counts, sums[UNITS], sums[GRID]), (), (), ())
    stored = _Stored(source, stand, versions_of_days(stand, source.request))
    while stored.bring_up_to_date():
        try:
            cut = cut_of(stored.every_day(), stored.read, plan, source.as_of)
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
    proven: set[DayVersion] = field(default_factory=set)
    broken: set[str] = field(default_factory=set)
    recounted: set[str] = field(default_factory=set)
    mended: set[str] = field(default_factory=set)

    def bring_up_to_date(self) -> bool:
        """Count the days that are not there, or did not hold; say whether that was possible from their rows."""
        if not self.digests:
            versions = list(self.wanted.values())
            self.digests = self.source.workspace.day_counts.known(whose_of(self.source), versions)
        missing = [day for day, version in self.wanted.items() if version not in self.digests or day in self.broken]
        fresh = recounted(self.source, self.stand, missing)
        if fresh is None:
            return False
        keep_days(self.source, self.stand, fresh, self.wanted, self.digests)
        self.recounted |= set(missing)
        self.mended |= self.broken
        self.broken.clear()
        return True

    def every_day(self) -> Joined:
        """Return what is kept of every day, from stored months where they hold; the months are not held together."""
        made: dict[DayVersion, bytes] = {}
        found = joined(self._stretches(made))
        workspace, head = self.source.workspace, self.stand.head
        workspace.day_counts.store(whose_of(self.source), made, head.tables, workspace.actor)
        return found

    def _stretches(self, made: dict[DayVersion, bytes]) -> Iterator[EveryDay]:
        """Yield what is kept of each month; `made` gets the sums that are not stored yet."""
        months = [list(days) for _, days in groupby(self.wanted, key=lambda day: day[:_MONTH])]
        whole = [days for days in months if days != [UNACQUIRED]][:-1]
        versions = {tuple(days): self._month(days) for days in whole}
        held = self._proven(list(versions.values()))
        for days in months:
            version = versions.get(tuple(days))
            found = None if version is None else self._stretch(version, held)
            if found is None:
                found = every_day_of(days, self.read)
                if version is not None:
                    made[version] = found.data
            yield found

    def read(self, day: str) -> bytes:
        """Return the bytes of a day's counts.

        Raises:
            ArtifactChangedError: when they are not what the ledger told; the day is then among the broken ones.
        """
        version = self.wanted[day]
        if version not in self.proven:
            self._proven([one for name, one in self.wanted.items() if name[:_MONTH] == day[:_MONTH]])
        if version not in self.proven:
            self.broken.add(day)
            raise ArtifactChangedError(f"the counts of {day} are not those of the ledger")
        try:
            return counts_of_day(self.source.workspace.objects.get(self.digests[version]))
        except ArtifactChangedError:
            self.broken.add(day)
            raise

    def _month(self, days: list[str]) -> DayVersion:
        basis = [[day, self.digests[self.wanted[day]]] for day in days]
        return DayVersion(days[0][:_MONTH], stretch_recipe(), digest_value(basis))

    def _proven(self, versions: list[DayVersion]) -> dict[DayVersion, str]:
        found = self.source.workspace.day_counts.proven(whose_of(self.source), versions)
        self.proven |= set(found.digests)
        self.digests |= found.digests
        self.mended |= {name for name in found.broken if len(name) == _MONTH}
        return dict(found.digests)

    def _stretch(self, version: DayVersion, held: Mapping[DayVersion, str]) -> EveryDay | None:
        if version not in held:
            return None
        try:
            return every_day_from(self.source.workspace.objects.get(held[version]))
        except ArtifactChangedError:
            self.mended.add(version.day)
            return None
