"""A worker that is killed in the middle and run again ends in the state of an undisturbed run."""

import json
import logging
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from unittest import mock

import dagster as dg
import pytest
from dagster._core.workspace.context import IWorkspaceProcessContext
from dagster._daemon.monitoring.concurrency import execute_concurrency_slots_iteration
from dagster._time import get_current_datetime
from drop_folder import settings_for, write_days
from sqlalchemy import func, select

from pipelines.bootstrap import Workspace, init_workspace, open_workspace
from pipelines.usecases.dagster_home import prepare_home
from registry.database import reading
from registry.domain.columns import TABLES
from registry.domain.digest import digest_bytes
from registry.ledger.verify import verify_ledger
from registry.schema import AlertRow, LedgerEntry, MonitorRunRow, QuarantineRow, TaskRow

SERVER = Path(__file__).with_name("run_job.py")
DAYS = 3  # of 60 that have files
SEED = 20260701
LONGEST_S = 600
TRIES = 4  # to kill a worker at work on a machine of unsteady speed
# When a row became known is when it was taken in, and so differs from run to run.
TIMES = frozenset({"taken_in_at", "available_at"})


class Workers:
    """Starts run workers, one after the other, each a process of its own."""

    def __init__(self, log: Path) -> None:
        self.log = log

    def run(self, root: Path, days: list[date], kill_after: float | None = None) -> tuple[int, float]:
        """Run the job `daily`; return the worker's exit code and how long it worked, in seconds."""
        order = {"job": "daily", "days": [days[0].isoformat(), days[-1].isoformat()]}
        with self.log.open("a") as errors:
            worker = subprocess.Popen(
                [sys.executable, "-W", "ignore", SERVER, json.dumps(order)],
                env=dict(os.environ)
                | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
                | {"OVERREAD_WORKSPACE": str(root), "DAGSTER_HOME": str(root / "dagster")},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        with worker:
            assert worker.stdin is not None
            assert worker.stdout is not None
            assert worker.stdout.readline() == "ready\n", self.log.read_text()[-3000:]
            began = time.monotonic()
            worker.stdin.write("go\n")
            worker.stdin.flush()
            return self._end(worker, kill_after), time.monotonic() - began

    @staticmethod
    def _end(worker: "subprocess.Popen[str]", kill_after: float | None) -> int:
        """Wait for a worker's end, which is ours after some seconds, if they are given."""
        try:
            return worker.wait(LONGEST_S if kill_after is None else kill_after)
        except subprocess.TimeoutExpired:
            worker.kill()
            code = worker.wait()
        assert kill_after is not None, f"the worker did not end within {LONGEST_S} s"
        return code


class Hospital:
    """A workspace with a drop folder, whose job `daily` is run over some days."""

    def __init__(self, root: Path, days: list[date], workers: Workers) -> None:
        self.root = root
        self.days = days
        self.workers = workers

    @classmethod
    def founded(cls, folder: Path) -> "Hospital":
        """Make the workspace; nothing was taken in yet."""
        days = write_days(folder / "drop", 60, 4)
        made = init_workspace(folder / "workspace")
        with (made.root / "overread.toml").open("a") as settings:
            settings.write(settings_for(folder / "drop"))
        made.engine.dispose()
        prepare_home(made.root)
        return cls(made.root, days[-DAYS - 1 : -1], Workers(folder / "workers.log"))

    def copy(self, root: Path) -> "Hospital":
        """Return a copy of it."""
        shutil.copytree(self.root, root)
        return Hospital(root, self.days, self.workers)

    def run(self) -> float:
        """Run a worker to its end and return how long it took, in seconds."""
        code, took = self.workers.run(self.root, self.days)
        assert code == 0, self.workers.log.read_text()[-3000:]
        return took

    def kill(self, after: float) -> bool:
        """Kill a worker after some seconds; say whether it was still at work."""
        code, _ = self.workers.run(self.root, self.days, after)
        assert code in {0, -signal.SIGKILL}
        self._notice()
        return code == -signal.SIGKILL

    def _notice(self) -> None:
        """Do what Dagster's daemon does about a dead worker: its run has failed, its place in a pool is free again."""
        later = get_current_datetime() + timedelta(minutes=1)
        with (
            dg.DagsterInstance.from_config(str(self.root / "dagster")) as instance,
            mock.patch(f"{execute_concurrency_slots_iteration.__module__}.get_current_datetime", return_value=later),
        ):
            for run in instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED])):
                instance.report_run_failed(run)
            daemon = cast("IWorkspaceProcessContext", SimpleNamespace(instance=instance))
            list(execute_concurrency_slots_iteration(daemon, logging.getLogger(__name__)))
            assert not instance.event_log_storage.get_concurrency_run_ids()

    def state(self) -> dict[str, Any]:
        """Return everything that must be alike: rows, versions, runs of monitors, events; no times, no ids."""
        workspace = open_workspace(self.root)
        try:
            workspace.tables.startup_check()
            return {
                "tables": {table: table_state(workspace, table) for table in TABLES},
                "ledger": verify_ledger(workspace.engine, workspace.ledger.public_vkey).verdict,
                **record_state(workspace),
            }
        finally:
            workspace.engine.dispose()


def table_state(workspace: Workspace, table: str) -> tuple[int, int, str]:
    """Return a table's version, its rows, and a digest of what they say."""
    rows = workspace.tables.read(table, history=True).to_pylist()
    said = sorted(json.dumps({k: v for k, v in row.items() if k not in TIMES}, default=str) for row in rows)
    return workspace.tables.version(table).number, len(rows), digest_of(said)


def record_state(workspace: Workspace) -> dict[str, Any]:
    """Return the counts of the record, and what each monitor run said."""
    with reading(workspace.engine) as session:
        runs = [row.digest for row in session.scalars(select(MonitorRunRow).order_by(MonitorRunRow.as_of))]
        counts = {
            one.__tablename__: session.scalar(select(func.count()).select_from(one))
            for one in (AlertRow, TaskRow, QuarantineRow)
        }
        events = Counter(session.scalars(select(LedgerEntry.type)))
    documents = [json.loads(workspace.objects.get(digest)) for digest in runs]
    said = [{k: v for k, v in document.items() if k != "tables"} for document in documents]
    return {"monitor_runs": len(runs), "said": digest_of(said), "events": dict(events), **counts}


def digest_of(said: Any) -> str:
    """Return a digest of what was said."""
    return digest_bytes(json.dumps(said, sort_keys=True, default=str).encode())


@pytest.fixture(scope="module")
def hospital(tmp_path_factory: pytest.TempPathFactory) -> Hospital:
    """Found the hospital."""
    return Hospital.founded(tmp_path_factory.mktemp("hospital"))


@pytest.fixture(scope="module")
def undisturbed(hospital: Hospital, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], float]:
    """Run the job without a disturbance: the state that it leaves, and how long its work takes."""
    first, second = (hospital.copy(tmp_path_factory.mktemp("undisturbed") / "workspace") for _ in range(2))
    first.run()
    took = second.run()  # the first one read every file of the libraries from the disk
    state = second.state()
    assert state == first.state(), "two undisturbed runs differ: nothing could be compared with them"
    return state, took


def killed_and_run_again(
    hospital: Hospital, undisturbed: tuple[dict[str, Any], float], folder: Path, share: float
) -> None:
    """Kill a worker at a share of its work, run it again, compare.

    A worker that was done by then, because the machine was less busy, is no trial: another one is killed earlier.
    """
    state, took = undisturbed
    for attempt in range(TRIES):
        copy = hospital.copy(folder / str(attempt))
        if copy.kill(share * took / 2**attempt):
            copy.run()
            assert copy.state() == state, f"killed after {share / 2**attempt:.0%} of {took:.1f} s"
            return
    pytest.fail("no worker was killed at work")


def test_an_undisturbed_run_takes_the_days_in_and_watches_each(undisturbed: tuple[dict[str, Any], float]) -> None:
    state, _ = undisturbed
    assert state["tables"]["predictions"][:2] == (1, DAYS * 4)
    assert state["monitor_runs"] == DAYS
    assert state["ledger"] in {"VERIFIED", "UNANCHORED"}


@pytest.mark.parametrize("share", [0.3, 0.7])
def test_a_killed_worker_is_run_again_to_the_same_state(
    hospital: Hospital, undisturbed: tuple[dict[str, Any], float], tmp_path: Path, share: float
) -> None:
    killed_and_run_again(hospital, undisturbed, tmp_path, share)


@pytest.mark.slow
@pytest.mark.parametrize("trial", range(20))
def test_twenty_kills_at_random_moments_leave_the_same_state(
    hospital: Hospital, undisturbed: tuple[dict[str, Any], float], tmp_path: Path, trial: int
) -> None:
    share = random.Random(SEED + trial).uniform(0.02, 0.98)
    killed_and_run_again(hospital, undisturbed, tmp_path, share)
