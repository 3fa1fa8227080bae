"""CUSUM charts of a mean whose baseline is short: mean, deviation and correlation come from some thirty points.

Sources: Jones, Champ & Rigdon, Technometrics 2004;46:1 (what estimation does to run lengths); Gandy & Kvaløy, Scand J
Stat 2013;40:647 (limits by simulating the estimation). The promise is one that a user can check: over as many points
as asked for, a false alarm is no likelier than with known parameters, on average over baselines. The limit is the
quantile of the largest sum among simulated charts, each with a baseline of its own, so nothing is approximated but by
the number of simulations. Points that follow one another alike widen the deviation to the long-run one; what thirty
points say of that is shrunk towards none, as if eleven further points had shown none.
"""

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import ArrayLike

from validation.statistics.arrays import FloatArray, floats

LEAST_POINTS = 10
_PRIOR_POINTS = 11  # a correlation of 0 give or take .3 before anything is seen
_MOST = 0.9  # correlation beyond which thirty points say nothing of the deviation
_RUNS, _SEED = 100_000, 20_250_101  # standard error of the promised probability: 0.0014
_BATCH = 20_000
_CELLS = 10_000_000  # numbers of a batch of long charts: 80 MB


@dataclass(frozen=True, eq=False)
class ShortBaselineChart:
    """A two-sided chart that begins after its baseline.

    Attributes:
        up, down: the sums float64[n - baseline] after each value, in long-run deviations.
        mean, deviation: of the baseline; the deviation is the long-run one.
        limit: the chart's, in the same deviations.
        alarm: index in the series of the first value at which a sum exceeds the limit; None without one.
    """

    up: FloatArray
    down: FloatArray
    mean: float
    deviation: float
    limit: float
    alarm: int | None


def short_baseline_chart(
    values: ArrayLike, baseline: int, k: float, arl: float, within: int = 30
) -> ShortBaselineChart:
    """Return the two-sided CUSUM of what follows a baseline.

    Args:
        values: float[n], in order of time.
        baseline: how many of the first give mean and deviation.
        k: reference value, in long-run deviations; .3 finds a shift of one deviation soonest on 30 points.
        arl: run length to a false alarm that the chart would have with known parameters.
        within: points after the baseline over which the promise is given.

    Raises:
        ValueError: when the baseline has fewer than 10 values, more than there are, or values that are all equal.
    """
    series = floats(values)
    if not LEAST_POINTS <= baseline <= len(series):
        raise ValueError(f"the baseline takes {LEAST_POINTS} to {len(series)} values, not {baseline}")
    mean, deviation = (float(one[0]) for one in baselines(series[None, :baseline]))
    if deviation == 0.0:
        raise ValueError("all values of the baseline are equal: it has no spread to count in")
    up, down = sums_of((series[None, baseline:] - mean) / deviation, k)
    limit = limit_within(arl, k, baseline, within)
    beyond = np.flatnonzero(np.maximum(up, down)[0] > limit)
    return ShortBaselineChart(
        up[0], down[0], mean, deviation, limit, baseline + int(beyond[0]) if len(beyond) else None
    )


@cache
def limit_within(arl: float, k: float, points: int, within: int = 30) -> float:
    """Return the limit with which a false alarm within so many points has the probability 1 - exp(-within / arl).

    Args:
        arl: run length to a false alarm with known parameters.
        k: reference value, in long-run deviations.
        points: of the baseline.
        within: points after the baseline over which the promise is given.

    Raises:
        ValueError: when the run length is below 10, the baseline below 10 points, or `within` below 1.
    """
    if arl < LEAST_POINTS or points < LEAST_POINTS or within < 1:
        raise ValueError("a chart has a run length of 10, a baseline of 10 points, and a point to watch at least")
    generator = np.random.Generator(np.random.PCG64(_SEED))
    greatest = []
    batch = min(_BATCH, max(1, _CELLS // (points + within)))
    for _ in range(0, _RUNS, batch):
        rows = generator.standard_normal((batch, points + within))
        up, down = sums_of(standardised(rows, points), k)
        greatest.append(np.maximum(up, down).max(axis=1))
    return float(np.quantile(np.concatenate(greatest), math.exp(-within / arl)))


def baselines(rows: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return mean and long-run deviation float64[runs] of baselines float64[runs, points].

    The deviation is the sample's times sqrt((1 + r) / (1 - r)); r is the correlation of neighbours, its bias of
    -1 / points taken off, shrunk by points / (points + 11), and not below 0.
    """
    points = rows.shape[1]
    mean = rows.mean(axis=1)
    gap = rows - mean[:, None]
    square = np.einsum("ij,ij->i", gap, gap)
    shared = np.einsum("ij,ij->i", gap[:, 1:], gap[:, :-1])
    raw = np.divide(shared, square, out=np.zeros_like(square), where=square > 0) + 1 / points
    r = np.clip(raw * points / (points + _PRIOR_POINTS), 0.0, _MOST)
    return mean, np.sqrt(square / (points - 1) * (1 + r) / (1 - r))


def standardised(rows: FloatArray, points: int) -> FloatArray:
    """Return what follows the baseline of each series, float64[runs, n - points], in its long-run deviations."""
    mean, deviation = baselines(rows[:, :points])
    return np.asarray((rows[:, points:] - mean[:, None]) / deviation[:, None], dtype=np.float64)


def sums_of(z: FloatArray, k: float) -> tuple[FloatArray, FloatArray]:
    """Return the sums upwards and downwards float64[runs, n] of standardised series."""
    up, down = np.empty_like(z), np.empty_like(z)
    rise, fall = np.zeros(len(z)), np.zeros(len(z))
    for at in range(z.shape[1]):
        rise = np.maximum(0.0, rise + z[:, at] - k)
        fall = np.maximum(0.0, fall - z[:, at] - k)
        up[:, at], down[:, at] = rise, fall
    return up, down
