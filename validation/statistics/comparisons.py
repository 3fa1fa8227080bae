"""Comparing areas under ROC curves: paired on the same units, or unpaired on others.

Sources: DeLong 1988 (paired); Obuchowski 1997 (paired, by patient); the unpaired test with Satterthwaite's degrees of
freedom is that of pROC.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from validation.statistics.arrays import Labels, codes_of, flags
from validation.statistics.clustered import clusters_of, covariance, deviations_of
from validation.statistics.distributions import normal_two_sided, student_critical_value, student_two_sided
from validation.statistics.proportions import Bounds
from validation.statistics.roc import RocResult

NO_VARIANCE = "the difference has no variance"
TOO_FEW = "a test needs two patients of each class"


@dataclass(frozen=True)
class AucComparison:
    """The difference of two areas.

    Attributes:
        difference: first less second.
        bounds: its interval; None where no variance exists.
        statistic: z of the paired, t of the unpaired test; None where no variance exists.
        df: degrees of freedom of t; infinite for z.
        p_value: two-sided; None where no variance exists.
        covariance: of the two areas; 0 for independent ones.
        reason: why there is no test; empty otherwise.
    """

    difference: float
    bounds: Bounds | None
    statistic: float | None
    df: float
    p_value: float | None
    covariance: float
    reason: str = ""


def paired_comparison(
    first_q: ArrayLike,
    second_q: ArrayLike,
    truth: ArrayLike,
    patients: Labels | None = None,
    level: float = 0.95,
) -> AucComparison:
    """Compare two models on the same units by DeLong's test, clustered by patient.

    Args:
        first_q: cells int[n] of the first model.
        second_q: cells int[n] of the second model.
        truth: reference standard bool[n].
        patients: labels [n]; every unit a patient of its own when left out.
        level: confidence level of the interval.

    Raises:
        ValueError: when a class is empty, or the lengths differ.
    """
    positive = flags(truth)
    codes = np.arange(len(positive)) if patients is None else codes_of(patients)
    clusters = clusters_of(positive, codes)
    first, second = (deviations_of(q, positive, codes) for q in (first_q, second_q))
    difference = first.auc - second.auc
    crossed = covariance(first, second, clusters)
    own = [covariance(each, each, clusters) for each in (first, second)]
    if crossed is None or own[0] is None or own[1] is None:
        return AucComparison(difference, None, None, math.inf, None, 0.0, TOO_FEW)
    return _judged(difference, own[0] + own[1] - 2 * crossed, math.inf, crossed, level)


def unpaired_comparison(first: RocResult, second: RocResult, level: float = 0.95) -> AucComparison:
    """Compare two areas on independent patients by the t test with Satterthwaite's degrees of freedom."""
    difference = first.auc - second.auc
    if first.variance is None or second.variance is None:
        return AucComparison(difference, None, None, math.inf, None, 0.0, TOO_FEW)
    variance = first.variance + second.variance
    spread = first.variance**2 / (first.n_patients - 1) + second.variance**2 / (second.n_patients - 1)
    df = variance**2 / spread if spread else math.inf
    return _judged(difference, variance, df, 0.0, level)


def _judged(difference: float, variance: float, df: float, crossed: float, level: float) -> AucComparison:
    """Return the test; rounding below 1e-15 is no variance."""
    if variance <= 1e-15:
        return AucComparison(difference, None, None, df, None, crossed, NO_VARIANCE)
    error = math.sqrt(variance)
    half, statistic = student_critical_value(level, df) * error, difference / error
    p_value = normal_two_sided(statistic) if math.isinf(df) else student_two_sided(statistic, df)
    bounds = Bounds(max(-1.0, difference - half), min(1.0, difference + half))
    return AucComparison(difference, bounds, statistic, df, p_value, crossed)
