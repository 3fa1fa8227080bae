"""Tests of an estimate that comes as a value with an interval, against a limit or another such estimate.

The distance from the estimate to its bound stands for 1.96 standard errors on the side that the test looks at (Zou &
Donner 2008), so that a skewed interval tests as skewed.
"""

import math

from validation.statistics.distributions import critical_value, normal_two_sided
from validation.statistics.proportions import Bounds

_LEAST = 1e-12


def fall_p(now: float, of_now: Bounds, before: float, of_before: Bounds) -> float:
    """Return the one-sided p-value that an estimate fell below an independent one; a limit has equal bounds."""
    return 0.5 * math.erfc(-_z(now, of_now, before, of_before) / math.sqrt(2))


def change_p(now: float, of_now: Bounds, before: float, of_before: Bounds) -> float:
    """Return the two-sided p-value that two independent estimates differ."""
    return normal_two_sided(_z(now, of_now, before, of_before))


def _z(now: float, of_now: Bounds, before: float, of_before: Bounds) -> float:
    gap = now - before
    sides = (of_now.high - now, before - of_before.low) if gap < 0 else (now - of_now.low, of_before.high - before)
    return gap * critical_value(0.95) / max(_LEAST, math.hypot(*sides))
