"""The rows that the appendix may draw from: the analysed predictions of a model, each with its acquisition."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from monitors.counts import Integers, Labels, day_number
from monitors.engine.acquisitions import acquired
from monitors.engine.predictions import Predictions, predictions_of
from monitors.engine.tables import Request, Tables
from monitors.scope import Scope
from pipelines.appendix.columns import ACQUIRED, DECISION, SCORE
from registry.domain.signal import Window
from validation.statistics.grid import to_values

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Rows:
    """Analysed predictions in the order of their pseudonymised ids; every column has the shape (n,).

    Attributes:
        day: site-local day of acquisition, a proleptic ordinal.
        site, version, mode, target: whose they are.
        score: grid values; `decision`: 1 positive, 0 negative, -1 not stated.
        acquired: the columns of the acquisition, as texts, empty where not stated.
    """

    day: Integers
    site: Labels
    version: Labels
    mode: Labels
    target: Labels
    score: npt.NDArray[np.float64]
    decision: npt.NDArray[np.int8]
    acquired: Mapping[str, Labels]

    def of(self, scope: Scope) -> Mask:
        """Say per row whether it is of a scope's version, mode and target."""
        return _is(self.version, scope.version) & _is(self.mode, scope.mode) & _is(self.target, scope.target)

    def during(self, periods: Mapping[str, Window]) -> Mask:
        """Say per row whether it was acquired in the period of its site."""
        found = np.zeros(len(self.day), dtype=np.bool_)
        for site, period in periods.items():
            first, last = day_number(period.start), day_number(period.end)
            found |= _is(self.site, site) & (self.day >= first) & (self.day <= last)
        return found

    def column(self, name: str) -> npt.NDArray[np.object_]:
        """Return a column as texts, empty where it is not stated; the score as numbers."""
        if name == SCORE.name:
            return self.score.astype(object)
        if name == DECISION.name:
            return np.array(["negative", "positive", ""], dtype=object)[self.decision]
        found = self.acquired[name]
        return np.array([*found.levels, ""], dtype=object)[found.codes]


def appendix_axes() -> tuple[str, ...]:
    """Return the columns of the acquisitions that the appendix shows."""
    return tuple(column.name for column in ACQUIRED)


def rows_of(tables: Tables, request: Request) -> Rows:
    """Return the analysed predictions of a request whose axes are the appendix's."""
    predictions = predictions_of(tables, request)
    where = acquired(tables, request, predictions.series, predictions.study)
    kept = _in_order(predictions, predictions.analysed & where.known)
    return Rows(
        day=where.day[kept],
        site=_at(where.site, kept),
        version=_at(predictions.version, kept),
        mode=_at(predictions.mode, kept),
        target=_at(predictions.target, kept),
        score=np.asarray(to_values(predictions.q[kept]), dtype=np.float64),
        decision=predictions.decision[kept],
        acquired={name: _at(column, kept) for name, column in where.axes.items()},
    )


def _in_order(predictions: Predictions, kept: Mask) -> npt.NDArray[np.intp]:
    """Return the rows that are kept, by prediction id, so that how batches were cut does not matter."""
    places = np.flatnonzero(kept)
    names = np.array(predictions.prediction_id.take(places).to_pylist(), dtype=str)
    return places[np.argsort(names, kind="stable")]


def _at(column: Labels, rows: npt.NDArray[np.intp]) -> Labels:
    return Labels(column.codes[rows], column.levels)


def _is(column: Labels, level: str) -> Mask:
    codes = [code for code, name in enumerate(column.levels) if name == level]
    return np.isin(column.codes, codes)
