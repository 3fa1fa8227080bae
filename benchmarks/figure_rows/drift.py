"""Rows 1 and 2: false alarms and power of the comparison of twenty features with a reference of 5,000."""

from typing import Any

import numpy as np
from figure_rows.figure import Figure, share
from scipy.stats import ks_2samp
from stopwatch import peer

from validation.statistics.histogram_drift import histogram_drift
from validation.statistics.multiplicity import holm

GRID = np.linspace(-4, 4, 161)
FEATURES, REFERENCE = 20, 5_000
SIZES = (30, 50, 100, 200, 300, 500, 1_000)


def drift_figures(runs: int, first: int) -> list[Figure]:
    """Return rows 1 and 2."""
    return [*_false_alarms(runs, first), *_power(runs, first)]


def _drawn(rng: np.random.Generator, n: int, shift: float = 0.0) -> Any:
    """Draw a feature: whole steps of a twentieth of a deviation."""
    return np.clip(np.rint((rng.normal(shift, 1, n) + 4) / 0.05), 0, len(GRID) - 1).astype(np.int64)


def _p_value(now: Any, base: Any) -> float:
    sides = [np.bincount(side, minlength=len(GRID)) for side in (now, base)]
    return histogram_drift(GRID, sides[0], sides[1], seed=1, draws=1).p_value


def _false_alarms(runs: int, first: int) -> list[Figure]:
    theirs = peer("evidently", 3, program="null.py")
    told = "absent"
    if theirs is not None:
        told = f"Evidently {theirs['version']}: {theirs['feature']:.2f} a feature, {theirs['whole']:.2f} the data set"
    found, total = [], 0
    for n in SIZES:
        rng = np.random.default_rng(first + n)
        alarms = 0
        for _ in range(runs):
            tests = [_p_value(_drawn(rng, n), _drawn(rng, REFERENCE)) for _ in range(FEATURES)]
            alarms += bool(holm(tests).min() <= 0.05)
        total += alarms
        value, interval = share(alarms, runs)
        reached = alarms / runs <= 0.05 + 1.645 * np.sqrt(0.05 * 0.95 / runs)
        what = f"no drift: P(any of 20 features alarms), window of {n}"
        beside = told if n == 100 else ""
        found.append(Figure(1, what, beside, value, "<= 0.05, and chance", bool(reached), f"{runs:,}", interval))
    value, interval = share(total, runs * len(SIZES))
    found.append(
        Figure(1, "all these windows together", "", value, "beside it", None, f"{runs * len(SIZES):,}", interval)
    )
    return found


def _power(runs: int, first: int) -> list[Figure]:
    rng = np.random.default_rng(first + 1)
    ours, theirs = 0, 0
    for _ in range(runs):
        shifts = [0.2, *[0.0] * (FEATURES - 1)]
        pairs = [(_drawn(rng, 500, by), _drawn(rng, REFERENCE)) for by in shifts]
        ours += bool(holm([_p_value(*pair) for pair in pairs])[0] <= 0.05)
        theirs += bool(ks_2samp(*pairs[0]).pvalue <= 0.05)
    value, interval = share(ours, runs)
    what = "power at 0.2 deviations in one of 20 features, window of 500, corrected for the 20"
    told = f"Kolmogorov-Smirnov, not corrected: {theirs / runs:.3f}"
    return [Figure(2, what, told, value, ">= 0.75", ours / runs >= 0.75, f"{runs:,}", interval)]
