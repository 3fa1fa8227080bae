"""Means of what was acquired, with the day as the block: series of one study, and one day's habits, are alike.

The families of acquisitions have no patient, so that their variance is taken between days (a ratio estimator over
days), which covers whatever makes one day's series alike; a patient who comes back on another day counts anew.
"""

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from monitors.counts import Family
from validation.statistics.distributions import student_critical_value, student_two_sided
from validation.statistics.proportions import Bounds

_Floats = npt.NDArray[np.float64]
LEAST_DAYS = 10  # below some ten blocks a variance between them is itself uncertain, as for patients


class DayMean(NamedTuple):
    """A mean over n rows of some days, its error between days, and the spread of single rows."""

    value: float
    error: float
    spread: float
    n: int
    days: int


class DayChange(NamedTuple):
    """A difference of two means with its interval and two-sided p-value (Welch's t over days)."""

    value: float
    bounds: Bounds
    p_value: float


def day_mean(family: Family, numbers: _Floats) -> DayMean | None:
    """Return the mean of one number a cell; None where fewer than ten days hold rows."""
    days, place = np.unique(family.codes_of("day"), return_inverse=True)
    if len(days) < LEAST_DAYS:
        return None
    sums, sizes = np.bincount(place, numbers * family.counts), np.bincount(place, family.counts)
    total, m = float(sizes.sum()), len(days)
    value = float(sums.sum()) / total
    error = math.sqrt(m / (m - 1) * float(((sums - value * sizes) ** 2).sum())) / total
    spread = math.sqrt(float((family.counts * (numbers - value) ** 2).sum()) / total)
    return DayMean(value, error, spread, family.total, m)


def day_change(now: DayMean, base: DayMean, level: float = 0.95) -> DayChange | None:
    """Return the difference of two means over days; None where neither varies."""
    squares = (now.error**2, base.error**2)
    error = math.sqrt(sum(squares))
    if error == 0.0:
        return None
    df = sum(squares) ** 2 / (squares[0] ** 2 / (now.days - 1) + squares[1] ** 2 / (base.days - 1))
    value, half = now.value - base.value, student_critical_value(level, df) * error
    return DayChange(value, Bounds(value - half, value + half), student_two_sided(value / error, df))


class Share(NamedTuple):
    """The share of the variance of daily means that lies between members, with its interval, days and members."""

    value: float
    bounds: Bounds
    days: int
    members: int


def between_members(parts: list[_Floats], level: float = 0.95, least: int = LEAST_DAYS) -> Share | None:
    """Return how much of the variance of daily means lies between members; None with fewer than three.

    The intraclass correlation of a one-way random-effects analysis of variance with unweighted means (Thomas &
    Hultquist, Ann Stat 1978;6:582); with members of equal size that of restricted maximum likelihood. With three to
    five members its interval holds its level, where the profile of the restricted likelihood covers .92 for .95.

    Args:
        parts: the daily means of each member, each float[days].
        level: confidence level.
        least: days that a member needs.
    """
    kept = [part for part in parts if len(part) >= least]
    total, members = sum(map(len, kept)), len(kept)
    within = sum(float(((part - part.mean()) ** 2).sum()) for part in kept)
    if members < 3 or within <= 0:
        return None
    from scipy.special import fdtri  # noqa: PLC0415 - lazy: scipy is slow to import

    harmonic = members / sum(1 / len(part) for part in kept)
    df = (members - 1, total - members)
    f = harmonic * float(np.var([part.mean() for part in kept], ddof=1)) / (within / df[1])
    low, high = (f / float(fdtri(*df, at)) for at in (0.5 + level / 2, 0.5 - level / 2))
    value, *bounds = (max(0.0, (each - 1) / (each - 1 + harmonic)) for each in (f, low, high))
    return Share(value, Bounds(bounds[0], bounds[1]), total, members)
