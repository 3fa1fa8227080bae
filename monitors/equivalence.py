"""Evidence that a group does as well as the rest: two one-sided tests, by the 90 % interval of the difference.

Source: Schuirmann, J Pharmacokinet Biopharm 1987;15:657. "No difference was seen" is not such evidence.
"""

from dataclasses import replace

from monitors.areas import area_of
from monitors.counts import Family
from monitors.draft import Reading
from monitors.gaps import area_reading, rate_reading, unlike
from monitors.rates import Rate
from registry.domain.plan import MonitoringPlan
from registry.domain.vocabulary import NotAssessed
from validation.statistics.area_tests import independent_areas
from validation.statistics.proportions import Bounds, difference_bounds, wilson_of_share

LEVEL = 0.90  # two one-sided tests at 5 % each


def rate_equivalence(plan: MonitoringPlan, group: Family, rest: Family, rate: Rate) -> Reading:
    """Return whether a group's rate is shown to lie within the plan's margin of the rest's."""
    own, other = rate_reading(plan, group, rate), rate_reading(plan, rest, rate)
    first, second = rate.of(group), rate.of(rest)
    if own.reason or other.reason or first is None or second is None:
        return unlike(own, other)
    sides = [wilson_of_share(side.value, side.effective_n, LEVEL) for side in (first, second)]
    bounds = difference_bounds(first.value, sides[0], second.value, sides[1])
    return _within(plan, replace(own, value=first.value - second.value, interval=bounds), bounds)


def area_equivalence(plan: MonitoringPlan, group: Family, rest: Family) -> Reading:
    """Return whether a group's area is shown to lie within the plan's margin of the rest's."""
    own, other = area_reading(plan, group), area_reading(plan, rest)
    first, second = (None, None) if own.reason or other.reason else (area_of(group), area_of(rest))
    if first is None or second is None:
        return unlike(own, other)
    found = independent_areas(first, second, LEVEL)
    return _within(plan, replace(own, value=found.difference, interval=found.bounds), found.bounds)


def _within(plan: MonitoringPlan, reading: Reading, bounds: Bounds | None) -> Reading:
    if not plan.equivalence_margin:
        why = "the plan sets no equivalence_margin, so that nothing can be said to be equal"
        return replace(reading, reason=NotAssessed.NOT_RUN, why=why)
    margin = float(plan.equivalence_margin)
    shown = replace(reading, limit=margin)
    if bounds is None:
        return replace(shown, reason=NotAssessed.CLUSTERED, why="the difference has no valid interval")
    if -margin < bounds.low and bounds.high < margin:
        return shown
    if bounds.low > margin or bounds.high < -margin:
        return replace(shown, watch=True)
    why = "neither a difference beyond the margin nor its absence is shown; more units are needed"
    return replace(shown, reason=NotAssessed.TOO_FEW, why=why)
