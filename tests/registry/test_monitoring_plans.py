"""A monitoring plan is in force by both roles' signatures over one content, and never changed after the first."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text
from worlds import World

from registry.database import reading
from registry.domain.errors import AnswerIsNoError, NotAllowedError, OverreadError
from registry.domain.plan import MonitoringPlan
from registry.monitoring_plans import sign_monitoring_plan, signed_plan, standing_of

PLAN = MonitoringPlan()


def sign(world: World, person: str, plan: MonitoringPlan = PLAN) -> Any:
    return sign_monitoring_plan(world.lifecycle.record, plan, world.signer(person))


def adopted(world: World, plan: MonitoringPlan = PLAN) -> None:
    for person in ("quinn", "clara"):
        sign(world, person, plan)


def in_force(world: World) -> MonitoringPlan | None:
    with reading(world.ledger.engine) as session:
        return signed_plan(session)


def test_it_is_adopted_with_the_second_role_and_both_signatures_are_told(world: World) -> None:
    first = sign(world, "quinn")
    assert (first.adopted, first.missing) == (False, ("clinical lead",))
    assert in_force(world) is None
    assert sign(world, "clara").adopted
    assert in_force(world) == PLAN
    assert standing_of(world.lifecycle.record, PLAN).missing == ()
    told = world.told("plan.adopted")[0]
    assert (told["digest"], len(set(told["signatures"]))) == (PLAN.digest, 2)
    assert {one["role"] for one in world.told("plan.signed")} == {"quality officer", "clinical lead"}


def test_a_plan_with_other_content_is_unsigned(world: World) -> None:
    adopted(world)
    assert standing_of(world.lifecycle.record, replace(PLAN, quiet_days=7)).missing == (
        "quality officer",
        "clinical lead",
    )


@pytest.mark.parametrize("person", ["erin", "vera", "otto"])
def test_other_roles_sign_no_plan(world: World, person: str) -> None:
    with pytest.raises(NotAllowedError, match="may not sign"):
        sign(world, person)


def test_nobody_signs_in_both_roles_and_no_role_signs_twice(world: World) -> None:
    sign(world, "quinn")
    with pytest.raises(NotAllowedError, match="signed"):
        sign(world, "quinn")


@pytest.mark.parametrize("signed", [1, 2])
def test_a_signed_plan_is_never_changed(world: World, signed: int) -> None:
    for person in ("quinn", "clara")[:signed]:
        sign(world, person)
    with pytest.raises(AnswerIsNoError, match="never changed"):
        sign(world, "clara", replace(PLAN, quiet_days=7))


def test_a_changed_plan_has_the_next_number(world: World) -> None:
    adopted(world)
    with pytest.raises(AnswerIsNoError, match="the number 2"):
        sign(world, "quinn", replace(PLAN, number=3))
    changed = replace(PLAN, number=2, quiet_days=7)
    adopted(world, changed)
    assert in_force(world) == changed


def test_a_signature_that_was_moved_is_found(world: World) -> None:
    adopted(world)
    with world.ledger.engine.begin() as connection:
        connection.execute(text("UPDATE signatures SET act = 'approve' WHERE act = 'adopt-plan'"))
    with pytest.raises(OverreadError, match="not for"):
        standing_of(world.lifecycle.record, PLAN)
