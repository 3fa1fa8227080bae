"""The two-sample Cramér-von Mises test from counts per cell, by its limit distribution.

Sources: Anderson, Ann Math Stat 1962;33:1148 (the statistic, its mean and variance); Anderson and Darling, Ann Math
Stat 1952;23:193 (the limit distribution). It weighs a shift over the whole range, where Kolmogorov and Smirnov's test
sees its greatest point alone: a small shift is found oftener.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from validation.statistics.arrays import integers, same_length

_TINY = 1e-10  # terms of the series below which the rest is nothing
_NEAR_ZERO = 0.003  # statistics below which the tail is 1 to twelve digits, and the series divides by nearly nothing


@dataclass(frozen=True)
class CvmTest:
    """The statistic T of Anderson, and its p-value by the limit."""

    statistic: float
    p_value: float


def cramer_von_mises(first: ArrayLike, second: ArrayLike) -> CvmTest:
    """Compare two samples of independent units by T = m n / (m + n)^2 times the sum of (F - G)^2 over all units.

    The limit holds for a continuous quantity: the more units share a cell, the more conservative it is.

    Args:
        first: counts int[k] of the first sample per cell, cells ascending.
        second: counts int[k] of the second sample in the same cells.

    Raises:
        ValueError: when a sample is empty, or the lengths differ.
    """
    one, other = integers(first), integers(second)
    same_length(one, other)
    m, n = int(one.sum()), int(other.sum())
    if min(m, n) < 1:
        raise ValueError("the test needs a unit in both samples")
    total, product = m + n, m * n
    gap = np.cumsum(one) / m - np.cumsum(other) / n
    statistic = float(((one + other) * gap**2).sum()) * product / total**2
    mean = (1 + 1 / total) / 6
    variance = (total + 1) * (4 * product * total - 3 * (m * m + n * n) - 2 * product) / (45 * total**2 * 4 * product)
    return CvmTest(statistic, limit_tail(1 / 6 + (statistic - mean) / math.sqrt(45 * variance)))


def limit_tail(statistic: float) -> float:
    """Return P(W^2 >= statistic) of the limit distribution (Anderson and Darling 1952, equation 1.6)."""
    from scipy.special import gammaln, kve  # noqa: PLC0415 - lazy: scipy is slow to import

    if statistic < _NEAR_ZERO:
        return 1.0
    below, k, term = 0.0, 0, 1.0
    while abs(term) > _TINY:
        y = 4 * k + 1
        q = y * y / (16 * statistic)
        weight = math.exp(float(gammaln(k + 0.5) - gammaln(k + 1))) / (math.pi**1.5 * math.sqrt(statistic))
        term = weight * math.sqrt(y) * math.exp(-2 * q) * float(kve(0.25, q))
        below, k = below + term, k + 1
    return min(1.0, max(0.0, 1 - below))
