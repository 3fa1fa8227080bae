"""Observation tables from columns: one study a row, with what a test plants, and plain values for the rest."""

from typing import Any

import numpy as np
import pyarrow as pa

from monitors.counts import Counts
from monitors.engine.embedded import count_tables
from monitors.engine.tables import Request, Tables, axes_of
from monitors.judge import judged
from monitors.run import all_signals
from registry.domain.plan import MonitoringPlan

FIRST = np.datetime64("2026-01-01T12:00:00.000000")
_MINUTE = np.timedelta64(1, "m")
LATEST = "2026-04-30"  # day 119: the window is days 92 to 119, the reference days 0 to 59
_ACQUIRED = ("series_uid", "study_uid", "patient", "site", "acquired_at", "modality", "scanner", "sex", "age_years")
_PREDICTED = ("prediction_id", "model", "version", "study_uid", "target", "predicted_at", "unit", "unit_uid", "status")
_READ = ("read_id", "study_uid", "target", "reader", "read_at", "unit", "unit_uid", "prediction_id")


def tables_of(day: Any, **planted: Any) -> Tables:
    """Return the tables of studies on given days; a column that is not planted has a plain value.

    Args:
        day: days after the first, int[n].
        planted: columns by name: of acquisitions, `score`, `decision`, `truth` (None for no outcome), `reader`,
            `read` (the reader's decision; None for no read), and every further column of the reads as `read_…`; and
            `findings`, `measurements`, `expected` as lists of rows.
    """
    n = len(day)
    at = FIRST + np.asarray(day) * np.timedelta64(1, "D") + planted.pop("minute", np.zeros(n, dtype=int)) * _MINUTE
    rows = _plain(n, at) | {name: _list(values) for name, values in planted.items() if name not in _LISTS}
    if "read" not in planted:
        rows["read"] = [(decision != turned) for decision, turned in zip(rows["decision"], _turned(n), strict=True)]
    read = [row for row in range(n) if rows["read"][row] is not None]
    told = [row for row in range(n) if rows["truth"][row] is not None]
    acquired = [name for name in rows if name in _ACQUIRED or name in _MORE_ACQUIRED]
    outcome = {name: rows[name] for name in ("study_uid", "target", "unit", "unit_uid", "truth")}
    outcome |= {"source": ["pathology"] * n, "established_at": _texts(at + np.timedelta64(1, "D"))}
    return Tables(
        _table({name: rows[name] for name in acquired}, range(n)),
        _table({name: rows[name] for name in (*_PREDICTED, "score", "decision", "mode")}, range(n)),
        _table(_reads(rows), read),
        _table(outcome, told),
        *(pa.Table.from_pylist(planted.get(name, []), schema=_LISTS[name]) for name in _LISTS),
    )


def counts_of(tables: Tables, plan: MonitoringPlan) -> Counts:
    """Count tables for a plan."""
    return count_tables(tables, Request("m", lambda _: "UTC", axes_of(plan), pairs=plan.pairs))


def run_of(tables: Tables, plan: MonitoringPlan | None = None, as_of: str = LATEST) -> dict[str, Any]:
    """Judge the fixed windows of tables; the sequential layer is left out."""
    chosen = plan or MonitoringPlan()
    found = judged(all_signals(counts_of(tables, chosen), chosen, as_of), float(chosen.q_limit))
    return {"signals": [signal.to_json() for signal in found]}


def study_days(per_day: int, days: int = 120) -> Any:
    """Return the day of each study, and whether it lies in the window."""
    day = np.repeat(np.arange(days), per_day)
    return day, day >= 92


def _plain(n: int, at: Any) -> dict[str, Any]:
    ids, rng = [f"2.25.{row}" for row in range(n)], np.random.default_rng(n)
    truth = rng.random(n) < 0.4
    score = 1 / (1 + np.exp(-(rng.normal(size=n) + 2.0 * truth - 1)))
    return {
        "series_uid": [f"{uid}9" for uid in ids],
        "study_uid": ids,
        "patient": [f"p{row}" for row in range(n)],
        "site": ["north"] * n,
        "acquired_at": _texts(at),
        "modality": ["CT"] * n,
        "scanner": [f"s{row % 3}" for row in range(n)],
        "sex": [("F", "M")[row % 2] for row in range(n)],
        "age_years": rng.uniform(20, 90, n).tolist(),
        "prediction_id": [f"a{row}" for row in range(n)],
        "model": ["m"] * n,
        "version": ["1"] * n,
        "target": ["t"] * n,
        "predicted_at": _texts(at + _MINUTE),
        "unit": ["study"] * n,
        "unit_uid": ids,
        "status": ["scored"] * n,
        "mode": ["live"] * n,
        "truth": truth.tolist(),
        "score": score.tolist(),
        "decision": (score >= 0.5).tolist(),
        "reader": [f"dr{row % 4}" for row in range(n)],
        "read": [None] * n,
        "read_id": [f"r{row}" for row in range(n)],
        "read_at": _texts(at + 10 * _MINUTE),
        "read_ai_shown": [True] * n,
    }


def _turned(n: int) -> list[bool]:
    """Say per row whether the reader decides otherwise than the model: one in ten, at random."""
    return (np.random.default_rng(n + 1).random(n) < 0.1).tolist()


def _reads(rows: dict[str, Any]) -> dict[str, Any]:
    more = {name.removeprefix("read_"): values for name, values in rows.items() if name.startswith("read_")}
    renamed = {"seconds": "read_seconds"}
    further = {renamed.get(name, name): values for name, values in more.items() if name not in {"id", "at"}}
    return {name: rows[name] for name in _READ} | {"decision": rows["read"]} | further


def _list(values: Any) -> Any:
    return values.tolist() if isinstance(values, np.ndarray) else list(values)


def _texts(times: Any) -> list[str]:
    return [f"{time}Z" for time in times]


def _table(columns: dict[str, Any], rows: Any) -> pa.Table:
    return pa.table({name: _typed([values[row] for row in rows]) for name, values in columns.items()})


def _typed(values: list[Any]) -> pa.Array:
    return pa.array(values, pa.string() if all(value is None for value in values) else None)


_MORE_ACQUIRED = (
    "software_versions",
    "protocol_name",
    "dlp_mgy_cm",
    "contrast_volume_ml",
    "repeat_of",
    "snr",
    "noise",
    "echo_time_ms",
    "kvp",
)
_T, _F = pa.string(), pa.float64()
_LISTS = {
    "findings": pa.schema(
        [(name, _T) for name in ("finding_id", "prediction_id", "outcome_key", "label", "unit", "unit_uid")]
        + [(name, _F) for name in ("score", "x_mm", "y_mm", "z_mm", "diameter_mm", "volume_ml")]
        + [("accepted", pa.bool_())]
    ),
    "measurements": pa.schema([("subject_id", _T), ("name", _T), ("value", _F), ("unit", _T)]),
    "expected": pa.schema([("site", _T), ("modality", _T), ("hour", _T), ("n", _F)]),
}
