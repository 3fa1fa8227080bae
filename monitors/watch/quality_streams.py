"""Streams of image quality: each measure of each scanner of a site, against the scanner's own reference.

They need the count families `FN:snr`, `FN:sharpness` and `FN:motion` (a histogram a day of the acquisitions' numbers);
where they were not counted, or no series states a measure, there are none.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from monitors.counts import SCANNER, Counts, Integers
from monitors.shelved import Part, parts_by_site
from monitors.watch.arrival_streams import LAG
from monitors.watch.cells import Calendar, Span, reference_of
from monitors.watch.comparisons import Level
from monitors.watch.detector import Floats, Rules
from monitors.watch.places import Place
from monitors.watch.stream import Stream
from registry.domain.plan import MonitoringPlan

MEASURES = ("snr", "sharpness", "motion")


def quality_streams(counts: Counts, calendar: Calendar, place: Place, plan: MonitoringPlan) -> Iterator[Stream]:
    """Yield a stream for each measure of each scanner of a site that states it.

    Args:
        counts: of the model; families that are not there give no stream.
        calendar: the days of the watch.
        place: the site.
        plan: the monitoring plan.
    """
    for measure in MEASURES:
        here = [part for site, part in parts_by_site(counts, f"FN:{measure}") if site == place.scope.site]
        for name in _scanners(here):
            found = _level(here, name, (calendar, place, plan))
            if found is not None:
                subject = {SCANNER: name, "quality": measure}
                rules = Rules(found.reference[1])
                yield Stream(
                    "input", "quality", place.scope, subject, f"{measure}@{name}", found, rules, LAG, ends=place.ends
                )


def _scanners(parts: Sequence[Part]) -> list[str]:
    """Return the scanners of some parts, by name."""
    used = {part.levels[SCANNER][code] for part in parts for code in np.unique(part.column(SCANNER)).tolist()}
    return sorted(used - {""})


def _level(parts: Sequence[Part], name: str, about: tuple[Calendar, Place, MonitoringPlan]) -> Level | None:
    """Return the mid-ranks of a scanner's values within its reference, summed a day."""
    calendar, place, plan = about
    units = np.zeros(calendar.days)
    for day, _, n in _rows(parts, name, calendar):
        units += calendar.spread(day, n)
    span = reference_of(units, place.span, calendar, plan.min_units)
    if span is None or calendar.days <= span[1] + LAG:
        return None
    cell, n = _inside(parts, name, calendar, span)
    levels, at = np.unique(cell, return_inverse=True)
    below = np.concatenate([[0.0], np.cumsum(np.bincount(at, n, minlength=len(levels)))])
    rank = _mid_ranks(levels, below, cell)
    mean = float((n * rank).sum() / n.sum())
    variance = float((n * (rank - mean) ** 2).sum() / n.sum())
    sums = np.zeros(calendar.days)
    for day, value, weight in _rows(parts, name, calendar):
        sums += calendar.spread(day, weight * _mid_ranks(levels, below, value))
    series = np.stack([calendar.shifted(row, LAG) for row in (sums, units)])
    return Level(series, (span[0] + LAG, span[1] + LAG), mean, variance, float(n.sum()))


def _rows(parts: Sequence[Part], name: str, calendar: Calendar) -> Iterator[tuple[Integers, Integers, Floats]]:
    """Yield day, value and number of a scanner's cells, part by part."""
    for part in parts:
        day = part.column("day").astype(np.int64) - calendar.start
        keep = part.is_level(SCANNER, name) & (day >= 0) & (day < calendar.days - LAG)
        yield day[keep], part.column("cell")[keep].astype(np.int64), part.counts[keep].astype(np.float64)


def _inside(parts: Sequence[Part], name: str, calendar: Calendar, span: Span) -> tuple[Integers, Floats]:
    """Return value and number of a scanner's cells in its reference."""
    found = [(day, cell, n) for day, cell, n in _rows(parts, name, calendar) if len(day)]
    keep = [(day >= span[0]) & (day < span[1]) for day, _, _ in found]
    return (
        np.concatenate([cell[mine] for (_, cell, _), mine in zip(found, keep, strict=True)]),
        np.concatenate([n[mine] for (_, _, n), mine in zip(found, keep, strict=True)]),
    )


def _mid_ranks(levels: Integers, below: Floats, cell: Integers) -> Floats:
    """Return each value's mid-rank among those of the reference, as a share in 0..1.

    Args:
        levels: the values of the reference, ascending, int64[k].
        below: how many of the reference are below each, and how many there are, float64[k + 1].
        cell: values int64[n].
    """
    left, right = np.searchsorted(levels, cell, "left"), np.searchsorted(levels, cell, "right")
    return np.asarray((below[left] + below[right]) / (2 * max(below[-1], 1.0)))
