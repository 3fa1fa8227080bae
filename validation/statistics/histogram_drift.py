"""Two samples of a quantity on one grid: is the shift real, how large is it, and how large is chance in this window?

Sources: Kolmogorov-Smirnov exact under ties (`two_sample`); Anderson, Ann Math Stat 1962;33:1148 (Cramér-von Mises) and
the first Wasserstein distance, both with a permutation null. Given the pooled histogram, permuting units between the
samples is a draw from the multivariate hypergeometric distribution, so that the null needs counts alone. An effect
size without the null of its own window size is no evidence: chance alone lifts it in small windows.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from validation.statistics.arrays import FloatArray, IntArray, floats, integers, same_length
from validation.statistics.two_sample import ks_test

DRAWS = 999


@dataclass(frozen=True)
class HistogramDrift:
    """How a window's histogram differs from the reference's.

    Attributes:
        ks, ks_p_value: greatest distance of the distribution functions, and its p-value.
        cvm_p_value: Cramér and von Mises's, by permutation.
        effect: first Wasserstein distance over the reference's standard deviation; None where that is 0.
        chance_effect: 95 % quantile of the effect under permutation at these sample sizes.
        effect_p_value: of the effect, by permutation.
        n: units of the window.
    """

    ks: float
    ks_p_value: float
    cvm_p_value: float
    effect: float | None
    chance_effect: float | None
    effect_p_value: float | None
    n: int


def histogram_drift(
    values: ArrayLike, window: ArrayLike, reference: ArrayLike, seed: int, draws: int = DRAWS
) -> HistogramDrift:
    """Compare two samples of independent units on one grid.

    Args:
        values: the grid's values float[k], ascending.
        window: units per grid value int[k].
        reference: units per grid value int[k].
        seed: of the permutations (PCG64).
        draws: permutations.

    Raises:
        ValueError: when the values do not ascend, a sample is empty, or the lengths differ.
    """
    at, now, base = floats(values), integers(window), integers(reference)
    same_length(at, now, base)
    if (np.diff(at) <= 0).any():
        raise ValueError("the grid's values ascend, each once")
    test = ks_test(now, base)
    used = (now + base) > 0
    at, now, base = at[used], now[used], base[used]
    generator = np.random.Generator(np.random.PCG64(seed))
    drawn = generator.multivariate_hypergeometric(now + base, int(now.sum()), size=draws, method="marginals")
    every = np.concatenate([now[None, :], drawn])
    gap, pooled = _gaps(every, now + base)
    cvm = (gap**2 * (now + base)).sum(axis=1)
    distance = (np.abs(gap[:, :-1]) * np.diff(at)).sum(axis=1)
    spread = _deviation(at, base)
    sizes: tuple[float | None, float | None, float | None] = (None, None, None)
    if spread > 0:
        sizes = (float(distance[0] / spread), float(np.quantile(distance[1:], 0.95) / spread), _p_value(distance))
    return HistogramDrift(test.statistic, test.p_value, _p_value(cvm), *sizes, int(pooled))


def _gaps(windows: IntArray, totals: IntArray) -> tuple[FloatArray, int]:
    """Return the two distribution functions' distance in each assignment float64[draws, k], and the window's n."""
    n = int(windows[0].sum())
    inside = np.cumsum(windows, axis=1)
    outside = np.cumsum(totals) - inside
    return np.asarray(inside / n - outside / (int(totals.sum()) - n), dtype=np.float64), n


def _p_value(statistics: FloatArray) -> float:
    reached = int((statistics[1:] >= statistics[0] * (1 - 1e-12)).sum())
    return (1 + reached) / len(statistics)


def _deviation(values: FloatArray, counts: IntArray) -> float:
    mean = float(np.average(values, weights=counts))
    return float(np.sqrt(np.average((values - mean) ** 2, weights=counts)))


def thinned(counts: ArrayLike, size: int) -> IntArray:
    """Return a histogram int64[k] of the same shape with so many units, or the counts where there are fewer.

    Where units of one patient are alike, a histogram is worth about as many independent units as it has patients; the
    tests above are made on so many. Cumulative counts are scaled and rounded down, so that no cell moves.

    Raises:
        ValueError: when the size is below 1.
    """
    found = integers(counts)
    if size < 1:
        raise ValueError("a histogram is thinned to one unit at least")
    total = int(found.sum())
    if total <= size:
        return found
    return np.diff(np.cumsum(found) * size // total, prepend=0).astype(np.int64)
