"""The command `overread`: groups of commands, one error line, documented exit codes."""

import os
import sys
import tempfile
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from pipelines.cli import (
    alerts,
    approvals,
    audit,
    card,
    cohort,
    demo,
    evidence,
    ingest,
    judge,
    lineage,
    measure,
    models,
    monitor,
    operation,
    people,
    pilot,
    plan,
    protocols,
    report,
    schedule,
    serve,
    simulate,
    workspace,
)
from pipelines.cli.access import note_command
from pipelines.cli.console import tell
from pipelines.telemetry import telemetry_off
from registry.domain.errors import ExitCode, OverreadError
from registry.version import __version__

app = typer.Typer(
    name="overread",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="The system of record and the watch over AI models that read MRI and CT.",
    epilog="Example: overread init my-workspace && cd my-workspace && overread ingest dicom /data/dicom --site general",
)
for group, name in (
    (ingest.app, "ingest"),
    (cohort.app, "cohort"),
    (models.app, "models"),
    (card.app, "card"),
    (lineage.app, "lineage"),
    (plan.app, "plan"),
    (monitor.app, "monitor"),
    (alerts.app, "alerts"),
    (audit.app, "audit"),
    (people.app, "people"),
    (schedule.app, "schedule"),
    (simulate.app, "simulate"),
):
    app.add_typer(group, name=name)
for module in (workspace, judge, report, evidence, serve, demo, protocols, measure):
    module.add_to(app)
approvals.add_to(models.app)
operation.add_to(models.app)
pilot.add_to(models.app)


_PLACES = (FileNotFoundError, FileExistsError, NotADirectoryError, IsADirectoryError, PermissionError)


@app.callback()
def _root(
    folder: Annotated[
        Path | None, typer.Option("--workspace", help="The workspace; may stand anywhere in the line.")
    ] = None,
    *,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
    version: Annotated[bool, typer.Option("--version", help="Show the version and stop.")] = False,
) -> None:
    if folder is not None:
        os.environ["OVERREAD_WORKSPACE"] = str(folder)
    if debug:
        os.environ["OVERREAD_DEBUG"] = "1"
    if version:
        typer.echo(f"overread {__version__}")
        raise typer.Exit


def arranged(words: list[str]) -> list[str]:
    """Move `--workspace DIR` and `--debug` to the front, and give a bare `--json` of `monitor` its dash.

    `monitor run` takes `--json [FILE]`; every other command takes `--json` alone.
    """
    front: list[str] = []
    rest: list[str] = []
    queue = list(words)
    while queue:
        word = queue.pop(0)
        if word == "--workspace" and queue:
            front += [word, queue.pop(0)]
        elif word == "--debug" or word.startswith("--workspace="):
            front.append(word)
        else:
            rest.append(word)
    if rest[:1] == ["monitor"]:
        rest = _dashed(rest)
    return front + rest


def _dashed(words: list[str]) -> list[str]:
    out = []
    for word, following in zip(words, [*words[1:], "--"], strict=True):
        out.append(word)
        if word == "--json" and following.startswith("--"):
            out.append("-")
    return out


def main(words: list[str] | None = None) -> NoReturn:
    """Run one command and leave with its exit code."""
    telemetry_off()
    sys.exit(run(sys.argv[1:] if words is None else words))


def run(words: list[str]) -> int:
    """Run one command and return its exit code; errors become one line on standard error."""
    note_command(app, arranged(words))
    try:
        done = app(args=arranged(words), prog_name="overread", standalone_mode=False)
    except OverreadError as error:
        return _fail(error.line(), error.exit_code)
    except typer.TyperException as error:
        return _misused(error)
    except (KeyboardInterrupt, typer.Abort):
        return _fail("interrupted", ExitCode.INTERRUPTED)
    except _PLACES as error:
        return _misplaced(error)
    except BaseException as error:  # noqa: BLE001 - the last resort: one line, a log file, exit 70
        return _internal(error)
    return int(done) if isinstance(done, int) else ExitCode.DONE


def _misused(error: typer.TyperException) -> int:
    """Tell what is wrong with the words of a call; a group without a command shows its help."""
    message: str = getattr(error, "format_message", error.__str__)()
    if message.lstrip().startswith("Usage:"):
        typer.echo(message, err=True)
        return ExitCode.USAGE
    return _fail(" ".join(message.split()), ExitCode.USAGE)


def _misplaced(error: OSError) -> int:
    """Tell that a file or a folder cannot be used; without one the error is internal."""
    if not error.filename:
        return _internal(error)
    place = Path(os.fsdecode(error.filename)).name
    return _fail(f"{(error.strerror or 'no access').lower()} ({place}): choose another path", ExitCode.USAGE)


def _fail(line: str, code: ExitCode) -> int:
    if os.environ.get("OVERREAD_DEBUG"):
        traceback.print_exc()
    tell(f"overread: {line}")
    return code


def _internal(error: BaseException) -> int:
    if isinstance(error, SystemExit):
        return error.code if isinstance(error.code, int) else ExitCode.USAGE
    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
    with tempfile.NamedTemporaryFile(
        "w", prefix=f"overread-{moment}-", suffix=".log", delete=False
    ) as log:  # mode 0600
        traceback.print_exception(error, file=log)
    return _fail(f"internal error ({type(error).__name__}): the details are in {log.name}", ExitCode.INTERNAL)
