"""The engineers' own pages: on loopback only, without secrets, started together and stopped together."""

import json
import os
import signal
import sys
import threading
import time
from pathlib import Path

import pytest
from fakes import FakeClock
from services import free_port

from pipelines.bootstrap import init_workspace
from pipelines.usecases.orchestrate import STATE_FILE, Program, answers, programs, run_together, running_pages
from registry.domain.errors import ServiceUnreachableError, UsageError


def server(name: str) -> Program:
    """Return a small server, in place of a large one."""
    port = free_port()
    return Program(name, (sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1"), {}, port)


def test_the_commands_listen_on_loopback_and_run_nothing_for_others(tmp_path: Path) -> None:
    init_workspace(tmp_path / "workspace", FakeClock())
    dagster, mlflow = programs(tmp_path / "workspace", mlflow_port=5050)
    assert (dagster.port, mlflow.port) == (3000, 5050)
    assert dagster.command[dagster.command.index("-h") + 1] == "127.0.0.1"
    options = dict(zip(mlflow.command[2::2], mlflow.command[3::2], strict=True))
    assert (options["--host"], options["--workers"]) == ("127.0.0.1", "1")
    assert options["--allowed-hosts"] == "127.0.0.1:5050,localhost:5050"
    assert mlflow.environment["MLFLOW_SERVER_ENABLE_JOB_EXECUTION"] == "false"
    assert mlflow.environment["MLFLOW_ALLOW_PICKLE_DESERIALIZATION"] == "false"
    assert not any("sqlite" in word or "postgresql" in word for word in mlflow.command), "a store is no argument"
    with pytest.raises(UsageError, match="share a port"):
        programs(tmp_path / "workspace", 4000, 4000)


def test_both_run_are_linked_and_stop_together(tmp_path: Path) -> None:
    servers = (server("Dagster"), server("MLflow"))
    seen: list[dict[str, str]] = []

    def look() -> None:
        deadline = time.monotonic() + 60
        while len(running_pages(tmp_path)) < len(servers) and time.monotonic() < deadline:
            time.sleep(0.1)
        seen.append(running_pages(tmp_path))
        os.kill(os.getpid(), signal.SIGTERM)

    watcher = threading.Thread(target=look)
    watcher.start()
    run_together(servers, tmp_path)
    watcher.join()
    assert seen == [{one.name: f"http://127.0.0.1:{one.port}/" for one in servers}]
    assert not any(answers(one.port) for one in servers)
    assert running_pages(tmp_path) == {}
    assert not (tmp_path / STATE_FILE).exists()


def test_when_one_ends_by_itself_the_other_is_stopped(tmp_path: Path) -> None:
    lasting = server("Dagster")
    ending = Program("MLflow", (sys.executable, "-c", "raise SystemExit(7)"), {}, free_port())
    with pytest.raises(ServiceUnreachableError, match="MLflow ended by itself with 7"):
        run_together((lasting, ending), tmp_path)
    assert not answers(lasting.port)


def test_what_a_process_that_ended_left_behind_is_not_linked(tmp_path: Path) -> None:
    for left in ("no json", "[]", json.dumps({"pid": 2**22 + 1, "ports": {"Dagster": 1}}), '{"pid": 1}'):
        (tmp_path / STATE_FILE).write_text(left)
        assert running_pages(tmp_path) == {}
