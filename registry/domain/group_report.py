"""How a version does in groups of patients and images: what an evaluation says beside its numbers over everybody.

A group that is too small, and an attribute that nobody stated, are shown as what they are (FAI-01, DAT-04).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from registry.domain.estimate import Estimate, decimal_text

# The attributes by which a test is broken down; race and ethnicity only where a legal basis is on record.
PROTECTED_AXES = ("ethnicity", "race")
DEVICE_AXES = ("manufacturer", "manufacturer_model_name", "magnetic_field_strength", "kvp")
GROUP_AXES = ("sex", "age_band", *PROTECTED_AXES, "site", "scanner", *DEVICE_AXES)
GROUP_PAIRS = tuple(f"{axis}*scanner" for axis in ("sex", "age_band", *PROTECTED_AXES))
NOT_PERMITTED = "suppressed: no legal basis is on record"
NOT_STATED = "attribute_missing: no unit states it"


@dataclass(frozen=True)
class UnitAttributes:
    """What is known of a cohort's units beside site and scanner.

    Attributes:
        labels: by unit UID, the label of each axis; an axis that is missing or empty is unknown.
        withheld: axes that may not be looked at, with the reason.
        digest: digest of the stored labels.
        basis: the legal basis on record for race and ethnicity, by axis.
    """

    labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    withheld: Mapping[str, str] = field(default_factory=lambda: dict.fromkeys(PROTECTED_AXES, NOT_PERMITTED))
    digest: str = ""
    basis: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class AxisCoverage:
    """How many units state an attribute.

    Attributes:
        axis: an axis of `GROUP_AXES`, or two as `sex*scanner`.
        unknown: share of units that do not state it, with its interval; without a value where it was not looked at.
        further: groups that were too small to be assessed, beyond those that are listed one by one.
        further_units: units in these.
    """

    axis: str
    unknown: Estimate
    further: int = 0
    further_units: int = 0

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        further = {"groups": self.further, "units": self.further_units} if self.further else None
        return {"axis": self.axis, "unknown": self.unknown.to_json(), "further": further}


@dataclass(frozen=True)
class GroupFinding:
    """One metric of one group, and its difference from the rest of the cohort.

    Attributes:
        axis, group: such as `sex` and `F`; of two axes `sex*scanner` and `F*p:ab12`.
        estimate: named `auc:sex=F`; without a value where the group is too small.
        difference: group less rest, with its interval; None where the group or the rest is too small.
        p_value: of the difference alone; q_value: among all differences of the evaluation.
    """

    axis: str
    group: str
    estimate: Estimate
    difference: Estimate | None = None
    p_value: float | None = None
    q_value: float | None = None

    @property
    def metric(self) -> str:
        """The metric's name without the group's."""
        return self.estimate.name.partition(":")[0]

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form: the estimate's, with the group and the difference."""
        return self.estimate.to_json() | {
            "axis": self.axis,
            "group": self.group,
            "difference": None if self.difference is None else self.difference.to_json(),
            "p_value": decimal_text(self.p_value),
            "q_value": decimal_text(self.q_value),
        }


@dataclass(frozen=True)
class GroupReport:
    """All groups of an evaluation.

    Attributes:
        axes: what is known of each attribute.
        found: every metric of every group.
        multiplicity: how the q-values were computed, and over how many differences.
        groups_digest: digest of the stored attributes of the units; empty where none were given.
        basis: the legal basis on record for race and ethnicity, by attribute.
    """

    axes: tuple[AxisCoverage, ...]
    found: tuple[GroupFinding, ...]
    multiplicity: str
    groups_digest: str = ""
    basis: Mapping[str, str] = field(default_factory=dict)

    def of(self, axis: str, metric: str) -> tuple[GroupFinding, ...]:
        """Return a metric of every group of an axis."""
        return tuple(one for one in self.found if (one.axis, one.metric) == (axis, metric))

    def coverage(self, axis: str) -> AxisCoverage | None:
        """Return what is known of an attribute; None where nobody looked."""
        return next((one for one in self.axes if one.axis == axis), None)

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "axes": [one.to_json() for one in self.axes],
            "found": [one.to_json() for one in self.found],
            "multiplicity": self.multiplicity,
            "groups_digest": self.groups_digest or None,
            "basis": dict(sorted(self.basis.items())),
        }
