"""The rates by which groups and scanners are compared: of which units, and what counts as success."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from monitors.counts import Family
from monitors.shares import Mask, share_of
from registry.domain.plan import MonitoringPlan
from validation.statistics.proportions import ClusteredShare


@dataclass(frozen=True)
class Rate:
    """A share of labelled units.

    Attributes:
        name: such as `sensitivity`.
        units: what its units are, in words.
        axis, level: which units are in its denominator.
        success, hit: the axis and level that count as success.
        least: the least units that a plan asks for.
    """

    name: str
    units: str
    axis: str
    level: str
    success: str
    hit: str
    least: Callable[[MonitoringPlan], int]

    def of(self, labelled: Family) -> ClusteredShare | None:
        """Return the share among labelled units, clustered by patient; None without units."""
        part = self.units_of(labelled)
        return share_of(part, self.hits(part))

    def units_of(self, labelled: Family) -> Family:
        """Return the units of the denominator."""
        return labelled.where(**{self.axis: self.level})

    def hits(self, units: Family) -> Mask:
        """Say per cell whether its units count as success."""
        return units.is_level(self.success, self.hit)


SENSITIVITY = Rate(
    "sensitivity", "positive units with an outcome", "truth", "pos", "decision", "pos", lambda plan: plan.min_positive
)
SPECIFICITY = Rate(
    "specificity", "negative units with an outcome", "truth", "neg", "decision", "neg", lambda plan: plan.min_negative
)
PPV = Rate(
    "ppv",
    "units with an outcome that the model called positive",
    "decision",
    "pos",
    "truth",
    "pos",
    lambda plan: plan.min_positive,
)
RATES: Mapping[str, Rate] = {rate.name: rate for rate in (SENSITIVITY, SPECIFICITY, PPV)}
