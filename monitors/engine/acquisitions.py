"""Where, when and of whom: the acquisition behind each prediction (contract, section 4a and 4c)."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from monitors.counts import SCANNER, Integers, Labels
from monitors.engine.columns import constant, first_rows, instants, labels, named, numbers, picked, positions, texts
from monitors.engine.days import local_days
from monitors.engine.tables import Request, Tables
from registry.domain.joining import MIXED
from registry.domain.vocabulary import AGE_BANDS

AGE_BAND = "age_band"
_BANDS = tuple(f"{low}+" if high is None else f"{low}-{high}" for low, high in AGE_BANDS)


@dataclass(frozen=True, eq=False)
class Acquired:
    """The acquisition of each of n rows.

    Attributes:
        known: whether an acquisition was found, shape (n,).
        day: site-local day of `acquired_at`, 0 where unknown.
        site, patient: empty where unknown.
        axes: per axis its values, empty where missing.
    """

    known: npt.NDArray[np.bool_]
    day: Integers
    site: Labels
    patient: Labels
    axes: dict[str, Labels]


def acquired(tables: Tables, request: Request, series: Any, study: Any, further: tuple[str, ...] = ()) -> Acquired:
    """Find the acquisition of rows by their series, else by their study's first series.

    Args:
        tables: the observation tables.
        request: whose axes and time zones apply.
        series: Arrow strings of shape (n,), empty where a row names no series.
        study: Arrow strings of shape (n,).
        further: axes beside the request's.
    """
    table = tables.acquisitions
    own = positions(series, texts(table, "series_uid"))
    rows = np.where(own >= 0, own, _first_series(table, study))
    site = picked(labels(texts(table, "site")), rows)
    day = local_days(_at(instants(texts(table, "acquired_at")), rows), site, request.zone_of)
    axes = {axis: _axis(table, axis, rows, own, study) for axis in dict.fromkeys((*request.axes, *further))}
    return Acquired(rows >= 0, day, site, picked(labels(texts(table, "patient")), rows), axes)


def _first_series(table: Any, study: Any) -> Integers:
    studies = texts(table, "study_uid")
    order = [(texts(table, "acquired_at"), "ascending"), (texts(table, "series_uid"), "ascending")]
    first = first_rows(studies, order)
    found = positions(study, studies.take(first))
    return np.where(found >= 0, first[found] if len(first) else -1, -1)


def _at(when: npt.NDArray[np.datetime64], rows: Integers) -> npt.NDArray[np.datetime64]:
    padded = np.concatenate([when, np.array(["NaT"], dtype="datetime64[us]")])
    return padded[rows]


def _axis(table: Any, axis: str, rows: Integers, own: Integers, study: Any) -> Labels:
    if axis == SCANNER:
        return _scanner(table, own, study)
    if axis == AGE_BAND:
        return picked(_age_bands(numbers(table, "age_years")), rows)
    if axis not in table.column_names:
        return constant("", len(rows))
    return picked(labels(texts(table, axis)), rows)


def _age_bands(years: npt.NDArray[np.float64]) -> Labels:
    starts = np.array([low for low, _ in AGE_BANDS], dtype=np.float64)
    known = np.nan_to_num(years, nan=-1.0)
    codes = np.searchsorted(starts, known, side="right") - 1
    return named(np.where(known < 0, len(_BANDS), codes), (*_BANDS, ""))


def _scanner(table: Any, own: Integers, study: Any) -> Labels:
    """Return the series' own scanner, else the one that the study's series share, else `mixed`."""
    scanner = labels(texts(table, SCANNER))
    levels = (*scanner.levels, "", MIXED)
    blank = scanner.levels.index("") if "" in scanner.levels else len(scanner.levels)
    by_series = np.where(own >= 0, scanner.codes[own] if len(scanner.codes) else blank, blank)
    studies = labels(texts(table, "study_uid"))
    of_study = _common(scanner.codes, studies, blank, len(levels) - 1)
    place = positions(study, _strings(studies.levels))
    by_study = np.where(place >= 0, of_study[place] if len(of_study) else blank, blank)
    return Labels(np.where(by_series != blank, by_series, by_study), levels)


def _common(codes: Integers, studies: Labels, blank: int, mixed: int) -> Integers:
    """Return per study the code that all stated series share, `mixed`, or `blank` where none is stated."""
    low = np.full(len(studies.levels), np.iinfo(np.int64).max)
    high = np.full(len(studies.levels), -1)
    stated = codes != blank
    np.minimum.at(low, studies.codes[stated], codes[stated])
    np.maximum.at(high, studies.codes[stated], codes[stated])
    return np.where(high < 0, blank, np.where(low == high, low, mixed))


def _strings(values: tuple[str, ...]) -> Any:
    import pyarrow as pa  # noqa: PLC0415 - lazy: pyarrow is slow to import

    return pa.array(values, pa.string())
