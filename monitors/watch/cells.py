"""The units of one scope as columns, and what the streams are made of: daily sums, references, mid-ranks."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from monitors.counts import Family, Integers
from monitors.grouping import Narrow
from monitors.watch.comparisons import Level, Share
from monitors.watch.detector import Floats
from validation.statistics.grid import to_values

Mask = npt.NDArray[np.bool_]
Whole = npt.NDArray[np.int32]
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
    """The cells of the family `watch` of one version, mode and target.

    Attributes:
        day: index of the day of entry, shape (cells,); int32, as every number of a cell: there may be millions.
        q: score-grid cells.
        truth: 1, 0, -1 for none.
        called: whether the model called them positive.
        lag, age: days from acquisition to entry, and from entry to the label.
        n: units.
        texts: per text axis the codes and the levels.
    """

    calendar: Calendar
    day: Whole
    q: Whole
    truth: Whole
    called: Mask
    lag: Whole
    age: Whole
    n: Whole
    texts: Mapping[str, tuple[Narrow, tuple[str, ...]]]

    def levels(self, axis: str) -> tuple[str, ...]:
        """Return the stated levels of an axis that are in use; none for an axis that was not counted."""
        codes, names = self.texts.get(axis, (np.zeros(0, dtype=np.uint8), ()))
        used = set(np.unique(codes).tolist())
        return tuple(name for code, name in enumerate(names) if name and code in used)

    def at(self, axis: str, level: str) -> Mask:
        """Say per cell whether an axis has this level."""
        codes, names = self.texts[axis]
        return np.asarray(codes == names.index(level) if level in names else np.zeros(len(codes), bool))

    def daily(self, keep: Mask, weights: Floats | None = None) -> Floats:
        """Return the units a day of some cells, or the sums of a weight of each unit."""
        units: Floats = self.n[keep] * np.float64(1.0)
        return self.calendar.spread(self.day[keep], units if weights is None else units * weights[keep])

    def first_day(self, keep: Mask) -> int:
        """Return the index of the first day of some cells; that after the last day for none."""
        return int(self.day[keep].min()) if keep.any() else self.calendar.days

    def during(self, span: Span) -> Mask:
        """Say per cell whether it entered in a span of days, the second excluded."""
        return (self.day >= span[0]) & (self.day < span[1])

    @property
    def values(self) -> Floats:
        """Scores of the cells."""
        return to_values(self.q.astype(np.int64))


def cells_of(family: Family, calendar: Calendar) -> Cells:
    """Return a family of units as columns."""
    positive, negative = (family.is_level("first_truth", truth) for truth in ("pos", "neg"))
    return Cells(
        calendar,
        _whole(family.column("day")) - np.int32(calendar.start),
        _whole(family.column("q")),
        np.int32(2) * positive + negative - np.int32(1),
        family.is_level("decision", "pos"),
        _whole(family.column("lag")),
        _whole(family.column("label_age")),
        _whole(family.counts),
        {axis: (family.column(axis), family.levels[axis]) for axis in family.levels},
    )


def _whole(column: Narrow) -> Whole:
    return column.astype(np.int32)


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


def mid_ranks(cells: Cells, keep: Mask) -> Floats:
    """Return each cell's mid-rank within the units of a mask, as a share in 0..1."""
    cell, place = np.unique(cells.q[keep], return_inverse=True)
    counts = np.bincount(place, cells.n[keep], minlength=len(cell))
    below = np.concatenate([[0.0], np.cumsum(counts)])
    left, right = np.searchsorted(cell, cells.q, "left"), np.searchsorted(cell, cells.q, "right")
    return np.asarray((below[left] + below[right]) / (2 * below[-1]), dtype=np.float64)


def level(cells: Cells, keep: Mask, score: Floats, span: Span, lag: int = 0) -> Level:
    """Return the level of a score of some cells against its reference."""
    inside = keep & cells.during(span)
    n = float(cells.n[inside].sum())
    mean = float((cells.n[inside] * score[inside]).sum()) / n
    variance = float((cells.n[inside] * (score[inside] - mean) ** 2).sum()) / n
    series = np.stack([cells.daily(keep, score), cells.daily(keep)])
    return Level(_shifted(cells.calendar, series, lag), (span[0] + lag, span[1] + lag), mean, variance, n)


def share(cells: Cells, keep: Mask, hit: Mask, span: Span, lag: int = 0) -> Share:
    """Return the share of hits among some cells against their reference."""
    series = np.stack([cells.daily(keep & hit), cells.daily(keep)])
    return share_of_series(cells.calendar, series, span, lag)


def share_of_series(calendar: Calendar, series: Floats, span: Span, lag: int = 0) -> Share:
    """Return the share of a daily series of hits and units against its reference."""
    hits, units = series[:, span[0] : span[1]].sum(axis=1).tolist()
    return Share(_shifted(calendar, series, lag), (span[0] + lag, span[1] + lag), hits, units)


def _shifted(calendar: Calendar, series: Floats, lag: int) -> Floats:
    return np.stack([calendar.shifted(row, lag) for row in series])
