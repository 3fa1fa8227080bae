"""Tests of areas under ROC curves that also exist where an area has no variance: equal scores, full separation.

Where both areas have a variance, the test is that of `comparisons`. Elsewhere it inverts the interval that Overread
judges by (`auc_interval`): the p-value is the tail probability at which the interval's bound just reaches the value
that is tested. A difference is bounded from both intervals (Zou & Donner, Stat Med 2008;27:1693).
"""

import math
from collections.abc import Callable

from validation.statistics.auc_interval import auc_interval, interval_gap
from validation.statistics.comparisons import AucComparison, unpaired_comparison
from validation.statistics.proportions import Bounds, difference_bounds
from validation.statistics.roc import RocResult

SMALLEST_TAIL = 1e-12  # a level of 1 - 2e-12 still differs from 1 by thousands of steps of binary64
NO_SPREAD = 1e-15
_LARGEST_TAIL = 0.499_999
_BISECTIONS = 60

Interval = Callable[[float], Bounds]


def below_p(area: RocResult, limit: float) -> float | None:
    """Return the one-sided p-value that an area lies below a fixed limit.

    By the logit of both (Wald) where the area has a variance; else by inverting its interval, from 1e-12 on.

    Args:
        area: the area with what its interval needs.
        limit: the limit; at 0 nothing lies below it, and the p-value is 1.

    Returns:
        The p-value; None where the area has no valid interval.
    """
    if auc_interval(area) is None:
        return None
    if limit <= 0.0:
        return 1.0
    if area.variance and _spreads(area) and 0.0 < area.auc < 1.0 and limit < 1.0:
        spread = math.sqrt(area.variance) / (area.auc * (1 - area.auc))
        return 0.5 * math.erfc(-(_logit(area.auc) - _logit(limit)) / spread / math.sqrt(2))
    return _one_sided(area.auc, limit, lambda level: _bounds(area, level))


def decline_p(now: RocResult, before: RocResult) -> float | None:
    """Return the one-sided p-value that an area fell below another on other patients; None where there is no test."""
    found = independent_areas(now, before)
    if found.p_value is None:
        return None
    return found.p_value / 2 if found.difference < 0 else 1 - found.p_value / 2


def independent_areas(first: RocResult, second: RocResult, level: float = 0.95) -> AucComparison:
    """Return the difference of two areas on other patients, with interval and two-sided p-value.

    Args:
        first: the area from which the other is taken.
        second: the other area, on other patients.
        level: confidence level of the interval.

    Returns:
        The t test with Satterthwaite's degrees of freedom where both areas have a variance; else what their two
        intervals give together, without a statistic; no interval and a reason where one of them has none.
    """
    if _spreads(first) and _spreads(second):
        return unpaired_comparison(first, second, level)
    difference = first.auc - second.auc
    for area in (first, second):
        if auc_interval(area, level) is None:
            return AucComparison(difference, None, None, math.inf, None, 0.0, interval_gap(area))

    def interval(at: float) -> Bounds:
        return difference_bounds(first.auc, _bounds(first, at), second.auc, _bounds(second, at))

    below = _one_sided(difference, 0.0, interval)
    p_value = min(1.0, 2 * min(below, 1 - below))
    return AucComparison(difference, interval(level), None, math.inf, p_value, 0.0)


def _spreads(area: RocResult) -> bool:
    """Say whether an area has a variance beyond what rounding leaves."""
    return area.variance is not None and area.variance > NO_SPREAD


def _one_sided(value: float, limit: float, interval: Interval) -> float:
    """Return the p-value that a statistic lies below a limit: small where its interval ends below it."""
    if value == limit:
        return 0.5
    if value < limit:
        return _tail(lambda tail: interval(1 - 2 * tail).high >= limit)
    return 1 - _tail(lambda tail: interval(1 - 2 * tail).low <= limit)


def _tail(reaches: Callable[[float], bool]) -> float:
    """Return the largest tail probability at which an interval still reaches a value, by bisection of its logarithm."""
    low, high = math.log(SMALLEST_TAIL), math.log(_LARGEST_TAIL)
    if not reaches(SMALLEST_TAIL):
        return SMALLEST_TAIL
    if reaches(_LARGEST_TAIL):
        return 0.5
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        low, high = (middle, high) if reaches(math.exp(middle)) else (low, middle)
    return math.exp(low)


def _bounds(area: RocResult, level: float) -> Bounds:
    found = auc_interval(area, level)
    if found is None:
        raise ValueError(interval_gap(area))
    return found


def _logit(p: float) -> float:
    return math.log(p / (1 - p))
