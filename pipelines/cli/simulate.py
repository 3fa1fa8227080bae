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
def hospital(  # noqa: PLR0913, PLR0917 - one parameter an option of the command
    folder: Annotated[Path, typer.Argument(help="Where the studies go: dicom/SITE/STUDY/N.dcm and labels.csv.")],
    examination: Annotated[
        str, typer.Option("--examination", help="What is examined: head-mr, chest-ct or head-ct.")
    ] = "head-mr",
    studies: Annotated[
        int, typer.Option("--studies", help="Studies as DICOM files, over all four sites; 0: none.")
    ] = 200,
    slices: Annotated[int, typer.Option("--slices", help="Slices of each study, three or more.")] = 8,
    contrast: Annotated[float, typer.Option("--contrast", help="Factor on the contrast of the lesions.")] = 1.0,
    seed: Annotated[int, typer.Option("--seed", help="Seed; the same seed gives the same bytes.")] = 0,
    until: Annotated[str, typer.Option("--until", help="The last day, YYYY-MM-DD.")] = "2026-06-30",
    days: Annotated[int, typer.Option("--days", help="Days of operation as rows, up to --until; 0: none.")] = 0,
    volume: Annotated[float, typer.Option("--volume", help="Factor on the studies a day of the rows.")] = 1.0,
    model: Annotated[str, typer.Option("--model", help="Rows: who answers.")] = "synthetic-model",
    version: Annotated[str, typer.Option("--version", help="Rows: its version.")] = "1",
    threshold: Annotated[float, typer.Option("--threshold", help="Rows: its operating point, k/65536.")] = 0.1,
    shadow: Annotated[list[str] | None, typer.Option("--shadow", help="Rows: a site that sees no result.")] = None,
    generator: Annotated[str, typer.Option("--generator", help="Rows: steady or regimes.")] = "steady",
    plant: Annotated[
        list[str] | None,
        typer.Option("--plant", help="Rows: a failure, KIND:SINCE[:SITE[:WHO[:SIZE]]]; may be given again."),
    ] = None,
    *,
    as_json: Json = False,
) -> None:
    """Draw a synthetic hospital of four sites: studies as DICOM files with labels, days of operation as rows."""
    from pipelines.cli.simulated import Pictures, Rows, drawn  # noqa: PLC0415 - lazy: --help loads no adapter

    rows = Rows(days, volume, model, version, threshold, tuple(shadow or ()), generator, tuple(plant or ()))
    document, lines = drawn(folder, examination, Pictures(studies, slices, contrast), seed, until, rows)
    give(document, lines, as_json=as_json)
