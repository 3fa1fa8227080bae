"""What commands say: data on standard output, messages and progress on standard error."""

import getpass
import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from pipelines.progress import Silent
from registry.domain.display import plain
from registry.domain.errors import NotAllowedError, UsageError
from registry.domain.instants import parse_instant
from registry.domain.ports import Progress

Json = Annotated[bool, typer.Option("--json", help="Give one JSON document on standard output.")]
PassphraseFile = Annotated[
    Path | None,
    typer.Option(
        "--passphrase-file",
        help="Read the passphrase from this file (mode 0600); the authenticator's code, if any, from its second line.",
    ),
]
Reason = Annotated[str, typer.Option("--reason", help="Why; it goes on record.")]


def tell(message: str) -> None:
    """Say something to the person, on standard error."""
    typer.echo(plain(message, 2000), err=True)


def give(document: Mapping[str, Any], lines: Iterable[str], *, as_json: bool) -> None:
    """Give a result: as one JSON document, or as lines for a person."""
    if as_json:
        typer.echo(json.dumps(document, indent=2, ensure_ascii=False, sort_keys=True))
        return
    for line in lines:
        typer.echo(plain(line, 2000))


def passphrase(file: Path | None, prompt: str) -> str:
    """Return a passphrase from a file, or ask for it at the terminal; never from the command line.

    Raises:
        UsageError: when the file cannot be read.
        NotAllowedError: when there is neither a file nor a terminal.
    """
    if file is not None:
        try:
            return file.read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(
                "the passphrase file cannot be read", where=str(file), mend="check its path and mode"
            ) from error
    if not sys.stdin.isatty():
        raise NotAllowedError(
            "signing asks for a passphrase, and there is no terminal", mend="use --passphrase-file FILE"
        )
    return getpass.getpass(f"{prompt}: ")


def moment(text: str, option: str, *, begins: bool = False) -> datetime | None:
    """Read a day or an instant with its offset; None when nothing was given.

    Args:
        text: what was typed.
        option: for the error's words.
        begins: whether a day stands for its beginning (UTC), not for its end.

    Raises:
        UsageError: when it is neither.
    """
    if not text:
        return None
    try:
        if len(text) == len("2026-03-02"):
            day = date.fromisoformat(text)
            return datetime.combine(day if begins else day + timedelta(days=1), time(0), UTC)
        return parse_instant(text)
    except ValueError as error:
        mend = "write YYYY-MM-DD, or YYYY-MM-DDTHH:MM:SSZ"
        raise UsageError(f"{option} is neither a day nor an instant", mend=mend) from error


@contextmanager
def progress(title: str) -> Iterator[Progress]:
    """Show a progress bar on standard error while work is under way, if standard error is a terminal."""
    if not sys.stderr.isatty():
        yield Silent()
        return
    from rich.console import Console  # noqa: PLC0415 - lazy: only where there is a terminal
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn  # noqa: PLC0415 - lazy
    from rich.progress import Progress as Bars  # noqa: PLC0415 - lazy

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Bars(*columns, console=Console(stderr=True), transient=True) as bars:
        yield _Bar(bars, bars.add_task(title, total=None))


class _Bar:
    def __init__(self, bars: Any, task: Any) -> None:
        self._bars = bars
        self._task = task

    def advance(self, n: int = 1) -> None:
        self._bars.advance(self._task, n)
