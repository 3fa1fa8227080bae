"""Times and doses of the studies that a model scored: turnaround, reading time, dose, contrast, repeats."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from monitors.counts import PROTOCOL, SCOPE, Column, Family, Integers, Labels, count, weighed
from monitors.engine.columns import (
    arrow_of,
    at_rows,
    constant,
    first_rows,
    instants,
    joined,
    labels,
    named,
    numbers,
    picked,
    positions,
    texts,
)
from monitors.engine.days import local_days
from monitors.engine.reads import Reads
from monitors.engine.seen import Seen, rows_of, stacked, stated_site
from monitors.families import FS, MOMENTS, SUMS, WORK, WORK_UNITS, further_axes

Numbers = npt.NDArray[np.float64]
_CONTEXT = (*SCOPE, "modality", PROTOCOL, "patient")
_MINUTE_US = 60_000_000


def work_families(seen: Seen) -> dict[str, Family]:
    """Return the work of each study or read by value and patient, and its sums."""
    rows = _studies(seen)
    where = positions(seen.predictions.study.take(rows), texts(seen.tables.acquisitions, "study_uid"))
    of_study = labels(texts(seen.tables.acquisitions, "study_uid"))
    parts = [
        _part(seen, rows, measure, _of_study(values, of_study, where))
        for measure, values in _acquired(seen.tables.acquisitions).items()
    ]
    parts += [_turnaround(seen, rows), _read_time(seen)]
    axes = further_axes()[WORK]
    work = count(WORK, {axis: stacked([part[axis] for part in parts]) for axis in axes})
    return {WORK: work, SUMS: sums_of(work)}


def sums_of(work: Family) -> Family:
    """Return number, sum and sum of squares of the values, as whole numbers."""
    value = work.codes_of("value")
    columns: dict[str, Column] = {}
    for axis in FS[:-1]:
        codes = np.tile(work.codes_of(axis), len(MOMENTS))
        columns[axis] = Labels(codes, work.levels[axis]) if axis in work.levels else codes
    columns["moment"] = named(np.repeat(np.arange(len(MOMENTS)), len(value)), MOMENTS)
    return weighed(SUMS, columns, np.concatenate([work.counts * value**power for power in range(len(MOMENTS))]))


def _studies(seen: Seen) -> npt.NDArray[np.intp]:
    """Return the first analysed prediction of each study, version, target and mode."""
    kept = np.flatnonzero(seen.analysed)
    columns = [arrow_of(at_rows(seen.units[axis], kept)) for axis in ("version", "target", "mode")]
    order = [(seen.predictions.prediction_id.take(kept), "ascending")]
    return kept[first_rows(joined(seen.predictions.study.take(kept), *columns), order)].astype(np.intp)


def _acquired(table: Any) -> dict[str, Numbers]:
    """Return per series what its study is measured by; NaN where it is not stated."""
    import pyarrow.compute as pc  # noqa: PLC0415 - lazy: pyarrow is slow to import

    first = np.asarray(pc.equal(texts(table, "repeat_of"), "").to_numpy(zero_copy_only=False), dtype=np.bool_)
    return {
        "dose": numbers(table, "dlp_mgy_cm"),
        "contrast": numbers(table, "contrast_volume_ml"),
        "repeats": np.where(first, np.nan, 1.0),
    }


def _of_study(values: Numbers, study: Labels, where: Integers) -> Numbers:
    """Return the largest stated value of each study's series; NaN where no series states one."""
    largest = np.full(len(study.levels) + 1, -np.inf)
    stated = np.isfinite(values)
    np.maximum.at(largest, study.codes[stated], values[stated])
    place = np.where(where >= 0, study.codes[where] if len(study.codes) else -1, -1)
    return np.where(np.isneginf(largest[place]), np.nan, largest[place])


def _turnaround(seen: Seen, rows: npt.NDArray[np.intp]) -> dict[str, Column]:
    """Return the minutes from the first series to the first final report, on the day of that report."""
    table, reads = seen.tables.acquisitions, seen.reads
    begun = _first(texts(table, "study_uid"), texts(table, "acquired_at"), seen.predictions.study.take(rows))
    told = np.flatnonzero(reads.prediction >= 0)
    study = seen.predictions.study.take(reads.prediction[told])
    ended = _first(study, reads.reported_at.take(told), seen.predictions.study.take(rows))
    minutes = (ended - begun).astype("timedelta64[us]").astype(np.float64) / _MINUTE_US
    minutes[np.isnat(ended) | np.isnat(begun)] = np.nan
    part = _part(seen, rows, "turnaround", minutes)
    kept = ended[np.isfinite(minutes) & (minutes >= 0)]
    site = part["site"]
    if isinstance(site, Labels):
        part["day"] = local_days(kept, site, seen.request.zone_of)
    return part


def _first(key: Any, at: Any, wanted: Any) -> npt.NDArray[np.datetime64]:
    """Return the earliest stated instant of each wanted key, NaT where there is none."""
    import pyarrow.compute as pc  # noqa: PLC0415 - lazy: pyarrow is slow to import

    stated = np.flatnonzero(pc.not_equal(at, "").to_numpy(zero_copy_only=False))
    key, at = key.take(stated), at.take(stated)
    first = first_rows(key, [(at, "ascending")])
    place = positions(wanted, key.take(first))
    return np.append(instants(at.take(first)), np.datetime64("NaT", "us"))[place]


def _read_time(seen: Seen) -> dict[str, Column]:
    """Return the seconds of each analysed read, on the day of reading, in the context of its prediction."""
    reads: Reads = seen.reads
    rows = np.flatnonzero(stated_site(seen.reactions) & np.isfinite(reads.seconds))
    columns = rows_of(seen.reactions, (*SCOPE, "patient"), rows)
    for axis in ("modality", PROTOCOL):
        column = seen.units[axis]
        if isinstance(column, Labels):
            columns[axis] = picked(column, reads.prediction[rows])
    return _measured(columns, "read_time", reads.seconds[rows])


def _part(seen: Seen, rows: npt.NDArray[np.intp], measure: str, values: Numbers) -> dict[str, Column]:
    kept = np.flatnonzero(np.isfinite(values) & (values >= 0))
    return _measured(rows_of(seen.units, _CONTEXT, rows[kept]), measure, values[kept])


def _measured(columns: Mapping[str, Column], measure: str, values: Numbers) -> dict[str, Column]:
    _, most = WORK_UNITS[measure]
    whole = np.minimum(np.rint(values), most).astype(np.int64)
    return {**columns, "measure": constant(measure, len(whole)), "value": whole}
