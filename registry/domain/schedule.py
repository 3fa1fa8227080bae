"""Schedules: when a kind of work runs by itself for a model, and which of its ticks are due."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from registry.domain.cron import Cron
from registry.domain.instants import parse_instant

CATCH_UP = timedelta(days=1)  # ticks that lie longer back than this are not caught up


class WorkKind(StrEnum):
    """Kinds of work that may run by themselves."""

    TRAIN = "train"
    REVALIDATE = "revalidate"
    MONITOR = "monitor"
    REPORT = "report"


@dataclass(frozen=True)
class Schedule:
    """One schedule on record: who set it, and by which event of the ledger."""

    kind: WorkKind
    model: str
    cron: str
    time_zone: str
    paused: bool
    set_by: str
    set_at: str
    event_seq: int

    @property
    def name(self) -> str:
        """The schedule's name in the ledger."""
        return schedule_name(self.kind, self.model)

    def due(self, since: datetime | None, now: datetime) -> datetime | None:
        """Return the newest tick that is due and was not yet seen, or None.

        Ticks that were missed while nothing ran are caught up by one run, for the newest of them, and only those of the
        last day (`CATCH_UP`).

        Args:
            since: up to when ticks were seen already; None when none ever was.
            now: the present instant.
        """
        if self.paused:
            return None
        starts = [parse_instant(self.set_at), now - CATCH_UP, *([] if since is None else [since])]
        return max(Cron.parse(self.cron).due(max(starts), now, self.time_zone), default=None)

    def following(self, now: datetime) -> datetime | None:
        """Return the next tick after an instant; None while paused."""
        return None if self.paused else Cron.parse(self.cron).following(now, self.time_zone)

    def to_json(self) -> Mapping[str, Any]:
        """Return the JSON form."""
        return dict(vars(self)) | {"kind": self.kind.value}


def schedule_name(kind: WorkKind, model: str) -> str:
    """Return the name of a schedule in the ledger."""
    return f"{kind.value} {model}"
