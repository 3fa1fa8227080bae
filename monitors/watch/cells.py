"""The units of one scope as columns, and what the streams are made of: daily sums, references, mid-ranks."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from monitors.counts import Integers
from monitors.shelved import Part
from monitors.watch.columns import Chunk, Column, Those, Whole
from monitors.watch.comparisons import Level, Share
from monitors.watch.detector import Floats
from validation.statistics.grid import to_values

GRID = 65_536  # cells of the score grid
Mask = npt.NDArray[np.bool_]
Span = tuple[int, int]


@dataclass(frozen=True)
class Calendar:
    """The days of the watch: the ordinal of the first, their number, and the days of a reference."""

    start: int
    days: int
    reference_days: int

    def spread(self, index: Integers | Whole, weights: Floats | Whole) -> Floats:
        """Return sums a day, shape (days,)."""
        return np.bincount(index, weights, minlength=self.days).astype(np.float64)

    def shifted(self, daily: Floats, lag: int) -> Floats:
        """Return a daily series on the axis of the days on which it is judged, `lag` days later."""
        if lag == 0:
            return daily
        return np.concatenate([np.zeros(min(lag, self.days)), daily[: max(self.days - lag, 0)]])

    def weekend(self) -> Mask:
        """Say per day whether it is a Saturday or a Sunday."""
        return (np.arange(self.start, self.start + self.days) + 6) % 7 >= 5


@dataclass(frozen=True, eq=False)
class Cells:
    """The cells of the family `watch` of one version, mode and target, as columns that are gone over part by part.

    Attributes:
        calendar: the days.
        chunks: the parts, by site, those of a site in the order of their days.
        names: per text axis the stated levels that are in use.
    """

    calendar: Calendar
    chunks: Sequence[Chunk]
    names: Mapping[str, tuple[str, ...]]

    def levels(self, axis: str) -> tuple[str, ...]:
        """Return the stated levels of an axis that are in use; none for an axis that was not counted."""
        return self.names.get(axis, ())

    def at(self, axis: str, level: str) -> Those:
        """Return the cells whose axis has this level."""
        return Those(self.chunks, lambda one: one.part.is_level(axis, level), level if axis == "site" else "")

    @property
    def every(self) -> Those:
        """All cells."""
        return Those(self.chunks, lambda one: one.kept)

    @property
    def day(self) -> Column:
        """Index of the day of entry."""
        return Column(self.chunks, lambda one: one.day)

    @property
    def q(self) -> Column:
        """Score-grid cells."""
        return Column(self.chunks, lambda one: one.q)

    @property
    def truth(self) -> Column:
        """1, 0, -1 for none."""
        return Column(self.chunks, lambda one: one.truth)

    @property
    def called(self) -> Those:
        """Those that the model called positive."""
        return Those(self.chunks, lambda one: one.called)

    @property
    def lag(self) -> Column:
        """Days from acquisition to entry."""
        return Column(self.chunks, lambda one: one.lag)

    @property
    def age(self) -> Column:
        """Days from entry to the label."""
        return Column(self.chunks, lambda one: one.age)

    @property
    def n(self) -> Column:
        """Units."""
        return Column(self.chunks, lambda one: one.n)

    def daily(self, keep: Those, scores: Floats | None = None, on: Column | None = None) -> Floats:
        """Return the units a day of some cells, or the sums of a score of each unit.

        Args:
            keep: which cells.
            scores: of each cell of the score grid, shape (65536,).
            on: the day that a cell is counted on, if it is not that of entry; days before the first are the first.
        """
        found = np.zeros(self.calendar.days)
        days = self.day if on is None else on
        for one, mask in keep.parts():
            index, units = np.maximum(days.read(one)[mask], 0), one.n[mask] * np.float64(1.0)
            if len(index):
                first = int(index.min())
                sums = np.bincount(index - first, units if scores is None else units * scores[one.q[mask]])
                found[first : first + len(sums)] += sums
        return found

    def histogram(self, keep: Those) -> Floats:
        """Return the units of some cells by cell of the score grid, shape (65536,)."""
        found = np.zeros(GRID)
        for one, mask in keep.parts():
            found += np.bincount(one.q[mask], one.n[mask], minlength=GRID)
        return found

    def first_day(self, keep: Those) -> int:
        """Return the index of the first day of some cells; that after the last day for none."""
        return self.day.least(keep, self.calendar.days)

    def during(self, span: Span) -> Those:
        """Return the cells that entered in a span of days, the second excluded."""
        return Those(self.chunks, lambda one: (one.day >= span[0]) & (one.day < span[1]))

    @property
    def values(self) -> Floats:
        """Scores of the score grid's cells, shape (65536,)."""
        return to_values(np.arange(GRID))


def cells_of(parts: Sequence[tuple[str, Part]], own: Callable[[Part], Mask], calendar: Calendar) -> Cells:
    """Return units as columns.

    Args:
        parts: of the family `watch`, as `monitors.shelved.parts_by_site` gives them.
        own: says which cells of a part count.
        calendar: the days.
    """
    chunks = [Chunk(site, part, calendar.start, own) for site, part in parts]
    found: dict[str, set[str]] = {}
    for chunk in chunks:
        one = chunk.opened()
        for axis, names in one.part.levels.items():
            used = np.unique(one.part.column(axis)[one.kept]).tolist()
            found.setdefault(axis, set()).update(names[code] for code in used if names[code])
    return Cells(calendar, chunks, {axis: tuple(sorted(names)) for axis, names in found.items()})


def first_span(daily: Floats, calendar: Calendar) -> Span | None:
    """Return the reference of a series that begins by itself: its first days; None where it has no unit."""
    found = np.flatnonzero(daily > 0)
    return (int(found[0]), int(found[0]) + calendar.reference_days) if len(found) else None


def reference_of(daily: Floats, site: Span, calendar: Calendar, least: float) -> Span | None:
    """Return the reference of a stratum: the site's, or its own first days where it had too few units in that.

    None until one is over that holds at least `least` units.
    """
    if calendar.days < site[1]:
        return None
    for span in (site, first_span(daily, calendar)):
        if span and span[1] <= calendar.days and daily[span[0] : span[1]].sum() >= least:
            return span
    return None


def mid_ranks(cells: Cells, keep: Those) -> Floats:
    """Return the mid-rank of each cell of the score grid within some units, as a share in 0..1, shape (65536,)."""
    units = cells.histogram(keep)
    below = np.cumsum(units)
    return np.asarray((below - units + below) / (2 * below[-1]), dtype=np.float64)


def level(cells: Cells, keep: Those, scores: Floats, span: Span, lag: int = 0) -> Level:
    """Return the level of a score of some cells against its reference; `scores` as of `Cells.daily`."""
    inside = keep & cells.during(span)
    units, score = cells.n[inside], scores[cells.q[inside]]
    n = float(units.sum())
    mean = float((units * score).sum()) / n
    variance = float((units * (score - mean) ** 2).sum()) / n
    series = np.stack([cells.daily(keep, scores), cells.daily(keep)])
    return Level(_shifted(cells.calendar, series, lag), (span[0] + lag, span[1] + lag), mean, variance, n)


def share(cells: Cells, keep: Those, hit: Those, span: Span, lag: int = 0) -> Share:
    """Return the share of hits among some cells against their reference."""
    series = np.stack([cells.daily(keep & hit), cells.daily(keep)])
    return share_of_series(cells.calendar, series, span, lag)


def share_of_series(calendar: Calendar, series: Floats, span: Span, lag: int = 0) -> Share:
    """Return the share of a daily series of hits and units against its reference."""
    hits, units = series[:, span[0] : span[1]].sum(axis=1).tolist()
    return Share(_shifted(calendar, series, lag), (span[0] + lag, span[1] + lag), hits, units)


def _shifted(calendar: Calendar, series: Floats, lag: int) -> Floats:
    return np.stack([calendar.shifted(row, lag) for row in series])
