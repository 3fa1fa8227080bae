"""Funnel plots and p-charts: limits for many small shares against one target.

Source: Spiegelhalter, Stat Med 2005;24:1185: exact binomial limits, interpolated between counts, and
multiplicative over-dispersion from winsorised z-scores.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from validation.statistics.arrays import FloatArray, floats, integers
from validation.statistics.distributions import binomial_cdf
from validation.statistics.proportions import Bounds

FUNNEL_TAILS = (0.001, 0.025, 0.975, 0.999)


class Dispersion(NamedTuple):
    """How much the shares vary beyond chance: `factor` is 1 unless `phi` exceeds what chance explains."""

    phi: float
    factor: float


def funnel_limit(target: float, n: int, tail: float, factor: float = 1.0) -> float:
    """Return the share of n units that lies at a tail probability under a target share.

    Args:
        target: target share, strictly inside 0..1.
        n: units.
        tail: probability below the limit, such as .025.
        factor: over-dispersion factor; the limit's distance from the target grows by its square root.

    Raises:
        ValueError: when an argument lies outside its range.
    """
    if not (0 < target < 1 and 0 < tail < 1 and n > 0 and factor >= 1):
        raise ValueError("a limit needs a target and a tail inside 0..1, units, and a factor of 1 or more")
    rank = _binomial_quantile(target, n, tail)
    at, before = binomial_cdf(rank, n, target), binomial_cdf(rank - 1, n, target)
    limit = (rank - (at - tail) / (at - before)) / n
    return min(1.0, max(0.0, target + (limit - target) * math.sqrt(factor)))


def funnel_limits(target: float, sizes: ArrayLike, tail: float) -> FloatArray:
    """Return `funnel_limit` of several sizes at once, float64[m].

    Args:
        target: target share, strictly inside 0..1.
        sizes: units int[m], each above zero.
        tail: probability below the limits.

    Raises:
        ValueError: when an argument lies outside its range.
    """
    from scipy.special import bdtr  # noqa: PLC0415 - lazy: scipy is slow to import

    n = integers(sizes)
    if not (0 < target < 1 and 0 < tail < 1 and (n > 0).all()):
        raise ValueError("limits need a target and a tail inside 0..1, and units")
    low, high = np.zeros(len(n), dtype=np.int64), n.copy()
    while (low < high).any():
        middle = (low + high) // 2
        beyond = bdtr(middle, n, target) > tail
        high = np.where(beyond & (low < high), middle, high)
        low = np.where(~beyond & (low < high), middle + 1, low)
    at, before = bdtr(low, n, target), np.where(low > 0, bdtr(np.maximum(low - 1, 0), n, target), 0.0)
    return np.asarray(np.clip((low - (at - tail) / (at - before)) / n, 0.0, 1.0), dtype=np.float64)


def overdispersion(shares: ArrayLike, sizes: ArrayLike, target: float, winsorised: float = 0.1) -> Dispersion:
    """Return the over-dispersion of shares float[m] of sizes int[m] about a target.

    The z-scores beyond the outer `winsorised` tenth are drawn in to it, so that outliers do not widen the limits that
    are to find them. The factor stays 1 while phi <= 1 + 2 sqrt(2 / m).

    Raises:
        ValueError: when there are fewer than two shares, or the target lies outside 0..1.
    """
    share, n = floats(shares), floats(sizes)
    if len(share) < 2 or not 0 < target < 1:
        raise ValueError("over-dispersion needs two shares and a target inside 0..1")
    z = (share - target) / np.sqrt(target * (1 - target) / n)
    low, high = np.quantile(z, [winsorised, 1 - winsorised])
    phi = float((np.clip(z, low, high) ** 2).mean())
    return Dispersion(phi, phi if phi > dispersion_limit(len(share)) else 1.0)


def dispersion_limit(members: int) -> float:
    """Return the over-dispersion that chance alone seldom exceeds among so many members: 1 + 2 sqrt(2 / m)."""
    return 1 + 2 * math.sqrt(2 / members)


def p_chart_limits(mean: float, n: int, sigmas: float = 3.0) -> Bounds:
    """Return the Shewhart limits of a share of n units about a mean, cut at 0 and 1.

    Raises:
        ValueError: when the mean lies outside 0..1, or n is not positive.
    """
    if not 0 <= mean <= 1 or n <= 0:
        raise ValueError("a p-chart needs a mean in 0..1 and units")
    half = sigmas * math.sqrt(mean * (1 - mean) / n)
    return Bounds(max(0.0, mean - half), min(1.0, mean + half))


def _binomial_quantile(target: float, n: int, tail: float) -> int:
    """Return the smallest count whose cumulative probability exceeds the tail, searched outwards from the mean."""
    mean, step = round(n * target), 1 + round(math.sqrt(n * target * (1 - target)))
    low, high = max(0, mean - step), min(n, mean + step)
    while low > 0 and binomial_cdf(low - 1, n, target) > tail:
        low = max(0, low - 2 * step)
    while high < n and binomial_cdf(high, n, target) <= tail:
        high = min(n, high + 2 * step)
    while low < high:
        middle = (low + high) // 2
        if binomial_cdf(middle, n, target) > tail:
            high = middle
        else:
            low = middle + 1
    return low
