"""What an engine counts: the four observation tables as Arrow tables, and whose predictions."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from monitors.counts import PROTOCOL, SCANNER, SOFTWARE
from monitors.families import pair_axes
from registry.domain.plan import MonitoringPlan
from registry.domain.stratum import Suspension


def _no_rows() -> Any:
    import pyarrow as pa  # noqa: PLC0415 - lazy: pyarrow is slow to import

    return pa.table({})


@dataclass(frozen=True)
class Tables:
    """The observation tables as `pyarrow.Table`, as stored (registry/domain/columns.py) and known at one time."""

    acquisitions: Any
    predictions: Any
    reads: Any
    outcomes: Any
    findings: Any = field(default_factory=_no_rows)
    measurements: Any = field(default_factory=_no_rows)
    expected: Any = field(default_factory=_no_rows)


@dataclass(frozen=True)
class Request:
    """What is counted.

    Attributes:
        model: whose predictions.
        zone_of: gives a site's IANA time zone.
        axes: the F1 axes: `sex`, `age_band`, `scanner`, or any text column of the acquisitions.
        target: only this clinical question, or all.
        suspensions: the strata in which the model was suspended, and when; results made there are counted apart.
        pairs: the declared pairs of axes of the F2 families, such as `sex*age_band`.
    """

    model: str
    zone_of: Callable[[str], str]
    axes: tuple[str, ...]
    target: str | None = None
    suspensions: tuple[Suspension, ...] = ()
    pairs: tuple[str, ...] = ()


def axes_of(plan: MonitoringPlan, *others: MonitoringPlan) -> tuple[str, ...]:
    """Return the F1 axes that plans need: subgroup axes, those of the pairs of the first, scanner, software, protocol.

    Args:
        plan: the plan in force.
        others: plans that were in force before it.
    """
    paired = (axis for pair in plan.pairs for axis in pair_axes(pair))
    watched = (axis for one in (plan, *others) for axis in one.subgroup_axes)
    return tuple(dict.fromkeys((*watched, *paired, SCANNER, SOFTWARE, PROTOCOL)))
