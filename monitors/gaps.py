"""The gaps of one group to the rest: rates, area, calibration; with what could have been seen at these numbers."""

import math
from dataclasses import replace

from monitors.areas import area_bounds, area_of, classes
from monitors.calibration import mean_residual
from monitors.counts import Family
from monitors.draft import Reading, reading_of
from monitors.performance import thin_area
from monitors.rates import Rate
from monitors.shares import difference_p, patients_of, thin
from registry.domain.plan import MonitoringPlan
from registry.domain.vocabulary import NotAssessed
from validation.statistics.area_tests import independent_areas
from validation.statistics.distributions import critical_value, normal_two_sided
from validation.statistics.proportions import Bounds, ClusteredShare, difference_bounds, korn_graubard

# A two-sided test at 5 % finds a difference of (1.96 + 0.84) standard errors in 80 of 100 samples (normal theory).
SEEN = critical_value(0.95) + critical_value(0.6)


def rate_reading(plan: MonitoringPlan, group: Family, rate: Rate) -> Reading:
    """Return a group's rate; not assessed where its units or patients are too few."""
    share, least = rate.of(group), rate.least(plan)
    if share is None or share.n < least:
        n = share.n if share else 0
        why = f"{n} {rate.units}, at least {least} are needed"
        return Reading(n, n_patients=patients_of(rate.units_of(group)), reason=NotAssessed.TOO_FEW, why=why)
    few, reading = thin(share.n, share.patients), replace(reading_of(share), interval=korn_graubard(share))
    return replace(reading, reason=NotAssessed.CLUSTERED, why=few) if few else reading


def rate_gap(plan: MonitoringPlan, group: Family, rest: Family, rate: Rate) -> Reading:
    """Return a group's rate less that of the rest."""
    own, other = rate_reading(plan, group, rate), rate_reading(plan, rest, rate)
    first, second = rate.of(group), rate.of(rest)
    if own.reason or other.reason or first is None or second is None:
        return unlike(own, other)
    bounds = difference_bounds(first.value, first.bounds, second.value, second.bounds)
    value, p_value = first.value - second.value, difference_p(first, second)
    seen = seen_words(math.hypot(_error(first), _error(second)))
    return replace(own, value=value, interval=bounds, limit=0.0, p_value=p_value, why=seen)


def area_reading(plan: MonitoringPlan, group: Family) -> Reading:
    """Return a group's area under the ROC curve; not assessed where a class or its patients are too few."""
    positive, negative = classes(group)
    counts = Reading(group.total, n_positive=positive, n_patients=patients_of(group))
    least = plan.min_auc_class
    area = area_of(group) if min(positive, negative) >= least else None
    if area is None:
        why = f"{positive} positive and {negative} negative units with an outcome, at least {least} of each are needed"
        return replace(counts, reason=NotAssessed.TOO_FEW, why=why)
    shown, few = replace(counts, value=area.auc, interval=area_bounds(area)), thin_area(area)
    return replace(shown, reason=NotAssessed.CLUSTERED, why=few) if few else shown


def area_gap(plan: MonitoringPlan, group: Family, rest: Family, own: Reading) -> Reading:
    """Return a group's area less that of the rest."""
    other = own if own.reason else area_reading(plan, rest)
    first, second = (None, None) if own.reason or other.reason else (area_of(group), area_of(rest))
    if first is None or second is None:
        return unlike(own, other)
    found = independent_areas(first, second)
    seen = seen_words(math.sqrt((first.variance or 0.0) + (second.variance or 0.0)))
    return replace(own, value=found.difference, interval=found.bounds, limit=0.0, p_value=found.p_value, why=seen)


def calibration_gap(plan: MonitoringPlan, group: Family, rest: Family) -> Reading:
    """Return a group's mean of truth less score, less that of the rest."""
    reading = Reading(group.total, n_positive=classes(group)[0], n_patients=patients_of(group))
    for who, part in (("", group), ("in the rest, ", rest)):
        few = thin(part.total, patients_of(part))
        if min(classes(part)) < min(plan.min_positive, plan.min_negative):
            why = f"{who}{classes(part)[0]} positive and {classes(part)[1]} negative units with an outcome are too few"
            return replace(reading, reason=NotAssessed.TOO_FEW, why=why)
        if few:
            return replace(reading, reason=NotAssessed.CLUSTERED, why=f"{who}{few}")
    (first, its), (second, other) = mean_residual(group), mean_residual(rest)
    if not its or not other:
        return replace(reading, reason=NotAssessed.CLUSTERED, why="the mean residuals of patients do not vary")
    value, error = first - second, math.hypot(its, other)
    half = critical_value(0.95) * error
    p_value = normal_two_sided(value / error)
    return replace(
        reading,
        value=value,
        interval=Bounds(value - half, value + half),
        limit=0.0,
        p_value=p_value,
        why=seen_words(error),
    )


def unlike(own: Reading, other: Reading) -> Reading:
    """Return a gap that is not assessed because one side is not."""
    who = "" if own.reason else "in the rest, "
    reason, why = own.reason or other.reason, f"{who}{own.why or other.why}"
    return replace(own, value=None, interval=None, reason=reason, why=why)


def seen_words(error: float) -> str:
    """Say what difference these numbers would show eight times in ten; empty where nothing varies."""
    least = SEEN * error
    return f"a difference of {least:.3f} would be seen eight times in ten at these numbers" if least > 0 else ""


def _error(share: ClusteredShare) -> float:
    """Return the standard error of a share, with one success and one failure added so that it is never zero."""
    n = share.effective_n + 2
    p = (share.value * share.effective_n + 1) / n
    return math.sqrt(p * (1 - p) / n)
