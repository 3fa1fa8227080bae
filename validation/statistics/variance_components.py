"""A quantity that varies over groups: the linear model with a random intercept, by restricted maximum likelihood.

Source: Patterson & Thompson, Biometrika 1971;58:545. The likelihood is profiled over the ratio of the two variances;
the interval of the intraclass correlation is that of the profile.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from validation.statistics.arrays import FloatArray, IntArray, Labels, codes_of, floats, same_length, sums_by, tally
from validation.statistics.distributions import critical_value
from validation.statistics.proportions import Bounds

_LARGEST_LOG = 16.0


@dataclass(frozen=True)
class VarianceComponents:
    """A mean with its variance between and within groups.

    Attributes:
        mean, mean_bounds: the overall mean and its interval.
        between, within: standard deviations between and within groups.
        correlation, correlation_bounds: share of the variance that lies between groups, with its profile interval.
        criterion: minus twice the restricted log-likelihood (lme4's REML criterion).
        groups, n: groups and values.
    """

    mean: float
    mean_bounds: Bounds
    between: float
    within: float
    correlation: float
    correlation_bounds: Bounds
    criterion: float
    groups: int
    n: int


def variance_components(values: ArrayLike, groups: Labels, level: float = 0.95) -> VarianceComponents:
    """Fit a random intercept to a quantity.

    Args:
        values: float[n].
        groups: labels [n].
        level: confidence level of the intervals.

    Raises:
        ValueError: when there are fewer than three groups, no group has two values, or all values of each group agree.
    """
    y, code = floats(values), codes_of(groups)
    same_length(y, code)
    sizes = tally(code)
    if len(sizes) < 3 or sizes.max(initial=0) < 2:
        raise ValueError("variance components need three groups, one with two values at least")
    if np.allclose(y, (sums_by(code, y) / sizes)[code], rtol=0, atol=1e-300):
        raise ValueError("the values of each group are equal: there is no variance within")
    ratio = _best_ratio(y, code, sizes)
    mean, within, criterion = _profiled(ratio, y, code, sizes)
    error = math.sqrt(within / float((sizes / (1 + ratio * sizes)).sum()))
    half = critical_value(level) * error
    bounds = _ratio_bounds(ratio, criterion, (y, code, sizes), level)
    return VarianceComponents(
        mean,
        Bounds(mean - half, mean + half),
        math.sqrt(within * ratio),
        math.sqrt(within),
        ratio / (1 + ratio),
        Bounds(*(at / (1 + at) for at in bounds)),
        criterion,
        len(sizes),
        len(y),
    )


def _profiled(ratio: float, y: FloatArray, code: IntArray, sizes: IntArray) -> tuple[float, float, float]:
    """Return mean, variance within, and criterion, given the ratio of the variance between to that within."""
    n, shrink = len(y), ratio / (1 + ratio * sizes)
    weights = sizes / (1 + ratio * sizes)
    group_means = sums_by(code, y, len(sizes)) / sizes
    mean = float((weights * group_means).sum() / weights.sum())
    residual = y - mean
    totals = sums_by(code, residual, len(sizes))
    square = float((residual**2).sum() - (shrink * totals**2).sum())
    within = square / (n - 1)
    criterion = (
        (n - 1) * (math.log(2 * math.pi * within) + 1)
        + float(np.log1p(ratio * sizes).sum())
        + math.log(float(weights.sum()))
    )
    return mean, within, criterion


def _best_ratio(y: FloatArray, code: IntArray, sizes: IntArray) -> float:
    from scipy.optimize import minimize_scalar  # noqa: PLC0415 - lazy: scipy is slow to import

    def loss(log_ratio: float) -> float:
        return _profiled(math.exp(log_ratio), y, code, sizes)[2]

    grid = np.linspace(-_LARGEST_LOG, _LARGEST_LOG, 65)
    start = float(grid[int(np.argmin([loss(float(at)) for at in grid]))])
    found = minimize_scalar(loss, bounds=(start - 0.5, start + 0.5), method="bounded", options={"xatol": 1e-12})
    at_zero = _profiled(0.0, y, code, sizes)[2]
    return 0.0 if at_zero <= float(found.fun) + 1e-9 else math.exp(float(found.x))


def _ratio_bounds(
    ratio: float, criterion: float, data: tuple[FloatArray, IntArray, IntArray], level: float
) -> tuple[float, float]:
    """Return the ratios at which the criterion rises by the chi-square's quantile."""
    limit = criterion + critical_value(level) ** 2

    def outside(at: float) -> bool:
        return _profiled(at, *data)[2] > limit

    low = _crossing(outside, ratio, 0.0) if outside(0.0) else 0.0
    far = max(1.0, 2 * ratio)
    while not outside(far) and far < math.exp(_LARGEST_LOG):
        far *= 2
    return low, _crossing(outside, ratio, far)


def _crossing(outside: Callable[[float], bool], inner: float, outer: float) -> float:
    for _ in range(80):
        middle = (inner + outer) / 2
        inner, outer = (inner, middle) if outside(middle) else (middle, outer)
    return inner
