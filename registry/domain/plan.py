"""The monitoring plan: a versioned, hashed object that says what is watched, with which limits and which action."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from registry.domain.digest import digest_value

DEFAULT_BUDGET: Mapping[str, str] = {
    "input": "0.15",
    "score": "0.15",
    "performance": "0.2",
    "calibration": "0.05",
    "subgroup": "0.15",
    "scanner": "0.15",
    "reader": "0.1",
    "routing": "0.05",
}
DEFAULT_ACTIONS: Mapping[str, str] = {
    "score": "Compare scanners, protocols and case mix of the window with the reference.",
    "performance": "Have the misses of the window adjudicated; stop the deployment if the decline is confirmed.",
    "subgroup": "Have the group's misses adjudicated; restrict the envelope to the groups that hold.",
    "scanner": "Suspend the scanner's stratum and open a revalidation task.",
    "override": "Review discordant cases in the adjudication queue.",
}


@dataclass(frozen=True)
class MonitoringPlan:
    """What is watched, how, against what, and what happens then; the defaults are the contract's (section 9).

    Attributes:
        window_days, reference_days: lengths of the window and of the site's first days that are the reference.
        subgroup_axes: axes of the F1 family that are watched; the first is required.
        min_*: the least counts below which a signal is `not_assessed (too_few)`.
        auc_floor, sensitivity_floor, specificity_floor: limits as decimal texts; when empty, the reference's.
        false_alerts_per_model_year: the total budget of the sequential layer.
        actions: what is done on an alert of each family; a family without an action is a load error (MON-01).
    """

    window_days: int = 28
    reference_days: int = 60
    subgroup_axes: tuple[str, ...] = ("sex",)
    min_units: int = 30
    min_positive: int = 10
    min_negative: int = 10
    min_auc_class: int = 20
    q_limit: str = "0.05"
    auc_floor: str = ""
    sensitivity_floor: str = ""
    specificity_floor: str = ""
    false_alerts_per_model_year: str = "1"
    budget: Mapping[str, str] = field(default_factory=lambda: dict(DEFAULT_BUDGET))
    actions: Mapping[str, str] = field(default_factory=lambda: dict(DEFAULT_ACTIONS))
    reader_monitoring: str = "restricted"

    def to_json(self) -> dict[str, Any]:
        """Return the record whose canonical bytes are the plan."""
        record = dict(vars(self)) | {"subgroup_axes": list(self.subgroup_axes)}
        return {"schema": "overread.plan/1"} | record | {"budget": dict(self.budget), "actions": dict(self.actions)}

    @property
    def digest(self) -> str:
        """Digest of the plan."""
        return digest_value(self.to_json())


def plan_from(record: Mapping[str, Any]) -> MonitoringPlan:
    """Read a plan from a mapping (TOML or JSON); an unknown key or a family without an action is refused.

    Raises:
        ValueError: with the key that is unknown, or the family that lacks an action.
    """
    unknown = sorted(set(record) - set(vars(MonitoringPlan())) - {"schema"})
    if unknown:
        raise ValueError(f"unknown key in the monitoring plan: {', '.join(unknown)}")
    fields = {key: value for key, value in record.items() if key != "schema"}
    if "subgroup_axes" in fields:
        fields["subgroup_axes"] = tuple(fields["subgroup_axes"])
    plan = MonitoringPlan(**fields)
    missing = sorted(family for family in DEFAULT_ACTIONS if not plan.actions.get(family))
    if missing:
        raise ValueError(f"the monitoring plan names no action for: {', '.join(missing)}")
    return plan
