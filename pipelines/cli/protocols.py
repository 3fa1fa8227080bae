"""`overread protocols`: the sets of acquisition parameters that each site uses."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from pipelines.cli.console import Json, give


def protocols(
    site: Annotated[str | None, typer.Option("--site", help="Only this site.")] = None, *, as_json: Json = False
) -> None:
    """List the registered protocols: a series joins the nearest one of its site within tolerance, else founds one."""
    from pipelines.cli.opened import here  # noqa: PLC0415 - lazy: --help loads no adapter
    from pipelines.usecases.protocol_registry import protocol_registry  # noqa: PLC0415 - lazy

    found = protocol_registry(here(), site)
    give({"protocols": found}, list(map(_line, found)), as_json=as_json)


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: overread protocols --site general --json")(protocols)


def _line(one: Mapping[str, Any]) -> str:
    stated = ", ".join(f"{name} {value}" for name, value in one["parameters"].items() if value is not None)
    return (
        f"{one['site']} {one['modality']} {one['digest'][7:19]}: {one['series']} series of {one['patients']} patients, "
        f"{one['first']} to {one['last']}; {stated or 'no parameter stated'}"
    )
