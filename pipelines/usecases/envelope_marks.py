"""Marking results that were made in a suspended stratum: kept and shown as outside the validated envelope."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from registry.domain.stratum import MARK, Suspension

if TYPE_CHECKING:
    from pipelines.bootstrap import Workspace

_COLUMNS = ("version", "series_uid", "study_uid", "predicted_at")


def marked(workspace: "Workspace", rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return rows of the predictions table, those of a suspended stratum with the attribute that names the stratum.

    The stratum of a row is found by the counting engine's own rules, so that monitors leave out just what is marked.
    """
    suspended = [one for one in workspace.lifecycle.suspensions() if one.in_force]
    names: dict[int, list[str]] = {}
    for model in sorted({row["model"] for row in rows} & {one.model for one in suspended}):
        places = [place for place, row in enumerate(rows) if row["model"] == model]
        ours = tuple(one for one in suspended if one.model == model)
        for one, inside in zip(ours, _inside(workspace, [rows[place] for place in places], ours), strict=True):
            for place, hit in zip(places, inside, strict=True):
                names.setdefault(place, []).extend([one.stratum.text] if hit else [])
    return [_with_mark(row, names.get(place, ())) for place, row in enumerate(rows)]


def _with_mark(row: Mapping[str, Any], strata: Sequence[str]) -> Mapping[str, Any]:
    if not strata:
        return row
    return dict(row) | {"attributes": dict(row.get("attributes") or {}) | {MARK: "; ".join(strata)}}


def _inside(
    workspace: "Workspace", rows: Sequence[Mapping[str, Any]], suspended: tuple[Suspension, ...]
) -> list[list[bool]]:
    """Say per suspension and row whether the row was made in its stratum."""
    import pyarrow as pa  # noqa: PLC0415 - lazy: pyarrow is slow to import

    from monitors.engine.acquisitions import acquired  # noqa: PLC0415 - lazy: numpy is slow to import
    from monitors.engine.columns import labels, texts  # noqa: PLC0415 - lazy
    from monitors.engine.envelope import axes_of_suspensions, inside  # noqa: PLC0415 - lazy
    from monitors.engine.tables import Request, Tables  # noqa: PLC0415 - lazy

    table = pa.table({name: pa.array([row.get(name) for row in rows], pa.string()) for name in _COLUMNS})
    tables = Tables(workspace.tables.read("acquisitions"), table, None, None)
    request = Request(suspended[0].model, workspace.settings.time_zone, ())
    series, study = texts(table, "series_uid"), texts(table, "study_uid")
    where = acquired(tables, request, series, study, axes_of_suspensions(suspended))
    version, made = labels(texts(table, "version")), texts(table, "predicted_at")
    return [inside(where, version, made, one).tolist() for one in suspended]
