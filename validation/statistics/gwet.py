"""Gwet's AC1: chance-corrected agreement that keeps its meaning where one category is rare.

Source: Gwet, Br J Math Stat Psychol 2008;61:29, with its variance.
"""

import math

import numpy as np
from numpy.typing import ArrayLike

from validation.statistics.agreement import Kappa
from validation.statistics.distributions import critical_value
from validation.statistics.proportions import Bounds


def gwet_ac1(table: ArrayLike, level: float = 0.95) -> Kappa:
    """Return AC1 of a square table int[k, k] of two ratings of the same units, which must be independent.

    Raises:
        ValueError: when the table is not square with two categories at least, holds a negative count, or no unit.
    """
    counts = np.asarray(table, dtype=np.float64)
    if counts.ndim != 2 or counts.shape[0] != counts.shape[1] or len(counts) < 2:
        raise ValueError("agreement needs a square table of two categories at least")
    if not (counts >= 0).all() or not 0 < counts.sum() < math.inf:
        raise ValueError("agreement needs counts, and one unit at least")
    n, q = float(counts.sum()), len(counts)
    share = counts / n
    use = (share.sum(axis=0) + share.sum(axis=1)) / 2
    observed, expected = float(np.trace(share)), float((use * (1 - use)).sum()) / (q - 1)
    value = (observed - expected) / (1 - expected)
    pair = 1 - (use[:, None] + use[None, :]) / 2
    linear = float((np.diag(share) * (1 - use)).sum()) / (q - 1) - observed * expected
    square = float((share * pair**2).sum()) / (q - 1) ** 2 - expected**2
    gap = 1 - value
    spread = observed * (1 - observed) - 4 * gap * linear + 4 * gap**2 * square
    variance = spread / (n * (1 - expected) ** 2)
    error = math.sqrt(variance) if variance > 0 else None
    half = None if error is None else critical_value(level) * error
    bounds = None if half is None else Bounds(max(-1.0, value - half), min(1.0, value + half))
    return Kappa(value, error, bounds, observed, expected, int(n))
