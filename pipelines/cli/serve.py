"""`overread serve` and `orchestrate`: the dashboard, and Dagster's and MLflow's own pages; loopback only."""

from functools import partial
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
    from pipelines.usecases.note_reading import queries_for  # noqa: PLC0415 - lazy
    from pipelines.usecases.orchestrate import running_pages  # noqa: PLC0415 - lazy
    from pipelines.usecases.witness_watch import witnessed_meanwhile  # noqa: PLC0415 - lazy

    tell(f"dashboard: http://{host}:{port}/  (stop with Ctrl-C)")
    workspace = here()
    pages = create_app(
        queries_for(workspace), ui_links=partial(running_pages, workspace.root), notice=workspace.ledger.contradiction
    )
    with witnessed_meanwhile(workspace):
        uvicorn.run(pages, host=host, port=port, log_level="warning", server_header=False)


def orchestrate(
    port: Annotated[int | None, typer.Option("--port", help="Dagster's port; the settings' unless given.")] = None,
    mlflow_port: Annotated[
        int | None, typer.Option("--mlflow-port", help="MLflow's port; the settings' unless given.")
    ] = None,
) -> None:
    """Start Dagster's and MLflow's own pages over this workspace, on loopback only; both stop together."""
    from pipelines.bootstrap import find_workspace, open_workspace  # noqa: PLC0415 - lazy: --help loads no adapter
    from pipelines.usecases.orchestrate import programs, run_together  # noqa: PLC0415 - lazy
    from pipelines.usecases.witness_watch import witnessed_meanwhile  # noqa: PLC0415 - lazy

    root = find_workspace(None)
    servers = programs(root, port, mlflow_port)
    for server in servers:
        tell(f"{server.name}: {server.address}  (stop with Ctrl-C)")
    with witnessed_meanwhile(open_workspace(root)):
        run_together(servers, root)
