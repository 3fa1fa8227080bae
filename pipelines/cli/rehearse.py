"""`overread monitor rehearse`: what the plan would find at this workspace's volumes, and what it cannot."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from pipelines.cli.console import progress, tell


def rehearse(
    model: Annotated[str, typer.Option("--model", help="The model.")],
    target: Annotated[str | None, typer.Option("--target", help="Only this clinical question.")] = None,
    years: Annotated[int, typer.Option("--years", help="Years that are drawn; each failure strikes in each.")] = 20,
    seed: Annotated[int, typer.Option("--seed", help="Of the first year.")] = 1,
    failure: Annotated[
        list[str] | None, typer.Option("--failure", help="Only this failure; may be given several times.")
    ] = None,
    plan: Annotated[
        Path | None, typer.Option("--plan", help="TOML monitoring plan; the workspace's unless given.")
    ] = None,
    json_file: Annotated[
        str | None, typer.Option("--json", metavar="[FILE]", help="Give JSON, on standard output or into a file.")
    ] = None,
) -> None:
    """Plant fifteen failures into years that are drawn from the model's own weeks; nothing goes on record.

    For each it says how often and how soon it was found, whether its cause was named, and the information floor that
    no detector can beat at these volumes; and how many false alerts years without a failure gave.
    """
    from monitors.rehearsal import Asked  # noqa: PLC0415 - lazy: --help loads no numpy
    from monitors.rehearsal_failures import FAILURES  # noqa: PLC0415 - lazy
    from monitors.run import monitor_json  # noqa: PLC0415 - lazy
    from pipelines.cli.opened import here  # noqa: PLC0415 - lazy: --help loads no adapter
    from pipelines.usecases.monitoring_plan import read_plan  # noqa: PLC0415 - lazy
    from pipelines.usecases.rehearse_plan import rehearse_plan  # noqa: PLC0415 - lazy

    workspace = here()
    asked = Asked(model, years, seed, tuple(failure or FAILURES))
    with progress("rehearsing") as bar:
        done = rehearse_plan(workspace, asked, target, read_plan(workspace, plan), bar)
    data = monitor_json(done)
    if json_file == "-":
        typer.echo(data.decode(), nl=False)
        return
    if json_file:
        Path(json_file).write_bytes(data)
        tell(f"wrote {json_file}")
        return
    for line in table(done):
        typer.echo(line)


def table(done: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines of a rehearsal, a Markdown table in their midst."""
    volumes = ", ".join(f"{site} {number:.0f}" for site, number in done["studies_a_day"].items())
    yield (
        f"{done['model']}@{done['version']}, {done['mode']}: {done['years']} years drawn from "
        f"{done['weeks_resampled']} weeks, seed {done['seed']}; studies a day: {volumes}; {done['streams']} streams."
    )
    false = done["false_alerts"]
    yield (
        f"False alerts: {false['alerts']} in {false['watched_years']:.1f} watched years, {false['a_year']:.2f} a year "
        f"(upper 95 % limit {false['upper_95']:.2f}; promised {false['promised']:g})."
    )
    yield ""
    yield "| failure | found | 95 % | delay, days | studies | floor, days | label delay | cause right | verdict |"
    yield "| --- | --- | --- | --- | --- | --- | --- | --- | --- |"
    for row in done["failures"]:
        yield _line(row)


def _line(row: Mapping[str, Any]) -> str:
    chance, delay, studies = row["probability"], row["delay_days"], row["delay_studies"]
    low, high = chance["interval"]
    floor = "none" if row["floor_days"] is None else f"{row['floor_days']:.1f}"
    named = row["named_right"]
    cells = (
        row["failure"],
        f"{row['found']} of {row['trials']}",
        f"{low:.2f} to {high:.2f}",
        "" if delay is None else f"{delay['median']:g} ({delay['least']} to {delay['most']})",
        "" if studies is None else f"{studies['median']:g}",
        floor,
        str(row["label_delay_days"]) if not row["without_labels"] else "",
        "" if named["value"] is None else f"{named['value']:.0%}",
        row["verdict"],
    )
    return f"| {' | '.join(cells)} |"
