"""Areas under the ROC curve of a family's units, clustered by patient, and the tests that compare them."""

import math

import numpy as np

from monitors.counts import Family
from validation.statistics.auc_interval import auc_interval
from validation.statistics.clustered import clustered_auc
from validation.statistics.comparisons import AucComparison, unpaired_comparison
from validation.statistics.proportions import Bounds
from validation.statistics.roc import RocResult


def labelled(family: Family) -> Family:
    """Return the units with an independent outcome."""
    return family.select(~family.is_level("truth", "none"))


def classes(family: Family) -> tuple[int, int]:
    """Return the number of positive and of negative units by the reference standard."""
    return family.where(truth="pos").total, family.where(truth="neg").total


def area_of(family: Family) -> RocResult | None:
    """Return the area of the labelled units with Obuchowski's variance; None where a class is empty."""
    if not all(classes(family)):
        return None
    units = np.repeat(np.arange(len(family.counts)), family.counts)
    truth = family.is_level("truth", "pos")
    return clustered_auc(family.codes_of("q")[units], truth[units], family.codes_of("patient")[units])


def area_bounds(area: RocResult) -> Bounds | None:
    """Return the interval of an area; None where none is valid."""
    return auc_interval(area)


def below_p(area: RocResult, limit: float) -> float | None:
    """Return the one-sided p-value that an area lies below a fixed limit, by the logit of both (Wald)."""
    if not area.variance or not 0.0 < area.auc < 1.0 or not 0.0 < limit < 1.0:
        return None
    spread = math.sqrt(area.variance) / (area.auc * (1 - area.auc))
    z = (_logit(area.auc) - _logit(limit)) / spread
    return 0.5 * math.erfc(-z / math.sqrt(2))


def decline_p(now: RocResult, base: RocResult) -> float | None:
    """Return the one-sided p-value that an area fell below that of the reference (unpaired, Satterthwaite)."""
    found = unpaired_comparison(now, base)
    if found.p_value is None:
        return None
    return found.p_value / 2 if found.difference < 0 else 1 - found.p_value / 2


def gap(group: RocResult, rest: RocResult) -> AucComparison:
    """Return the difference of two areas on other patients, with interval and two-sided p-value."""
    return unpaired_comparison(group, rest)


def _logit(p: float) -> float:
    return math.log(p / (1 - p))
