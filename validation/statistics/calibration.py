"""Calibration: Brier score, calibration error and Spiegelhalter's Z, with intervals by patient.

Sources: Brier 1950; Spiegelhalter, Stat Med 1986;5:421; Ferro & Fricker, Q J R Meteorol
Soc 2012;138:1954 on the upward bias of binned reliability.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from validation.statistics.arrays import (
    FloatArray,
    IntArray,
    Labels,
    codes_of,
    flags,
    floats,
    same_length,
    sums_by,
    tally,
)
from validation.statistics.bootstrap import DEFAULT_REPEATS, percentile_interval, resampled_means
from validation.statistics.distributions import normal_two_sided
from validation.statistics.proportions import Bounds
from validation.statistics.score_bins import (
    DEFAULT_BINS,
    ScoreCounts,
    bin_of,
    binned,
    equal_count_edges,
    expected_calibration_error,
    score_counts,
)


class Spiegelhalter(NamedTuple):
    """Spiegelhalter's Z, zero in the mean for a calibrated model, with its two-sided p."""

    z: float
    p_value: float


class Resampling(NamedTuple):
    """How a bootstrap is drawn: confidence level, replicates, seed."""

    level: float = 0.95
    repeats: int = DEFAULT_REPEATS
    seed: int = 0


def brier_score(counts: ScoreCounts) -> float:
    """Return the mean squared gap between score and truth."""
    squares = counts.positive * (1 - counts.values) ** 2 + counts.negative * counts.values**2
    return float(squares.sum()) / counts.n


def brier_interval(values: ArrayLike, truth: ArrayLike, patients: Labels, drawn: Resampling) -> Bounds:
    """Return the percentile interval of the Brier score under the bootstrap by patient.

    Args:
        values: scores float[n] in 0..1.
        truth: reference standard bool[n].
        patients: labels [n].
        drawn: level, replicates and seed.
    """
    scores, positive, codes = floats(values), flags(truth), codes_of(patients)
    same_length(scores, positive, codes)
    squares = sums_by(codes, (positive - scores) ** 2)
    replicates = resampled_means(squares[:, None], tally(codes), drawn.repeats, drawn.seed)
    return percentile_interval(replicates[:, 0], drawn.level)


def ece_interval(
    values: ArrayLike,
    truth: ArrayLike,
    patients: Labels,
    drawn: Resampling,
    bins: int = DEFAULT_BINS,
) -> Bounds:
    """Return an interval of the equal-count calibration error under the bootstrap by patient.

    A binned error is biased upwards, so that the percentile interval of a calibrated model never covers 0. The lower
    bound subtracts the upper quantile of the distance between replicate and estimate over the bins, which by the
    triangle inequality holds whatever the true gaps are; the upper bound is the basic bootstrap's, never below the
    estimate. Bins stay those of the sample. Simulated coverage at 95 %: 92 % to 100 % for 60 to 400 patients.

    Args:
        values: scores float[n] in 0..1.
        truth: reference standard bool[n].
        patients: labels [n].
        drawn: level, replicates and seed.
        bins: bins of equal count.
    """
    codes = codes_of(patients)
    gaps = _gaps_by_patient(floats(values), truth, codes, bins)
    sizes = tally(codes)
    gap = gaps.sum(axis=0) / len(codes)
    replicates = resampled_means(gaps, sizes, drawn.repeats, drawn.seed)
    estimate = float(np.abs(gap).sum())
    tail = (1 - drawn.level) / 2
    distance = float(np.quantile(np.abs(replicates - gap).sum(axis=1), 1 - tail))
    lowest = float(np.quantile(np.abs(replicates).sum(axis=1), tail))
    return Bounds(max(0.0, estimate - distance), min(1.0, max(estimate, 2 * estimate - lowest)))


def equal_count_ece(counts: ScoreCounts, bins: int = DEFAULT_BINS) -> float:
    """Return the expected calibration error over bins of equal count."""
    return expected_calibration_error(binned(counts, equal_count_edges(counts, bins)))


def spiegelhalter(values: ArrayLike, truth: ArrayLike, patients: Labels | None = None) -> Spiegelhalter:
    """Return Spiegelhalter's test of calibration.

    With several units a patient, Z is divided by the square root of the design effect of its terms by patient, at
    least 1, so that every unit doubled gives the Z of the units before doubling.

    Args:
        values: scores float[n] in 0..1.
        truth: reference standard bool[n].
        patients: labels [n]; every unit a patient of its own when left out.

    Raises:
        ValueError: when every score is 0, 1/2 or 1, where the statistic does not exist.
    """
    scores, positive = floats(values), flags(truth)
    same_length(scores, positive)
    terms = (positive - scores) * (1 - 2 * scores)
    spread = float(((1 - 2 * scores) ** 2 * scores * (1 - scores)).sum())
    if spread <= 0.0:
        raise ValueError("every score is 0, 1/2 or 1: the statistic does not exist")
    effect = 1.0 if patients is None else _design_effect(terms, patients)
    z = float(terms.sum()) / math.sqrt(spread * effect)
    return Spiegelhalter(z, normal_two_sided(z))


def _design_effect(terms: FloatArray, patients: Labels) -> float:
    codes = codes_of(patients)
    same_length(terms, codes)
    alone = float((terms**2).sum())
    return max(1.0, float((sums_by(codes, terms) ** 2).sum()) / alone) if alone else 1.0


def _gaps_by_patient(scores: FloatArray, truth: ArrayLike, codes: IntArray, bins: int) -> FloatArray:
    """Return the sum of truth - score per patient and bin, float64[m, bins]."""
    positive = flags(truth)
    same_length(scores, positive, codes)
    place = bin_of(scores, equal_count_edges(score_counts(scores, positive), bins))
    patients = int(codes.max()) + 1
    flat = sums_by(codes * bins + place, positive - scores, patients * bins)
    return flat.reshape(patients, bins)
