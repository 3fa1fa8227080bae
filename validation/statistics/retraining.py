"""Retrained models on a test set that grows: what a version learned, could have learned, and kept.

Source: FDA DIDSR, VIGILANT. Rows are versions of the model, columns the test sets of the same order. Retention weighs
the earlier test sets by exp(decay x (age of the set)), normalised to 1 as VIGILANT's code does (its README does not).
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from validation.statistics.arrays import FloatArray, floats, same_length

DECAY = 0.5  # VIGILANT's default


class Retraining(NamedTuple):
    """Of one version: `learning`, `potential`, `retention`, in the unit of the performance."""

    version: int
    learning: float
    potential: float
    retention: float


def retraining(performance: ArrayLike, decay: float = DECAY) -> list[Retraining]:
    """Return learning, potential and retention of every version but the first.

    Args:
        performance: float[v, v]: model version by test set; what lies right of the column after the diagonal is unused.
        decay: how fast older test sets lose weight; 0 weighs all alike.

    Returns:
        Learning P(i, i) - P(i-1, i), potential P(i-1, i-1) - P(i-1, i), retention the weighted mean of P(i, j), j < i.

    Raises:
        ValueError: when the table is not square, has one version only, or a value that is needed is missing.
    """
    table = np.asarray(performance, dtype=np.float64)
    if table.ndim != 2 or table.shape[0] != table.shape[1] or len(table) < 2:
        raise ValueError("performance is a square table of two versions at least and their test sets")
    if not np.isfinite(table[np.tril_indices(len(table))]).all() or not np.isfinite(np.diag(table, 1)).all():
        raise ValueError("a version is judged on its own, the earlier and the next test set: a value is missing")
    return [_of_version(table, at, decay) for at in range(1, len(table))]


def retrained(before: ArrayLike, now: ArrayLike, decay: float = DECAY) -> tuple[float, float, float]:
    """Return learning, potential and retention of one version.

    Args:
        before: performance float[s] of the version before it on s test sets, the oldest first; the last is its own.
        now: performance float[s] of the version itself on the same sets.
        decay: how fast older test sets lose weight.

    Raises:
        ValueError: when there are fewer than two sets, or not as many numbers of both.
    """
    old, new = floats(before), floats(now)
    same_length(old, new)
    if len(new) < 2:
        raise ValueError("a retrained version is judged on its own test set and on an earlier one")
    weights = retention_weights(len(new) - 1, decay)
    return float(new[-1] - old[-1]), float(old[-2] - old[-1]), float((weights * new[:-1]).sum())


def retention_weights(sets: int, decay: float = DECAY) -> FloatArray:
    """Return the weights float64[sets] of earlier test sets, the oldest first; they add up to 1."""
    weights = np.exp(decay * (np.arange(sets) - (sets - 1.0)))
    return np.asarray(weights / weights.sum(), dtype=np.float64)


def _of_version(table: FloatArray, at: int, decay: float) -> Retraining:
    return Retraining(at + 1, *retrained(table[at - 1, : at + 1], table[at, : at + 1], decay))
