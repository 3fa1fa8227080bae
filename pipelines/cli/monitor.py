"""`overread monitor`: run the monitors over what was taken in."""

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipelines.cli import rehearse
from pipelines.cli.console import progress, tell
from pipelines.cli.documents import JsonFile, put
from pipelines.cli.monitor_counts import counts
from registry.domain.errors import ExitCode
from registry.domain.joining import Known


class KnownTime(StrEnum):
    """Which known time selects the rows."""

    ASSUMED = "assumed"
    RECORDED = "recorded"


class FailOn(StrEnum):
    """What ends a run with 1."""

    ALERT = "alert"


if TYPE_CHECKING:
    from registry.domain.plan import MonitoringPlan

app = typer.Typer(
    no_args_is_help=True, help="Watch deployed models: drift, performance, subgroups, scanners, overrides."
)
app.command(epilog="Example: overread monitor rehearse --model nodule --years 20")(rehearse.rehearse)

app.command(epilog="Example: overread monitor counts --export q3.json --model nodule --period 2026-Q3")(counts)


@app.command(epilog="Example: overread monitor run --model nodule --as-of 2026-09-30 --json")
def run(  # noqa: PLR0913 - one argument an option
    model: Annotated[str, typer.Option("--model", help="The model.")],
    target: Annotated[str | None, typer.Option("--target", help="Only this clinical question.")] = None,
    as_of: Annotated[
        str | None, typer.Option("--as-of", help="The last day that counts, YYYY-MM-DD; today unless given.")
    ] = None,
    plan: Annotated[
        Path | None,
        typer.Option("--plan", help="TOML monitoring plan, as if it had always held; the workspace's unless given."),
    ] = None,
    json_file: JsonFile = None,
    appendix: Annotated[
        Path | None, typer.Option("--appendix", help="Also make the page to explore drift (Evidently's), in this file.")
    ] = None,
    fail_on: Annotated[FailOn | None, typer.Option("--fail-on", help="End with 1 when an alert is open.")] = None,
    known: Annotated[
        KnownTime, typer.Option("--known", help="Recorded known times, or those assumed from the rows' own times.")
    ] = KnownTime.RECORDED,
    engine: Annotated[
        str | None, typer.Option("--engine", help="embedded, threads, processes, spark or dask; see [counting].")
    ] = None,
    *,
    require_assessed: Annotated[
        bool, typer.Option("--require-assessed", help="End with 3 when a signal is not assessed.")
    ] = False,
) -> None:
    """Compute every signal as of a day; the same tables, plan and day give the same bytes."""
    from pipelines.cli.opened import here  # noqa: PLC0415 - lazy: --help loads no adapter
    from pipelines.usecases.monitoring_plan import plan_notes, read_plan  # noqa: PLC0415 - lazy
    from pipelines.usecases.open_tasks import suspend_unseen_strata, watch_stop_rules  # noqa: PLC0415 - lazy
    from pipelines.usecases.run_monitors import run_monitors  # noqa: PLC0415 - lazy

    workspace = here()
    with progress("counting") as bar:
        chosen = read_plan(workspace, plan)
        done = run_monitors(
            workspace,
            model,
            target=target,
            as_of=as_of,
            plan=None if plan is None else chosen,
            known=Known(known.value),
            engine=engine,
            progress=bar,
        )
    for day in done.counted.mended:
        tell(f"a stored count of {day} was changed or lost: it was not used, the day was counted anew")
    for block in done.mended:
        tell(f"stored evidence ({block}) was changed or lost: it was not used, its days were looked at anew")
    put(done.data, summary(done.json), json_file)
    safety = (*suspend_unseen_strata(workspace), *watch_stop_rules(workspace))
    for note in (*plan_notes(workspace, chosen, done.json), *safety):
        tell(note)
    if appendix is not None:
        _explore(done.json, chosen, target, appendix)
    _leave(done.json, fail_on, require_assessed=require_assessed)


@app.command(epilog="Example: overread monitor replay --model nodule --from 2026-01-01 --to 2026-06-30 --json")
def replay(
    model: Annotated[str, typer.Option("--model", help="The model.")],
    first: Annotated[str, typer.Option("--from", help="The first date, YYYY-MM-DD.")],
    last: Annotated[str, typer.Option("--to", help="The last date, YYYY-MM-DD.")],
    every: Annotated[str, typer.Option("--every", help="The step: a number of days, such as 1d.")] = "1d",
    target: Annotated[str | None, typer.Option("--target", help="Only this clinical question.")] = None,
    known: Annotated[
        KnownTime, typer.Option("--known", help="Known times assumed from the rows' own times, or recorded ones.")
    ] = KnownTime.ASSUMED,
    plan: Annotated[
        Path | None, typer.Option("--plan", help="TOML monitoring plan; the workspace's unless given.")
    ] = None,
    json_file: JsonFile = None,
    *,
    windows: Annotated[
        bool, typer.Option("--windows", help="Judge the fixed windows on each date too: every date is counted anew.")
    ] = False,
) -> None:
    """Say what the watch would have said on past dates, each with what was known by then; nothing goes on record."""
    from monitors.run import monitor_json  # noqa: PLC0415 - lazy: --help loads no numpy
    from pipelines.cli.opened import here  # noqa: PLC0415 - lazy: --help loads no adapter
    from pipelines.usecases.monitoring_plan import read_plan  # noqa: PLC0415 - lazy
    from pipelines.usecases.replay_monitors import Replay, days_between, replay_monitors  # noqa: PLC0415 - lazy

    workspace = here()
    asked = Replay(model, target, days_between(workspace, first, last, every), Known(known.value), windows)
    with progress("replaying") as bar:
        done = replay_monitors(workspace, asked, read_plan(workspace, plan), bar)
    lines = [alert_line(alert) for alert in done["alerts"]] or [f"no alert in {len(done['runs'])} runs"]
    put(monitor_json(done), lines, json_file)


def _explore(document: Mapping[str, Any], plan: "MonitoringPlan", target: str | None, file: Path) -> None:
    """Make the page to explore drift beside a run."""
    from pipelines.cli.opened import here  # noqa: PLC0415 - lazy: --help loads no adapter
    from pipelines.usecases.issue_appendix import issue_appendix  # noqa: PLC0415 - lazy

    with progress("comparing"):
        issued = issue_appendix(here(), document, plan, target=target, out=file)
    tell(f"wrote {file}: {issued.size} bytes, {issued.digest}")


def alert_line(alert: Mapping[str, Any]) -> str:
    """Spell an alert for a person, in one line."""
    since = alert["since"]
    until = f", closed {alert['closed']}" if alert["closed"] else ""
    return (
        f"{alert['state']:13} {alert['code']} alert {alert['id']} opened {alert['opened']}{until}: "
        f"{alert['cause']['kind']} {alert['cause']['who']} at {alert['site'] or 'all sites'} since {since['estimate']} "
        f"({since['interval'][0]} to {since['interval'][1]}), {alert['studies_affected']} studies affected"
    )


def summary(document: dict[str, Any]) -> list[str]:
    """Spell a monitor run for a person: one line a signal, one for all that did not run."""
    head = f"{document['model']} as of {document['as_of']}, plan {str(document['plan'])[:19]}…"
    idle = [signal["code"] for signal in document["signals"] if signal["reason"] == "not_run"]
    lines = [_line(signal) for signal in document["signals"] if signal["reason"] != "not_run"]
    silence = (
        [f"not assessed (not run): {', '.join(sorted(set(idle)))}: no alert can be raised by them"] if idle else []
    )
    return [head, *map(alert_line, document["alerts"]), *lines, *silence]


def _line(signal: Mapping[str, Any]) -> str:
    where = " ".join(str(part) for part in (signal["site"], *signal["subject"].values()) if part)
    low, high = signal["interval"] or (None, None)
    value = "" if signal["value"] is None else f" {signal['value']:.4g}"
    value += "" if low is None or high is None else f" ({low:.3g} to {high:.3g})"
    state = signal["state"] + (f" ({signal['reason']})" if signal["reason"] else "")
    counts = f"n {signal['n']}: {signal['explains']}"
    return f"{state:13} {signal['code']} {signal['statistic']} {where}{value}, {counts}"


def _leave(document: dict[str, Any], fail_on: FailOn | None, *, require_assessed: bool) -> None:
    open_alerts = [alert for alert in document["alerts"] if alert["state"] in ("open", "acknowledged")]
    if fail_on is FailOn.ALERT and open_alerts:
        raise typer.Exit(ExitCode.ANSWER_IS_NO)
    if require_assessed and any(signal["state"] == "not_assessed" for signal in document["signals"]):
        raise typer.Exit(ExitCode.INCOMPLETE)
