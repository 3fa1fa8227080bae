"""Embeddings from the tables: which analysed units carry one, where and of whom they are."""

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from monitors.embeddings import NO_VECTORS, EmbeddedUnit, Embeddings
from monitors.engine.acquisitions import acquired
from monitors.engine.columns import texts
from monitors.engine.envelope import axes_of_suspensions, outside
from monitors.engine.predictions import predictions_of
from monitors.engine.tables import Request, Tables
from monitors.scope import MONITORED_MODES, Scope
from validation.statistics.arrays import FloatArray

COLUMN = "embedding"
NONE = Embeddings((), NO_VECTORS)


def embeddings_of(tables: Tables, request: Request) -> Embeddings:
    """Return the embeddings of a model's analysed units; none where no prediction carries one.

    Vectors of another length than most have, and those with a number that is not finite, are left out.

    Args:
        tables: the observation tables; of them predictions and acquisitions.
        request: whose predictions.
    """
    table = _asked(tables.predictions, request)
    if table is None or table.num_rows == 0:
        return NONE
    predictions = predictions_of(replace(tables, predictions=table), request)
    further = axes_of_suspensions(request.suspensions)
    where = acquired(tables, replace(request, axes=()), predictions.series, predictions.study, further)
    apart = outside(where, predictions.version, predictions.predicted_at, request.suspensions)
    vectors, fit = _vectors(table)
    rows = np.flatnonzero(predictions.analysed & where.known & ~apart & fit).tolist()
    columns = (predictions.version, predictions.mode, predictions.target, where.site, where.patient)
    named = [[column.levels[code] for code in column.codes.tolist()] for column in columns]
    ids, days = predictions.prediction_id.to_pylist(), where.day.tolist()
    units = [(EmbeddedUnit(Scope(*(named[at][row] for at in range(4))), days[row], named[4][row]), row) for row in rows]
    units = [(unit, row) for unit, row in units if unit.scope.mode in MONITORED_MODES and unit.scope.site]
    units.sort(key=lambda one: (one[0].day, one[0].patient, ids[one[1]]))
    if not units or not vectors.shape[1]:
        return NONE
    place = np.cumsum(fit) - 1
    return Embeddings(tuple(unit for unit, _ in units), vectors[place[[row for _, row in units]]])


def _vectors(table: Any) -> tuple[FloatArray, npt.NDArray[np.bool_]]:
    """Return the vectors that have the usual length and finite numbers, and which rows these are."""
    import pyarrow as pa  # noqa: PLC0415 - lazy: pyarrow is slow to import
    import pyarrow.compute as pc  # noqa: PLC0415 - lazy: pyarrow is slow to import

    column = table.column(COLUMN).combine_chunks()
    lengths = pc.list_value_length(column).to_numpy(zero_copy_only=False)
    usual = int(np.bincount(lengths).argmax())
    fit = lengths == usual
    numbers = column.filter(pa.array(fit)).flatten().cast(pa.float64()).to_numpy(zero_copy_only=False)
    vectors = numbers.reshape(int(fit.sum()), usual)
    finite = np.isfinite(vectors).all(axis=1)
    fit[np.flatnonzero(fit)[~finite]] = False
    return np.asarray(vectors[finite], dtype=np.float64), fit


def _asked(table: Any, request: Request) -> Any:
    """Return the model's predictions that carry an embedding; None where the column is not there."""
    import pyarrow.compute as pc  # noqa: PLC0415 - lazy: pyarrow is slow to import

    if COLUMN not in table.column_names:
        return None
    wanted = pc.and_(pc.is_valid(table.column(COLUMN)), pc.equal(texts(table, "model"), request.model))
    if request.target is not None:
        wanted = pc.and_(wanted, pc.equal(texts(table, "target"), request.target))
    return table.filter(wanted)
