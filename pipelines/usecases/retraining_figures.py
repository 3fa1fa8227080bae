"""What a candidate learned, what could have been learned, and what it kept: VIGILANT's figures beside a comparison.

They are read from what is on record: the comparison, and the evaluations of both versions on earlier test cohorts. They
are shown; the change plan's margins judge.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from registry.domain.comparison import DEPLOYED
from registry.domain.estimate import decimal_text

if TYPE_CHECKING:
    from pipelines.bootstrap import Workspace
    from validation.statistics.proportions import Bounds

METRIC = "auc"
Json = Mapping[str, Any]


@dataclass(frozen=True)
class _Set:
    """A test cohort with the areas of both versions on it; an area is None where it is not on record."""

    name: str
    deployed: Json | None
    candidate: Json | None


def retraining_figures(workspace: "Workspace", record: Json) -> list[dict[str, Any]]:
    """Return learning, potential and retention of a comparison's candidate, each with interval, n, and cohorts.

    Args:
        workspace: where the evaluations are.
        record: the comparison.

    Raises:
        EvidenceMissingError: when an evaluation on record cannot be read.
    """
    rows = [row for row in record["metrics"] if (row["metric"], row["against"]) == (METRIC, DEPLOYED)]
    if not rows:
        return [_none(name, f"the change plan does not compare {METRIC}", ()) for name in _NAMES]
    own, earlier = rows[0], _earlier(workspace, record)
    learning = {"name": "learning", "cohorts": [record["cohort"]], "why": ""} | {
        key: own["difference"][key] for key in ("value", "interval", "n")
    }
    return [learning, _potential(workspace, record, own["other"], earlier), _retention(workspace, earlier)]


_NAMES = ("learning", "potential", "retention")


def _potential(workspace: "Workspace", record: Json, now: Json, earlier: Sequence[_Set]) -> dict[str, Any]:
    """Return by how much the deployed version fell from its last test cohort to this one."""
    known = [one for one in earlier if one.deployed is not None]
    if not known:
        return _none("potential", f"{record['deployed']} was evaluated on no earlier cohort", ())
    last = known[-1]
    names = (last.name, record["cohort"])
    return _figure(workspace, "potential", names, (last.deployed, now), (1.0, -1.0))


def _retention(workspace: "Workspace", earlier: Sequence[_Set]) -> dict[str, Any]:
    """Return the candidate's area over the earlier cohorts, the later ones weighing more."""
    from validation.statistics.retraining import retention_weights  # noqa: PLC0415 - lazy: numpy is slow to import

    known = [one for one in earlier if one.candidate is not None]
    if not known:
        return _none("retention", "the candidate was evaluated on no earlier cohort: overread validate", ())
    weights = tuple(retention_weights(len(known)).tolist())
    return _figure(workspace, "retention", [one.name for one in known], [one.candidate for one in known], weights)


def _figure(
    workspace: "Workspace",
    name: str,
    cohorts: Sequence[str],
    areas: Sequence[Json | None],
    weights: Sequence[float],
) -> dict[str, Any]:
    """Return a weighted sum of areas on cohorts, with an interval where no patient is in two of them."""
    from validation.statistics.recovered import recovered_bounds  # noqa: PLC0415 - lazy: scipy is slow to import

    known = [area for area in areas if area is not None]
    values, bounds = [float(area["value"]) for area in known], [_bounds(area) for area in known]
    value = sum(weight * one for weight, one in zip(weights, values, strict=True))
    found: dict[str, Any] = {"name": name, "value": decimal_text(value), "interval": [None, None], "why": ""}
    found |= {"n": sum(int(area["n"]) for area in known), "cohorts": list(cohorts)}
    whole = [one for one in bounds if one is not None]
    if len(whole) < len(bounds) or _shared(workspace, cohorts):
        return found | {"why": "no interval: patients are in two of the cohorts, or an area has none"}
    low, high = recovered_bounds(
        lambda at: sum(weight * one for weight, one in zip(weights, at, strict=True)), values, whole
    )
    return found | {"interval": [decimal_text(low), decimal_text(high)]}


def _bounds(area: Json) -> "Bounds | None":
    from validation.statistics.proportions import Bounds  # noqa: PLC0415 - lazy: scipy is slow to import

    low, high = area["interval"]
    return None if low is None or high is None else Bounds(float(low), float(high))


def _shared(workspace: "Workspace", cohorts: Sequence[str]) -> bool:
    """Say whether a patient is in two of the cohorts."""
    patients = [{unit.patient for unit in workspace.cohorts.get(name).units} for name in cohorts]
    return sum(map(len, patients)) > len(set().union(*patients))


def _earlier(workspace: "Workspace", record: Json) -> list[_Set]:
    """Return the cohorts on which one of the versions was evaluated besides this one, the oldest first."""
    areas: dict[str, dict[str, Json]] = {}
    names: dict[str, tuple[int, str]] = {}
    for version in (record["deployed"], record["candidate"]):
        for found in workspace.lifecycle.evaluations(record["model"], version):
            area = next((one for one in found.record["metrics"] if one["name"] == METRIC), None)
            if found.cohort_digest != record["cohort_digest"] and area is not None and area["value"] is not None:
                areas.setdefault(found.cohort_digest, {})[version] = area
                names.setdefault(found.cohort_digest, (found.event_seq, found.cohort))
    ordered = sorted(names, key=lambda digest: names[digest])
    return [
        _Set(names[digest][1], areas[digest].get(record["deployed"]), areas[digest].get(record["candidate"]))
        for digest in ordered
    ]


def _none(name: str, why: str, cohorts: Sequence[str]) -> dict[str, Any]:
    return {"name": name, "value": None, "interval": [None, None], "n": 0, "cohorts": list(cohorts), "why": why}
