"""What charts need beside the records: curves from the stored scores of an evaluation, series from a monitor run."""

from collections.abc import Mapping
from typing import Any

from pipelines.bootstrap import Workspace
from registry.domain.canonical import parse_canonical
from registry.domain.cohort import Cohort
from registry.domain.dossier import CalibrationBin, CurvePoint, DailyPoint
from registry.domain.score_grid import to_value
from registry.evaluations import StoredEvaluation


def roc_curve(workspace: Workspace, found: StoredEvaluation) -> tuple[CurvePoint, ...]:
    """Return the ROC curve of an evaluation; empty where a class is."""
    from validation.external import roc_view  # noqa: PLC0415 - lazy: scipy is slow to import

    cohort, scores = _scored(workspace, found)
    return roc_view(cohort, scores) if {unit.truth for unit in cohort.units} == {True, False} else ()


def calibration_bins(workspace: Workspace, found: StoredEvaluation) -> tuple[CalibrationBin, ...]:
    """Return the reliability bins of an evaluation, under its own protocol."""
    from validation.external import reliability_view  # noqa: PLC0415 - lazy: scipy is slow to import
    from validation.protocol.protocol import protocol_from  # noqa: PLC0415 - lazy

    protocol = protocol_from(parse_canonical(workspace.objects.get(found.protocol_digest)))
    return reliability_view(*_scored(workspace, found), protocol)


def daily_points(series: Mapping[str, Any] | None, version: str) -> tuple[DailyPoint, ...]:
    """Return a version's daily series that was stored with a monitor run: the live one where there is one."""
    days = [] if series is None else [day for day in series["days"] if day["version"] == version]
    shown = next((mode for mode in ("live", "shadow") if any(day["mode"] == mode for day in days)), "")
    ours = [day for day in days if day["mode"] == shown]
    return tuple(DailyPoint(day["day"], day["n"], day["n_positive"], day["mean_score"]) for day in ours)


def _scored(workspace: Workspace, found: StoredEvaluation) -> tuple[Cohort, list[float]]:
    """Return an evaluation's cohort and the stored scores in the order of its units, at the grid's midpoints."""
    cohort = workspace.cohorts.get(found.cohort)
    cells = dict(parse_canonical(workspace.objects.get(str(found.record["scores_digest"]))))
    return cohort, [to_value(cells[unit.unit_uid]) for unit in cohort.units]
