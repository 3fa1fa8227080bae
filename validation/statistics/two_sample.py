"""Two samples: distance and test between two sets of scores, from counts per cell.

Sources: Kolmogorov-Smirnov with the exact conditional distribution under ties, Schröer & Trenkler, Comput Stat Data
Anal 1995;20:185; first Wasserstein distance as the area between the distribution functions; population stability
index, Lewis 1994, on bins of the reference.
"""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from validation.statistics.arrays import (
    IntArray,
    floats,
    integers,
    same_length,
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


def aligned(
    first: ArrayLike, counts: ArrayLike, second: ArrayLike, others: ArrayLike
) -> tuple[IntArray, IntArray, IntArray]:
    """Return the cells int64[k] that either of two samples occupies, and each one's counts int64[k] in them.

    Args:
        first: occupied cells int[n] of the first sample, ascending, each once.
        counts: its counts int[n].
        second: occupied cells int[m] of the second sample, ascending, each once.
        others: its counts int[m].

    Raises:
        ValueError: when cells do not ascend, or lengths differ.
    """
    one, other = (integers(cells) for cells in (first, second))
    if any((cells[1:] <= cells[:-1]).any() for cells in (one, other)):
        raise ValueError("cells ascend, each once")
    units = [integers(n) for n in (counts, others)]
    same_length(one, units[0])
    same_length(other, units[1])
    every = np.concatenate([one, other])
    order = np.argsort(every, kind="stable")  # of two runs that ascend: a merge
    ordered, place = every[order], np.empty(len(every), dtype=np.int64)
    fresh = np.ones(len(every), dtype=np.bool_)
    np.not_equal(ordered[1:], ordered[:-1], out=fresh[1:])
    place[order] = np.cumsum(fresh) - 1
    cells = ordered[fresh]
    sides = np.zeros((2, len(cells)), dtype=np.int64)
    sides[0, place[: len(one)]], sides[1, place[len(one) :]] = units
    return cells, sides[0], sides[1]


@dataclass(frozen=True, eq=False)
class TwoSamples:
    """Two samples on common cells, each with one unit at least; several distances share their running sums.

    Attributes:
        first, second: counts int[k] of each sample per cell, cells ascending.

    Raises:
        ValueError: when a sample is empty, a count is negative, or the lengths differ.
    """

    first: IntArray
    second: IntArray

    def __post_init__(self) -> None:
        two_samples(self.first, self.second)

    @cached_property
    def sums(self) -> tuple[IntArray, IntArray]:
        """Units int64[k] of each sample up to and with each cell."""
        return np.cumsum(self.first), np.cumsum(self.second)

    @property
    def sizes(self) -> tuple[int, int]:
        """Units of each sample."""
        return int(self.sums[0][-1]), int(self.sums[1][-1])

    @cached_property
    def gaps(self) -> IntArray:
        """Distance int64[k] of the two distribution functions after each cell, times the sizes of both samples."""
        (m, n), (one, other) = self.sizes, self.sums
        return integers(np.abs(one * n - other * m))

    def ks_test(self) -> KsTest:
        """Return the two-sided Kolmogorov-Smirnov test; see the function of this name."""
        m, n = self.sizes
        distance = int(self.gaps.max())
        exact = m + n <= EXACT_UNITS and (m + n) * min(m, n) <= EXACT_LATTICE
        tail = _exact_tail(self.first, self.second, distance) if exact else None
        p_value = kolmogorov_tail(distance / math.sqrt(m * n * (m + n))) if tail is None else tail
        return KsTest(distance / (m * n), p_value, exact)

    def wasserstein_distance(self, values: ArrayLike) -> float:
        """Return the first Wasserstein distance over the cells' values float[k]; see the function of this name.

        Raises:
            ValueError: when the lengths differ.
        """
        at, (m, n) = floats(values), self.sizes
        same_length(at, self.gaps)
        return float((self.gaps[:-1] * (at[1:] - at[:-1])).sum()) / (m * n)

    def bins_of_first(self, bins: int = 10) -> tuple[IntArray, IntArray]:
        """Return the counts int[b] of both samples in bins that hold about equal counts of the first one.

        Cell j belongs to bin floor(bins x mid-rank / n), and the bins that a cell belongs to are kept: b <= bins.
        """
        middles, n = 2 * self.sums[0] - self.first, 2 * self.sizes[0]  # mid-ranks ascend
        firsts = np.searchsorted(middles, [-(-n * place // bins) for place in range(1, bins)])
        starts = sorted({0, *firsts.tolist()} - {len(middles)})
        return np.add.reduceat(self.first, starts), np.add.reduceat(self.second, starts)


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
    return TwoSamples(integers(first), integers(second)).ks_test()


def wasserstein_distance(values: ArrayLike, first: ArrayLike, second: ArrayLike) -> float:
    """Return the first Wasserstein distance, in the unit of the values.

    Args:
        values: the cells' values float[k], ascending.
        first: counts int[k] of the first sample.
        second: counts int[k] of the second sample.

    Raises:
        ValueError: when a sample is empty, or the lengths differ.
    """
    return TwoSamples(integers(first), integers(second)).wasserstein_distance(values)


def stability_index(reference: ArrayLike, current: ArrayLike, bins: int = 10) -> float:
    """Return the population stability index sum (c - r) ln(c / r) over bins of the reference.

    Half a unit is added to every occupied bin of both samples. Chance alone lifts the index by about
    (bins - 1) (1/m + 1/n).

    Args:
        reference: counts int[k] per cell, cells ascending.
        current: counts int[k] in the same cells.
        bins: bins of equal reference count.

    Raises:
        ValueError: when a sample is empty, or the lengths differ.
    """
    return stability_of_bins(*TwoSamples(integers(reference), integers(current)).bins_of_first(bins))


def stability_of_bins(reference: IntArray, current: IntArray) -> float:
    """Return the population stability index of two samples' counts int[b] in the same bins."""
    before, after = (_smoothed(counts.tolist()) for counts in (reference, current))
    return math.fsum((c - r) * math.log(c / r) for r, c in zip(before, after, strict=True))


def jensen_shannon_of_bins(first: IntArray, second: IntArray) -> float:
    """Return the Jensen-Shannon distance (Endres & Schindelin, IEEE Trans Inf Theory 2003;49:1858) of two samples.

    It is the root of the divergence in bits: 0 for equal shares, 1 where no bin holds both.

    Args:
        first: counts int[b] of the first sample in bins.
        second: counts int[b] of the second in the same bins.

    Raises:
        ValueError: when a sample is empty, or the lengths differ.
    """
    one, other = two_samples(first, second)
    shares = zip((one / one.sum()).tolist(), (other / other.sum()).tolist(), strict=True)
    terms = [share * math.log2(2 * share / (p + r)) for p, r in shares for share in (p, r) if share]
    return math.sqrt(max(0.0, math.fsum(terms) / 2))


def _smoothed(counts: list[int]) -> list[float]:
    n = sum(counts) + HALF_COUNT * len(counts)
    return [(count + HALF_COUNT) / n for count in counts]


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
