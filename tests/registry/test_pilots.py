"""A pilot is planned before it begins, under a stop rule, and goes live only once it was judged to be over."""

import pytest
from sqlalchemy import text
from worlds import World

from registry.domain.errors import AnswerIsNoError, EvidenceMissingError, LedgerBrokenError, NotAllowedError, UsageError
from registry.domain.person import SERVICE
from registry.domain.stop_rule import StopRule
from registry.pilots import judge_pilot, pilot_of, plan_pilot

UNITS, DAYS = 200, 28


@pytest.fixture
def shadow(world: World) -> tuple[World, str]:
    """Return a world whose approved version runs in shadow, and the deployment's id."""
    world.approved()
    return world, world.deploy("1", "shadow").deployment


def ruled(world: World, place: str) -> None:
    """Set a stop rule."""
    rule = StopRule(place, "unanswered", "any", 3, "read without AI")
    world.lifecycle.set_stop_rule(rule, world.signer("clara"), "as agreed")


def plan(world: World, place: str, person: str = "clara", units: int = UNITS, days: int = DAYS) -> None:
    """Plan the pilot."""
    plan_pilot(world.lifecycle.record, place, units, days, world.signer(person))


def test_a_planned_pilot_goes_live_only_after_its_units_and_days(shadow: tuple[World, str]) -> None:
    world, place = shadow
    ruled(world, place)
    plan(world, place)
    world.deploy("1", "pilot")
    with pytest.raises(EvidenceMissingError, match="the planned pilot is not over: it was not judged yet"):
        world.deploy("1", "live")
    record = world.lifecycle.record
    assert judge_pilot(record, place, 150, SERVICE)["why"] == "150 of 200 units, 0 of 28 days"
    with pytest.raises(EvidenceMissingError, match="not over: 150 of 200 units"):
        world.deploy("1", "live")
    world.clock.advance(days=DAYS)
    assert judge_pilot(record, place, 199, SERVICE)["met"] is False
    assert judge_pilot(record, place, 200, SERVICE) | {"plan": 0} == {
        "deployment": place, "plan": 0, "units": 200, "days": 28, "met": True, "why": "200 units in 28 days"
    }  # fmt: skip
    assert world.deploy("1", "live").state == "live"


def test_the_plan_names_the_stop_rules_and_who_signed_it(shadow: tuple[World, str]) -> None:
    world, place = shadow
    ruled(world, place)
    plan(world, place)
    found = pilot_of(world.lifecycle.record, place)
    assert found is not None
    assert (found[0].rules, found[0].person, found[1]) == (("unanswered",), "clara", "")


def test_a_pilot_without_a_stop_rule_is_not_planned(shadow: tuple[World, str]) -> None:
    with pytest.raises(EvidenceMissingError, match="has a stop rule"):
        plan(*shadow)


def test_a_pilot_that_began_is_not_planned_any_more(shadow: tuple[World, str]) -> None:
    world, place = shadow
    ruled(world, place)
    world.deploy("1", "pilot")
    with pytest.raises(AnswerIsNoError, match="before it begins"):
        plan(world, place)
    with pytest.raises(EvidenceMissingError, match="was not planned"):
        judge_pilot(world.lifecycle.record, place, 1, SERVICE)


def test_a_clinical_lead_plans_it_and_no_pilot_is_empty(shadow: tuple[World, str]) -> None:
    world, place = shadow
    ruled(world, place)
    with pytest.raises(NotAllowedError, match="plans no pilot"):
        plan(world, place, "quinn")
    with pytest.raises(UsageError, match="at least 1"):
        plan(world, place, units=0)


def test_a_judgement_that_was_written_into_the_database_counts_for_nothing(shadow: tuple[World, str]) -> None:
    world, place = shadow
    ruled(world, place)
    plan(world, place)
    world.deploy("1", "pilot")
    judge_pilot(world.lifecycle.record, place, 1, SERVICE)
    with world.ledger.engine.begin() as connection:
        newest = "WHERE seq = (SELECT max(seq) FROM ledger_payloads)"
        forged = f"UPDATE ledger_payloads SET payload = replace(payload, 'false', 'true') {newest}"
        connection.execute(text(forged))
    with pytest.raises(LedgerBrokenError):
        world.deploy("1", "live")
