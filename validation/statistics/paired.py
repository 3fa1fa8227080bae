"""Two models on the same units: the difference of two shares, paired, and clustered by patient.

Sources: Tango, Stat Med 1998;17:891 (the score interval of a difference of paired shares); Rao & Scott, Biometrics
1992;48:577 (the effective sample size, here with the design effect of the per-unit differences).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from validation.statistics.arrays import FloatArray, IntArray, Labels, codes_of, flags, same_length, sums_by, tally
from validation.statistics.auc_interval import auc_interval
from validation.statistics.clustered import clustered_auc
from validation.statistics.comparisons import NO_VARIANCE, paired_comparison
from validation.statistics.distributions import critical_value
from validation.statistics.proportions import Bounds, difference_bounds

CLUSTERED_TANGO = "Tango (1998), paired, on the effective sample size by patient (Rao & Scott 1992)"
PAIRED_DELONG = "DeLong (1988), paired, by patient (Obuchowski 1997)"
WITHOUT_VARIANCE = "the two areas' own intervals combined (Zou & Donner 2008), as the difference has no variance"
_BISECTIONS = 60  # halves an interval of length 2 down to the precision of binary64


@dataclass(frozen=True)
class PairedDifference:
    """A difference of two models on the same units.

    Attributes:
        difference: first less second.
        bounds: its interval; None where none is valid.
        method: how the interval was computed, with its source.
        reason: why there is no interval; empty otherwise.
    """

    difference: float
    bounds: Bounds | None
    method: str
    reason: str = ""


def tango(gained: float, lost: float, n: float, level: float = 0.95) -> Bounds:
    """Return Tango's score interval of (gained - lost) / n.

    The bounds solve |b - c - n t| = z sqrt(n (2 q + t (1 - t))), where q is the likeliest share of lost units at the
    difference t. With effective, fractional counts it is the interval of that many independent units.

    Args:
        gained: units that only the first model got right, b.
        lost: units that only the second model got right, c.
        n: all units.
        level: confidence level.

    Raises:
        ValueError: when n is not positive, or the counts do not fit in it.
    """
    if not n > 0 or min(gained, lost) < 0 or gained + lost > n * (1 + 1e-12):
        raise ValueError(f"{gained} gained and {lost} lost of {n} units")
    z, d = critical_value(level), (gained - lost) / n
    low = _crossing(-1.0, d, lambda t: gained - lost - n * t - z * _spread(gained, lost, n, t))
    high = -_crossing(-1.0, -d, lambda t: lost - gained - n * t - z * _spread(lost, gained, n, t))
    return Bounds(low, high)


def paired_shares(first: ArrayLike, second: ArrayLike, patients: Labels, level: float = 0.95) -> PairedDifference:
    """Return the difference of the shares of successes of two models on the same units, clustered by patient.

    With one unit a patient the interval is Tango's; with every unit doubled it is that of the units before doubling.

    Args:
        first: successes bool[n] of the first model.
        second: successes bool[n] of the second model.
        patients: labels [n].
        level: confidence level.

    Raises:
        ValueError: when there is no unit, or the lengths differ.
    """
    one, other, codes = flags(first), flags(second), codes_of(patients)
    same_length(one, other, codes)
    n = len(one)
    if n == 0:
        raise ValueError("a difference of no units has no interval")
    steps = one.astype(np.int64) - other.astype(np.int64)
    effective = _effective_n(steps.astype(np.float64), codes)
    share = effective / n
    gained, lost = int((steps > 0).sum()), int((steps < 0).sum())
    bounds = tango(gained * share, lost * share, effective, level)
    return PairedDifference((gained - lost) / n, bounds, CLUSTERED_TANGO)


def paired_areas(
    first_q: ArrayLike, second_q: ArrayLike, truth: ArrayLike, patients: Labels, level: float = 0.95
) -> PairedDifference:
    """Return the difference of two areas on the same units by DeLong, clustered by patient.

    Where the difference has no variance, as between two perfect areas, the intervals of both are combined as if they
    were independent, which is wider than any paired one.

    Args:
        first_q: cells int[n] of the first model.
        second_q: cells int[n] of the second model.
        truth: reference standard bool[n].
        patients: labels [n].
        level: confidence level.

    Raises:
        ValueError: when a class is empty, or the lengths differ.
    """
    found = paired_comparison(first_q, second_q, truth, patients, level)
    if found.bounds is not None or found.reason != NO_VARIANCE:
        return PairedDifference(found.difference, found.bounds, PAIRED_DELONG, found.reason)
    areas = [clustered_auc(q, truth, patients) for q in (first_q, second_q)]
    own = [auc_interval(area, level) for area in areas]
    if own[0] is None or own[1] is None:
        return PairedDifference(found.difference, None, PAIRED_DELONG, found.reason)
    bounds = difference_bounds(areas[0].auc, own[0], areas[1].auc, own[1])
    return PairedDifference(found.difference, bounds, WITHOUT_VARIANCE)


def _spread(gained: float, lost: float, n: float, t: float) -> float:
    """Return sqrt(n (2 q + t (1 - t))) with the likeliest share of lost units q at the difference t."""
    b = -gained - lost + (2 * n - gained + lost) * t
    c = -lost * t * (1 - t)
    q = (math.sqrt(max(0.0, b * b - 8 * n * c)) - b) / (4 * n)
    return math.sqrt(max(0.0, n * (2 * q + t * (1 - t))))


def _crossing(low: float, high: float, excess: Callable[[float], float]) -> float:
    """Return where a falling function crosses zero between a point above it and a point below it."""
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        low, high = (middle, high) if excess(middle) > 0 else (low, middle)
    return low


def _effective_n(steps: FloatArray, codes: IntArray) -> float:
    """Return n over the design effect of per-unit differences, at least 1; without spread every patient counts once."""
    sizes = tally(codes)
    mean = float(steps.mean())
    apart = float(((steps - mean) ** 2).sum())
    if apart == 0.0:
        return float(len(sizes))
    together = float(((sums_by(codes, steps) - mean * sizes) ** 2).sum())
    return len(steps) * min(1.0, apart / together) if together > 0 else float(len(steps))
