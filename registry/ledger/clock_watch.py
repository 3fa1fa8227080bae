"""Seeing that the clock was set: its time since a mark is held against a clock that nobody can set.

The operating system counts the seconds since the machine started, sleep included. A time service that speeds the clock
up or slows it down does the same to that count; only a step parts the two. The mark is made once for each start of the
machine, and again after a step was told, so that each step is told once.
"""

import json
import logging
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from registry.domain.instants import instant_text, parse_instant

TOLERANCE = timedelta(seconds=1)
_LOG = logging.getLogger(__name__)
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True)
class Steady:
    """What the clock that nobody sets says: of which start of the machine, and how long ago that was."""

    boot: str
    since: timedelta


@cache
def _boot() -> str:
    """Return the name of this start of the machine, which no process outlives; empty where it has none."""
    try:
        return _BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:
        return ""


def system_steady() -> Steady | None:
    """Return the machine's own count; None where it keeps none (outside Linux)."""
    count, boot = getattr(time, "CLOCK_BOOTTIME", None), _boot()
    if not boot or count is None:
        return None
    return Steady(boot, timedelta(microseconds=time.clock_gettime_ns(count) // 1000))


class ClockWatch:
    """The mark of one workspace, in a file beside the database.

    Args:
        place: the file.
        steady: gives the clock that nobody sets.
    """

    def __init__(self, place: Path, steady: Callable[[], Steady | None] = system_steady) -> None:
        self._place = place
        self._steady = steady
        self._marked = ""  # the start of the machine of which there is a mark, as seen last

    def step(self, now: datetime) -> timedelta:
        """Return by how much the clock was set since the mark, forward positive; zero where it was not, by a second."""
        steady, mark = self._steady(), self._mark()
        self._marked = "" if mark is None else mark[0]
        if steady is None or mark is None or mark[0] != steady.boot:
            return timedelta(0)
        step = (now - mark[2]) - (steady.since - mark[1])
        return step if abs(step) > TOLERANCE else timedelta(0)

    def mark(self, now: datetime, *, anew: bool) -> None:
        """Make the mark where there is none of this start of the machine, or `anew` after a step was told."""
        steady = self._steady()
        if steady is None or (self._marked == steady.boot and not anew):
            return
        micros = steady.since // timedelta(microseconds=1)
        record = {"boot": steady.boot, "since_us": micros, "at": instant_text(now)}
        draft = self._place.with_name(f".{self._place.name}.{secrets.token_hex(4)}")
        try:
            self._place.parent.mkdir(parents=True, exist_ok=True)
            draft.write_text(json.dumps(record), encoding="ascii")
            draft.replace(self._place)  # a mark that a power cut loses is made again
        except OSError as error:
            _LOG.warning("the mark of the clock was not written: %s", error.strerror)
            draft.unlink(missing_ok=True)

    def _mark(self) -> tuple[str, timedelta, datetime] | None:
        try:
            record: Any = json.loads(self._place.read_bytes())
            return str(record["boot"]), timedelta(microseconds=int(record["since_us"])), parse_instant(record["at"])
        except (OSError, ValueError, KeyError, TypeError):
            return None  # no mark, or none that can be read: the next commit makes one


def anomaly(step: timedelta, last_at: str, now: datetime) -> dict[str, Any] | None:
    """Return what to tell of a clock that was set; None when it was not.

    Args:
        step: what the watch found.
        last_at: the time of the event before (UTC text; empty: none).
        now: the clock's time.
    """
    if step:
        return {"step_ms": step // timedelta(milliseconds=1), "against": "the machine's own count"}
    back = now - parse_instant(last_at) if last_at else timedelta(0)
    if back < -TOLERANCE:
        return {"step_ms": back // timedelta(milliseconds=1), "against": "the event before"}
    return None
