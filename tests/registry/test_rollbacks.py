"""Rolling back: the version before runs again in one change, or it is a stop."""

import pytest
from worlds import MODEL, World, teach

from registry.domain.errors import NotAllowedError, UnknownNameError, UsageError
from registry.domain.model import Deployment
from registry.domain.person import LOCAL_ADMINISTRATOR, PersonRole
from registry.ledger.verify import verify_ledger
from registry.rollbacks import RolledBack

FALLBACK = "read without AI"


def two(world: World) -> tuple[Deployment, Deployment]:
    """Have version 1 live, then version 2."""
    found = []
    for number in ("1", "2"):
        world.register()
        world.approve(number)
        found.append(world.go_live(number))
        world.clock.advance(days=1)
    return found[0], found[1]


def roll_back(world: World, person: str = "clara", to: str | None = None) -> RolledBack:
    """Roll the model back."""
    return world.lifecycle.roll_back(MODEL, "general", world.signer(person), FALLBACK, "misses", to)


def states(world: World) -> list[tuple[str, str]]:
    """Return version and state of every deployment."""
    return [(one.version, one.state) for one in world.lifecycle.deployments()]


def test_one_command_stops_the_one_and_lets_the_other_run_again(world: World) -> None:
    first, second = two(world)
    assert states(world) == [("1", "stopped"), ("2", "live")]
    done = roll_back(world)
    assert (done.outcome, done.why) == ("rolled back", "")
    assert done.stopped.deployment == second.deployment
    assert done.resumed is not None
    assert done.resumed.deployment == first.deployment
    assert states(world) == [("1", "live"), ("2", "stopped")]
    assert verify_ledger(world.ledger.engine, world.ledger.public_vkey).verdict == "VERIFIED"
    types = [event.record["type"] for event in world.ledger.events(2)]
    assert types == ["deployment.resumed", "deployment.stopped"]


def test_a_lapsed_version_before_makes_it_a_stop(world: World) -> None:
    two(world)
    world.lifecycle.end_approval(MODEL, "1", world.signer("quinn"), "withdrawn")
    done = roll_back(world)
    assert done.outcome == "stopped"
    assert "needs an approval that is valid today" in done.why
    assert states(world) == [("1", "stopped"), ("2", "stopped")]
    assert world.told("version.decision_refused")[0]["act"] == "resume"


def test_an_approval_whose_date_passed_makes_it_a_stop(world: World) -> None:
    world.ready("internal", "external")
    for person in ("quinn", "clara"):
        world.lifecycle.approve(MODEL, "1", world.signer(person), valid_days=10)
    world.go_live("1")
    world.register()
    world.approve("2")
    world.go_live("2")
    world.clock.advance(days=11)
    assert roll_back(world).outcome == "stopped"


def test_without_a_version_before_it_is_a_stop(world: World) -> None:
    world.register()
    world.approve("1")
    world.go_live("1")
    done = roll_back(world)
    assert (done.outcome, "no version of" in done.why) == ("stopped", True)
    assert states(world) == [("1", "stopped")]


def test_who_may_only_stop_only_stops(world: World) -> None:
    two(world)
    done = roll_back(world, "otto")
    assert (done.outcome, "may not sign 'resume'" in done.why) == ("stopped", True)


def test_who_may_not_even_stop_changes_nothing(world: World) -> None:
    two(world)
    with pytest.raises(NotAllowedError, match="may not sign 'stop'"):
        roll_back(world, "erin")
    assert states(world) == [("1", "stopped"), ("2", "live")]


def test_only_whom_the_stop_named_lets_the_version_before_run_again(world: World) -> None:
    first, _ = two(world)
    roll_back(world)
    world.lifecycle.stop(first.deployment, world.signer("clara"), FALLBACK, "misses", "quality officer")
    with pytest.raises(NotAllowedError, match="signature of a quality officer"):
        world.lifecycle.resume(first.deployment, world.signer("clara"))
    assert world.lifecycle.resume(first.deployment, world.signer("quinn")).state == "live"


def test_a_named_version_must_have_been_live_there(world: World) -> None:
    two(world)
    done = roll_back(world, to="3")
    assert (done.outcome, "@3 was not live at general" in done.why) == ("stopped", True)


def test_of_three_versions_the_last_that_was_live_runs_again_unless_another_is_named(world: World) -> None:
    two(world)
    world.register()
    world.approve("3")
    world.go_live("3")
    done = roll_back(world, to="1")
    assert done.resumed is not None
    assert done.resumed.version == "1"
    again = roll_back(world)
    assert again.resumed is not None
    assert again.resumed.version == "3"


def test_a_roll_back_needs_something_live_and_a_fallback(world: World) -> None:
    world.register()
    with pytest.raises(UnknownNameError, match="is live at"):
        roll_back(world)
    with pytest.raises(UsageError, match="takes the model's place"):
        world.lifecycle.roll_back(MODEL, "general", world.signer("clara"), " ")


def test_a_stop_names_a_role_that_resumes(world: World) -> None:
    world.register()
    world.evaluate()
    placed = world.deploy("1", "shadow")
    world.people.add("sue", "Sue", (PersonRole.CLINICAL_LEAD,), "a horse that reads magnets", LOCAL_ADMINISTRATOR)
    teach(world.people, "sue")
    with pytest.raises(UsageError, match="resumes nothing"):
        world.lifecycle.stop(placed.deployment, world.signer("sue"), FALLBACK, "", "engineer")
    assert world.lifecycle.stop(placed.deployment, world.signer("sue"), FALLBACK).state == "stopped"
