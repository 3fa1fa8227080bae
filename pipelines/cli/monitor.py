"""`overread monitor`: run the monitors over what was taken in."""

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.console import progress, tell
from registry.domain.errors import ExitCode, UsageError

app = typer.Typer(no_args_is_help=True, help="Watch deployed models: drift, performance, subgroups, scanners, overrides.")


@app.callback()
def _group() -> None:
    """Keep `monitor run` a group of commands."""


@app.command(epilog="Example: overread monitor run --model nodule --as-of 2026-09-30 --json")
def run(
    model: Annotated[str, typer.Option("--model", help="The model.")],
    target: Annotated[str | None, typer.Option("--target", help="Only this clinical question.")] = None,
    as_of: Annotated[str | None, typer.Option("--as-of", help="The last day that counts, YYYY-MM-DD; today unless given.")] = None,
    plan: Annotated[Path | None, typer.Option("--plan", help="TOML monitoring plan; the workspace's unless given.")] = None,
    json_file: Annotated[str | None, typer.Option("--json", metavar="[FILE]", help="Give JSON, on standard output or into a file.")] = None,
    fail_on: Annotated[str | None, typer.Option("--fail-on", help="'alert': end with 1 when an alert is open.")] = None,
    *,
    require_assessed: Annotated[bool, typer.Option("--require-assessed", help="End with 3 when a signal is not assessed.")] = False,
) -> None:
    """Compute every signal as of a day; the same tables, plan and day give the same bytes."""
    from pipelines.cli.opened import here  # noqa: PLC0415 - lazy: --help loads no adapter
    from pipelines.usecases.run_monitors import read_plan, run_monitors  # noqa: PLC0415 - lazy

    workspace = here()
    with progress("counting") as bar:
        done = run_monitors(workspace, model, target=target, as_of=_day(as_of), plan=read_plan(workspace, plan), progress=bar)
    _give(done.data, done.json, json_file)
    _leave(done.json, fail_on, require_assessed=require_assessed)


def _day(text: str | None) -> str | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError as error:
        raise UsageError("--as-of is not a day", where=text[:20], mend="write YYYY-MM-DD") from error


def _give(data: bytes, document: dict[str, object], json_file: str | None) -> None:
    if json_file == "-":
        typer.echo(data.decode(), nl=False)
    elif json_file:
        Path(json_file).write_bytes(data)
        tell(f"wrote {json_file}")
    else:
        for line in summary(document):
            typer.echo(line)


def summary(document: dict[str, object]) -> list[str]:
    """Spell a monitor run for a person, one line a signal."""
    lines = [f"{document['model']} as of {document['as_of']}, plan {str(document['plan'])[:19]}…"]
    for signal in document["signals"]:  # type: ignore[attr-defined]
        where = " ".join(str(part) for part in (signal["site"] or "", *signal["subject"].values()) if part)
        value = "" if signal["value"] is None else f" {signal['value']:.4g}"
        interval = "" if not signal["interval"] or signal["interval"][0] is None else f" ({signal['interval'][0]:.3g} to {signal['interval'][1]:.3g})"
        reason = f" ({signal['reason']})" if signal["reason"] else ""
        lines.append(f"{signal['state']:13}{reason} {signal['code']} {signal['statistic']} {where}{value}{interval}, n {signal['n']}: {signal['explains']}")
    return lines


def _leave(document: dict[str, object], fail_on: str | None, *, require_assessed: bool) -> None:
    open_alerts = [alert for alert in document["alerts"] if alert["state"] == "open"]  # type: ignore[attr-defined]
    if fail_on == "alert" and open_alerts:
        raise typer.Exit(ExitCode.ANSWER_IS_NO)
    if require_assessed and any(signal["state"] == "not_assessed" for signal in document["signals"]):  # type: ignore[attr-defined]
        raise typer.Exit(ExitCode.INCOMPLETE)
