"""The machine: keys' permissions, disk, clock, telemetry, versions, codecs."""

import importlib.metadata
import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from pipelines.bootstrap import Workspace
from pipelines.doctor.finding import Finding, State, ok
from pipelines.security.floors import below_floor, read_floors
from pipelines.telemetry import TELEMETRY_OFF

KEYS = ("keys/ledger.pem", "keys/pseudonym.key")
CODECS = ("pyjpegls", "pylibjpeg-openjpeg", "pylibjpeg-rle", "python-gdcm")
GPL_CODECS = ("pylibjpeg-libjpeg",)
_GIB = 2**30
_LEAST, _FEW = 1 * _GIB, 10 * _GIB
_BUILT = datetime(2026, 1, 1, tzinfo=UTC)  # no machine that runs this version lives before


def keys(root: Path) -> Iterator[Finding]:
    """Look for the keys, and at who may read them."""
    places = {place.relative_to(root).as_posix(): place for place in sorted((root / "keys").rglob("*"))}
    for name in KEYS:
        if name not in places:
            yield Finding(name, State.FAILED, "missing: restore it from its backup")
    for name, place in places.items():
        if place.is_file():
            mode = place.stat().st_mode & 0o777
            wide = f"mode {mode:o}: chmod 600 it"
            yield Finding(name, State.FAILED, wide) if mode & 0o077 else ok(name, f"mode {mode:o}")


def disk(root: Path) -> Iterator[Finding]:
    """Look at the space that is left."""
    free = shutil.disk_usage(root).free
    says = f"{free / _GIB:.1f} GiB free"
    if free < _LEAST:
        yield Finding("disk", State.FAILED, f"{says}: make room, at least {_LEAST // _GIB} GiB")
    else:
        yield Finding("disk", State.WATCH, f"{says}: make room soon") if free < _FEW else ok("disk", says)


def clock(workspace: Workspace) -> Iterator[Finding]:
    """Hold the clock against the newest event: a ledger's times never lie ahead of it."""
    now = workspace.clock.now()
    newest = workspace.ledger.events(1)
    last = datetime.fromisoformat(newest[0].record["at"]) if newest else _BUILT
    if now < max(last, _BUILT):
        says = f"it says {now:%Y-%m-%d %H:%M} UTC, before the newest event: set it, by NTP"
        yield Finding("clock", State.FAILED, says)
    else:
        yield ok("clock", f"{now:%Y-%m-%d %H:%M} UTC, after the newest event")


def telemetry() -> Iterator[Finding]:
    """Look whether the usage reporting of every framework is off in this process."""
    open_ = [name for name, value in TELEMETRY_OFF.items() if os.environ.get(name) != value]
    if open_:
        yield Finding("telemetry", State.FAILED, f"not off: {', '.join(open_)}: start through the overread command")
    else:
        yield ok("telemetry", "off")


def versions() -> Iterator[Finding]:
    """Hold what is installed against the floors below which a published weakness is known."""
    floors = read_floors()
    low = [finding for floor in floors if (finding := below_floor(floor, version_of(floor.package)))]
    for says in low:
        yield Finding("versions", State.FAILED, says)
    if not low:
        yield ok("versions", f"none of {len(floors)} packages is below its floor; newer advisories are not looked up")


def codecs() -> Iterator[Finding]:
    """Look for the decoders of DICOM's compressed images."""
    for name in CODECS:
        there = version_of(name)
        yield ok(name, there) if there else Finding(name, State.FAILED, f"missing: pip install {name}")
    for name in GPL_CODECS:
        if version_of(name):
            yield Finding(name, State.WATCH, "a GPL codec is installed here; Overread does not need it")


def version_of(name: str) -> str | None:
    """Return the version of an installed package, or None."""
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None
