"""The daily series that charts show beside the signals: units, positives by the model, mean score."""

from typing import Any

import numpy as np

from monitors.counts import Counts, Family, day_number, day_text
from monitors.scope import MONITORED_MODES
from registry.domain.estimate import rounded
from validation.statistics.grid import to_values

SCHEMA = "overread.daily/1"


def daily_series(counts: Counts, as_of: str) -> dict[str, Any]:
    """Return one record a day with units, per version, mode and target, all sites together, up to a day."""
    family = counts["F0"]
    family = family.select(family.codes_of("day") <= day_number(as_of))
    cells = family.marginal(("version", "mode", "target"))
    columns = [cells.labels_of(axis) for axis in cells.axes]
    days = [
        {"version": version, "mode": mode, "target": target} | day
        for version, mode, target in zip(*columns, strict=True)
        if mode in MONITORED_MODES
        for day in _days(family.where(version=version, mode=mode, target=target))
    ]
    return {"schema": SCHEMA, "days": days}


def _days(family: Family) -> list[dict[str, Any]]:
    day, place = np.unique(family.codes_of("day"), return_inverse=True)
    n = np.bincount(place, family.counts)
    positive = np.bincount(place, np.where(family.is_level("decision", "pos"), family.counts, 0))
    score = np.bincount(place, to_values(family.codes_of("q")) * family.counts) / n
    rows = zip(day.tolist(), n.tolist(), positive.tolist(), score.tolist(), strict=True)
    return [
        {"day": day_text(d), "n": int(count), "n_positive": int(hits), "mean_score": rounded(mean)}
        for d, count, hits, mean in rows
    ]
