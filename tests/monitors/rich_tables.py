"""Random observation tables with everything that is optional: parameters, times, doses, second reads, findings."""

from typing import Any

import numpy as np
import pyarrow as pa
from tables_at_random import random_rows

from monitors.engine.tables import Tables

Row = dict[str, Any]


def rich_tables(seed: int) -> Tables:
    """Draw the random tables of a seed and give their rows what is optional, some of it missing."""
    rng, rows = np.random.default_rng(1000 + seed), random_rows(seed)
    plain = rows.tables()
    return Tables(
        _with(plain.acquisitions, _acquisition, rng),
        plain.predictions,
        _with(plain.reads, _read, rng),
        plain.outcomes,
        pa.Table.from_pylist(_findings(rng, rows.predictions, rows.outcomes), schema=_FINDINGS),
        pa.Table.from_pylist(_measurements(rng, rows.predictions), schema=_MEASUREMENTS),
        pa.Table.from_pylist(_expected(), schema=_EXPECTED),
    )


def _with(table: pa.Table, draw: Any, rng: np.random.Generator) -> pa.Table:
    drawn = [draw(rng) for _ in range(table.num_rows)]
    for name in drawn[0] if drawn else ():
        column = pa.array([row[name] for row in drawn])
        at = table.column_names.index(name) if name in table.column_names else -1
        table = table.append_column(name, column) if at < 0 else table.set_column(at, name, column)
    return table


def _maybe(rng: np.random.Generator, value: Any) -> Any:
    return value if rng.random() < 0.7 else None


def _acquisition(rng: np.random.Generator) -> Row:
    return {
        "dlp_mgy_cm": _maybe(rng, float(rng.integers(0, 30_000))),
        "contrast_volume_ml": _maybe(rng, float(rng.uniform(0, 120))),
        "repeat_of": _maybe(rng, ""),
        "snr": _maybe(rng, float(rng.normal())),
        "echo_time_ms": _maybe(rng, float(rng.choice([0.0, 4.0, 80.0]))),
        "protocol_name": _maybe(rng, str(rng.choice(["head", "chest"]))),
    } | ({"repeat_of": "2.25.1"} if rng.random() < 0.2 else {})


def _read(rng: np.random.Generator) -> Row:
    hours = int(rng.integers(24 * 50))
    return {
        "opened_before_ai": _maybe(rng, bool(rng.integers(2))),
        "read_seconds": _maybe(rng, float(rng.gamma(4, 30))),
        "reported_at": _maybe(rng, f"{np.datetime64('2026-02-01T00:00:00.000000') + np.timedelta64(hours, 'h')}Z")
        or "",
        "stage": str(rng.choice(["final", "final", "second", "preliminary", "addendum"])),
    }


def _findings(rng: np.random.Generator, predictions: list[Row], outcomes: list[Row]) -> list[Row]:
    found = []
    for row in predictions:
        found += [_spot(rng, row) | {"prediction_id": row["prediction_id"]} for _ in range(int(rng.integers(0, 3)))]
    for row in outcomes:
        found += [_spot(rng, row) | {"outcome_key": "known"} for _ in range(int(rng.integers(0, 3)))]
    return [row | {"finding_id": f"f{place}"} for place, row in enumerate(found)]


def _spot(rng: np.random.Generator, row: Row) -> Row:
    x, y, z = (float(at) for at in rng.integers(0, 3, 3))
    return {
        "label": str(rng.choice(["nodule", "mass"])),
        "score": _maybe(rng, float(rng.random())),
        "unit": row["unit"],
        "unit_uid": row["unit_uid"],
        "x_mm": x,
        "y_mm": y,
        "z_mm": _maybe(rng, z),
        "diameter_mm": _maybe(rng, float(rng.choice([2.0, 4.0]))),
        "volume_ml": _maybe(rng, 0.01),
        "accepted": _maybe(rng, bool(rng.integers(2))),
    }


def _measurements(rng: np.random.Generator, predictions: list[Row]) -> list[Row]:
    units = {"Dice": "1", "volume": "mL", "notification_seconds": "s", "unheard": "1", "hd95": "wrong"}
    return [
        {"subject_id": row["prediction_id"], "name": name, "value": float(rng.gamma(2)), "unit": unit}
        for row in predictions
        for name, unit in units.items()
        if rng.random() < 0.4
    ]


def _expected() -> list[Row]:
    return [
        {"site": site, "modality": "MR", "hour": f"2026-02-{day:02d}T{hour:02d}:00:00.000000Z", "n": 1.4 + hour}
        for site in ("north", "south")
        for day in range(1, 20)
        for hour in (0, 9, 23)
    ]


_FINDINGS = pa.schema(
    [(name, pa.string()) for name in ("finding_id", "prediction_id", "outcome_key", "label", "unit", "unit_uid")]
    + [(name, pa.float64()) for name in ("score", "x_mm", "y_mm", "z_mm", "diameter_mm", "volume_ml")]
    + [("accepted", pa.bool_())]
)
_MEASUREMENTS = pa.schema([(n, pa.string()) for n in ("subject_id", "name", "unit")] + [("value", pa.float64())])
_EXPECTED = pa.schema([(name, pa.string()) for name in ("site", "modality", "hour")] + [("n", pa.float64())])
