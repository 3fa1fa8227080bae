"""`overread serve` and `orchestrate`: the dashboard, and Dagster's own pages; loopback only unless said otherwise."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.console import tell
from registry.domain.errors import NotAllowedError

Port = Annotated[int, typer.Option("--port", help="Port.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands to the root."""
    app.command(epilog="Example: overread serve --port 8765")(serve)
    app.command(epilog="Example: overread orchestrate --port 3000")(orchestrate)


def serve(
    port: Port = 8765,
    host: Annotated[
        str, typer.Option("--host", help="Address; only loopback, until the pages have a login.")
    ] = "127.0.0.1",
) -> None:
    """Serve the dashboard: the fleet, each model, the audit log."""
    from dashboards.web.security import LOOPBACK  # noqa: PLC0415 - lazy: --help loads no server

    if host not in LOOPBACK:
        raise NotAllowedError(
            "the dashboard has no login yet and listens on loopback only", where=host, mend="use an SSH tunnel"
        )
    import uvicorn  # noqa: PLC0415 - lazy

    from dashboards.web.application import create_app  # noqa: PLC0415 - lazy
    from pipelines.cli.opened import here  # noqa: PLC0415 - lazy
    from pipelines.queries import RecordQueries  # noqa: PLC0415 - lazy

    tell(f"dashboard: http://{host}:{port}/  (stop with Ctrl-C)")
    uvicorn.run(create_app(RecordQueries(here())), host=host, port=port, log_level="warning", server_header=False)


def orchestrate(port: Port = 3000) -> None:
    """Start Dagster's own pages over this workspace: the asset graph, runs and checks; loopback only."""
    from pipelines.bootstrap import find_workspace  # noqa: PLC0415 - lazy: --help loads no adapter
    from pipelines.usecases.dagster_home import prepare_home  # noqa: PLC0415 - lazy

    root = find_workspace(None)
    os.environ |= {"OVERREAD_WORKSPACE": str(root), "DAGSTER_HOME": str(prepare_home(root))}
    program = str(Path(sys.executable).parent / "dagster")
    tell(f"Dagster: http://127.0.0.1:{port}/  (stop with Ctrl-C)")
    os.execv(program, [program, "dev", "-m", "pipelines.definitions", "-h", "127.0.0.1", "-p", str(port)])  # noqa: S606 - no shell
