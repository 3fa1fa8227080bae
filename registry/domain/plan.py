"""The monitoring plan: a versioned, hashed object that says what is watched, with which limits and which action."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from registry.domain.digest import digest_value
from registry.domain.estimate import decimal_text

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
    "routing": "Have the connection to the site checked; read without the model until it is mended.",
}
_FLOORS = frozenset({"q_limit", "auc_floor", "sensitivity_floor", "specificity_floor", "equivalence_margin"})
_DECIMALS = _FLOORS | {"false_alerts_per_model_year", "budget"}
_WORDS: Mapping[str, tuple[str, ...]] = {
    "window_anchor": ("as_of", "last_unit"),
    "reader_monitoring": ("restricted", "aggregate"),
}


@dataclass(frozen=True)
class MonitoringPlan:
    """What is watched, how, against what, and what happens then; the defaults are the contract's (section 9).

    Attributes:
        window_anchor: what the window ends at: `as_of`, or `last_unit`, the last day with a unit by then, for
            collections that were acquired long before they were scored.
        window_days, reference_days: lengths of the window and of the site's first days that are the reference.
        subgroup_axes: axes of the F1 family that are watched; the first is required.
        pairs: intersections of two axes that are watched too, such as `sex*age_band`.
        equivalence_margin: the largest difference of a group that is no matter; when empty, no group is shown equal.
        min_*: the least counts below which a signal is `not_assessed (too_few)`.
        auc_floor, sensitivity_floor, specificity_floor: limits as decimal texts; when empty, the reference's.
        quiet_days: after so many days without deviation an alert is cleared.
        false_alerts_per_model_year: the total budget of the sequential layer.
        actions: what is done on an alert of each family; a family without an action is a load error (MON-01).
    """

    window_anchor: str = "as_of"
    window_days: int = 28
    reference_days: int = 60
    subgroup_axes: tuple[str, ...] = ("sex",)
    pairs: tuple[str, ...] = ()
    equivalence_margin: str = ""
    min_units: int = 30
    min_positive: int = 10
    min_negative: int = 10
    min_auc_class: int = 20
    q_limit: str = "0.05"
    auc_floor: str = ""
    sensitivity_floor: str = ""
    specificity_floor: str = ""
    quiet_days: int = 28
    false_alerts_per_model_year: str = "1"
    budget: Mapping[str, str] = field(default_factory=lambda: dict(DEFAULT_BUDGET))
    actions: Mapping[str, str] = field(default_factory=lambda: dict(DEFAULT_ACTIONS))
    reader_monitoring: str = "restricted"

    def to_json(self) -> dict[str, Any]:
        """Return the record whose canonical bytes are the plan."""
        record = dict(vars(self)) | {"subgroup_axes": list(self.subgroup_axes), "pairs": list(self.pairs)}
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
    fields = {key: _decimals(value) if key in _DECIMALS else value for key, value in record.items() if key != "schema"}
    for name in ("subgroup_axes", "pairs"):
        if isinstance(fields.get(name), list):
            fields[name] = tuple(fields[name])
    _check_values(fields)
    plan = MonitoringPlan(**fields)
    missing = sorted(family for family in DEFAULT_ACTIONS if not plan.actions.get(family))
    if missing:
        raise ValueError(f"the monitoring plan names no action for: {', '.join(missing)}")
    return plan


def _check_values(fields: Mapping[str, Any]) -> None:
    """Refuse a count that is not a positive whole number, a limit outside 0..1, an unknown word."""
    standard = vars(MonitoringPlan())
    for name, value in fields.items():
        if isinstance(standard[name], int) and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
            raise ValueError(f"{name} of the monitoring plan is a whole number of at least 1")
        if name in _FLOORS and (value or name == "q_limit") and not 0.0 <= _number(name, value) <= 1.0:
            raise ValueError(f"{name} of the monitoring plan lies in 0..1")
        if name in _WORDS and value not in _WORDS[name]:
            raise ValueError(f"{name} of the monitoring plan is one of: {', '.join(_WORDS[name])}")
        if isinstance(standard[name], tuple) and not (_names(value) or (name == "pairs" and value == ())):
            raise ValueError(f"{name} of the monitoring plan is a list of names")
        if name == "pairs" and not all(_is_pair(pair) for pair in value):
            raise ValueError("pairs of the monitoring plan name two different axes each, such as sex*age_band")
        if isinstance(standard[name], Mapping) and not _texts(value):
            raise ValueError(f"{name} of the monitoring plan is a table of texts")


def _is_pair(pair: str) -> bool:
    axes = [axis.strip() for axis in pair.split("*")]
    return len(axes) == 2 and all(axes) and axes[0] != axes[1]


def _number(name: str, value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} of the monitoring plan is a number") from error


def _decimals(value: Any) -> Any:
    """Spell numbers of a TOML file as decimal texts, so that the plan has canonical bytes."""
    if isinstance(value, Mapping):
        return {key: _decimals(entry) for key, entry in value.items()}
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return decimal_text(float(value)) if number else value


def _names(value: Any) -> bool:
    return isinstance(value, tuple) and bool(value) and all(isinstance(axis, str) and axis for axis in value)


def _texts(value: Any) -> bool:
    return isinstance(value, Mapping) and all(isinstance(text, str) for text in value.values())
