"""Two samples: distance and test between two sets of scores, from counts per cell.

Sources: Kolmogorov-Smirnov with the exact conditional distribution under ties, Schröer & Trenkler, Comput Stat Data
Anal 1995;20:185; first Wasserstein distance as the area between the distribution functions; population stability
index, Lewis 1994, on bins of the reference.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from validation.statistics.arrays import (
    FloatArray,
    IntArray,
    floats,
    integers,
    same_length,
    sums_by,
    tally,
    two_samples,
)
from validation.statistics.distributions import kolmogorov_tail

EXACT_UNITS = 10_000  # units of both samples at most for an exact p-value: some 0.1 s
EXACT_LATTICE = 20_000_000  # and lattice cells
HALF_COUNT = 0.5  # added to each bin of the stability index, so that an empty bin does not make it infinite


@dataclass(frozen=True)
class KsTest:
    """The greatest distance between two distribution functions, with its p-value and how that was had."""

    statistic: float
    p_value: float
    exact: bool


def counts_on_common_cells(first: ArrayLike, second: ArrayLike) -> tuple[IntArray, IntArray, IntArray]:
    """Return the occupied cells int64[k] of two samples int[n], int[m] and each one's counts int64[k]."""
    one, other = integers(first), integers(second)
    cells, place = np.unique(np.concatenate([one, other]), return_inverse=True)
    sides = (place[: len(one)], place[len(one) :])
    counts = [tally(side, len(cells)) for side in sides]
    return cells, counts[0], counts[1]


def ks_test(first: ArrayLike, second: ArrayLike) -> KsTest:
    """Return the two-sided Kolmogorov-Smirnov test of two samples.

    The p-value is exact, given the ties, while the lattice is small; beyond that it is Kolmogorov's limit, which is
    conservative under ties.

    Args:
        first: counts int[k] of the first sample per cell, cells ascending.
        second: counts int[k] of the second sample in the same cells.

    Raises:
        ValueError: when a sample is empty, a count is negative, or the lengths differ.
    """
    one, other = two_samples(first, second)
    m, n = int(one.sum()), int(other.sum())
    distance = int(np.abs(np.cumsum(one) * n - np.cumsum(other) * m).max())
    exact = m + n <= EXACT_UNITS and (m + n) * min(m, n) <= EXACT_LATTICE
    p_value = _exact_tail(one, other, distance) if exact else kolmogorov_tail(distance / math.sqrt(m * n * (m + n)))
    return KsTest(distance / (m * n), p_value, exact)


def wasserstein_distance(values: ArrayLike, first: ArrayLike, second: ArrayLike) -> float:
    """Return the first Wasserstein distance, in the unit of the values.

    Args:
        values: the cells' values float[k], ascending.
        first: counts int[k] of the first sample.
        second: counts int[k] of the second sample.

    Raises:
        ValueError: when a sample is empty, or the lengths differ.
    """
    at = floats(values)
    one, other = two_samples(first, second)
    same_length(at, one)
    gap = np.abs(np.cumsum(one) / one.sum() - np.cumsum(other) / other.sum())
    return float((gap[:-1] * np.diff(at)).sum())


def stability_index(reference: ArrayLike, current: ArrayLike, bins: int = 10) -> float:
    """Return the population stability index sum (c - r) ln(c / r) over bins of the reference.

    Bins hold about equal counts of the reference: cell j belongs to bin floor(bins x mid-rank / n). Half a unit is
    added to every occupied bin of both samples. Chance alone lifts the index by about (bins - 1) (1/m + 1/n).

    Args:
        reference: counts int[k] per cell, cells ascending.
        current: counts int[k] in the same cells.
        bins: bins of equal reference count.

    Raises:
        ValueError: when a sample is empty, or the lengths differ.
    """
    one, other = two_samples(reference, current)
    twice_rank = 2 * np.cumsum(one) - one
    place = np.minimum(bins - 1, twice_rank * bins // (2 * one.sum()))
    used = np.unique(place)
    shares = [_smoothed(sums_by(place, counts.astype(np.float64), bins)[used]) for counts in (one, other)]
    return float(((shares[1] - shares[0]) * np.log(shares[1] / shares[0])).sum())


def _smoothed(counts: FloatArray) -> FloatArray:
    share: FloatArray = (counts + HALF_COUNT) / (counts.sum() + HALF_COUNT * len(counts))
    return share


def _exact_tail(first: IntArray, second: IntArray, distance: int) -> float:
    """Return P(D >= distance / (m n)) over all arrangements with these ties.

    The smaller sample's rank i runs along an array; step t of the pooled order moves the probability of each i, and
    at the end of each tie the mass that has reached the distance is taken out.
    """
    short, long = (first, second) if first.sum() <= second.sum() else (second, first)
    m, n = int(short.sum()), int(long.sum())
    ends = np.cumsum(first + second)
    i = np.arange(m + 1, dtype=np.int64)
    mass, more, rest = np.zeros(m + 1), (m - i[:-1]).astype(np.float64), (n + i).astype(np.float64)
    mass[0], tail, done = 1.0, 0.0, 0
    for end in np.unique(ends).tolist():
        for t in range(done, end):
            # From t to t + 1 pooled units, of which i are of the smaller sample; impossible states hold no mass.
            gained = mass[:-1] * more
            mass *= rest - t
            mass[1:] += gained
            mass /= m + n - t
        reached = np.abs(i * n - (end - i) * m) >= distance
        tail += float(mass[reached].sum())
        mass[reached] = 0.0
        done = end
    return min(1.0, tail)
