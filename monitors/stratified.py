"""A difference of two shares within strata: Mantel and Haenszel's, which what differs between strata cannot make.

Sources: Mantel & Haenszel, J Natl Cancer Inst 1959;22:719 (the test, with the correction for continuity); Greenland &
Robins, Biometrics 1985;41:55 (the difference); Sato, Biometrics 1989;45:1323 (its variance, for few large and many
small strata).
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from validation.statistics.distributions import critical_value, normal_two_sided
from validation.statistics.proportions import Bounds, ClusteredShare

_Floats = npt.NDArray[np.float64]


class Stratified(NamedTuple):
    """A difference within strata, its interval, the test's two-sided p-value, and the strata that hold both sides."""

    difference: float
    bounds: Bounds
    p_value: float
    strata: int


def stratified_difference(
    pairs: Sequence[tuple[ClusteredShare | None, ClusteredShare | None]], level: float = 0.95
) -> Stratified | None:
    """Return the difference, first less second, of shares within strata.

    Each clustered share counts as its effective number of units.

    Args:
        pairs: the two shares of each stratum; None where a side has no unit, and the stratum says nothing.
        level: confidence level.

    Returns:
        The difference; None where no stratum holds both sides, or nothing varies.
    """
    sides = [(first, second) for first, second in pairs if first and second]
    if not sides:
        return None
    n1, n0 = (np.array([pair[at].effective_n for pair in sides]) for at in (0, 1))
    x1, x0 = (np.array([pair[at].value * pair[at].effective_n for pair in sides]) for at in (0, 1))
    total = n1 + n0
    weight = float((n1 * n0 / total).sum())
    difference = float(((x1 * n0 - x0 * n1) / total).sum()) / weight
    p = float(((n1**2 * x0 - n0**2 * x1 + n1 * n0 * (n0 - n1) / 2) / total**2).sum())
    q = float(((x1 * (n0 - x0) + x0 * (n1 - x1)) / (2 * total)).sum())
    variance = (difference * p + q) / weight**2
    if variance <= 0:
        return None
    error = math.sqrt(variance)
    half = critical_value(level) * error
    bounds = Bounds(max(-1.0, difference - half), min(1.0, difference + half))
    excess = float((x1 - n1 * (x1 + x0) / total).sum())
    return Stratified(difference, bounds, _p_value(excess, (n1, n0), x1 + x0), len(sides))


def _p_value(excess: float, sizes: tuple[_Floats, _Floats], hits: _Floats) -> float:
    """Return the p-value of the successes of the first sides beyond what their strata would give them."""
    n1, n0 = sizes
    total = n1 + n0
    variance = float((n1 * n0 * hits * (total - hits) / (total**2 * np.maximum(total - 1, 1))).sum())
    return normal_two_sided(max(0.0, abs(excess) - 0.5) / math.sqrt(variance)) if variance > 0 else 1.0
