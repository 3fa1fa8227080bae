"""What an engine counts: the four observation tables as Arrow tables, and whose predictions."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from monitors.counts import PROTOCOL, SCANNER, SOFTWARE
from registry.domain.plan import MonitoringPlan
from registry.domain.stratum import Suspension


@dataclass(frozen=True)
class Tables:
    """The observation tables as `pyarrow.Table`, as stored (registry/domain/columns.py) and known at one time."""

    acquisitions: Any
    predictions: Any
    reads: Any
    outcomes: Any


@dataclass(frozen=True)
class Request:
    """What is counted.

    Attributes:
        model: whose predictions.
        zone_of: gives a site's IANA time zone.
        axes: the F1 axes: `sex`, `age_band`, `scanner`, or any text column of the acquisitions.
        target: only this clinical question, or all.
        suspensions: the strata in which the model was suspended, and when; results made there are counted apart.
    """

    model: str
    zone_of: Callable[[str], str]
    axes: tuple[str, ...]
    target: str | None = None
    suspensions: tuple[Suspension, ...] = ()


def axes_of(plan: MonitoringPlan) -> tuple[str, ...]:
    """Return the F1 axes that a plan needs: its subgroup axes, the scanner, its software, the protocol."""
    return tuple(dict.fromkeys((*plan.subgroup_axes, SCANNER, SOFTWARE, PROTOCOL)))
