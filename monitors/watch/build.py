"""All streams of a model, with the evidence of each day and the limit that keeps the plan's budget."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import starmap

import numpy as np
import numpy.typing as npt

from monitors.counts import WATCH, WATCH_READS, Counts, Family, Integers, day_number, day_text
from monitors.grouping import grouped
from monitors.scope import MONITORED_MODES, Scope
from monitors.shelved import Part, parts_by_site
from monitors.watch.arrival_streams import arrival_streams
from monitors.watch.cells import Calendar, Cells, cells_of
from monitors.watch.charts import chart_limit, evidence_path
from monitors.watch.columns import Mask, Those
from monitors.watch.detector import Floats, Path
from monitors.watch.kept import Shelf, evidence_paths
from monitors.watch.label_streams import label_streams
from monitors.watch.margins import with_margin
from monitors.watch.places import first_days, places_of, waves_of
from monitors.watch.quality_streams import quality_streams
from monitors.watch.read_streams import reader_streams
from monitors.watch.stream import Stream
from monitors.watch.unit_streams import group_streams, scanner_streams, site_streams
from registry.domain.plan import MonitoringPlan
from validation.statistics.run_length import glr_limit

YEAR = 365.25
_SUBJECT = ("version", "mode", "target")
NEVER = 1e9  # nats: the limit of a family without budget


@dataclass(frozen=True, eq=False)
class Watch:
    """The streams of a model up to a day.

    Attributes:
        calendar: the days.
        streams: in the order of their names.
        paths: the evidence of each stream.
        judged: per stream the days on which it is judged, shape (days,).
        limits: per stream the limit of each day, in nats, shape (days,).
        counts: how many comparisons of each family shared its budget on each day: one a stream, or two.
        cells: the units of each scope of all sites, by version, mode and target.
        plan: the monitoring plan.
    """

    calendar: Calendar
    streams: tuple[Stream, ...]
    paths: tuple[Path, ...]
    judged: tuple[npt.NDArray[np.bool_], ...]
    limits: tuple[Floats, ...]
    counts: Mapping[str, Integers]
    cells: Mapping[Scope, Cells]
    plan: MonitoringPlan

    def day(self, index: int) -> str:
        """Return the ISO day of an index."""
        return day_text(self.calendar.start + index)

    def index(self, day: str) -> int:
        """Return the index of an ISO day."""
        return day_number(day) - self.calendar.start

    def first_day(self, stream: Stream) -> int:
        """Return the index of the first day of a stream's site, of its first site where it is of all."""
        scope = stream.scope
        sites = self.sites[Scope(scope.version, scope.mode, scope.target)]
        return sites[scope.site] if scope.site else min(sites.values())

    def units(self, stream: Stream, index: int) -> int:
        """Return the units of a stream's sites that entered by a day."""
        cells, here = self._here(stream)
        return cells.n.total(here & (cells.day <= index))

    def labels(self, stream: Stream, index: int) -> int:
        """Return those of them that had a label by then."""
        cells, here = self._here(stream)
        return cells.n.total(here & (cells.truth >= 0) & (cells.day + cells.age <= index))

    def _here(self, stream: Stream) -> tuple[Cells, Those]:
        scope = stream.scope
        cells = self.cells[Scope(scope.version, scope.mode, scope.target)]
        return cells, cells.at("site", scope.site) if scope.site else cells.every

    @cached_property
    def sites(self) -> Mapping[Scope, Mapping[str, int]]:
        """Per scope the index of the first day of each site."""
        return {scope: first_days(cells) for scope, cells in self.cells.items()}

    def crossing(self) -> npt.NDArray[np.bool_]:
        """Say per stream and day whether the evidence exceeds the limit, shape (streams, days)."""
        found = [path.evidence > limit for limit, path in zip(self.limits, self.paths, strict=True)]
        return np.stack(found) if found else np.zeros((0, self.calendar.days), dtype=np.bool_)


def watch_of(counts: Counts, plan: MonitoringPlan, as_of: str, shelf: Shelf | None = None) -> Watch | None:
    """Return the streams of a model up to a day; None where nothing live or in shadow entered by then.

    The evidence and the limit of a day depend on no later day, so that one watch serves every earlier run.

    Args:
        counts: of one model.
        plan: the monitoring plan.
        as_of: ISO day.
        shelf: where evidence of earlier days is kept; unless given, every day is looked at.
    """
    parts = [(site, part) for site, part in parts_by_site(counts, WATCH) if site]
    first = _first_days(parts, as_of)
    if not first:
        return None
    start = min(first.values())
    calendar = Calendar(start, day_number(as_of) - start + 1, plan.reference_days)
    cells = {scope: cells_of(parts, partial(_own, scope, as_of), calendar) for scope in sorted(first)}
    streams = (_planned(stream, plan) for stream in _streams(counts, cells, plan, as_of))
    found = sorted(streams, key=lambda stream: stream.name)
    judged = tuple(_judged(stream, calendar) for stream in found)
    paths = tuple(_paths(found, judged, shelf))
    sizes = _sizes(found, calendar)
    kinds = {(stream.family, stream.rules.side == 0) for stream in found}
    known = {kind: _limits(plan, kind, sizes.get(kind[0]), calendar) for kind in kinds}
    limits = tuple(known[stream.family, stream.rules.side == 0] for stream in found)
    return Watch(calendar, tuple(found), paths, judged, limits, sizes, cells, plan)


def stream_limit(plan: MonitoringPlan, family: str, streams: int, *, two_sided: bool = True) -> float:
    """Return the limit, in nats, of each of so many streams of a family of the plan's budget.

    A stream's share is the total times the family's share, over the number of its streams (Bonferroni, on rates). Of
    the likelihood ratio the limit depends on whether both directions count.
    """
    rate = float(plan.false_alerts_per_model_year) * float(plan.budget.get(family, "0"))
    if rate <= 0 or streams < 1:
        return NEVER
    arl, detector = max(10.0, YEAR * streams / rate), plan.detectors.get(family, "glr")
    return glr_limit(arl, two_sided=two_sided) if detector == "glr" else chart_limit(detector, arl, plan.reference_days)


def _streams(counts: Counts, cells: Mapping[Scope, Cells], plan: MonitoringPlan, as_of: str) -> Iterator[Stream]:
    reads, acquired = _until(counts[WATCH_READS], as_of), _until(counts["FA"], as_of)
    ends = _ends(cells)
    for scope, own in cells.items():
        places = places_of(own, scope, ends[scope])
        for place in places:
            yield from site_streams(own, place, plan)
            yield from scanner_streams(own, place, plan)
            yield from arrival_streams(acquired.where(site=place.scope.site), own, place, plan)
            yield from quality_streams(counts, own.calendar, place, plan)
            yield from reader_streams(_of(reads, place.scope), own.calendar, place.scope, plan)
        for wave in waves_of(places):
            yield from group_streams(own, wave, plan)
            yield from label_streams(own, wave, plan)


def _planned(stream: Stream, plan: MonitoringPlan) -> Stream:
    """Return a stream with the margin and the detector of the plan."""
    detector = plan.detectors.get(stream.family, "glr")
    return replace(with_margin(stream, plan), rules=replace(stream.rules, detector=detector))


def _judged(stream: Stream, calendar: Calendar) -> npt.NDArray[np.bool_]:
    day = np.arange(calendar.days)
    if stream.comparison is None:
        return np.zeros(calendar.days, dtype=np.bool_)
    judged = (day >= stream.begins) & (day < (calendar.days if stream.ends is None else stream.ends))
    for hold in stream.holds:
        judged &= ~hold.days
    return judged


def _paths(streams: Sequence[Stream], judged: Sequence[npt.NDArray[np.bool_]], shelf: Shelf | None) -> Iterator[Path]:
    """Yield the evidence of each stream, 0 on days on which it is not judged."""
    known = [(stream.comparison, stream.rules) for stream in streams if stream.comparison is not None]
    paths = iter(evidence_paths(known, shelf) if shelf else starmap(evidence_path, known))
    for stream, days in zip(streams, judged, strict=True):
        nothing = np.zeros(len(days), dtype=np.int64)
        found = Path(np.zeros(len(days)), nothing, nothing) if stream.comparison is None else next(paths)
        yield replace(found, evidence=np.where(days, found.evidence, 0.0))


def _sizes(streams: list[Stream], calendar: Calendar) -> dict[str, Integers]:
    found: dict[str, Integers] = {}
    for stream in streams:
        if stream.comparison is not None:
            size = found.setdefault(stream.family, np.zeros(calendar.days, dtype=np.int64))
            size[stream.begins : stream.ends] += stream.rules.looks
    return found


def _limits(plan: MonitoringPlan, kind: tuple[str, bool], size: Integers | None, calendar: Calendar) -> Floats:
    """Return the limit of each day of the streams of a family whose both directions count, or one."""
    family, two_sided = kind
    if size is None:
        return np.full(calendar.days, NEVER)
    sizes, place = np.unique(size, return_inverse=True)
    return np.array([stream_limit(plan, family, max(int(one), 1), two_sided=two_sided) for one in sizes])[place]


def _ends(cells: Mapping[Scope, Cells]) -> dict[Scope, dict[str, int]]:
    """Return per scope the day on which a later version, or the live mode, took its place at a site."""
    begins = {scope: first_days(own) for scope, own in cells.items()}
    ends: dict[Scope, dict[str, int]] = {scope: {} for scope in begins}
    for scope, sites in begins.items():
        for site, first in sites.items():
            later = [
                other[site]
                for one, other in begins.items()
                if one != scope and one.target == scope.target and one.mode in ("live", scope.mode)
                if other.get(site, -1) > first
            ]
            if later:
                ends[scope][site] = min(later)
    return ends


def _first_days(parts: Sequence[tuple[str, Part]], as_of: str) -> dict[Scope, int]:
    """Return each version, mode and target that is watched, with the ordinal of the first day on which one entered."""
    found: dict[Scope, int] = {}
    for _, part in parts:
        days, names = part.column("day"), [part.levels[axis] for axis in _SUBJECT]
        known = days <= day_number(as_of)
        columns = [days[known], *(part.column(axis)[known] for axis in _SUBJECT)]
        cells, _ = grouped(columns, None)
        for day, *codes in zip(*(column.tolist() for column in cells), strict=True):
            scope = Scope(*(levels[code] for levels, code in zip(names, codes, strict=True)))
            if scope.mode in MONITORED_MODES:
                found[scope] = min(day, found.get(scope, day))
    return found


def _own(scope: Scope, as_of: str, part: Part) -> Mask:
    """Say which cells are of a version, mode and target, and entered by a day."""
    keep = np.asarray(part.column("day") <= day_number(as_of), dtype=np.bool_)
    for axis, level in zip(_SUBJECT, (scope.version, scope.mode, scope.target), strict=True):
        keep &= part.is_level(axis, level)
    return keep


def _of(family: Family, scope: Scope) -> Family:
    chosen = {"version": scope.version, "mode": scope.mode, "target": scope.target}
    return family.where(**chosen, **({"site": scope.site} if scope.site else {}))


def _until(family: Family, as_of: str) -> Family:
    return family.select(family.column("day") <= day_number(as_of))
