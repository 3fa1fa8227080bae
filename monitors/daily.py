"""The daily series that charts show beside the signals: units, positives by the model, mean score."""

from typing import Any

import numpy as np

from monitors.counts import Column, Counts, Family, Integers, Labels, day_number, day_text, weighed
from monitors.scope import MONITORED_MODES
from registry.domain.estimate import rounded
from validation.statistics.arrays import FloatArray

SCHEMA = "overread.daily/1"
UNITS, GRID = "daily:units", "daily:grid"  # units by decision; twice the score-grid cell and one, added up
_SUBJECT = ("version", "mode", "target")
_STEPS = 2**17  # a score-grid cell q stands for (2 q + 1) / 2^17


def daily_series(counts: Counts, as_of: str) -> dict[str, Any]:
    """Return one record a day with units, per version, mode and target, all sites together, up to a day."""
    sums = daily_sums(counts["F0"])
    return daily_records(sums[UNITS], sums[GRID], as_of)


def daily_sums(family: Family) -> dict[str, Family]:
    """Return what the series of units by score and decision comes to, as two families that add up day by day."""
    columns: dict[str, Column] = {axis: Labels(family.codes_of(axis), family.levels[axis]) for axis in _SUBJECT}
    days: dict[str, Column] = {"day": family.codes_of("day")}
    grid = weighed(GRID, days | columns, family.counts * (2 * family.codes_of("q") + 1))
    return {UNITS: family.marginal(("day", *_SUBJECT, "decision"), UNITS), GRID: grid}


def daily_records(units: Family, grid: Family, as_of: str) -> dict[str, Any]:
    """Return the series of the families of `daily_sums`, up to a day."""
    units, grid = (one.select(one.column("day") <= day_number(as_of)) for one in (units, grid))
    cells = units.marginal(_SUBJECT)
    days = [
        {"version": version, "mode": mode, "target": target} | day
        for version, mode, target in zip(*map(cells.labels_of, _SUBJECT), strict=True)
        if mode in MONITORED_MODES
        for day in _days(*(one.where(version=version, mode=mode, target=target) for one in (units, grid)))
    ]
    return {"schema": SCHEMA, "days": days}


def _days(units: Family, grid: Family) -> list[dict[str, Any]]:
    day = np.unique(units.codes_of("day"))
    n = _by(units, day, units.counts)
    positive = _by(units, day, np.where(units.is_level("decision", "pos"), units.counts, 0))
    score = _by(grid, day, grid.counts) / _STEPS / n
    rows = zip(day.tolist(), n.tolist(), positive.tolist(), score.tolist(), strict=True)
    return [
        {"day": day_text(d), "n": int(count), "n_positive": int(hits), "mean_score": rounded(mean)}
        for d, count, hits, mean in rows
    ]


def _by(family: Family, day: Integers, weights: Integers) -> FloatArray:
    found = np.bincount(np.searchsorted(day, family.codes_of("day")), weights, len(day))
    return np.asarray(found, dtype=np.float64)
