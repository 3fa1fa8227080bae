"""Which predictions are analysed, and what they say on the score grid (contract, section 4b)."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from monitors.counts import Integers, Labels
from monitors.engine.columns import first_rows, flags, joined, labels, named, numbers, texts
from monitors.engine.tables import Request, Tables
from validation.statistics.grid import to_grid

SIGNS = ("neg", "pos")


@dataclass(frozen=True, eq=False)
class Predictions:
    """The predictions of one model, all of them, as columns of shape (n,).

    Attributes:
        subject: composite key of unit, unit UID and target (Arrow strings).
        prediction_id, predicted_at, series, study: Arrow strings.
        version, target, mode, status: texts.
        q: score-grid cells; 0 where there is no score.
        decision: 1 positive, 0 negative, -1 none.
        analysed: the first scored of each unit, target, version and mode.
        contradicts: the decision contradicts the row's own score and threshold.
    """

    subject: Any
    prediction_id: Any
    predicted_at: Any
    series: Any
    study: Any
    version: Labels
    target: Labels
    mode: Labels
    status: Labels
    q: Integers
    decision: npt.NDArray[np.int8]
    analysed: npt.NDArray[np.bool_]
    contradicts: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.q)

    def is_status(self, status: str) -> npt.NDArray[np.bool_]:
        """Say per prediction whether it has this status."""
        return _is(self.status, status)

    def is_mode(self, mode: str) -> npt.NDArray[np.bool_]:
        """Say per prediction whether it has this mode."""
        return _is(self.mode, mode)


def predictions_of(tables: Tables, request: Request) -> Predictions:
    """Return the predictions of the requested model and target."""
    table = _requested(tables.predictions, request)
    score, decision = numbers(table, "score"), flags(table, "decision")
    columns = {name: texts(table, name) for name in ("prediction_id", "predicted_at", "version", "target")}
    status, mode = texts(table, "status", "scored"), texts(table, "mode", "live")
    subject = subjects(table)
    key = joined(subject, columns["version"], mode)
    return Predictions(
        subject=subject,
        prediction_id=columns["prediction_id"],
        predicted_at=columns["predicted_at"],
        series=texts(table, "series_uid"),
        study=texts(table, "study_uid"),
        version=labels(columns["version"]),
        target=labels(columns["target"]),
        mode=labels(mode),
        status=labels(status),
        q=to_grid(np.nan_to_num(score, nan=0.0)),
        decision=decision,
        analysed=_analysed(labels(status), key, columns),
        contradicts=_contradicts(score, numbers(table, "threshold"), decision),
    )


def subjects(table: Any) -> Any:
    """Return the composite key of what a row speaks of: unit, unit UID and target."""
    import pyarrow.compute as pc  # noqa: PLC0415 - lazy: pyarrow is slow to import

    stated, study = texts(table, "unit_uid"), texts(table, "study_uid")
    unit_uid = pc.if_else(pc.equal(stated, ""), study, stated)
    return joined(texts(table, "unit", "study"), unit_uid, texts(table, "target"))


def signs(decision: npt.NDArray[np.int8]) -> Labels:
    """Return decisions or truths as texts: `neg`, `pos`, and `none` for what is not stated."""
    return named(np.where(decision < 0, 2, decision), (*SIGNS, "none"))


def _requested(table: Any, request: Request) -> Any:
    import pyarrow.compute as pc  # noqa: PLC0415 - lazy: pyarrow is slow to import

    wanted = pc.equal(texts(table, "model"), request.model)
    if request.target is not None:
        wanted = pc.and_(wanted, pc.equal(texts(table, "target"), request.target))
    return table.filter(wanted)


def _analysed(status: Labels, key: Any, columns: dict[str, Any]) -> npt.NDArray[np.bool_]:
    scored = np.flatnonzero(_is(status, "scored"))
    order = [(columns[name].take(scored), "ascending") for name in ("predicted_at", "prediction_id")]
    found = np.zeros(len(status.codes), dtype=np.bool_)
    found[scored[first_rows(key.take(scored), order)]] = True
    return found


def _contradicts(
    score: npt.NDArray[np.float64], threshold: npt.NDArray[np.float64], decision: npt.NDArray[np.int8]
) -> npt.NDArray[np.bool_]:
    stated = ~np.isnan(threshold) & ~np.isnan(score) & (decision >= 0)
    positive = np.nan_to_num(score) >= np.nan_to_num(threshold)
    return np.asarray(stated & (positive != (decision == 1)), dtype=np.bool_)


def _is(column: Labels, level: str) -> npt.NDArray[np.bool_]:
    code = column.levels.index(level) if level in column.levels else -1
    return np.asarray(column.codes == code, dtype=np.bool_)
