"""What was acquired where: histograms of the acquisitions' parameters and image quality, and arrivals by hour."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from monitors.counts import FA, SCANNER, Column, Family, Integers, Labels, count, weighed
from monitors.engine.columns import (
    Instants,
    first_rows,
    instants,
    joined,
    labels,
    numbers,
    picked,
    texts,
)
from monitors.engine.days import local_days
from monitors.engine.tables import Request, Tables
from monitors.families import CATEGORICAL, EXPECTED, FE, NUMERIC, RECEIVED
from monitors.value_grid import to_cells

_HOUR_US = 3_600_000_000


def place_families(tables: Tables, request: Request) -> dict[str, Family]:
    """Return the families that no model stands in: `FA`, one histogram a column, arrivals and what was expected."""
    when = instants(texts(tables.acquisitions, "acquired_at"))
    columns = _places(tables.acquisitions, when, request)
    return {
        "FA": count("FA", columns),
        **{f"FN:{name}": _numeric(tables.acquisitions, name, columns) for name in NUMERIC},
        **{f"FK:{name}": _categorical(tables.acquisitions, name, columns) for name in CATEGORICAL},
        RECEIVED: _received(tables.acquisitions, when, columns),
        EXPECTED: _expected(tables.expected, request),
    }


def _places(table: Any, when: Instants, request: Request) -> dict[str, Column]:
    """Return day, site, modality and scanner of each series."""
    site = labels(texts(table, "site"))
    columns: dict[str, Column] = {
        "day": local_days(when, site, request.zone_of),
        "site": site,
        "modality": labels(texts(table, "modality")),
        "scanner": labels(texts(table, SCANNER)),
    }
    return {axis: columns[axis] for axis in FA}


def _numeric(table: Any, name: str, columns: Mapping[str, Column]) -> Family:
    """Count the series that state a number, by its cell."""
    values = numbers(table, name)
    rows = np.flatnonzero(np.isfinite(values))
    return count(f"FN:{name}", {**_at(columns, rows), "cell": to_cells(values[rows])})


def _categorical(table: Any, name: str, columns: Mapping[str, Column]) -> Family:
    """Count the series that state a text, by that text."""
    values = labels(texts(table, name))
    stated = np.array([level != "" for level in values.levels] or [False], dtype=np.bool_)
    rows = np.flatnonzero(stated[values.codes])
    return count(f"FK:{name}", {**_at(columns, rows), "level": picked(values, rows)})


def _received(table: Any, when: Instants, columns: Mapping[str, Column]) -> Family:
    """Count the studies of each modality by the hour of their first series."""
    at = [(texts(table, "acquired_at"), "ascending")]
    rows = first_rows(joined(texts(table, "study_uid"), texts(table, "modality")), at)
    known = rows[~np.isnat(when[rows])]
    here = _at(columns, known) | {"hour": _hours(when[known])}
    return count(RECEIVED, {axis: here[axis] for axis in FE})


def _expected(table: Any, request: Request) -> Family:
    """Add up what was expected by the hour, in whole studies."""
    site, when = labels(texts(table, "site")), instants(texts(table, "hour"))
    known = np.flatnonzero(~np.isnat(when))
    columns: dict[str, Column] = {
        "day": local_days(when, site, request.zone_of)[known],
        "site": picked(site, known),
        "modality": picked(labels(texts(table, "modality")), known),
        "hour": _hours(when[known]),
    }
    n = np.nan_to_num(numbers(table, "n")[known], nan=0.0)
    return weighed(EXPECTED, columns, np.maximum(np.rint(n), 0).astype(np.int64))


def _hours(when: Instants) -> Integers:
    """Return the whole hours since 1970 in UTC."""
    return np.asarray(when.astype("datetime64[us]").astype(np.int64) // _HOUR_US, dtype=np.int64)


def _at(columns: Mapping[str, Column], rows: npt.NDArray[Any]) -> dict[str, Column]:
    return {
        name: picked(column, rows.astype(np.int64)) if isinstance(column, Labels) else column[rows]
        for name, column in columns.items()
    }
