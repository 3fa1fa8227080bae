"""Areas under the ROC curve of a family's units, clustered by patient."""

import numpy as np

from monitors.counts import Family
from validation.statistics.auc_interval import auc_interval
from validation.statistics.clustered import clustered_auc
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
