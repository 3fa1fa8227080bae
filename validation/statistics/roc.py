"""ROC: the area, its DeLong variance and the curve, from counts on the score grid or from units.

Sources: DeLong, DeLong & Clarke-Pearson, Biometrics 1988;44:837; Sun & Xu, IEEE Signal Process Lett 2014;21:1389 for
the mid-ranks, which counts per occupied cell give directly: ties count one half.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from validation.statistics.arrays import FloatArray, IntArray, flags, integers, same_length, tally

_TABLE = 1 << 20  # cells up to which a table is quicker than sorting; the score grid has 2^16


@dataclass(frozen=True, eq=False)
class RocCounts:
    """Positive and negative units per occupied cell of the score grid.

    Attributes:
        cells: occupied cells int64[k], ascending; any whole numbers that keep the order of the scores.
        positive, negative: units int64[k] of each class in the cell.
    """

    cells: IntArray
    positive: IntArray
    negative: IntArray

    def __post_init__(self) -> None:
        same_length(self.cells, self.positive, self.negative)
        if (self.cells[1:] <= self.cells[:-1]).any():
            raise ValueError("cells ascend, each once")
        if min(self.positive.min(initial=0), self.negative.min(initial=0)) < 0:
            raise ValueError("a count is not negative")

    @cached_property
    def n_positive(self) -> int:
        """Positive units."""
        return int(self.positive.sum())

    @cached_property
    def n_negative(self) -> int:
        """Negative units."""
        return int(self.negative.sum())

    @cached_property
    def twice_below(self) -> IntArray:
        """Twice the negative units that a positive unit of each cell ranks above, ties one half: int64[k]."""
        return 2 * np.cumsum(self.negative) - self.negative


class Placements(NamedTuple):
    """Each cell's share of the other class that a unit in it ranks rightly against, ties one half: float64[k]."""

    of_positive: FloatArray
    of_negative: FloatArray


class RocPoint(NamedTuple):
    """One operating point: positive means q >= k."""

    k: int
    false_positive_rate: float
    true_positive_rate: float


@dataclass(frozen=True)
class RocResult:
    """An area under the ROC curve with what its interval needs.

    Attributes:
        auc: the area; ties count one half.
        variance: DeLong's, or Obuchowski's by patient; None where a class has fewer than two patients.
        tie_loss: B = 1/2 sum P_b N_b / (P N), the most that ties can have cost or lent.
        n_positive, n_negative, n_patients: units of each class, patients.
        patients_positive, patients_negative: patients with a unit of the class.
        pairs: the most disjoint pairs of patients, one with a positive and one with a negative unit.
    """

    auc: float
    variance: float | None
    tie_loss: float
    n_positive: int
    n_negative: int
    n_patients: int
    patients_positive: int
    patients_negative: int
    pairs: int


def roc_counts(q: ArrayLike, truth: ArrayLike) -> RocCounts:
    """Count units per occupied cell.

    Args:
        q: cells int[n], one a unit.
        truth: reference standard bool[n].
    """
    cells, positive = integers(q), flags(truth)
    same_length(cells, positive)
    low = int(cells.min()) if len(cells) else 0
    span = int(cells.max()) - low + 1 if len(cells) else 0
    if span > _TABLE:
        occupied, place = np.unique(cells, return_inverse=True)
        return RocCounts(occupied, tally(place[positive], len(occupied)), tally(place[~positive], len(occupied)))
    place = cells - low
    both = np.bincount(place, minlength=span)
    of_positive = np.bincount(place[positive], minlength=span)
    occupied = np.flatnonzero(both)
    ranked = of_positive[occupied]
    return RocCounts(occupied + low, ranked, both[occupied] - ranked)


def merged_counts(*parts: RocCounts) -> RocCounts:
    """Add counts of several windows or sites cell by cell."""
    if not parts:
        return roc_counts([], [])
    occupied, place = np.unique(np.concatenate([part.cells for part in parts]), return_inverse=True)
    totals = np.zeros((2, len(occupied)), dtype=np.int64)
    np.add.at(totals[0], place, np.concatenate([part.positive for part in parts]))
    np.add.at(totals[1], place, np.concatenate([part.negative for part in parts]))
    return RocCounts(occupied, totals[0], totals[1])


def roc_from_counts(counts: RocCounts) -> RocResult:
    """Return the area with DeLong's variance; every unit is a patient of its own.

    Raises:
        ValueError: when a class is empty.
    """
    place = placements(counts)
    p, n = counts.n_positive, counts.n_negative
    auc = auc_of(counts)
    parts = (
        _variance_part(place.of_positive, counts.positive, auc),
        _variance_part(place.of_negative, counts.negative, auc),
    )
    variance = None if min(p, n) < 2 else sum(parts)
    return RocResult(auc, variance, tie_loss(counts), p, n, p + n, p, n, min(p, n))


def roc_from_arrays(q: ArrayLike, truth: ArrayLike) -> RocResult:
    """Return the area with DeLong's variance from cells int[n] and truth bool[n]; the same numbers as from counts."""
    return roc_from_counts(roc_counts(q, truth))


def auc_of(counts: RocCounts) -> float:
    """Return the area under the ROC curve; the numerator is summed in whole numbers.

    Raises:
        ValueError: when a class is empty.
    """
    _need_both_classes(counts)
    twice = int(counts.positive @ counts.twice_below)
    return twice / (2 * counts.n_positive * counts.n_negative)


def tie_loss(counts: RocCounts) -> float:
    """Return B = 1/2 sum_b P_b N_b / (P N), the loss by ties (contract, section 4).

    Raises:
        ValueError: when a class is empty.
    """
    _need_both_classes(counts)
    tied = int(counts.positive @ counts.negative)
    return tied / (2 * counts.n_positive * counts.n_negative)


def placements(counts: RocCounts) -> Placements:
    """Return DeLong's structural components, one a cell and class.

    Raises:
        ValueError: when a class is empty.
    """
    _need_both_classes(counts)
    twice_above = 2 * counts.n_positive - (2 * np.cumsum(counts.positive) - counts.positive)
    return Placements(counts.twice_below / (2 * counts.n_negative), twice_above / (2 * counts.n_positive))


def roc_points(counts: RocCounts) -> list[RocPoint]:
    """Return every distinct operating point from (0, 0) to (1, 1), the highest threshold first.

    Raises:
        ValueError: when a class is empty.
    """
    _need_both_classes(counts)
    true = np.cumsum(counts.positive[::-1]) / counts.n_positive
    false = np.cumsum(counts.negative[::-1]) / counts.n_negative
    start = RocPoint(int(counts.cells[-1]) + 1, 0.0, 0.0)
    rows = zip(counts.cells[::-1], false, true, strict=True)
    return [start, *(RocPoint(int(k), float(x), float(y)) for k, x, y in rows)]


def _variance_part(place: FloatArray, units: IntArray, auc: float) -> float:
    n = int(units.sum())
    return float((units * (place - auc) ** 2).sum()) / (n * max(1, n - 1))


def _need_both_classes(counts: RocCounts) -> None:
    if not counts.n_positive or not counts.n_negative:
        raise ValueError("a ROC curve needs positive and negative units")
