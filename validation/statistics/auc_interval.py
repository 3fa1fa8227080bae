"""Intervals of an area under the ROC curve.

The plain interval passes 1 and collapses to a point at a perfect area. The one that Overread judges by is computed on
the logit scale (Qin & Hotilovac, Stat Methods Med Res 2008;17:207). At a perfect area, where that scale ends, it is
the score-type interval of Newcombe (method 5, Stat Med 2006;25:559), with patients for units: the areas theta that lie
no further than z standard errors from 1, the standard error being that of Hanley & McNeil (Radiology 1982;143:29) at
theta. No other area gets a better bound than a perfect one.
"""

import math

from validation.statistics.distributions import critical_value
from validation.statistics.proportions import Bounds
from validation.statistics.roc import RocResult

LOGIT = "DeLong by patient (Obuchowski 1997), logit scale; at a perfect area Newcombe (2006), method 5"


_BISECTIONS = 60  # halves 1 down to the precision of binary64


def plain_interval(auc: float, variance: float, level: float = 0.95) -> Bounds:
    """Return auc plus and minus z standard errors, cut at 0 and 1."""
    half = critical_value(level) * math.sqrt(variance)
    return Bounds(max(0.0, auc - half), min(1.0, auc + half))


def logit_interval(auc: float, variance: float, level: float = 0.95) -> Bounds:
    """Return the interval on the logit scale, inside 0..1.

    Raises:
        ValueError: when the area is 0 or 1, where the logit does not exist.
    """
    if not 0.0 < auc < 1.0:
        raise ValueError("an area of 0 or 1 has no logit")
    centre = math.log(auc / (1 - auc))
    half = critical_value(level) * math.sqrt(variance) / (auc * (1 - auc))
    return Bounds(_expit(centre - half), _expit(centre + half))


def separation_bound(positive: int, negative: int, level: float = 0.95) -> float:
    """Return the lower bound of a perfect area: Newcombe's method 5 at 1.

    It solves (1 - t) m n = z^2 t (1 + k (1 - t) / (2 - t) + k t / (1 + t)), k = (m + n) / 2 - 1, by bisection: the left
    side falls and the right side rises in t.

    Args:
        positive: patients with a positive unit, m.
        negative: patients with a negative unit, n.
        level: confidence level of the two-sided interval.

    Raises:
        ValueError: when a class has no patient.
    """
    if min(positive, negative) < 1:
        raise ValueError("a bound needs a patient of each class")
    low, high, square = 0.0, 1.0, critical_value(level) ** 2
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        low, high = (middle, high) if _excess(middle, positive, negative, square) > 0 else (low, middle)
    return low


def _excess(t: float, m: int, n: int, square: float) -> float:
    k = (m + n) / 2 - 1
    spread = t * (1 + k * (1 - t) / (2 - t) + k * t / (1 + t))
    return (1 - t) * m * n - square * spread


def auc_interval(result: RocResult, level: float = 0.95) -> Bounds | None:
    """Return the interval that Overread judges by; None where none is valid (`interval_gap` says why).

    Where all scores tie it is the exact bound of the share of tied pairs of patients.
    """
    if not result.pairs:
        return None
    patients = result.patients_positive, result.patients_negative
    if result.auc in (0.0, 1.0):
        cap = separation_bound(*patients, level)
        return Bounds(cap, 1.0) if result.auc else Bounds(0.0, 1.0 - cap)
    if result.tie_loss == 0.5:
        tied = (1 - level) ** (1 / result.pairs)
        return Bounds(tied / 2, 1 - tied / 2)
    if not result.variance:
        return None
    low, high = logit_interval(result.auc, result.variance, level)
    square = critical_value(level) ** 2
    if (
        min(_excess(low, *patients, square), _excess(1 - high, *patients, square)) > 0
    ):  # no better than a perfect area's
        return Bounds(low, high)
    cap = separation_bound(*patients, level)
    return Bounds(min(low, cap), max(high, 1 - cap))


def interval_gap(result: RocResult) -> str:
    """Say why `auc_interval` has no interval."""
    if result.variance is None or not result.pairs:
        return "an interval needs two patients of each class"
    return "the patients' scores have no spread that a variance could be taken from"


def _expit(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))
