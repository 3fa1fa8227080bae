"""Dagster's and MLflow's own pages over a workspace: started together, stopped together, on loopback only."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pipelines.settings import FILE_NAME, Settings
from pipelines.stopping import stoppable
from pipelines.usecases.dagster_home import prepare_home
from registry.database import server_url
from registry.domain.errors import ServiceUnreachableError, UsageError
from registry.models import SETTINGS
from registry.objects import write_durably

LOOPBACK = "127.0.0.1"
STATE_FILE = "orchestrate.json"
_POLL_S, _GRACE_S, _PROBE_S = 0.5, 20.0, 0.2
# MLflow's server is no trust boundary: nobody makes a version through it from files elsewhere, and nothing runs in it.
_MLFLOW = {
    **SETTINGS,
    "MLFLOW_ALLOW_HTTP_REDIRECTS": "false",
    "MLFLOW_CREATE_MODEL_VERSION_SOURCE_VALIDATION_REGEX": "^mlflow-artifacts:/.*$",
}


@dataclass(frozen=True)
class Program:
    """A server to start: its name, its command without secrets, what its environment adds, its loopback port."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    port: int

    @property
    def address(self) -> str:
        """Address of its pages."""
        return f"http://{LOOPBACK}:{self.port}/"


def programs(root: Path, dagster_port: int | None = None, mlflow_port: int | None = None) -> tuple[Program, Program]:
    """Return the two servers of a workspace; ports are those of the settings unless given.

    Raises:
        UsageError: when both would listen on one port.
        ServiceUnreachableError: when a store's database does not answer.
    """
    settings = Settings.read(root / FILE_NAME)
    ports = dagster_port or settings.orchestrate.dagster_port, mlflow_port or settings.orchestrate.mlflow_port
    if ports[0] == ports[1]:
        raise UsageError("Dagster and MLflow cannot share a port", where=str(ports[0]), mend="choose another")
    folder = Path(sys.executable).parent
    shared = {"OVERREAD_WORKSPACE": str(root)}
    dagster = (str(folder / "dagster"), "dev", "-m", "pipelines.definitions", "-h", LOOPBACK, "-p", str(ports[0]))
    store = {"MLFLOW_BACKEND_STORE_URI": server_url(settings.mlflow_url(root))}
    return (
        Program("Dagster", dagster, shared | {"DAGSTER_HOME": str(prepare_home(root))}, ports[0]),
        Program("MLflow", _mlflow(folder, root / "mlflow" / "artifacts", ports[1]), shared | _MLFLOW | store, ports[1]),
    )


def _mlflow(folder: Path, artifacts: Path, port: int) -> tuple[str, ...]:
    names = ",".join(f"{name}:{port}" for name in (LOOPBACK, "localhost"))
    origins = ",".join(f"http://{name}:{port}" for name in (LOOPBACK, "localhost"))
    artifacts.mkdir(parents=True, exist_ok=True, mode=0o700)
    return (
        *(str(folder / "mlflow"), "server", "--host", LOOPBACK, "--port", str(port), "--workers", "1"),
        *("--artifacts-destination", artifacts.as_uri(), "--default-artifact-root", "mlflow-artifacts:/"),
        *("--allowed-hosts", names, "--cors-allowed-origins", origins, "--x-frame-options", "DENY"),
    )


def run_together(servers: Sequence[Program], root: Path) -> None:
    """Run servers until this process is told to stop; when one ends by itself, the others are stopped too.

    Raises:
        UsageError: when a port is taken already.
        ServiceUnreachableError: when a server ends by itself.
    """
    for server in servers:
        if answers(server.port):
            raise UsageError("the port is taken", where=server.address, mend=f"choose another for {server.name}")
    running: list[subprocess.Popen[bytes]] = []
    with stoppable(), _on_record(servers, root):
        try:
            for server in servers:
                environment = {**os.environ, **server.environment}
                running.append(subprocess.Popen(server.command, env=environment, start_new_session=True))  # noqa: S603 - our command, no shell
            _watch(servers, running)
        except KeyboardInterrupt:
            return
        finally:
            _stop(running)


def running_pages(root: Path) -> dict[str, str]:
    """Return the addresses of the pages that run over a workspace, by name; only loopback, only what answers now."""
    try:
        state = json.loads((root / STATE_FILE).read_text("utf-8"))
        os.kill(int(state["pid"]), 0)
        ports = {str(name): int(port) for name, port in state["ports"].items()}
    except (OSError, ValueError, KeyError, AttributeError, TypeError):
        return {}  # nothing runs, or the file is of a process that ended
    return {name: f"http://{LOOPBACK}:{port}/" for name, port in ports.items() if answers(port)}


def answers(port: int) -> bool:
    """Say whether something listens on a loopback port."""
    with socket.socket() as probe:
        probe.settimeout(_PROBE_S)
        return 0 < port < 65536 and probe.connect_ex((LOOPBACK, port)) == 0


def _watch(servers: Sequence[Program], running: Sequence["subprocess.Popen[bytes]"]) -> None:
    while True:
        for server, process in zip(servers, running, strict=True):
            if process.poll() is not None:
                raise ServiceUnreachableError(
                    f"{server.name} ended by itself with {process.returncode}", mend="its lines above say why"
                )
        time.sleep(_POLL_S)


def _stop(running: Sequence["subprocess.Popen[bytes]"]) -> None:
    """Ask every server's whole group to stop, and end what does not."""
    for word in (signal.SIGINT, signal.SIGTERM):
        _tell(running, word)
        deadline = time.monotonic() + _GRACE_S / 2
        while any(process.poll() is None for process in running) and time.monotonic() < deadline:
            time.sleep(0.1)
    _tell(running, signal.SIGKILL)
    for process in running:
        process.wait()


def _tell(running: Sequence["subprocess.Popen[bytes]"], word: signal.Signals) -> None:
    for process in running:
        try:
            os.killpg(process.pid, word)
        except ProcessLookupError:
            continue  # the whole group has ended


@contextmanager
def _on_record(servers: Sequence[Program], root: Path) -> Iterator[None]:
    """Tell the dashboard which ports are used while the servers run."""
    state = {"pid": os.getpid(), "ports": {server.name: server.port for server in servers}}
    place = root / STATE_FILE
    write_durably(place, json.dumps(state, sort_keys=True).encode())
    try:
        yield
    finally:
        place.unlink(missing_ok=True)
