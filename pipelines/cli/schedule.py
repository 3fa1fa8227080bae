"""`overread schedule`: when training, revalidation, monitoring and reports run by themselves."""

from typing import Annotated, Any

import typer

from pipelines.cli.console import Json, give, tell
from registry.domain.schedule import Schedule, WorkKind

app = typer.Typer(no_args_is_help=True, help="Run training, revalidation, monitoring and reports by themselves.")
Kind = Annotated[WorkKind, typer.Argument(metavar="KIND", help="train, revalidate, monitor or report.")]
Model = Annotated[str, typer.Option("--model", help="The model; the target of [pipeline] unless given.")]


@app.command(epilog="Example: overread schedule set monitor --cron '0 6 * * *' --time-zone Europe/Vienna")
def set(  # noqa: A001 - the command's name
    kind: Kind,
    cron: Annotated[str, typer.Option("--cron", help="Five fields: minute, hour, day, month, weekday.")],
    model: Model = "",
    time_zone: Annotated[str, typer.Option("--time-zone", help="IANA name; the workspace's unless given.")] = "",
    *,
    as_json: Json = False,
) -> None:
    """Set a schedule, or set it anew; its runs carry whoever is logged in now."""
    from pipelines.cli.opened import here  # noqa: PLC0415 - lazy: --help loads no adapter
    from pipelines.usecases.set_schedule import set_schedule  # noqa: PLC0415 - lazy

    workspace = here()
    if not workspace.actor.authenticated:
        tell("nobody is logged in: the runs of this schedule will carry no name (overread login)")
    found = set_schedule(workspace, kind, model, cron, time_zone)
    _give([found], workspace, as_json=as_json)


@app.command(epilog="Example: overread schedule pause train --model nodule")
def pause(kind: Kind, model: Model = "", *, as_json: Json = False) -> None:
    """Pause a schedule until it is set again."""
    from pipelines.cli.opened import here  # noqa: PLC0415 - lazy: --help loads no adapter
    from pipelines.usecases.set_schedule import model_of  # noqa: PLC0415 - lazy

    workspace = here()
    found = workspace.schedules.pause(kind, model_of(workspace, model), workspace.actor)
    _give([found], workspace, as_json=as_json)


@app.command("list", epilog="Example: overread schedule list")
def list_all(*, as_json: Json = False) -> None:
    """List the schedules on record, each with its next tick."""
    from pipelines.cli.opened import here  # noqa: PLC0415 - lazy: --help loads no adapter

    workspace = here()
    _give(list(workspace.schedules.all()), workspace, as_json=as_json)


def _give(found: list[Schedule], workspace: Any, *, as_json: bool) -> None:
    from registry.domain.instants import instant_text  # noqa: PLC0415 - lazy

    now = workspace.clock.now()
    ticks = [one.following(now) for one in found]
    ahead = ["" if tick is None else instant_text(tick) for tick in ticks]
    document = [dict(one.to_json()) | {"next": tick or None} for one, tick in zip(found, ahead, strict=True)]
    lines = [
        f"{one.kind.value:10} {one.model:24} {one.cron:16} {one.time_zone:20} {tick or 'paused':28} set by {one.set_by}"
        for one, tick in zip(found, ahead, strict=True)
    ]
    give({"schedules": document}, lines or ["no schedule is on record"], as_json=as_json)
