"""Levels that a reference does not have: how many units of them are to be expected, and how many are too many?

Source: Good, Biometrika 1953;40:237: the chance that the next unit is of an unseen level is about the number of levels
seen once over the number of units. One is added to both, so that a reference without rare levels does not forbid any.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from validation.statistics.arrays import two_samples
from validation.statistics.proportions import Bounds, wilson


class NewLevels(NamedTuple):
    """Share of a window's units in unseen levels with Wilson's interval, the expected share, one-sided p, levels."""

    share: float
    bounds: Bounds
    expected: float
    p_value: float
    levels: int


def new_levels(window: ArrayLike, reference: ArrayLike) -> NewLevels:
    """Count the units of a window in levels that its reference lacks.

    Args:
        window: units per level int[k], independent ones.
        reference: units per level int[k], the same levels.

    Raises:
        ValueError: when a sample is empty, a count is negative, or the lengths differ.
    """
    from scipy.special import betainc  # noqa: PLC0415 - lazy: scipy is slow to import

    now, base = two_samples(window, reference)
    unseen = (base == 0) & (now > 0)
    hits, n = int(now[unseen].sum()), int(now.sum())
    expected = (int((base == 1).sum()) + 1) / (int(base.sum()) + 1)
    p_value = 1.0 if hits == 0 else float(betainc(hits, n - hits + 1, min(1.0, expected)))
    return NewLevels(hits / n, wilson(hits, n), expected, p_value, int(np.count_nonzero(unseen)))
