"""Agreement: kappa of two readers or of a model and a reader, and McNemar's test of paired decisions.

Sources: Cohen, Educ Psychol Meas 1960;20:37 and Psychol Bull 1968;70:213 (weights); Fleiss, Cohen & Everitt, Psychol
Bull 1969;72:323 (variance); McNemar, Psychometrika 1947;12:153. Where one patient has several units, one table a
patient is given: the variance is then that of the patients' sums of each unit's influence, which is the classical one
where every patient has one unit.
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
    """Return kappa of two ratings of the same units.

    Args:
        table: int[k, k] of independent units, or int[p, k, k], one table a patient.
        weights: of categories that differ.
        level: confidence level.

    Raises:
        ValueError: when the table is not square, holds a negative count or no unit, or uses one category alone.
    """
    counts = checked_tables(table)
    share = shares(counts)
    rows, columns = share.sum(axis=1), share.sum(axis=0)
    weight = _weights(len(share), weights)
    observed, expected = float((weight * share).sum()), float((weight * np.outer(rows, columns)).sum())
    if expected >= 1.0:
        raise ValueError("both ratings use one category alone: kappa does not exist")
    value = (observed - expected) / (1 - expected)
    mean = (weight @ columns)[:, None] + (rows @ weight)[None, :]
    influence = (weight - mean * (1 - value)) / (1 - expected)
    return chance_corrected(counts, influence, (observed, expected), level)


def chance_corrected(counts: FloatArray, influence: FloatArray, agreements: tuple[float, float], level: float) -> Kappa:
    """Return a chance-corrected agreement with its interval.

    Args:
        counts: from `checked_tables`.
        influence: of a unit in each cell on the value, float64[k, k], up to a constant.
        agreements: observed, and expected by chance.
        level: confidence level.
    """
    observed, expected = agreements
    value, n = (observed - expected) / (1 - expected), float(counts.sum())
    centred = influence - float((shares(counts) * influence).sum())
    if counts.ndim == 2:
        variance = float((counts * centred**2).sum()) / n**2
    else:
        variance = float((np.tensordot(counts, centred, axes=2) ** 2).sum()) / n**2
    error = math.sqrt(variance) if variance > 1e-30 else None
    half = None if error is None else critical_value(level) * error
    bounds = None if half is None else Bounds(max(-1.0, value - half), min(1.0, value + half))
    return Kappa(value, error, bounds, observed, expected, int(n))


def checked_tables(table: ArrayLike) -> FloatArray:
    """Return counts float64[k, k], or float64[p, k, k] with one table a patient.

    Raises:
        ValueError: when the tables are not square, hold a negative count, or no unit.
    """
    counts = np.asarray(table, dtype=np.float64)
    if counts.ndim not in (2, 3) or counts.shape[-2] != counts.shape[-1]:
        raise ValueError("agreement needs a square table")
    if not (counts >= 0).all() or not 0 < counts.sum() < math.inf:
        raise ValueError("agreement needs counts, and one unit at least")
    return counts


def shares(counts: FloatArray) -> FloatArray:
    """Return the share of all units in each cell float64[k, k]."""
    whole = counts if counts.ndim == 2 else counts.sum(axis=0)
    return np.asarray(whole / whole.sum(), dtype=np.float64)


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


def _weights(k: int, weights: Weights) -> FloatArray:
    distance = np.abs(np.subtract.outer(np.arange(k), np.arange(k))) / max(1, k - 1)
    kinds = {
        Weights.UNWEIGHTED: np.eye(k),
        Weights.LINEAR: 1 - distance,
        Weights.QUADRATIC: 1 - distance**2,
    }
    return kinds[weights]
