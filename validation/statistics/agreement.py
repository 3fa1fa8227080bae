"""Agreement: kappa of two readers or of a model and a reader, and McNemar's test of paired decisions.

Sources: Cohen, Educ Psychol Meas 1960;20:37 and Psychol Bull 1968;70:213 (weights); Fleiss, Cohen & Everitt, Psychol
Bull 1969;72:323 (variance); McNemar, Psychometrika 1947;12:153.
"""

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from validation.statistics.arrays import FloatArray
from validation.statistics.distributions import binomial_cdf, chi_square_tail, critical_value
from validation.statistics.proportions import Bounds


class Weights(StrEnum):
    """How far two categories agree: only when equal, or by their distance."""

    UNWEIGHTED = "unweighted"
    LINEAR = "linear"
    QUADRATIC = "quadratic"


@dataclass(frozen=True)
class Kappa:
    """Chance-corrected agreement; `bounds` is None where the variance does not exist."""

    value: float
    standard_error: float | None
    bounds: Bounds | None
    observed: float
    expected: float
    n: int


class McNemar(NamedTuple):
    """McNemar's test: chi-square with 1 degree of freedom, its p-value, and the exact binomial p-value."""

    chi_square: float
    p_value: float
    exact_p_value: float


def kappa(table: ArrayLike, weights: Weights = Weights.UNWEIGHTED, level: float = 0.95) -> Kappa:
    """Return kappa of a square table int[k, k] of two ratings of the same units, which must be independent.

    Raises:
        ValueError: when the table is not square, holds a negative count or no unit, or uses one category alone.
    """
    counts = _checked_table(table)
    n = counts.sum()
    share = counts / n
    rows, columns = share.sum(axis=1), share.sum(axis=0)
    weight = _weights(len(counts), weights)
    observed, expected = float((weight * share).sum()), float((weight * np.outer(rows, columns)).sum())
    if expected >= 1.0:
        raise ValueError("both ratings use one category alone: kappa does not exist")
    value = (observed - expected) / (1 - expected)
    variance = _kappa_variance(share, weight, value, expected) / float(n)
    error = math.sqrt(variance) if variance > 0 else None
    half = None if error is None else critical_value(level) * error
    bounds = None if half is None else Bounds(max(-1.0, value - half), min(1.0, value + half))
    return Kappa(value, error, bounds, observed, expected, int(n))


def mcnemar(first_only: int, second_only: int, *, corrected: bool = False) -> McNemar:
    """Return McNemar's test from the two discordant counts of paired decisions.

    Args:
        first_only: pairs in which only the first decision is positive.
        second_only: pairs in which only the second decision is positive.
        corrected: whether to apply Edwards' continuity correction.

    Raises:
        ValueError: when a count is negative, or no pair is discordant.
    """
    discordant = first_only + second_only
    if min(first_only, second_only) < 0 or not discordant:
        raise ValueError("the test needs discordant pairs")
    distance = max(0, abs(first_only - second_only) - corrected)
    chi_square = distance**2 / discordant
    exact = min(1.0, 2 * binomial_cdf(min(first_only, second_only), discordant, 0.5))
    return McNemar(chi_square, chi_square_tail(chi_square, 1), exact)


def _kappa_variance(share: FloatArray, weight: FloatArray, value: float, expected: float) -> float:
    """Return the large-sample variance times n (Fleiss, Cohen & Everitt 1969)."""
    rows, columns = share.sum(axis=1), share.sum(axis=0)
    mean = (weight @ columns)[:, None] + (rows @ weight)[None, :]
    first = float((share * (weight - mean * (1 - value)) ** 2).sum())
    return (first - (value - expected * (1 - value)) ** 2) / (1 - expected) ** 2


def _weights(k: int, weights: Weights) -> FloatArray:
    distance = np.abs(np.subtract.outer(np.arange(k), np.arange(k))) / max(1, k - 1)
    kinds = {
        Weights.UNWEIGHTED: np.eye(k),
        Weights.LINEAR: 1 - distance,
        Weights.QUADRATIC: 1 - distance**2,
    }
    return kinds[weights]


def _checked_table(table: ArrayLike) -> FloatArray:
    counts = np.asarray(table, dtype=np.float64)
    if counts.ndim != 2 or counts.shape[0] != counts.shape[1]:
        raise ValueError("agreement needs a square table")
    if not (counts >= 0).all() or not 0 < counts.sum() < math.inf:
        raise ValueError("agreement needs counts, and one unit at least")
    return counts
