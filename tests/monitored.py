"""A workspace with a few months of observations of one model, for tests of monitoring."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from fakes import FakeClock

from pipelines.bootstrap import Workspace, init_workspace
from registry.domain.digest import digest_bytes
from registry.domain.instants import instant_text

NOW = datetime(2026, 6, 1, 9, 0, tzinfo=UTC)
MODEL = "nodule"


def monitored_workspace(root: Path, *, mode: str = "live", days: int = 100, per_day: int = 6) -> Workspace:
    """Make a workspace in which a model scored some months of studies; nobody has read them yet."""
    workspace = init_workspace(root, FakeClock(NOW))
    take(workspace, "acquisitions", acquisitions(days, per_day))
    take(workspace, "predictions", predictions(days, per_day, mode))
    take(workspace, "outcomes", outcomes(days, per_day))
    return workspace


def take(workspace: Workspace, table: str, rows: list[dict[str, Any]]) -> None:
    """Take rows in."""
    source = digest_bytes(f"{table} {len(rows)}".encode())
    taken = {"source_digest": source, "actor": workspace.actor, "taken_in_at": workspace.clock.now()}
    found = workspace.tables.append(table, rows, **taken)
    assert (found.new, found.refused) == (len(rows), ())


def uid(row: int) -> str:
    """Return a study UID."""
    return f"2.25.{1000 + row}"


def acquired(row: int, days: int, per_day: int) -> datetime:
    """Return when a study was acquired: so many a day, the last day being yesterday."""
    return NOW - timedelta(days=days - row // per_day, minutes=7 * (row % per_day))


def acquisitions(days: int, per_day: int) -> list[dict[str, Any]]:
    """Return one series a study."""
    return [
        {
            "series_uid": f"{uid(row)}9",
            "study_uid": uid(row),
            "patient": f"p:{row:032x}",
            "site": "general",
            "acquired_at": instant_text(acquired(row, days, per_day)),
            "modality": "MR",
            "scanner": f"p:{row % 2:032x}",
            "sex": "FM"[row % 2],
        }
        for row in range(days * per_day)
    ]


def predictions(days: int, per_day: int, mode: str) -> list[dict[str, Any]]:
    """Return one prediction a study."""
    scores = np.random.default_rng(0).random(days * per_day).tolist()
    return [
        {
            "prediction_id": f"a{row}",
            "model": MODEL,
            "version": "1",
            "study_uid": uid(row),
            "series_uid": f"{uid(row)}9",
            "target": MODEL,
            "predicted_at": instant_text(acquired(row, days, per_day) + timedelta(minutes=5)),
            "score": score,
            "decision": score >= 0.5,
            "threshold": 0.5,
            "mode": mode,
        }
        for row, score in enumerate(scores)
    ]


def outcomes(days: int, per_day: int) -> list[dict[str, Any]]:
    """Return outcomes of two studies of three."""
    truth = np.random.default_rng(1).random(days * per_day) < 0.4
    return [
        {
            "study_uid": uid(row),
            "target": MODEL,
            "truth": bool(truth[row]),
            "source": "pathology",
            "established_at": instant_text(acquired(row, days, per_day) + timedelta(days=1)),
        }
        for row in range(days * per_day)
        if row % 3
    ]
