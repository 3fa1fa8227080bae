"""`overread demo`: the whole story on embedded defaults."""

from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.console import Json, give, progress, tell


def add_to(app: typer.Typer) -> None:
    """Add the command to the root."""
    app.command(epilog="Example: overread demo --out overread-demo")(demo)


def demo(
    out: Annotated[Path, typer.Option("--out", help="A new folder for everything that is made.")] = Path(
        "overread-demo"
    ),
    seed: Annotated[int, typer.Option("--seed", help="Seed.")] = 0,
    *,
    as_json: Json = False,
) -> None:
    """Play the whole story on synthetic data: from intake to a year of operation; ends by naming what it made."""
    from pipelines.demo.story import play_demo  # noqa: PLC0415 - lazy: --help loads no adapter

    story = play_demo(out.resolve(), seed=seed, say=tell, bars=progress)
    give(story.to_json(), story.lines(), as_json=as_json)
