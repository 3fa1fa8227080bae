"""Audit samples: inference from the few units whose truth was established, helped by what the model said of all.

Sources: Horvitz & Thompson, J Am Stat Assoc 1952;47:663; Angelopoulos et al., Science 2023;382:669 (prediction-powered
inference) and arXiv 2311.01453 (its tuning); Särndal, Swensson & Wretman 1992 (difference estimator, linearised ratio).
The model's scores only shrink the interval: the estimate is unbiased however wrong they are, because the sampled units
correct them.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from validation.statistics.arrays import FloatArray, IntArray, Labels, codes_of, flags, floats, same_length, sums_by
from validation.statistics.distributions import critical_value
from validation.statistics.proportions import Bounds, wilson_of_share


@dataclass(frozen=True)
class AuditedMean:
    """A mean with its standard error and normal interval; `strength` is how far predictions were relied on, 0..1."""

    value: float
    error: float
    bounds: Bounds
    strength: float
    n_labelled: int
    n: int


@dataclass(frozen=True)
class AuditedShare:
    """A share among units of one kind.

    Attributes:
        value: the estimate; `bounds` is Wilson's interval on `effective_n` units.
        error: standard error by patient.
        strength: how far the predictions were relied on, 0..1; at 0 it is Hájek's estimate.
        n_sampled, n: audited units, all units.
    """

    value: float
    bounds: Bounds
    error: float
    effective_n: float
    strength: float
    n_sampled: int
    n: int


def prediction_powered_mean(
    truth: ArrayLike,
    predicted: ArrayLike,
    predicted_elsewhere: ArrayLike,
    strength: float | None = None,
    level: float = 0.95,
) -> AuditedMean:
    """Return the mean of the truth over a population of which a random sample is labelled.

    Args:
        truth: float[n] of the labelled units.
        predicted: float[n] of the same units.
        predicted_elsewhere: float[N] of the unlabelled units.
        strength: weight of the predictions; 0 gives the classical mean, 1 the plain method; tuned when left out.
        level: confidence level.

    Raises:
        ValueError: when fewer than two units are labelled, or none is unlabelled.
    """
    y, f, g = floats(truth), floats(predicted), floats(predicted_elsewhere)
    same_length(y, f)
    if len(y) < 2 or len(g) < 1:
        raise ValueError("two labelled units and one unlabelled unit are needed")
    n, m = len(y), len(g)
    weight = _tuned(y, f, g) if strength is None else strength
    value = weight * float(g.mean()) + float((y - weight * f).mean())
    variance = weight**2 * float(g.var()) / m + float((y - weight * f).var()) / n
    half = critical_value(level) * math.sqrt(variance)
    return AuditedMean(value, math.sqrt(variance), Bounds(value - half, value + half), weight, n, n + m)


def horvitz_thompson_total(values: ArrayLike, fractions: ArrayLike, level: float = 0.95) -> AuditedMean:
    """Return the total of a population from units drawn independently with known sampling fractions.

    Args:
        values: float[n] of the sampled units.
        fractions: their sampling fractions float[n], above 0 and up to 1.
        level: confidence level.

    Raises:
        ValueError: when a fraction lies outside 0..1, or nothing was sampled.
    """
    y, fraction = floats(values), _fractions(fractions)
    same_length(y, fraction)
    if not len(y):
        raise ValueError("nothing was sampled")
    total = float((y / fraction).sum())
    error = math.sqrt(float(((1 - fraction) / fraction**2 * y**2).sum()))
    half = critical_value(level) * error
    return AuditedMean(total, error, Bounds(total - half, total + half), 0.0, len(y), len(y))


def audited_share(
    hits: ArrayLike,
    kind: ArrayLike,
    expected: ArrayLike,
    sampled: ArrayLike,
    fractions: ArrayLike,
    patients: Labels,
    strength: float | None = None,
    level: float = 0.95,
) -> AuditedShare:
    """Return the share of hits among units of a kind that only an audit can tell, such as called positive among true.

    Args:
        hits: what is known of every unit, bool[n]: for sensitivity, called positive.
        kind: whether a unit is of the kind, bool[n]; read only where it was sampled.
        expected: the model's probability of the kind, float[n] in 0..1, of every unit.
        sampled: whether a unit was audited, bool[n].
        fractions: sampling fractions float[n]; read only where sampled.
        patients: labels [n].
        strength: weight of the expectations; 0 leaves them out; tuned when left out.
        level: confidence level.

    Raises:
        ValueError: when no audited unit is of the kind, a fraction lies outside 0..1, or lengths differ.
    """
    drawn, hit, known = flags(sampled), flags(hits).astype(np.float64), flags(kind)
    prior, codes = floats(expected), codes_of(patients)
    same_length(drawn, hit, known, prior, codes)
    weight = np.zeros(len(drawn))
    weight[drawn] = 1 / _fractions(np.asarray(fractions, dtype=np.float64)[drawn])
    of_kind = (drawn & known).astype(np.float64) * weight
    if not of_kind.sum() > 0:
        raise ValueError("no audited unit is of the kind: the share is not known")
    value = float((hit * of_kind).sum() / of_kind.sum())
    relied = _relied(value, hit, of_kind, prior * (1 - weight), codes) if strength is None else strength
    mass = of_kind + relied * prior * (1 - weight)
    if mass.sum() <= 0:
        relied, mass = 0.0, of_kind
    value = min(1.0, max(0.0, float((hit * mass).sum() / mass.sum())))
    error = _clustered_error(mass * (hit - value), codes) / float(mass.sum())
    size = value * (1 - value) / error**2 if error > 0 and 0 < value < 1 else _least_size(of_kind, weight)
    bounds = wilson_of_share(value, size, level)
    return AuditedShare(value, bounds, error, size, relied, int(drawn.sum()), len(drawn))


def _tuned(y: FloatArray, f: FloatArray, g: FloatArray) -> float:
    """Return the weight of the predictions that makes the variance least, within 0..1."""
    both = np.concatenate([f, g])
    spread = float(both.var())
    if spread == 0:
        return 0.0
    shared = float(((y - y.mean()) * (f - f.mean())).mean())
    return min(1.0, max(0.0, shared / ((1 + len(y) / len(g)) * spread)))


def _relied(value: float, hit: FloatArray, audited: FloatArray, rest: FloatArray, codes: IntArray) -> float:
    """Return the weight of the expectations that makes the linearised variance least, within 0..1."""
    first, second = (sums_by(codes, mass * (hit - value)) for mass in (audited, rest))
    square = float(second @ second)
    return 0.0 if square == 0 else min(1.0, max(0.0, -float(first @ second) / square))


def _clustered_error(terms: FloatArray, codes: IntArray) -> float:
    sums = sums_by(codes, terms)
    m = int((np.bincount(codes) > 0).sum())
    return math.sqrt(m / max(1, m - 1) * float((sums**2).sum()))


def _least_size(of_kind: FloatArray, weight: FloatArray) -> float:
    """Return what a share of 0 or 1 is worth: as many units as if each stood for the most that any sampled one does."""
    return float(of_kind.sum() / weight.max())


def _fractions(values: ArrayLike) -> FloatArray:
    fraction = floats(values)
    if ((fraction <= 0) | (fraction > 1)).any():
        raise ValueError("a sampling fraction lies above 0 and up to 1")
    return fraction
