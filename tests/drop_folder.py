"""Files of observed rows as they arrive in a drop folder, one a table and day."""

import csv
from collections import defaultdict
from datetime import date
from pathlib import Path
from typing import Any

from monitored import acquisitions, outcomes, predictions

NOW_DAYS = 60
PER_DAY = 4
SETTINGS = """
[pipeline]
target = "nodule"
start = "2026-01-01"
"""
SOURCE = """
[[pipeline.observations]]
table = "{table}"
folder = "{folder}"
pattern = "{table}-{{day}}.csv"
"""


def write_days(folder: Path, days: int = NOW_DAYS, per_day: int = PER_DAY) -> list[date]:
    """Write acquisitions, predictions and outcomes of some days, and return the days."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = {
        "acquisitions": (_original(acquisitions(days, per_day)), "acquired_at"),
        "predictions": (predictions(days, per_day, "live"), "predicted_at"),
        "outcomes": (outcomes(days, per_day), "established_at"),
    }
    found: set[date] = set()
    for table, (all_rows, time) in rows.items():
        by_day: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for row in all_rows:
            by_day[row[time][:10]].append(row)
        for day, of_day in by_day.items():
            found.add(date.fromisoformat(day))
            _write(folder / f"{table}-{day}.csv", of_day)
    return sorted(found)


def settings_for(folder: Path) -> str:
    """Return the settings that take the folder's files in."""
    tables = ("acquisitions", "predictions", "outcomes")
    return SETTINGS + "".join(SOURCE.format(table=table, folder=folder) for table in tables)


def _original(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Spell patients and scanners as a hospital does."""
    return [row | {name: f"{name}-{row[name][-6:]}" for name in ("patient", "scanner")} for row in rows]


def _write(file: Path, rows: list[dict[str, Any]]) -> None:
    with file.open("w", newline="") as out:
        writer = csv.DictWriter(out, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
