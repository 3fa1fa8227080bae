"""Checks of the workspace and of what it needs; each ends in one line, and none hides another."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from pipelines.bootstrap import open_workspace
from pipelines.doctor import approvals, machine, people, record, stores, watch
from pipelines.doctor.finding import Finding, State, found, ok
from pipelines.doctor.time_service import NAME, time_service
from pipelines.settings import FILE_NAME, Settings
from registry.domain.errors import OverreadError, ServiceUnreachableError
from registry.domain.ports import Clock

_OF_THE_RECORD = (record.database, record.durability, record.ledger, record.witnesses, record.segments, record.objects)
_OF_PEOPLE = (people.roles, people.accounts, people.credentials, people.letter)
_OF_STORES = (stores.mlflow, stores.dagster)
_OF_THE_WORKSPACE = (*_OF_THE_RECORD, *_OF_PEOPLE, *_OF_STORES, watch.monitoring, approvals.approvals, machine.clock)
_NAMES = (*record.RECORD, *people.PEOPLE, *stores.STORES, *watch.WATCH, *approvals.APPROVALS, "clock")


def examine(root: Path, clock: Clock | None = None) -> list[Finding]:
    """Run every check on the workspace of a folder; one that cannot run says so."""
    plain: tuple[tuple[str, Callable[[], Iterator[Finding]]], ...] = (
        ("settings", lambda: _settings(root)),
        ("keys", lambda: machine.keys(root)),
        ("disk", lambda: machine.disk(root)),
        (NAME, time_service),
        ("telemetry", machine.telemetry),
        ("versions", machine.versions),
        ("codecs", machine.codecs),
    )
    findings = [finding for what, check in plain for finding in found(what, check)]
    return [*findings[:1], *_opened(root, clock), *findings[1:]]


def _settings(root: Path) -> Iterator[Finding]:
    Settings.read(root / FILE_NAME)
    yield ok("settings", f"every key of {FILE_NAME} is known")


def _opened(root: Path, clock: Clock | None) -> Iterator[Finding]:
    """Check what needs the opened workspace; where it does not open, say why once, and that the rest did not run."""
    try:
        workspace = open_workspace(root, clock)
    except OverreadError as error:
        unreachable = isinstance(error, ServiceUnreachableError)
        yield Finding("workspace", State.UNREACHABLE if unreachable else State.FAILED, error.line())
        for name in _NAMES:
            yield Finding(name, State.NOT_RUN, "the workspace does not open: mend that first")
        return
    for name, check in zip(_NAMES, _OF_THE_WORKSPACE, strict=True):
        yield from found(name, partial(check, workspace))
    workspace.engine.dispose()
