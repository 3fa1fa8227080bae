"""A change plan is adopted by both roles' signatures over the same content, and never changed after the first."""

from pathlib import Path
from typing import Any

import pytest
from change_plans import METHODS, plan_record
from sqlalchemy import text
from worlds import MODEL, World

from registry.change_plans import plan_of, sign_plan
from registry.domain.errors import (
    AnswerIsNoError,
    EvidenceMissingError,
    NotAllowedError,
    OverreadError,
    UnknownNameError,
)


def content(**changes: Any) -> dict[str, Any]:
    return plan_record(MODEL, "internal") | changes


def sign(world: World, person: str, record: dict[str, Any] | None = None) -> Any:
    return sign_plan(world.lifecycle.record, record or content(), world.signer(person), METHODS)


def adopted(world: World, record: dict[str, Any] | None = None) -> None:
    for person in ("quinn", "clara"):
        sign(world, person, record)


@pytest.fixture(autouse=True)
def _registered(world: World) -> None:
    world.register()


def test_it_is_adopted_with_the_second_role_and_on_record(world: World) -> None:
    first = sign(world, "quinn")
    assert (first.adopted, first.missing) == (False, ("clinical lead",))
    assert plan_of(world.lifecycle.record, MODEL) is None
    assert sign(world, "clara").adopted
    found = plan_of(world.lifecycle.record, MODEL)
    assert found is not None
    assert found.plan.digest == first.plan.digest
    assert world.told("change_plan.adopted")[0]["digest"] == found.plan.digest
    assert len(set(found.signatures)) == 2


@pytest.mark.parametrize("person", ["erin", "vera", "otto"])
def test_other_roles_sign_no_plan(world: World, person: str) -> None:
    with pytest.raises(NotAllowedError, match="may not sign"):
        sign(world, person)


def test_nobody_signs_twice(world: World) -> None:
    sign(world, "quinn")
    with pytest.raises(NotAllowedError, match="signed"):
        sign(world, "quinn")


@pytest.mark.parametrize("signed", [1, 2])
def test_a_signed_plan_is_never_changed(world: World, signed: int) -> None:
    for person in ("quinn", "clara")[:signed]:
        sign(world, person)
    with pytest.raises(AnswerIsNoError, match="never changed"):
        sign(world, "clara", content(title="another"))


def test_a_change_of_the_plan_is_a_plan_with_the_next_number(world: World) -> None:
    adopted(world)
    with pytest.raises(AnswerIsNoError, match="the number 2"):
        sign(world, "quinn", content(title="another", number=3))
    adopted(world, content(title="another", number=2))
    found = plan_of(world.lifecycle.record, MODEL)
    assert found is not None
    assert (found.plan.number, found.plan.record["title"]) == (2, "another")


def test_the_cohort_and_the_original_version_are_on_record_first(world: World) -> None:
    with pytest.raises(EvidenceMissingError, match="not frozen"):
        sign(world, "quinn", plan_record(MODEL, "nowhere"))
    with pytest.raises(UnknownNameError):
        sign(world, "quinn", plan_record(MODEL, "internal", original_version="9"))


def test_a_signature_or_a_plan_that_was_edited_is_found(world: World) -> None:
    adopted(world)
    found = plan_of(world.lifecycle.record, MODEL)
    assert found is not None
    place: Path = world.objects.path(found.plan.digest)
    kept = place.read_bytes()
    place.chmod(0o600)
    place.write_bytes(kept.replace(b"retraining and", b"Retraining and"))
    with pytest.raises(OverreadError, match="other bytes"):
        plan_of(world.lifecycle.record, MODEL)
    place.write_bytes(kept)
    with world.ledger.engine.begin() as connection:
        connection.execute(text("UPDATE signatures SET act = 'approve' WHERE act = 'adopt-plan'"))
    with pytest.raises(OverreadError, match="not for"):
        plan_of(world.lifecycle.record, MODEL)
