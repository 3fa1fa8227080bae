"""A version is validated again in time: an approval ends with what carries it, is renewed without a gap, or lapses."""

from dataclasses import replace
from datetime import timedelta

import pytest
from worlds import ERIN, MODEL, World

from registry.database import reading
from registry.domain.digest import digest_bytes
from registry.domain.errors import AnswerIsNoError, EvidenceMissingError
from registry.domain.lifecycle import VersionState
from registry.domain.risk_tier import RiskTier
from registry.domain.vocabulary import Verdict
from registry.evaluations import in_force
from registry.revalidation import approval_terms
from registry.versions import find

BOTH = ("quinn", "clara")


def until(world: World) -> str:
    """Return the day until which version 1 is approved."""
    found = world.lifecycle.approval(MODEL, "1")
    assert found is not None
    return found.valid_until[:10]


def revalidate(world: World, cohort: str = "external") -> None:
    """Judge version 1 anew under this year's protocol, and have its risks reviewed on that."""
    this_year = digest_bytes(world.clock.now().isoformat().encode())
    world.lifecycle.record_evaluation(replace(world.evaluation(cohort), protocol_digest=this_year), ERIN)
    world.lifecycle.risk_review(MODEL, "1", world.signer("vera"))


def approve(world: World, *people: str) -> list[bool]:
    """Sign approvals; say of each whether it counted at once."""
    return [world.lifecycle.approve(MODEL, "1", world.signer(person)).moved for person in people]


def test_an_approval_ends_when_its_newest_test_is_as_old_as_the_tier_allows(world: World) -> None:
    world.ready("internal", "external")
    world.clock.advance(days=100)
    approve(world, *BOTH)
    assert until(world) == "2027-03-02"


def test_a_test_that_is_too_old_carries_no_approval(world: World) -> None:
    world.ready("internal", "external")
    objects = world.lifecycle.record.objects
    with reading(world.ledger.engine) as session:
        row = find(session, MODEL)
        tests = in_force(session, objects, row)
        for tier, days in ((RiskTier.MEDIUM, 365), (RiskTier.HIGH, 365), (RiskTier.LOW, 730)):
            last = world.clock.now() + timedelta(days=days)
            assert approval_terms(session, row, tests, tier, last - timedelta(days=1), None)["tier"] == tier
            with pytest.raises(
                EvidenceMissingError, match=rf"due to be validated again on 202[78]-0.*every {days} days"
            ):
                approval_terms(session, row, tests, tier, last, None)


def test_a_renewal_before_the_end_leaves_no_gap_in_use(world: World) -> None:
    world.approved()
    place = world.deploy("1", "shadow")
    world.clock.advance(days=300)
    revalidate(world)
    assert approve(world, "quinn") == [False]
    assert (world.state, until(world)) == (VersionState.APPROVED, "2027-03-02")
    assert approve(world, "clara") == [True]
    assert (world.state, until(world)) == (VersionState.APPROVED, "2027-12-27")
    assert world.lifecycle.approval_holds(MODEL, "1")
    assert world.lifecycle.deployment(place.deployment).state == "shadow"
    moved = [(told["source"], told["target"]) for told in world.told("version.transitioned")]
    assert moved[0] == ("approved", "approved")


def test_a_renewal_without_a_new_test_is_none(world: World) -> None:
    world.approved()
    world.clock.advance(days=200)
    with pytest.raises(AnswerIsNoError, match="approved until 2027-03-02, and would be for no longer: validate it"):
        approve(world, "quinn")
    assert until(world) == "2027-03-02"


def test_a_failed_test_carries_nothing(world: World) -> None:
    world.approved()
    world.clock.advance(days=200)
    world.evaluate("transfer", Verdict.PASSED)
    world.lifecycle.risk_review(MODEL, "1", world.signer("vera"))
    with pytest.raises(AnswerIsNoError, match="for no longer"):
        approve(world, "quinn")


def test_a_higher_tier_asks_for_its_signatures_before_more_use_begins_and_renewal_gives_them(world: World) -> None:
    world.approved()
    running = world.deploy("1", "shadow")
    world.lifecycle.sign_tier(MODEL, "high", world.signer("quinn"), "it now rules out")
    assert (world.state, world.lifecycle.deployment(running.deployment).state) == (VersionState.APPROVED, "shadow")
    with pytest.raises(EvidenceMissingError, match=r"approved in tier medium, and its model is in tier high now: .*"):
        world.deploy("1", "pilot")
    assert approve(world, "quinn", "clara", "otto") == [False, False, True]
    told = world.lifecycle.approval(MODEL, "1")
    assert told is not None
    assert told.tier == "high"
    assert world.deploy("1", "pilot").state == "pilot"
    assert world.lifecycle.approval_holds(MODEL, "1")


def test_a_stopped_pilot_does_not_resume_on_signatures_of_a_lower_tier(world: World) -> None:
    world.approved()
    world.deploy("1", "shadow")
    place = world.deploy("1", "pilot").deployment
    world.lifecycle.stop(place, world.signer("clara"), "read without AI")
    world.lifecycle.sign_tier(MODEL, "high", world.signer("quinn"), "it now rules out")
    with pytest.raises(EvidenceMissingError, match="overread models approve"):
        world.lifecycle.resume(place, world.signer("clara"))
