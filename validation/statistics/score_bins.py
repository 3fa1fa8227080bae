"""Scores in bins: counts per score value, bins of equal count or width, calibration error and the HL test.

A calibration error depends on its bins. Here they hold equal counts (Nguyen & O'Connor 2015), cut at the quantiles of
the scores; units of one score are never parted, so the order of the rows does not matter.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from validation.statistics.arrays import FloatArray, IntArray, flags, floats, same_length, sums_by, tally
from validation.statistics.distributions import chi_square_tail
from validation.statistics.grid import to_values
from validation.statistics.roc import RocCounts

DEFAULT_BINS = 10


@dataclass(frozen=True, eq=False)
class ScoreCounts:
    """Positive and negative units per score: values float64[k] ascending in 0..1, counts int64[k]."""

    values: FloatArray
    positive: IntArray
    negative: IntArray

    @cached_property
    def units(self) -> IntArray:
        """Units per score, int64[k]."""
        return self.positive + self.negative

    @cached_property
    def n(self) -> int:
        """Units in all."""
        return int(self.units.sum())


@dataclass(frozen=True, eq=False)
class ScoreBins:
    """Units int64[b], positives int64[b] and the sum of scores float64[b] of each occupied bin."""

    units: IntArray
    positive: IntArray
    score_sum: FloatArray

    @property
    def mean_score(self) -> FloatArray:
        """Mean score per bin, float64[b]."""
        return self.score_sum / self.units


class HosmerLemeshow(NamedTuple):
    """The chi-square of Hosmer and Lemeshow with its degrees of freedom."""

    chi_square: float
    df: int
    p_value: float


def score_counts(values: ArrayLike, truth: ArrayLike) -> ScoreCounts:
    """Count units per score, from scores float[n] in 0..1 and truth bool[n].

    Raises:
        ValueError: when a score lies outside 0..1, there is none, or the lengths differ.
    """
    scores, positive = floats(values), flags(truth)
    same_length(scores, positive)
    if not len(scores) or scores.min() < 0.0 or scores.max() > 1.0:
        raise ValueError("calibration needs scores in 0..1")
    distinct, place = np.unique(scores, return_inverse=True)
    sides = [tally(place[side], len(distinct)) for side in (positive, ~positive)]
    return ScoreCounts(distinct, *sides)


def graded(counts: RocCounts) -> ScoreCounts:
    """Give counts per cell of the score grid the cells' values."""
    return ScoreCounts(to_values(counts.cells), counts.positive, counts.negative)


def equal_count_edges(counts: ScoreCounts, bins: int = DEFAULT_BINS) -> FloatArray:
    """Return the inner edges float64[bins - 1]: the scores' quantiles, linearly interpolated (Hyndman & Fan type 7)."""
    ends = np.cumsum(counts.units)
    position = (counts.n - 1) * np.arange(1, bins) / bins
    rank = np.floor(position).astype(np.int64)
    low, high = (counts.values[np.searchsorted(ends, at, side="right")] for at in (rank, rank + 1))
    return low + (high - low) * (position - rank)


def equal_width_edges(bins: int = DEFAULT_BINS) -> FloatArray:
    """Return the inner edges float64[bins - 1] of bins of equal width over 0..1."""
    return np.arange(1, bins) / bins


def bin_of(values: FloatArray, edges: FloatArray) -> IntArray:
    """Return each score's bin int64[n]; a score on an edge belongs to the upper bin."""
    return np.searchsorted(edges, values, side="right").astype(np.int64)


def binned(counts: ScoreCounts, edges: FloatArray) -> ScoreBins:
    """Return the occupied bins between edges."""
    place = bin_of(counts.values, edges)
    units = np.bincount(place, counts.units, len(edges) + 1).astype(np.int64)
    positive = np.bincount(place, counts.positive, len(edges) + 1).astype(np.int64)
    score_sum = sums_by(place, counts.values * counts.units, len(edges) + 1)
    kept = units > 0
    return ScoreBins(units[kept], positive[kept], score_sum[kept])


def expected_calibration_error(bins: ScoreBins) -> float:
    """Return the mean over units of |observed share - mean score| of their bin."""
    return float(np.abs(bins.positive - bins.score_sum).sum() / bins.units.sum())


def hosmer_lemeshow(bins: ScoreBins, *, fitted_here: bool = False) -> HosmerLemeshow:
    """Return Hosmer and Lemeshow's test; the units must be independent.

    Args:
        bins: occupied bins.
        fitted_here: whether the model was fitted on these units: df is then the bins less 2, otherwise the bins.

    Raises:
        ValueError: when no degree of freedom is left, or a bin's mean score is 0 or 1.
    """
    df = len(bins.units) - 2 * fitted_here
    spread = bins.score_sum * (1 - bins.mean_score)
    if df < 1 or (spread <= 0).any():
        raise ValueError("the test needs bins with mean scores strictly inside 0..1, more than it spends")
    chi_square = float(((bins.positive - bins.score_sum) ** 2 / spread).sum())
    return HosmerLemeshow(chi_square, df, chi_square_tail(chi_square, df))
