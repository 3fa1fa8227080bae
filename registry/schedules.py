"""Schedules on record: set, paused, listed; each change is an event, and a row must say what its event told."""

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import select
from sqlalchemy.orm import Session

from registry.database import reading
from registry.domain.cron import Cron
from registry.domain.errors import LedgerBrokenError, UnknownNameError, UsageError
from registry.domain.event import EventDraft, Subject
from registry.domain.instants import instant_text
from registry.domain.names import is_model_name
from registry.domain.person import Actor, actor_record
from registry.domain.ports import Clock
from registry.domain.schedule import Schedule, WorkKind, schedule_name
from registry.history import last_event
from registry.ledger.store import Ledger
from registry.schema import ScheduleRow

_CHANGES = ("schedule.set", "schedule.paused")
_EXAMPLE = "five fields, such as '0 6 * * *' (each day at six) or '0 4 1 * *' (each month)"


class Schedules:
    """The schedules of one workspace."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock

    def set(self, kind: WorkKind, model: str, cron: str, time_zone: str, actor: Actor) -> Schedule:
        """Set a schedule, or set it anew; a paused one runs again. The same words again change nothing.

        Raises:
            UsageError: for a bad cron expression, time zone or model name.
        """
        text = _checked(model, cron, time_zone)
        with self._ledger.transaction() as tx:
            row = tx.session.get(ScheduleRow, (kind.value, model))
            if row is not None and (row.cron, row.time_zone, row.paused) == (text, time_zone, False):
                return _told(tx.session, self._ledger, row)
            payload = {"kind": kind.value, "model": model, "cron": text, "time_zone": time_zone}
            event = tx.append(EventDraft("schedule.set", actor_record(actor), (_subject(kind, model),), payload))
            row = tx.session.merge(
                ScheduleRow(
                    **payload,
                    paused=False,
                    set_by=actor.person,
                    set_at=instant_text(self._clock.now()),
                    event_seq=event.seq,
                )
            )
            return _schedule(row)

    def pause(self, kind: WorkKind, model: str, actor: Actor) -> Schedule:
        """Pause a schedule until it is set again; pausing a paused one changes nothing.

        Raises:
            UnknownNameError: when there is no such schedule.
        """
        with self._ledger.transaction() as tx:
            row = tx.session.get(ScheduleRow, (kind.value, model))
            if row is None:
                known = [f"{one.kind} {one.model}" for one in tx.session.scalars(select(ScheduleRow))]
                raise UnknownNameError.of("schedule", schedule_name(kind, model), known, mend="set it first")
            if not row.paused:
                payload = {"kind": kind.value, "model": model}
                tx.append(EventDraft("schedule.paused", actor_record(actor), (_subject(kind, model),), payload))
                row.paused = True
            return _schedule(row)

    def all(self) -> tuple[Schedule, ...]:
        """Return all schedules, by kind and model.

        Raises:
            LedgerBrokenError: when a row says something else than the ledger told last.
        """
        with reading(self._ledger.engine) as session:
            rows = session.scalars(select(ScheduleRow).order_by(ScheduleRow.kind, ScheduleRow.model))
            return tuple(_told(session, self._ledger, row) for row in rows)


def _checked(model: str, cron: str, time_zone: str) -> str:
    if not is_model_name(model):
        raise UsageError("a model's name has a-z, 0-9, '.', '_', '-'", mend="name it with --model")
    try:
        ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise UsageError("unknown time zone", where="--time-zone", mend="such as Europe/Vienna") from error
    try:
        return Cron.parse(cron).text
    except ValueError as error:
        raise UsageError(f"not a cron expression: {error}", where="--cron", mend=f"write {_EXAMPLE}") from error


def _subject(kind: WorkKind, model: str) -> Subject:
    return Subject("schedule", schedule_name(kind, model))


def _told(session: Session, ledger: Ledger, row: ScheduleRow) -> Schedule:
    """Return a row's schedule, once the ledger tells the same."""
    found = _schedule(row)
    told = ledger.payload(row.event_seq) or {}
    last = last_event(session, _CHANGES, "schedule", found.name)
    same = {name: getattr(row, name) for name in ("kind", "model", "cron", "time_zone")} == told
    if not same or last is None or (last.record["type"] == "schedule.paused") is not row.paused:
        raise LedgerBrokenError(f"the ledger tells otherwise of the schedule '{found.name}'", mend="set it again")
    return found


def _schedule(row: ScheduleRow) -> Schedule:
    names = ("model", "cron", "time_zone", "paused", "set_by", "set_at", "event_seq")
    return Schedule(kind=WorkKind(row.kind), **{name: getattr(row, name) for name in names})
