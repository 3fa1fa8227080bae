"""`overread monitor counts`: share counts, add up those of others, prove the stored ones, count in a database."""

from pathlib import Path
from typing import Annotated, Any

import typer

from pipelines.cli.console import progress
from pipelines.cli.documents import JsonFile, put
from registry.domain.errors import ExitCode, UsageError


def counts(  # noqa: PLR0913, PLR0917 - one argument an option
    files: Annotated[list[Path] | None, typer.Argument(metavar="[FILE]…", help="More files, with --merge.")] = None,
    model: Annotated[str | None, typer.Option("--model", help="The model.")] = None,
    export: Annotated[Path | None, typer.Option("--export", help="Write the counts of a window to share.")] = None,
    period: Annotated[str | None, typer.Option("--period", help="The window: 2026-09, 2026-Q3 or 2026.")] = None,
    target: Annotated[str | None, typer.Option("--target", help="The clinical question, where there are two.")] = None,
    version: Annotated[str | None, typer.Option("--version", help="The version, where the window has two.")] = None,
    mode: Annotated[str, typer.Option("--mode", help="live or shadow.")] = "live",
    by: Annotated[str | None, typer.Option("--by", help="Tell the groups of this axis too, such as sex.")] = None,
    min_cell: Annotated[int, typer.Option("--min-cell", help="The fewest patients in a cell; at least 11.")] = 11,
    merge: Annotated[list[Path] | None, typer.Option("--merge", help="Add up files of several hospitals.")] = None,
    json_file: JsonFile = None,
    key: Annotated[list[str] | None, typer.Option("--key", help="A hospital's public key; once for each.")] = None,
    database: Annotated[
        str | None, typer.Option("--database", help="Count rows that stay there: duckdb://FILE, postgres://HOST/NAME.")
    ] = None,
    *,
    check: Annotated[
        bool, typer.Option("--check", help="Prove every stored count, or the database's; 1 where one differs.")
    ] = False,
) -> None:
    """Share counts of a window; add up those of several hospitals; prove the stored ones; count inside a database."""
    from pipelines.usecases.export_counts import Wanted  # noqa: PLC0415 - lazy: --help loads no adapter

    chosen = (export is not None) + (merge is not None) + (database is not None)
    if chosen > 1 or chosen + check == 0 or (check and chosen and database is None):
        ways = "one of --export FILE, --merge FILE…, --database URL, --check is needed"
        raise UsageError(ways, where="monitor counts")
    if database is not None:
        if model is None:
            raise UsageError("counting needs --model", where="monitor counts --database")
        _in_database(database, (model, target), json_file, check=check)
    elif merge is not None:
        _merge([*merge, *(files or [])], key or [], json_file)
    elif check:
        _check(json_file)
    elif model is None or period is None:
        raise UsageError("an export needs --model and --period", where="monitor counts --export")
    elif export is not None:
        _export(Wanted(model, period, target, version, mode, by, min_cell), export, json_file)


def _export(wanted: Any, out: Path, json_file: str | None) -> None:
    from monitors.run import monitor_json  # noqa: PLC0415 - lazy: --help loads no numpy
    from pipelines.cli.opened import here  # noqa: PLC0415 - lazy: --help loads no adapter
    from pipelines.usecases.export_counts import export_counts, export_lines  # noqa: PLC0415 - lazy

    with progress("counting"):
        done = export_counts(here(), wanted, out)
    put(monitor_json(done.to_json()), export_lines(done), json_file)


def _merge(files: list[Path], keys: list[str], json_file: str | None) -> None:
    from monitors.run import monitor_json  # noqa: PLC0415 - lazy: --help loads no numpy
    from pipelines.usecases.merge_counts import merge_counts, merge_lines  # noqa: PLC0415 - lazy

    merged = merge_counts(files, keys)
    put(monitor_json(merged), merge_lines(merged), json_file)


def _in_database(address: str, of: tuple[str, str | None], json_file: str | None, *, check: bool) -> None:
    from monitors.run import monitor_json  # noqa: PLC0415 - lazy: --help loads no numpy
    from pipelines.cli.opened import here  # noqa: PLC0415 - lazy: --help loads no adapter
    from pipelines.usecases.count_database import count_database, database_lines  # noqa: PLC0415 - lazy

    with progress("counting"):
        done = count_database(here(), address, *of, check=check)
    put(monitor_json(done.to_json()), database_lines(done), json_file)
    if done.differing:
        raise typer.Exit(ExitCode.ANSWER_IS_NO)


def _check(json_file: str | None) -> None:
    from monitors.run import monitor_json  # noqa: PLC0415 - lazy: --help loads no numpy
    from pipelines.cli.opened import here  # noqa: PLC0415 - lazy: --help loads no adapter

    with progress("checking"):
        workspace = here()
        faults = [*workspace.day_counts.faults(), *workspace.count_index.faults()]
    lines = [f"does not hold: {fault}" for fault in faults] or ["every stored count holds"]
    put(monitor_json({"faults": faults}), lines, json_file)
    if faults:
        raise typer.Exit(ExitCode.ANSWER_IS_NO)
