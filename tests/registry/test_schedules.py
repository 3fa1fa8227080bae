"""Schedules, their ticks, their tickets; and tasks: each on record once, each provable."""

import base64
from datetime import timedelta

import pytest
from worlds import ERIN, World

from registry.database import writing
from registry.domain.errors import (
    LedgerBrokenError,
    NotAllowedError,
    SignatureBrokenError,
    UnknownNameError,
    UsageError,
)
from registry.domain.instants import instant_text, parse_instant
from registry.domain.person import LOCAL_ADMINISTRATOR, SERVICE, UNAUTHENTICATED, Actor
from registry.domain.schedule import Schedule, WorkKind
from registry.ledger.log_key import LogKey
from registry.schedules import Schedules
from registry.schema import ScheduleRow
from registry.tasks import RETRAIN, Task, Tasks
from registry.tickets import Tickets

DAILY = "0 6 * * *"


@pytest.fixture
def schedules(world: World) -> Schedules:
    """Return the schedules of a world."""
    return Schedules(world.ledger, world.clock)


@pytest.fixture
def tickets(world: World) -> Tickets:
    """Return the tickets of a world."""
    return Tickets(LogKey.load(world.root / "log.pem"), world.ledger, world.people, world.clock)


def kept(schedules: Schedules, actor: Actor = ERIN) -> Schedule:
    """Set one schedule."""
    return schedules.set(WorkKind.MONITOR, "nodule", DAILY, "UTC", actor)


def test_a_schedule_is_on_record_with_who_set_it(schedules: Schedules, world: World) -> None:
    found = kept(schedules)
    assert schedules.all() == (found,)
    assert (found.set_by, found.paused) == ("erin", False)
    assert world.told("schedule.set") == [
        {"kind": "monitor", "model": "nodule", "cron": DAILY, "time_zone": "UTC"},
    ]


def test_the_same_words_again_change_nothing_and_other_words_do(schedules: Schedules, world: World) -> None:
    kept(schedules)
    kept(schedules)
    assert len(world.told("schedule.set")) == 1
    schedules.set(WorkKind.MONITOR, "nodule", "0 7 * * *", "UTC", ERIN)
    assert [one.cron for one in schedules.all()] == ["0 7 * * *"]


def test_a_paused_schedule_is_never_due_until_it_is_set_again(schedules: Schedules, world: World) -> None:
    kept(schedules)
    paused = schedules.pause(WorkKind.MONITOR, "nodule", ERIN)
    schedules.pause(WorkKind.MONITOR, "nodule", ERIN)
    assert len(world.told("schedule.paused")) == 1
    assert paused.due(None, world.clock.now() + timedelta(days=3)) is None
    assert schedules.all()[0].paused
    assert not kept(schedules).paused


def test_what_does_not_exist_cannot_be_paused(schedules: Schedules) -> None:
    with pytest.raises(UnknownNameError, match="train nodule"):
        schedules.pause(WorkKind.TRAIN, "nodule", ERIN)


@pytest.mark.parametrize(
    ("cron", "zone"), [("soon", "UTC"), (DAILY, "Mars/Base"), (DAILY, "../UTC"), ("0 0 31 2 *", "UTC")]
)
def test_a_bad_expression_or_zone_is_refused_and_leaves_nothing(
    schedules: Schedules, world: World, cron: str, zone: str
) -> None:
    before = world.ledger.head()
    with pytest.raises(UsageError):
        schedules.set(WorkKind.TRAIN, "nodule", cron, zone, ERIN)
    assert world.ledger.head() == before


@pytest.mark.parametrize("change", [{"cron": "* * * * *"}, {"model": "other"}, {"paused": True}])
def test_a_row_that_the_ledger_does_not_tell_of_starts_nothing(
    schedules: Schedules, world: World, change: dict[str, object]
) -> None:
    kept(schedules)
    with writing(world.ledger.engine) as session:
        session.query(ScheduleRow).update(change)
    with pytest.raises(LedgerBrokenError, match="tells otherwise"):
        schedules.all()


def test_a_tick_is_due_once_and_missed_ones_are_caught_up_by_the_newest(schedules: Schedules) -> None:
    found = kept(schedules)
    set_at = parse_instant(found.set_at)
    assert found.due(None, set_at + timedelta(hours=1)) is None, "10 o'clock: the next tick is tomorrow"
    due = found.due(None, set_at + timedelta(days=1))
    assert due is not None
    assert due.isoformat() == "2026-03-03T06:00:00+00:00"
    assert found.due(due, set_at + timedelta(days=1)) is None
    late = found.due(due, set_at + timedelta(days=9))
    assert late is not None
    assert late.isoformat() == "2026-03-11T06:00:00+00:00"


def test_a_ticket_lets_a_run_act_for_who_set_the_schedule(schedules: Schedules, tickets: Tickets, world: World) -> None:
    ticket = tickets.issue(kept(schedules), "daily", world.clock.now())
    assert tickets.actor(ticket, "daily") == Actor("erin", "engineer", "schedule")


def test_a_schedule_of_nobody_runs_as_nobody(schedules: Schedules, tickets: Tickets, world: World) -> None:
    ticket = tickets.issue(kept(schedules, UNAUTHENTICATED), "daily", world.clock.now())
    assert tickets.actor(ticket, "daily") == UNAUTHENTICATED


def test_a_ticket_holds_for_its_job_and_its_day_only(schedules: Schedules, tickets: Tickets, world: World) -> None:
    ticket = tickets.issue(kept(schedules), "daily", world.clock.now())
    with pytest.raises(NotAllowedError, match="another job"):
        tickets.actor(ticket, "retrain")
    world.clock.advance(days=1)
    with pytest.raises(NotAllowedError, match="over"):
        tickets.actor(ticket, "daily")


def test_a_ticket_of_who_left_is_refused(schedules: Schedules, tickets: Tickets, world: World) -> None:
    ticket = tickets.issue(kept(schedules), "daily", world.clock.now())
    world.people.deactivate("erin", LOCAL_ADMINISTRATOR, "left")
    with pytest.raises(NotAllowedError, match="no longer active"):
        tickets.actor(ticket, "daily")


def test_a_forged_or_changed_ticket_is_refused(schedules: Schedules, tickets: Tickets, world: World) -> None:
    schedule = kept(schedules)
    other = Tickets(LogKey.generate(), world.ledger, world.people, world.clock)
    ticket = tickets.issue(schedule, "daily", world.clock.now())
    changed = base64.b64encode(base64.b64decode(ticket).replace(b'"payload":"', b'"payload":"A')).decode()
    for bad in (other.issue(schedule, "daily", world.clock.now()), changed, "", "none", ticket[:-4]):
        with pytest.raises(SignatureBrokenError):
            tickets.actor(bad, "daily")


def test_the_same_cause_asks_once_and_again_only_after_its_task_was_closed(world: World) -> None:
    tasks = Tasks(world.ledger, world.clock)
    early = instant_text(world.clock.now())

    def ask(at: str) -> Task | None:
        return tasks.ask(RETRAIN, "nodule", "because", "alert nodule: software", SERVICE, at=at)

    first = ask(early)
    assert first is not None
    assert ask(instant_text(world.clock.now())) is None
    tasks.close(first.task, "done", SERVICE)
    tasks.close(first.task, "done", SERVICE)
    assert tasks.open() == []
    assert ask(early) is None, "an occurrence that its task was for"
    again = ask(instant_text(world.clock.now()))
    assert again is not None
    assert ask(instant_text(world.clock.now())) is None
    assert [task.task for task in tasks.open("nodule")] == [again.task]
    assert tasks.open("other") == []
    assert (len(world.told("task.opened")), len(world.told("task.closed"))) == (2, 1)
