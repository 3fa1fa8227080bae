"""Cox's calibration line: the logistic regression of truth on the score's logit.

Slope 1 and intercept 0 mean calibrated; a slope below 1 means scores too extreme. Source: Cox, Biometrika 1958;45:562;
intervals by the sandwich variance over patients (Liang & Zeger 1986) with the factor m / (m - 1).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from validation.statistics.arrays import FloatArray, Labels, codes_of, expit, flags, floats, same_length, sums_by
from validation.statistics.distributions import critical_value
from validation.statistics.proportions import Bounds
from validation.statistics.score_bins import ScoreCounts, score_counts

NEEDS_BOTH = "the line needs units of both classes"
NEEDS_SPREAD = "the line needs two different scores"
NEEDS_INSIDE = "a score of 0 or 1 has no logit"
SEPARATED = "the scores separate the classes: the line has no finite slope"
NOT_CONVERGED = "the fit did not converge"
_ROUNDS = 100
_TOLERANCE = 1e-11


@dataclass(frozen=True)
class CoxLine:
    """Slope and intercept with their intervals; None with a reason where the line does not exist."""

    slope: float | None = None
    intercept: float | None = None
    slope_bounds: Bounds | None = None
    intercept_bounds: Bounds | None = None
    reason: str = ""


def cox_line(
    values: ArrayLike,
    truth: ArrayLike,
    patients: Labels | None = None,
    level: float = 0.95,
) -> CoxLine:
    """Fit the calibration line.

    Args:
        values: scores float[n] strictly inside 0..1.
        truth: reference standard bool[n].
        patients: labels [n]; every unit a patient of its own when left out.
        level: confidence level of the intervals.

    Raises:
        ValueError: when there is no unit, a score lies outside 0..1, or the lengths differ.
    """
    scores, positive = floats(values), flags(truth)
    counts = score_counts(scores, positive)
    if reason := obstacle(counts):
        return CoxLine(reason=reason)
    line = fit_line(counts)
    if line is None:
        return CoxLine(reason=NOT_CONVERGED)
    codes = np.arange(len(scores)) if patients is None else codes_of(patients)
    same_length(scores, codes)
    errors = _standard_errors(line, scores, positive, codes)
    if errors is None:
        return CoxLine(float(line[1]), float(line[0]), reason="an interval needs two patients")
    half = critical_value(level) * errors
    around = [Bounds(float(at - by), float(at + by)) for at, by in zip(line, half, strict=True)]
    return CoxLine(float(line[1]), float(line[0]), around[1], around[0])


def obstacle(counts: ScoreCounts) -> str:
    """Say why the line does not exist; empty where it does."""
    with_positive, with_negative = counts.values[counts.positive > 0], counts.values[counts.negative > 0]
    if not len(with_positive) or not len(with_negative):
        return NEEDS_BOTH
    if len(counts.values) < 2:
        return NEEDS_SPREAD
    if counts.values[0] <= 0.0 or counts.values[-1] >= 1.0:
        return NEEDS_INSIDE
    apart = with_negative.max() <= with_positive.min() or with_positive.max() <= with_negative.min()
    return SEPARATED if apart else ""


def fit_line(counts: ScoreCounts) -> FloatArray | None:
    """Return intercept and slope float64[2] by Newton's method with halved steps; None without convergence."""
    design = _design(counts.values)
    line = np.array([0.0, 1.0])
    for _ in range(_ROUNDS):
        step = _newton_step(line, design, counts)
        if step is None:
            return None
        line = line + _shortened(step, line, design, counts)
        if np.abs(step).max() <= _TOLERANCE * max(1.0, float(np.abs(line).max())):
            return line
    return None


def _newton_step(line: FloatArray, design: FloatArray, counts: ScoreCounts) -> FloatArray | None:
    share = expit(design @ line)
    score = design.T @ (counts.positive - counts.units * share)
    try:
        step = np.linalg.solve(_information(design, counts.units * share * (1 - share)), score)
    except np.linalg.LinAlgError:
        return None
    return step.astype(np.float64)


def _shortened(step: FloatArray, line: FloatArray, design: FloatArray, counts: ScoreCounts) -> FloatArray:
    """Halve a step until the likelihood does not fall."""
    start = _log_likelihood(line, design, counts)
    for _ in range(30):
        if _log_likelihood(line + step, design, counts) >= start - 1e-9 * abs(start):
            break
        step = step / 2
    return step


def _log_likelihood(line: FloatArray, design: FloatArray, counts: ScoreCounts) -> float:
    eta = design @ line
    return -float(counts.positive @ np.logaddexp(0, -eta) + counts.negative @ np.logaddexp(0, eta))


def line_covariance(line: FloatArray, scores: FloatArray, truth: ArrayLike, codes: ArrayLike) -> FloatArray | None:
    """Return the sandwich covariance float64[2, 2] of intercept and slope by patient; None for one patient.

    Args:
        line: intercept and slope float64[2].
        scores: float[n] strictly inside 0..1.
        truth: reference standard bool[n].
        codes: patients int[n], numbered from 0.
    """
    design, patient = _design(scores), np.asarray(codes, dtype=np.int64)
    patients = int(patient.max()) + 1
    if patients < 2:
        return None
    share = expit(design @ line)
    residual = flags(truth) - share
    meat_of = np.stack([sums_by(patient, residual * column, patients) for column in design.T])
    bread = np.linalg.inv(_information(design, share * (1 - share)))
    variance = bread @ (meat_of @ meat_of.T) @ bread * (patients / (patients - 1))
    return np.asarray(variance, dtype=np.float64)


def _standard_errors(line: FloatArray, scores: FloatArray, truth: ArrayLike, codes: ArrayLike) -> FloatArray | None:
    variance = line_covariance(line, scores, truth, codes)
    return None if variance is None else np.sqrt(np.diag(variance))


def _information(design: FloatArray, weight: FloatArray) -> FloatArray:
    return (design * weight[:, None]).T @ design


def _design(values: FloatArray) -> FloatArray:
    return np.column_stack([np.ones(len(values)), np.log(values) - np.log1p(-values)])
