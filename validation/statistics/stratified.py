"""Stratified tables: Cochran, Mantel and Haenszel's test and common odds ratio over strata such as sites.

Sources: Mantel & Haenszel, J Natl Cancer Inst 1959;22:719; Robins, Breslow & Greenland, Biometrics 1986;42:311.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from validation.statistics.arrays import FloatArray
from validation.statistics.distributions import chi_square_tail, critical_value
from validation.statistics.proportions import Bounds


class MantelHaenszel(NamedTuple):
    """The test (1 degree of freedom), its p-value, the common odds ratio, its interval (None at 0 or infinity)."""

    chi_square: float
    p_value: float
    odds_ratio: float
    bounds: Bounds | None


def mantel_haenszel(tables: ArrayLike, *, corrected: bool = True, level: float = 0.95) -> MantelHaenszel:
    """Return the test of no association within strata.

    Args:
        tables: counts float[k, 2, 2], one 2 x 2 table a stratum; strata that say nothing are left out.
        corrected: whether to apply the continuity correction.
        level: confidence level of the odds ratio's interval.

    Raises:
        ValueError: when the shape is another, a count is negative, or no stratum has both rows and both columns.
    """
    counts = np.asarray(tables, dtype=np.float64)
    if counts.ndim != 3 or counts.shape[1:] != (2, 2) or (counts < 0).any():
        raise ValueError("the test takes 2 x 2 tables of counts, one a stratum")
    rows, columns = counts.sum(axis=2), counts.sum(axis=1)
    counts = counts[(rows > 0).all(axis=1) & (columns > 0).all(axis=1)]
    if not len(counts):
        raise ValueError("no stratum has both rows and both columns")
    rows, columns, n = counts.sum(axis=2), counts.sum(axis=1), counts.sum(axis=(1, 2))
    expected = rows[:, 0] * columns[:, 0] / n
    variance = rows.prod(axis=1) * columns.prod(axis=1) / (n**2 * (n - 1))
    gap = abs(float((counts[:, 0, 0] - expected).sum()))
    chi_square = max(0.0, gap - 0.5 * corrected) ** 2 / float(variance.sum())
    across = counts[:, 0, 0] * counts[:, 1, 1] / n
    against = counts[:, 0, 1] * counts[:, 1, 0] / n
    ratio = math.inf if against.sum() == 0 else float(across.sum() / against.sum())
    bounds = _bounds(counts, ratio, level) if 0 < ratio < math.inf else None
    return MantelHaenszel(chi_square, chi_square_tail(chi_square, 1), ratio, bounds)


def _bounds(counts: FloatArray, ratio: float, level: float) -> Bounds:
    n = counts.sum(axis=(1, 2))
    p, q = (counts[:, 0, 0] + counts[:, 1, 1]) / n, (counts[:, 0, 1] + counts[:, 1, 0]) / n
    r, s = counts[:, 0, 0] * counts[:, 1, 1] / n, counts[:, 0, 1] * counts[:, 1, 0] / n
    total_r, total_s = float(r.sum()), float(s.sum())
    variance = (
        float((p * r).sum()) / (2 * total_r**2)
        + float((p * s + q * r).sum()) / (2 * total_r * total_s)
        + float((q * s).sum()) / (2 * total_s**2)
    )
    half = critical_value(level) * math.sqrt(variance)
    return Bounds(ratio * math.exp(-half), ratio * math.exp(half))
