"""Gwet's AC1: chance-corrected agreement that keeps its meaning where one category is rare.

Source: Gwet, Br J Math Stat Psychol 2008;61:29, with its variance.
"""

import numpy as np
from numpy.typing import ArrayLike

from validation.statistics.agreement import Kappa, chance_corrected, checked_tables, shares


def gwet_ac1(table: ArrayLike, level: float = 0.95) -> Kappa:
    """Return AC1 of two ratings of the same units.

    Args:
        table: int[k, k] of independent units, or int[p, k, k], one table a patient.
        level: confidence level.

    Raises:
        ValueError: when the table is not square with two categories at least, holds a negative count, or no unit.
    """
    counts = checked_tables(table)
    share, q = shares(counts), counts.shape[-1]
    if q < 2:
        raise ValueError("agreement needs a square table of two categories at least")
    use = (share.sum(axis=0) + share.sum(axis=1)) / 2
    observed, expected = float(np.trace(share)), float((use * (1 - use)).sum()) / (q - 1)
    value = (observed - expected) / (1 - expected)
    by_chance = 2 * (1 - (use[:, None] + use[None, :]) / 2) / (q - 1)  # up to a constant
    influence = (np.eye(q) - (1 - value) * by_chance) / (1 - expected)
    return chance_corrected(counts, influence, (observed, expected), level)
