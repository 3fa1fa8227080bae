"""CUSUM charts of a mean: the sums of a series against its own baseline, and the design of a two-sided chart.

Sources: Page 1954; Brook & Evans, Biometrika 1972;59:539 (Markov chain of both sums, for the steady state). The FDA's
AIM-CU designs a one-sided chart and runs a two-sided one; here the average run length to a false alarm is that of the
chart that runs. Sums are never rounded.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from validation.statistics.arrays import FloatArray, floats
from validation.statistics.run_length import two_sided_cusum_arl

_STATES = 30
_BISECTIONS = 80


@dataclass(frozen=True, eq=False)
class CusumChart:
    """A two-sided chart: sums float64[n] upwards and downwards, in standard deviations of the baseline.

    Attributes:
        up, down: the two sums after each value.
        mean, deviation: of the baseline.
        alarm: index of the first value at which a sum exceeds the limit; None without one.
    """

    up: FloatArray
    down: FloatArray
    mean: float
    deviation: float
    alarm: int | None


def cusum_chart(values: ArrayLike, baseline: int, k: float, h: float) -> CusumChart:
    """Return the two-sided CUSUM of a series, standardised by its first values.

    Args:
        values: float[n], in order of time; all of them enter the sums.
        baseline: how many of the first give mean and standard deviation (divisor: their number).
        k: reference value, in standard deviations.
        h: decision limit, in standard deviations.

    Raises:
        ValueError: when the baseline holds fewer than two values, more than there are, or values that are all equal.
    """
    series = floats(values)
    if not 2 <= baseline <= len(series):
        raise ValueError(f"the baseline takes 2 to {len(series)} values, not {baseline}")
    mean, deviation = float(series[:baseline].mean()), float(series[:baseline].std())
    if deviation == 0.0:
        raise ValueError("all values of the baseline are equal: it has no spread to count in")
    standard = (series - mean) / deviation
    up, down = _sums(standard - k), _sums(-standard - k)
    beyond = np.flatnonzero(np.maximum(up, down) > h)
    return CusumChart(up, down, mean, deviation, int(beyond[0]) if len(beyond) else None)


def reference_value(arl: float, h: float) -> float:
    """Return k of the two-sided chart that has an average run length to a false alarm at a limit h.

    Raises:
        ValueError: when no k in 0..3 gives it.
    """
    low, high = 0.0, 3.0
    if not two_sided_cusum_arl(low, h) < arl < two_sided_cusum_arl(high, h):
        raise ValueError(f"no chart with limit {h} has the average run length {arl}")
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        low, high = (middle, high) if two_sided_cusum_arl(middle, h) < arl else (low, middle)
    return (low + high) / 2


def steady_state_delay(k: float, h: float, shift: float, states: int = _STATES) -> float:
    """Return the mean delay of a two-sided chart to a change that comes late.

    Both sums are in the distribution that they have after long without a false alarm. The chain of Brook and Evans
    has states x states cells and an error that falls with their square (0.07 % at 20, for k .3, h 4, shift 1.2).

    Args:
        k: reference value, in standard deviations.
        h: decision limit, in standard deviations.
        shift: mean of the values from the change on.
        states: cells of each sum.

    Raises:
        ValueError: when the limit is not positive or there are fewer than two cells.
    """
    if h <= 0 or states < 2:
        raise ValueError("the decision limit is positive, and a sum has two cells at least")
    after, before = _chain(k, h, shift, states), _chain(k, h, 0.0, states)
    lengths = np.linalg.solve(np.eye(states * states) - after, np.ones(states * states))
    start = np.full(states * states, 1 / states**2)
    for _ in range(100_000):
        following = start @ before
        following /= following.sum()
        if np.abs(following - start).max() < 1e-14:
            break
        start = following
    return float(start @ lengths)


def _chain(k: float, h: float, shift: float, states: int) -> FloatArray:
    """Return the transitions float64[states^2, states^2] between cells of both sums; what is missing is the alarm."""
    width = 2 * h / (2 * states - 1)
    cell = np.arange(states)
    move = (cell[None, :] - cell[:, None]) * width
    up_low, up_high = move - width / 2 + k, move + width / 2 + k
    up_low[:, 0] = -math.inf
    down_low, down_high = -k - move - width / 2, -k - move + width / 2
    down_high[:, 0] = math.inf
    low = np.maximum(up_low[:, None, :, None], down_low[None, :, None, :])
    high = np.minimum(up_high[:, None, :, None], down_high[None, :, None, :])
    mass = np.where(high > low, _cumulative(high - shift) - _cumulative(low - shift), 0.0)
    return mass.reshape(states * states, states * states)


def _cumulative(z: FloatArray) -> FloatArray:
    from scipy.special import ndtr  # noqa: PLC0415 - lazy: scipy is slow to import

    return np.asarray(ndtr(z), dtype=np.float64)


def _sums(steps: FloatArray) -> FloatArray:
    total, sums = 0.0, []
    for step in steps.tolist():
        total = max(0.0, total + step)
        sums.append(total)
    return np.array(sums)
