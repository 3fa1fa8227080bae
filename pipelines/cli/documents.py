"""Results of the monitors: as lines for a person, or as a JSON document on standard output or in a file."""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.console import tell

JsonFile = Annotated[
    str | None, typer.Option("--json", metavar="[FILE]", help="Give JSON, on standard output or into a file.")
]


def put(data: bytes, lines: Iterable[str], json_file: str | None) -> None:
    """Give a result; `-` is standard output."""
    if json_file == "-":
        typer.echo(data.decode(), nl=False)
    elif json_file:
        Path(json_file).write_bytes(data)
        tell(f"wrote {json_file}")
    else:
        for line in lines:
            typer.echo(line)
