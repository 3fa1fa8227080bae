"""Intervals of an area under the ROC curve.

The plain interval passes 1 and collapses to a point at a perfect area. The one that Overread judges by is computed on
the logit scale (Qin & Hotilovac, Stat Methods Med Res 2008;17:207) and never ends above the exact bound of perfect
separation: where m disjoint pairs of patients are all ranked rightly, an area of theta has at most the chance theta^m,
so (alpha/2)^(1/m) is a lower bound whatever the distributions (Clopper & Pearson 1934 on the pairs); no bound without
assumptions is higher, since scores that fail wholly on a share 1 - theta of one class reach that chance.
"""

import math

from validation.statistics.distributions import critical_value
from validation.statistics.proportions import Bounds
from validation.statistics.roc import RocResult

LOGIT = "DeLong by patient (Obuchowski 1997), logit scale, within the exact bound of perfect separation"


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


def exact_bound(pairs: int, level: float = 0.95) -> float:
    """Return (alpha/2)^(1/pairs): the highest lower bound that perfect separation of so many pairs can prove.

    Raises:
        ValueError: when there is no pair.
    """
    if pairs < 1:
        raise ValueError("a bound needs one pair of patients at least")
    return math.pow((1 - level) / 2, 1 / pairs)


def auc_interval(result: RocResult, level: float = 0.95) -> Bounds | None:
    """Return the interval that Overread judges by; None where none is valid (`interval_gap` says why).

    At an area of 0 or 1 it is the exact one-sided bound; where all scores tie, the bound of the share of tied pairs.
    """
    if not result.pairs:
        return None
    cap = exact_bound(result.pairs, level)
    if result.auc in (0.0, 1.0):
        return Bounds(cap, 1.0) if result.auc else Bounds(0.0, 1.0 - cap)
    if result.tie_loss == 0.5:
        tied = (1 - level) ** (1 / result.pairs)
        return Bounds(tied / 2, 1 - tied / 2)
    if not result.variance:
        return None
    low, high = logit_interval(result.auc, result.variance, level)
    return Bounds(min(low, cap), max(high, 1 - cap))


def interval_gap(result: RocResult) -> str:
    """Say why `auc_interval` has no interval."""
    if result.variance is None or not result.pairs:
        return "an interval needs two patients of each class"
    return "the patients' scores have no spread that a variance could be taken from"


def _expit(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))
