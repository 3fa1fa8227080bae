"""`overread measure`: what segmentations measure, as rows for `overread ingest measurements`."""

from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.console import Json, give, progress, tell
from registry.domain.errors import ExitCode


def measure(
    pairs: Annotated[Path, typer.Argument(help="A list: subject_id, mask, reference (paths of DICOM SEG objects).")],
    out: Annotated[Path, typer.Option("--out", help="The CSV file that is written.")],
    segment: Annotated[int | None, typer.Option("--segment", help="Only this segment; all unless given.")] = None,
    *,
    as_json: Json = False,
) -> None:
    """Measure volume and components of segmentations, Dice and Hausdorff distance where a reference is given."""
    from pipelines.usecases.measure_masks import measure_masks, measured_lines  # noqa: PLC0415 - lazy: loads pydicom

    with progress("measuring") as bar:
        done = measure_masks(pairs, out, segment, bar)
    for row, reason in done.refused:
        tell(f"row {row}: {reason}")
    give(done.to_json(), measured_lines(done, out), as_json=as_json)
    if done.refused:
        raise typer.Exit(ExitCode.INPUT_REFUSED)


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: overread measure audit.csv --out measurements.csv")(measure)
