"""What a day costs: stored counts brought up to date by one new day, against counting every row anew, in one run.

Run: python benchmarks/daily_update.py [DAYS ...]. Prints CPU seconds for histories of growing length (100 studies a
day: an acquisition, a prediction, a read and an outcome each). The ratios are the claim: a day's update does not grow
with the history, and neither does a late outcome's; counting anew does. A run is that of all monitors on the day after
another run, with what it reads of the stored days apart.
"""

import sys
import tempfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from stopwatch import timed

from monitors.engine.embedded import count_tables
from monitors.engine.tables import Request, Tables, axes_of
from pipelines.bootstrap import Workspace, init_workspace
from pipelines.counting.known_rows import NAMES, Source
from pipelines.usecases.count_days import count_days, update_days
from pipelines.usecases.cut_days import cut_days
from pipelines.usecases.run_monitors import run_monitors
from registry.domain.digest import digest_bytes
from registry.domain.instants import instant_text
from registry.domain.joining import Known
from registry.domain.plan import MonitoringPlan

START = datetime(2024, 1, 1, 8, tzinfo=UTC)
PER_DAY = 100
REQUEST = Request("m", lambda _: "UTC", ("sex", "scanner", "software_versions", "protocol_name"))


PLAN = MonitoringPlan()


class NoProgress:
    """Progress that nobody watches."""

    def advance(self, steps: int = 1) -> None:
        """Do nothing."""


class Clock:
    """A clock that is moved by hand."""

    at = START

    def now(self) -> datetime:
        """Return the instant."""
        return self.at


def take(workspace: Workspace, table: str, rows: list[dict[str, Any]]) -> None:
    """Take rows in."""
    source = digest_bytes(f"{table} {len(rows)} {rows[0]}".encode())
    workspace.tables.append(table, rows, source_digest=source, actor=workspace.actor, taken_in_at=workspace.clock.now())


def take_days(workspace: Workspace, first: int, last: int) -> None:
    """Take in the days from `first` to before `last`, as one batch a table."""
    places = [(day, place) for day in range(first, last) for place in range(PER_DAY)]
    take(workspace, "acquisitions", [acquisition(*place) for place in places])
    take(workspace, "predictions", [prediction(*place) for place in places])
    take(workspace, "reads", [read(*place) for place in places])
    take(workspace, "outcomes", [outcome(*place) for place in places if place[1] % 10])


def uid(day: int, place: int) -> str:
    """Return a study UID."""
    return f"2.25.{10**20 + day * 10_000 + place}"


def at(day: int, place: int, **later: float) -> str:
    """Return an instant of a study."""
    return instant_text(START + timedelta(days=day, seconds=30_000 * place // PER_DAY) + timedelta(**later))


def acquisition(day: int, place: int) -> dict[str, Any]:
    """Return a series."""
    own = {
        "series_uid": f"{uid(day, place)}.1",
        "study_uid": uid(day, place),
        "patient": f"p:{day * 10_000 + place:032x}",
    }
    kind = {"site": "ab"[place % 2], "modality": "MR", "scanner": f"s{place % 5}", "sex": "FM"[place // 2 % 2]}
    return own | kind | {"acquired_at": at(day, place)}


def prediction(day: int, place: int) -> dict[str, Any]:
    """Return a prediction."""
    score = float(np.random.default_rng(day * 1000 + place).random())
    own = {
        "prediction_id": f"a{day}.{place}",
        "model": "m",
        "version": "1",
        "study_uid": uid(day, place),
        "target": "t",
    }
    return own | {"predicted_at": at(day, place, minutes=3), "score": score, "decision": score >= 0.5, "threshold": 0.5}


def read(day: int, place: int) -> dict[str, Any]:
    """Return a read."""
    own = {"read_id": f"r{day}.{place}", "study_uid": uid(day, place), "target": "t", "reader": f"d{place % 8}"}
    return own | {"read_at": at(day, place, minutes=40), "decision": place % 3 == 0, "ai_shown": True}


def outcome(day: int, place: int) -> dict[str, Any]:
    """Return an outcome."""
    own = {"study_uid": uid(day, place), "target": "t", "truth": place % 4 == 0, "source": "pathology"}
    return own | {"established_at": at(day, place, days=5)}


def measure(days: int, folder: Path) -> tuple[float, ...]:
    """Return CPU seconds: a new day, a late outcome, adding up, counting every row, reading for a run, a run."""
    clock = Clock()
    workspace = init_workspace(folder / f"w{days}", clock)
    for first in range(0, days, 30):
        take_days(workspace, first, min(first + 30, days))
    clock.at = START + timedelta(days=days + 30)
    source = Source(workspace, REQUEST, clock.at.date().isoformat(), Known.RECORDED)
    update_days(source)
    take_days(workspace, days, days + 1)
    day = timed(lambda: update_days(source)).cpu
    take(workspace, "outcomes", [outcome(days // 2, 0) | {"source": "pathology"}])
    late = timed(lambda: update_days(source)).cpu
    total = timed(lambda: count_days(source, keep=True)).cpu
    anew = timed(lambda: count_tables(Tables(*(workspace.tables.read(name) for name in NAMES)), REQUEST)).cpu
    run_monitors(workspace, "m", progress=NoProgress())
    take_days(workspace, days + 1, days + 2)
    known = Source(workspace, replace(REQUEST, axes=axes_of(PLAN)), clock.at.date().isoformat(), Known.RECORDED)
    read = timed(lambda: cut_days(known, PLAN)).cpu
    take_days(workspace, days + 2, days + 3)
    run = timed(lambda: run_monitors(workspace, "m", progress=NoProgress())).cpu
    return day, late, total, anew, read, run


def main() -> None:
    """Print one row a history, and how each cost grew."""
    histories = [int(word) for word in sys.argv[1:]] or [30, 120, 480]
    print("| days | studies | a new day | a late outcome | adding up | counting anew | reading for a run | a run |")
    print("| --- " * 8 + "|")
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for days in histories:
            found.append(measure(days, Path(folder)))
            print(f"| {days} | {days * PER_DAY} | {' | '.join(f'{one:.2f}' for one in found[-1])} |", flush=True)
    growth = [last / first for first, last in zip(found[0], found[-1], strict=True)]
    names = ("a new day", "a late outcome", "adding up", "counting anew", "reading for a run", "a run")
    told = ", ".join(f"{name} x {ratio:.2f}" for name, ratio in zip(names, growth, strict=True))
    print(f"history x {histories[-1] / histories[0]:.0f}: {told}")


if __name__ == "__main__":
    main()
