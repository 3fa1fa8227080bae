"""A clock that was set is an event before the next one, once for each step, and the numbers go on."""

from datetime import timedelta
from pathlib import Path

import pytest
from fakes import FakeClock
from ledgers import SERVICE, fill

from registry.database import migrate, open_database
from registry.ledger.clock_watch import ClockWatch, Steady, system_steady
from registry.ledger.log_key import LogKey
from registry.ledger.store import Ledger
from registry.ledger.verify import verify_ledger


class Machine:
    """A machine whose clock can be set, and whose own count cannot."""

    def __init__(self, folder: Path) -> None:
        self.clock = FakeClock()
        self.boot, self.since = "first", timedelta(minutes=3)
        self.place = folder / "clock.json"
        engine = open_database(f"sqlite:///{folder}/record.db")
        migrate(engine)
        watch = ClockWatch(self.place, self.steady)
        self.ledger = Ledger(engine, LogKey.generate(), self.clock, SERVICE, None, None, watch)

    def steady(self) -> Steady:
        return Steady(self.boot, self.since)

    def passes(self, **span: float) -> None:
        """Let time pass, for both clocks."""
        self.clock.advance(**span)
        self.since += timedelta(**span)

    def steps(self) -> list[tuple[int, int, str]]:
        """Return the told steps: the event's number, the step in milliseconds, and against what it was seen."""
        found = []
        for event in reversed(self.ledger.events(1000)):
            if event.record["type"] == "clock.anomaly":
                told = self.ledger.payload(event.seq) or {}
                found.append((event.seq, told["step_ms"], told["against"]))
        return found


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """Return a machine with one event on record."""
    found = Machine(tmp_path)
    fill(found.ledger, [1])
    return found


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_clock_set_back_or_forward_is_told_before_the_next_event_once(machine: Machine, hours: int) -> None:
    machine.clock.advance(hours=hours)
    fill(machine.ledger, [2, 1])
    ((seq, step, against),) = machine.steps()
    assert (seq, against) == (1, "the machine's own count")
    assert step == pytest.approx(hours * 3_600_000, abs=1)
    assert [event.seq for event in reversed(machine.ledger.events())] == [0, 1, 2, 3, 4]
    assert verify_ledger(machine.ledger.engine, machine.ledger.public_vkey).verdict == "VERIFIED"


def test_time_that_passes_is_no_step_however_long(machine: Machine) -> None:
    for _ in range(3):
        machine.passes(days=40)
        fill(machine.ledger, [1])
    assert machine.steps() == []


@pytest.mark.parametrize(("seconds", "told"), [(0.9, 0), (-0.9, 0), (1.2, 1), (-1.2, 1)])
def test_more_than_a_second_is_a_step(machine: Machine, seconds: float, told: int) -> None:
    machine.passes(hours=1)
    machine.clock.advance(seconds=seconds)
    fill(machine.ledger, [1])
    assert len(machine.steps()) == told


def test_two_steps_are_told_each_with_its_size(machine: Machine) -> None:
    machine.clock.advance(seconds=5)
    fill(machine.ledger, [1])
    machine.passes(hours=2)
    machine.clock.advance(seconds=-3)
    fill(machine.ledger, [1])
    assert [round(step / 1000) for _, step, _ in machine.steps()] == [5, -3]


def test_a_machine_that_started_anew_begins_a_new_count(machine: Machine) -> None:
    machine.clock.advance(days=2)
    machine.boot, machine.since = "second", timedelta(seconds=20)
    fill(machine.ledger, [1])
    assert machine.steps() == []
    machine.clock.advance(minutes=1)
    fill(machine.ledger, [1])
    assert len(machine.steps()) == 1


def test_a_clock_set_back_while_the_machine_was_off_is_seen_against_the_event_before(machine: Machine) -> None:
    machine.clock.advance(hours=-1)
    machine.boot = "second"
    fill(machine.ledger, [1])
    ((seq, step, against),) = machine.steps()
    assert (seq, against) == (1, "the event before")
    assert step == pytest.approx(-3_600_000, abs=1)


def test_a_mark_that_cannot_be_read_or_written_stops_nothing(machine: Machine) -> None:
    machine.place.write_text("{")
    fill(machine.ledger, [1])
    machine.place.unlink()
    machine.place.mkdir()
    fill(machine.ledger, [1])
    assert machine.steps() == []


def test_this_machine_keeps_a_count_that_grows() -> None:
    first, second = system_steady(), system_steady()
    assert first is not None
    assert second is not None
    assert (first.boot == second.boot, first.since <= second.since) == (True, True)
