"""Streams of image quality: each measure of each scanner of a site, against the scanner's own reference.

They need the count families `FN:snr`, `FN:sharpness` and `FN:motion` (a histogram a day of the acquisitions' numbers);
where they were not counted, or no series states a measure, there are none.
"""

from collections.abc import Iterator

import numpy as np

from monitors.counts import SCANNER, Counts, Family
from monitors.watch.arrival_streams import LAG
from monitors.watch.cells import Calendar, reference_of
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
        family = counts.families.get(f"FN:{measure}")
        if family is None:
            continue
        here = family.where(site=place.scope.site)
        for name in here.levels.get(SCANNER, ()):
            found = _level(here.where(scanner=name), calendar, place, plan) if name else None
            if found is not None:
                subject = {SCANNER: name, "quality": measure}
                rules = Rules(found.reference[1])
                yield Stream(
                    "input", "quality", place.scope, subject, f"{measure}@{name}", found, rules, LAG, ends=place.ends
                )


def _level(family: Family, calendar: Calendar, place: Place, plan: MonitoringPlan) -> Level | None:
    day = family.codes_of("day") - calendar.start
    inside = (day >= 0) & (day < calendar.days - LAG)
    day, cell, n = day[inside], family.codes_of("cell")[inside], family.counts[inside].astype(np.float64)
    units = calendar.spread(day, n)
    span = reference_of(units, place.span, calendar, plan.min_units)
    if span is None or calendar.days <= span[1] + LAG:
        return None
    known = (day >= span[0]) & (day < span[1])
    rank = _mid_ranks(cell, np.where(known, n, 0.0))
    mean = float((n * rank)[known].sum() / n[known].sum())
    variance = float((n * (rank - mean) ** 2)[known].sum() / n[known].sum())
    series = np.stack([calendar.shifted(row, LAG) for row in (calendar.spread(day, n * rank), units)])
    return Level(series, (span[0] + LAG, span[1] + LAG), mean, variance, float(n[known].sum()))


def _mid_ranks(cell: np.ndarray[tuple[int], np.dtype[np.int64]], weights: Floats) -> Floats:
    """Return each cell's mid-rank among the weighted ones, as a share in 0..1."""
    levels, place = np.unique(cell, return_inverse=True)
    counts = np.bincount(place, weights, minlength=len(levels))
    below = np.concatenate([[0.0], np.cumsum(counts)])
    return np.asarray(((below[:-1] + below[1:]) / (2 * max(below[-1], 1.0)))[place])
