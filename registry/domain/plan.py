"""The monitoring plan: a versioned, hashed object that says what is watched, with which limits and which action."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf
from typing import Any

from registry.domain.columns import ACQUISITIONS, Kind
from registry.domain.digest import digest_value
from registry.domain.estimate import decimal_text
from registry.domain.plan_response import (
    DEFAULT_ACTIONS,
    DEFAULT_BUDGET,
    DEFAULT_DETECTORS,
    DEFAULT_FALLBACKS,
    DEFAULT_OWNERS,
    DEFAULT_STOP_RULES,
    DETECTORS,
    response_faults,
)
from registry.domain.plan_stops import Entry, PlannedStop, planned_stops, stop_faults
from registry.domain.pseudonym import Identifier

SCHEMA = "overread.plan/2"
# What is no news: a change of a label-free stream up to this size is case mix, not a failure (docs/explanation/alerts).
DEFAULT_MARGINS: Mapping[str, str] = {
    "score_level": "0.03",
    "score_shape": "0.03",
    "score_top": "0.02",
    "positive_share": "1.07",
    "residual": "0.03",
    "scanner_share": "1.25",
    "scored_share": "1.25",
    "quality": "0.1",
}

_FLOORS = frozenset({"q_limit", "auc_floor", "sensitivity_floor", "specificity_floor", "equivalence_margin"})
_DECIMALS = _FLOORS | {"false_alerts_per_model_year", "budget", "margins", "stop_rules"}
_LONGEST = 3_653  # days: ten years
_NO_GROUPS = frozenset({"day", "row_id", "patient"}) | {
    column.name
    for column in ACQUISITIONS.columns
    if column.identifier in {Identifier.UID, Identifier.PATIENT} or column.kind is Kind.INSTANT
}
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
        cadence_days: how often the monitors run.
        number: version of the plan; a signed plan is never changed, a change of it has the next number.
        false_alerts_per_model_year: the total budget of the sequential layer.
        budget: its shares by family.
        detectors: by family `glr` (default), `cusum`, `ewma` or `e`.
        margins: how far a label-free stream may move without news: of a mean in standard deviations of one unit, of a
            share as a ratio of odds.
        actions, owners, fallbacks: per response what is done, by whom, and how the clinic works meanwhile; a family
            without one of them is a load error (MON-01).
        stop_rules: by name the rules by which an alert that nobody took up stops a deployment (MON-06): days for a
            response's name, else a table (`registry.domain.plan_stops`).
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
    cadence_days: int = 1
    number: int = 1
    false_alerts_per_model_year: str = "1"
    budget: Mapping[str, str] = field(default_factory=lambda: dict(DEFAULT_BUDGET))
    detectors: Mapping[str, str] = field(default_factory=lambda: dict(DEFAULT_DETECTORS))
    margins: Mapping[str, str] = field(default_factory=lambda: dict(DEFAULT_MARGINS))
    actions: Mapping[str, str] = field(default_factory=lambda: dict(DEFAULT_ACTIONS))
    owners: Mapping[str, str] = field(default_factory=lambda: dict(DEFAULT_OWNERS))
    fallbacks: Mapping[str, str] = field(default_factory=lambda: dict(DEFAULT_FALLBACKS))
    stop_rules: Mapping[str, Entry] = field(default_factory=lambda: dict(DEFAULT_STOP_RULES))
    reader_monitoring: str = "restricted"

    def to_json(self) -> dict[str, Any]:
        """Return the record whose canonical bytes are the plan."""
        plain = {key: _plain(value) for key, value in vars(self).items()}
        return {"schema": SCHEMA} | plain | {"subgroup_axes": list(self.subgroup_axes), "pairs": list(self.pairs)}

    @property
    def name(self) -> str:
        """`monitoring plan N`."""
        return f"monitoring plan {self.number}"

    @property
    def stops(self) -> tuple[PlannedStop, ...]:
        """The stop rules, each with the model that it is for."""
        return planned_stops(self.stop_rules, self.fallbacks)

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
    parts = {"action": plan.actions, "owner": plan.owners, "fallback": plan.fallbacks}
    stops = stop_faults(plan.stop_rules, plan.fallbacks)
    faults = (*response_faults(plan.budget, parts), *stops, *_choice_faults(plan))
    if faults:
        raise ValueError(faults[0])
    return plan


def _choice_faults(plan: MonitoringPlan) -> tuple[str, ...]:
    """Return which detectors are unknown, and which margins are none."""
    odd = sorted(name for name, word in plan.detectors.items() if word not in DETECTORS.get(name, ()))
    found = [
        f"detectors of the monitoring plan: {name} is one of {', '.join(DETECTORS.get(name, ('no family',)))}"
        for name in odd
    ]
    unknown = sorted(set(plan.margins) - set(DEFAULT_MARGINS))
    found += [f"margins of the monitoring plan names an unknown stream: {', '.join(unknown)}"] if unknown else []
    for name, text in plan.margins.items():
        ratio = float(DEFAULT_MARGINS.get(name, "0")) >= 1
        low, high = (1.0, 10.0) if ratio else (0.0, 2.0)
        if not low <= _number(f"margins.{name}", text) <= high:
            found.append(f"margins.{name} of the monitoring plan lies in {low:g}..{high:g}")
    return tuple(found)


def _check_values(fields: Mapping[str, Any]) -> None:
    """Refuse a count that is not a positive whole number, a limit outside 0..1, an unknown word."""
    standard = vars(MonitoringPlan())
    for name, value in fields.items():
        if isinstance(standard[name], int):
            _check_count(name, value)
        if name == "false_alerts_per_model_year" and not 0.0 < _number(name, value) < inf:
            raise ValueError(f"{name} of the monitoring plan is a number above 0")
        if name in _FLOORS and (value or name == "q_limit") and not 0.0 <= _number(name, value) <= 1.0:
            raise ValueError(f"{name} of the monitoring plan lies in 0..1")
        if name in _WORDS and value not in _WORDS[name]:
            raise ValueError(f"{name} of the monitoring plan is one of: {', '.join(_WORDS[name])}")
        if isinstance(standard[name], tuple):
            _check_axes(name, value)
        if isinstance(standard[name], Mapping) and not _texts(value, nested=name == "stop_rules"):
            raise ValueError(f"{name} of the monitoring plan is a table of texts")


def _check_count(name: str, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(f"{name} of the monitoring plan is a whole number of at least 1")
    if name.endswith("_days") and value > _LONGEST:
        raise ValueError(f"{name} of the monitoring plan is at most {_LONGEST}, ten years")


def _check_axes(name: str, value: Any) -> None:
    """Refuse no list of names, an axis that is named twice, or one of single people, studies or instants."""
    if not (_names(value) or (name == "pairs" and value == ())):
        raise ValueError(f"{name} of the monitoring plan is a list of names")
    if name == "pairs" and not all(_is_pair(pair) for pair in value):
        raise ValueError("pairs of the monitoring plan name two different axes each, such as sex*age_band")
    if len(set(value)) < len(value):
        raise ValueError(f"{name} of the monitoring plan names one twice")
    single = sorted({axis.strip() for entry in value for axis in entry.split("*")} & _NO_GROUPS)
    if single:
        raise ValueError(
            f"{name} of the monitoring plan: {', '.join(single)} makes no groups; name such as sex, scanner"
        )


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


def _texts(value: Any, *, nested: bool = False) -> bool:
    return isinstance(value, Mapping) and all(
        isinstance(text, str) or (nested and _texts(text)) for text in value.values()
    )


def _plain(value: Any) -> Any:
    """Return a value with plain dicts for its mappings."""
    return {key: _plain(entry) for key, entry in value.items()} if isinstance(value, Mapping) else value
