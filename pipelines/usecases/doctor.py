"""Checks of the workspace and of what it needs."""

import importlib.metadata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pipelines.bootstrap import Workspace
from registry.domain.errors import OverreadError
from registry.ledger.verify import verify_ledger

CODECS = ("pyjpegls", "pylibjpeg-openjpeg", "pylibjpeg-rle", "python-gdcm")
GPL_CODECS = ("pylibjpeg-libjpeg",)


@dataclass(frozen=True)
class Finding:
    """One check: `ok`, `note` or `bad`, and one sentence."""

    what: str
    state: str
    says: str


def examine(workspace: Workspace, which: Callable[[str], str | None]) -> list[Finding]:
    """Run every check; `which` finds programs on the path."""
    return [*_segments(workspace), *_ledger(workspace), *_keys(workspace.root), *_codecs(), *_programs(which)]


def _segments(workspace: Workspace) -> Iterator[Finding]:
    try:
        garbage = workspace.tables.startup_check()
    except OverreadError as error:
        yield Finding("segments", "bad", error.line())
        return
    says = "every referenced segment is there with its bytes" + (f"; {len(garbage)} unreferenced" if garbage else "")
    yield Finding("segments", "ok", says)


def _ledger(workspace: Workspace) -> Iterator[Finding]:
    report = verify_ledger(workspace.engine, workspace.ledger.public_vkey)
    states = {"VERIFIED": "ok", "UNANCHORED": "note", "BROKEN": "bad"}
    yield Finding("ledger", states[report.verdict], report.why)


def _keys(root: Path) -> Iterator[Finding]:
    for place in sorted((root / "keys").rglob("*")):
        if place.is_file():
            mode = place.stat().st_mode & 0o777
            name = place.relative_to(root).as_posix()
            wide = mode & 0o077
            yield Finding(name, "bad" if wide else "ok", f"mode {mode:o}" + (": chmod 600 it" if wide else ""))


def _codecs() -> Iterator[Finding]:
    for name in CODECS:
        found = _version(name)
        yield Finding(name, "ok" if found else "bad", found or "missing: pip install it")
    for name in GPL_CODECS:
        if _version(name):
            yield Finding(name, "note", "a GPL codec is installed here; Overread does not need it")


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _programs(which: Callable[[str], str | None]) -> Iterator[Finding]:
    for name, use in (("dciodvfy", "checks DICOM objects"), ("chromium", "browser tests")):
        yield Finding(name, "ok" if which(name) else "note", use if which(name) else f"not installed ({use})")
