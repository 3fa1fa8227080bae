"""`overread ingest`: studies from folders, and observation files."""

from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.console import Json, give, progress, tell
from registry.domain.columns import TABLES
from registry.domain.errors import ExitCode
from registry.domain.vocabulary import Identifiers

app = typer.Typer(
    no_args_is_help=True, help="Take in studies and observation files; what is refused is named, the rest goes in."
)
Files = Annotated[list[Path], typer.Argument(help="CSV (.csv, .csv.gz), Parquet or JSON Lines files.")]
Map = Annotated[Path | None, typer.Option("--map", help="TOML file that maps foreign columns.")]


@app.command(epilog="Example: overread ingest dicom /data/dicom --site general")
def dicom(
    paths: Annotated[list[Path], typer.Argument(help="Folders, files, zip archives, DICOMDIR.")],
    site: Annotated[str, typer.Option("--site", help="The site that acquired them.")],
    *,
    synthetic: Annotated[bool, typer.Option("--synthetic", help="Mark them as synthetic for good.")] = False,
    as_json: Json = False,
) -> None:
    """Take in DICOM: one row a series, identifiers replaced; unusable files are quarantined with a reason."""
    from pipelines.cli.opened import here  # noqa: PLC0415 - lazy: --help loads no adapter
    from pipelines.usecases.ingest_dicom import ingest_dicom  # noqa: PLC0415 - lazy

    with progress("reading DICOM") as bar:
        report = ingest_dicom(here(), paths, site, synthetic=synthetic, progress=bar)
    for message in report.messages:
        tell(message)
    give(report.to_json(), report.lines(), as_json=as_json)
    raise typer.Exit(ExitCode.INPUT_REFUSED if report.quarantined else ExitCode.DONE)


def _rows_command(table: str) -> None:
    def command(
        files: Files,
        identifiers: Annotated[
            Identifiers, typer.Option(help="Whether identifiers are original.")
        ] = Identifiers.ORIGINAL,
        mapping: Map = None,
        *,
        as_json: Json = False,
    ) -> None:
        from pipelines.cli.opened import here  # noqa: PLC0415 - lazy: --help loads no adapter
        from pipelines.usecases.ingest_rows import ingest_rows  # noqa: PLC0415 - lazy

        with progress(f"reading {table}") as bar:
            report = ingest_rows(here(), table, files, identifiers=identifiers.value, mapping=mapping, progress=bar)
        for message in report.messages:
            tell(message)
        give(report.to_json(), report.lines(), as_json=as_json)
        raise typer.Exit(ExitCode.INPUT_REFUSED if report.refused else ExitCode.DONE)

    command.__doc__ = f"Take in {table}: rows that break the contract are refused one by one, with the reason."
    app.command(table, epilog=f"Example: overread ingest {table} {table}.csv --map map.toml")(command)


for _table in TABLES:
    _rows_command(_table)
