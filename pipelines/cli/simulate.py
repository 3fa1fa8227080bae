"""`overread simulate`: synthetic data, marked synthetic for good."""

from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.console import Json, give, progress

app = typer.Typer(no_args_is_help=True, help="Make synthetic data; it is marked synthetic on every page and figure.")


@app.command(epilog="Example: overread simulate reads nodule@1 --seed 7")
def reads(
    name: Annotated[str, typer.Argument(metavar="MODEL[@VERSION]", help="Whose predictions are read.")],
    seed: Annotated[int, typer.Option("--seed", help="Seed.")] = 0,
    readers: Annotated[int, typer.Option("--readers", help="How many readers.")] = 4,
    *,
    ai_shown: Annotated[
        bool, typer.Option("--ai-shown", help="Simulate a reader study in which the AI's result was shown.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Simulate radiologists' reads of a version's predictions: own skill, own trust in the AI, own speed."""
    from pipelines.cli.opened import here, name_and_version  # noqa: PLC0415 - lazy: --help loads no adapter
    from pipelines.usecases.simulate_reads import simulate_reads  # noqa: PLC0415 - lazy

    model, version = name_and_version(name)
    with progress("reading") as bar:
        report = simulate_reads(here(), model, version, seed=seed, readers=readers, assume_shown=ai_shown, progress=bar)
    give(report.to_json(), report.lines(), as_json=as_json)


@app.command(epilog="Example: overread simulate hospital ./hospital --studies 200 --seed 7")
def hospital(
    folder: Annotated[Path, typer.Argument(help="Where the studies go: dicom/SITE/STUDY/N.dcm and labels.csv.")],
    examination: Annotated[
        str, typer.Option("--examination", help="What is examined: head-mr, chest-ct or head-ct.")
    ] = "head-mr",
    studies: Annotated[int, typer.Option("--studies", help="Studies, over all four sites.")] = 200,
    slices: Annotated[int, typer.Option("--slices", help="Slices of each study, three or more.")] = 8,
    seed: Annotated[int, typer.Option("--seed", help="Seed; the same seed gives the same bytes.")] = 0,
    until: Annotated[str, typer.Option("--until", help="The last day, YYYY-MM-DD.")] = "2026-06-30",
    *,
    as_json: Json = False,
) -> None:
    """Write the studies of a synthetic hospital of four sites, some with a lesion, as DICOM files with labels."""
    from pipelines.usecases.simulate_hospital import simulate_hospital  # noqa: PLC0415 - lazy

    with progress("drawing") as bar:
        report = simulate_hospital(
            folder, examination=examination, studies=studies, slices=slices, seed=seed, until=until, progress=bar
        )
    give(report.to_json(), report.lines(), as_json=as_json)
