"""`overread report`: the audit report of a model and a period."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.console import Json, give


class Format(StrEnum):
    """What a report may be."""

    PDF = "pdf"
    HTML = "html"


def add_to(app: typer.Typer) -> None:
    """Add the command to the root."""
    app.command(epilog="Example: overread report nodule --period 2026-Q3 --format pdf")(report)


def report(
    name: Annotated[str, typer.Argument(metavar="MODEL[@VERSION]", help="The version; the newest unless given.")],
    period: Annotated[
        str | None, typer.Option("--period", help="2026, 2026-Q3, 2026-09, or FROM..TO; everything unless given.")
    ] = None,
    as_format: Annotated[Format, typer.Option("--format", help="What to make.")] = Format.PDF,
    out: Annotated[
        Path | None, typer.Option("--out", help="The file; in the workspace's reports folder unless given.")
    ] = None,
    *,
    as_json: Json = False,
) -> None:
    """Make the audit report: deployments and signatures, cohorts, validation, monitors, limits, ledger checkpoint."""
    from pipelines.cli.opened import here, name_and_version  # noqa: PLC0415 - lazy: --help loads no adapter
    from pipelines.usecases.issue_report import issue_report  # noqa: PLC0415 - lazy

    model, version = name_and_version(name)
    issued = issue_report(here(), model, version, period, as_format.value, out)
    give(
        {"file": str(issued.file), "digest": issued.digest, "bytes": issued.size},
        [f"{issued.file} ({issued.digest})"],
        as_json=as_json,
    )
