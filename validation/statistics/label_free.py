"""Performance without labels, from calibrated scores: what the model claims of itself.

Sources: confidence-based performance estimation as in NannyML (CBPE); Garg et al., ICLR 2022 on what such estimates can
know. The scores are recalibrated on a labelled reference (Cox's line), and the estimate holds only while that
calibration does. It sees a change of case mix; it cannot see that disease looks other than before (concept shift).
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from validation.statistics.arrays import (
    BoolArray,
    FloatArray,
    IntArray,
    Labels,
    codes_of,
    flags,
    floats,
    same_length,
    sums_by,
)
from validation.statistics.cox import fit_line, line_covariance, obstacle
from validation.statistics.distributions import chi_square_tail, critical_value
from validation.statistics.proportions import Bounds
from validation.statistics.score_bins import bin_of, equal_count_edges, score_counts

_STEP = 1e-5
_BINS = 10


class CalibrationCheck(NamedTuple):
    """Hosmer and Lemeshow's test of the recalibrated scores on the reference, divided by the design effect."""

    chi_square: float
    df: int
    p_value: float


@dataclass(frozen=True, eq=False)
class Calibrator:
    """Cox's line of a reference: probability = expit(line[0] + line[1] logit score), its covariance, its check."""

    line: FloatArray
    covariance: FloatArray
    check: CalibrationCheck
    n: int

    def probabilities(self, scores: FloatArray, line: FloatArray | None = None) -> FloatArray:
        """Return probabilities float[n] of scores float[n] strictly inside 0..1."""
        at = self.line if line is None else line
        eta = at[0] + at[1] * (np.log(scores) - np.log1p(-scores))
        return np.asarray(np.exp(-np.logaddexp(0, -eta)), dtype=np.float64)


class ClaimedShare(NamedTuple):
    """An estimate without labels and its interval, which holds if the calibration does."""

    value: float
    bounds: Bounds


class Claimed(NamedTuple):
    """What calibrated scores claim: area, sensitivity, specificity."""

    auc: ClaimedShare
    sensitivity: ClaimedShare
    specificity: ClaimedShare


def calibrator(scores: ArrayLike, truth: ArrayLike, patients: Labels) -> Calibrator:
    """Fit the calibration of a labelled reference and check it.

    Args:
        scores: float[n] strictly inside 0..1.
        truth: reference standard bool[n].
        patients: labels [n].

    Raises:
        ValueError: when the line does not exist (one class, one score, separated classes), with the reason.
    """
    values, positive, codes = floats(scores), flags(truth), codes_of(patients)
    same_length(values, positive, codes)
    counts = score_counts(values, positive)
    line = None if obstacle(counts) else fit_line(counts)
    if line is None:
        raise ValueError(obstacle(counts) or "the fit did not converge")
    covariance = line_covariance(line, values, positive, codes)
    if covariance is None:
        raise ValueError("a calibration needs two patients")
    plain = Calibrator(line, covariance, CalibrationCheck(0.0, 1, 1.0), len(values))
    return Calibrator(line, covariance, _check(plain.probabilities(values), positive, codes), len(values))


def claimed_performance(
    fitted: Calibrator, scores: ArrayLike, called: ArrayLike, patients: Labels, level: float = 0.95
) -> Claimed:
    """Estimate a model's performance on units without labels.

    Args:
        fitted: calibration of a labelled reference.
        scores: float[n] strictly inside 0..1 of the units.
        called: whether the model called them positive, bool[n].
        patients: labels [n].
        level: confidence level.

    Raises:
        ValueError: when there is no unit, or the lengths differ.
    """
    values, positive, codes = floats(scores), flags(called), codes_of(patients)
    same_length(values, positive, codes)
    if not len(values):
        raise ValueError("there is no unit to estimate from")
    found = []
    for kind in (_area_terms, _sensitivity_terms, _specificity_terms):
        value, terms = kind(fitted.probabilities(values), values, positive)
        slope = np.zeros(2)
        for at in range(2):
            ends = [fitted.line + sign * _STEP * np.eye(2)[at] for sign in (1, -1)]
            moved = [kind(fitted.probabilities(values, end), values, positive)[0] for end in ends]
            slope[at] = (moved[0] - moved[1]) / (2 * _STEP)
        variance = float((sums_by(codes, terms) ** 2).sum()) + float(slope @ fitted.covariance @ slope)
        half = critical_value(level) * math.sqrt(variance)
        found.append(ClaimedShare(value, Bounds(max(0.0, value - half), min(1.0, value + half))))
    return Claimed(*found)


def _sensitivity_terms(p: FloatArray, _: FloatArray, called: BoolArray) -> tuple[float, FloatArray]:
    """Return the expected sensitivity and each unit's influence on it, float64[n]."""
    value = float(p[called].sum() / p.sum())
    return value, p * (called - value) / p.sum()


def _specificity_terms(p: FloatArray, scores: FloatArray, called: BoolArray) -> tuple[float, FloatArray]:
    return _sensitivity_terms(1 - p, scores, ~called)


def _area_terms(p: FloatArray, scores: FloatArray, _: BoolArray) -> tuple[float, FloatArray]:
    """Return the expected area, ties one half, and each unit's influence on it, float64[n]."""
    cells, place = np.unique(scores, return_inverse=True)
    diseased, healthy = sums_by(place, p, len(cells)), sums_by(place, 1 - p, len(cells))
    below = (np.cumsum(healthy) - healthy / 2) / healthy.sum()
    above = (diseased.sum() - np.cumsum(diseased) + diseased / 2) / diseased.sum()
    value = float((diseased * below).sum() / diseased.sum())
    terms = p * (below[place] - value) / diseased.sum() + (1 - p) * (above[place] - value) / healthy.sum()
    return value, terms


def _check(p: FloatArray, truth: BoolArray, codes: IntArray) -> CalibrationCheck:
    """Test the recalibrated scores in ten bins of equal count; two degrees of freedom went to the line."""
    place = bin_of(p, equal_count_edges(score_counts(p, truth), _BINS))
    used, place = np.unique(place, return_inverse=True)
    residual, spread = truth - p, p * (1 - p)
    effect = max(1.0, float((sums_by(codes, residual) ** 2).sum()) / float((residual**2).sum()))
    sums, variance = sums_by(place, residual, len(used)), sums_by(place, spread, len(used))
    df = len(used) - 2
    if df < 1:
        return CalibrationCheck(0.0, 0, 1.0)
    chi_square = float((sums**2 / variance).sum()) / effect
    return CalibrationCheck(chi_square, df, chi_square_tail(chi_square, df))
