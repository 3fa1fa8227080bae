"""Risk tiers: raised by one signature, lowered by a quorum, and what an approval takes in each."""

import pytest
from sqlalchemy import text
from worlds import MODEL, PASSPHRASE, World, teach

from registry.approvals import last_approval
from registry.database import reading
from registry.domain.errors import AnswerIsNoError, NotAllowedError, UnknownNameError, UsageError
from registry.domain.lifecycle import VersionState
from registry.domain.person import LOCAL_ADMINISTRATOR, PersonRole
from registry.domain.risk_tier import DEFAULT_TIER, QUORUMS, RiskTier, missing_words, quorum_met
from registry.tiers import TierSigned
from registry.versions import find


def sign(world: World, tier: str, person: str, reason: str = "as assessed") -> TierSigned:
    """Sign the model into a tier."""
    return world.lifecycle.sign_tier(MODEL, tier, world.signer(person), reason)


def approve(world: World, person: str) -> tuple[bool, tuple[str, ...]]:
    """Sign an approval; return whether the version moved, and who is missing."""
    done = world.lifecycle.approve(MODEL, "1", world.signer(person))
    return done.moved, done.missing


@pytest.mark.parametrize("tier", list(RiskTier))
def test_every_tier_takes_a_quality_officer_and_a_clinical_lead_and_the_highest_a_third(tier: RiskTier) -> None:
    roles = [frozenset({PersonRole.QUALITY_OFFICER}), frozenset({PersonRole.CLINICAL_LEAD})]
    third = [frozenset({PersonRole.VALIDATOR, PersonRole.OVERSIGHT})] if tier is RiskTier.HIGH else []
    assert list(QUORUMS[tier]) == roles + third


def test_one_person_fills_one_place_whatever_their_roles() -> None:
    both = {PersonRole.QUALITY_OFFICER: frozenset({"quinn"}), PersonRole.CLINICAL_LEAD: frozenset({"quinn"})}
    assert not quorum_met(RiskTier.LOW, both)
    assert quorum_met(RiskTier.LOW, both | {PersonRole.CLINICAL_LEAD: frozenset({"clara"})})
    third = both | {PersonRole.CLINICAL_LEAD: frozenset({"clara"}), PersonRole.VALIDATOR: frozenset({"quinn"})}
    assert not quorum_met(RiskTier.HIGH, third)
    assert quorum_met(RiskTier.HIGH, third | {PersonRole.OVERSIGHT: frozenset({"otto"})})
    assert missing_words(RiskTier.HIGH, both) == ("oversight or validator",)


def test_a_model_that_nobody_classed_is_of_the_default_tier(world: World) -> None:
    world.register()
    standing = world.lifecycle.tier(MODEL)
    assert (standing.tier, standing.since) == (DEFAULT_TIER, None) == (RiskTier.MEDIUM, None)


def test_one_signature_raises_a_tier_and_the_ledger_tells_who(world: World) -> None:
    world.register()
    done = sign(world, "high", "otto")
    assert (done.before, done.standing.tier, done.missing) == (RiskTier.MEDIUM, RiskTier.HIGH, ())
    assert world.lifecycle.tier(MODEL).tier is RiskTier.HIGH
    (told,) = world.told("tier.signed")
    assert (told["tier"], told["signature"]) == ("high", done.signature)


def test_a_tier_is_lowered_only_by_the_quorum_of_the_tier_it_leaves(world: World) -> None:
    world.register()
    sign(world, "high", "otto")
    assert sign(world, "low", "quinn").missing == ("clinical lead", "oversight or validator")
    with pytest.raises(NotAllowedError, match="signed this already"):
        sign(world, "low", "quinn")
    assert sign(world, "medium", "quinn").missing == ("clinical lead", "oversight or validator")
    assert sign(world, "low", "clara").missing == ("oversight or validator",)
    assert world.lifecycle.tier(MODEL).tier is RiskTier.HIGH
    assert sign(world, "low", "vera").standing.tier is RiskTier.LOW
    assert world.lifecycle.tier(MODEL).tier is RiskTier.LOW
    assert world.lifecycle.tier(MODEL).lowering == {}


def test_a_filled_place_of_a_lowering_takes_no_second_signature(world: World) -> None:
    world.register()
    sign(world, "low", "quinn")
    world.people.add("quentin", "Quentin", (PersonRole.QUALITY_OFFICER,), PASSPHRASE, LOCAL_ADMINISTRATOR)
    teach(world.people, "quentin")
    with pytest.raises(AnswerIsNoError, match="it lacks: clinical lead"):
        sign(world, "low", "quentin")


def test_raising_a_tier_voids_the_signatures_of_a_lowering_under_way(world: World) -> None:
    world.register()
    sign(world, "low", "quinn")
    sign(world, "high", "vera")
    assert sign(world, "low", "clara").missing == ("quality officer", "oversight or validator")


def test_who_trained_the_model_may_raise_its_tier_and_not_lower_it(world: World) -> None:
    world.register()
    world.people.grant("erin", PersonRole.QUALITY_OFFICER, LOCAL_ADMINISTRATOR)
    with pytest.raises(NotAllowedError, match=r"trained .* may not lower"):
        sign(world, "low", "erin")
    assert sign(world, "high", "erin").standing.tier is RiskTier.HIGH


def test_a_tier_takes_a_known_name_a_reason_and_a_role(world: World) -> None:
    world.register()
    with pytest.raises(UnknownNameError, match="did you mean 'high'"):
        sign(world, "hihg", "otto")
    with pytest.raises(UsageError, match="with a reason"):
        sign(world, "high", "otto", " ")
    with pytest.raises(NotAllowedError, match="may not sign 'declare-tier'"):
        sign(world, "high", "erin")
    assert world.told("version.decision_refused")[0]["act"] == "declare-tier"


def test_in_the_highest_tier_two_signatures_are_too_few_and_the_third_is_named(world: World) -> None:
    world.ready("internal", "external")
    sign(world, "high", "clara")
    assert approve(world, "quinn") == (False, ("clinical lead", "oversight or validator"))
    assert approve(world, "clara") == (False, ("oversight or validator",))
    assert world.state is VersionState.RISK_REVIEWED
    assert approve(world, "otto") == (True, ())
    assert world.state is VersionState.APPROVED
    assert world.lifecycle.approval_holds(MODEL, "1")
    with reading(world.ledger.engine) as session:
        told = last_approval(session, find(session, MODEL))
    assert told is not None
    assert told.tier is RiskTier.HIGH


def test_outside_the_highest_tier_a_validators_approval_is_refused(world: World) -> None:
    world.ready("internal", "external")
    with pytest.raises(NotAllowedError, match="signature of a clinical lead or quality officer"):
        approve(world, "vera")


def test_an_approval_for_a_lower_tier_does_not_count_once_the_tier_is_raised(world: World) -> None:
    world.ready("internal", "external")
    approve(world, "quinn")
    sign(world, "high", "otto")
    assert approve(world, "clara") == (False, ("quality officer", "oversight or validator"))


def test_a_tier_raised_after_approval_takes_the_higher_quorum_at_the_next_approval(world: World) -> None:
    world.approved()
    sign(world, "high", "otto")
    assert world.state is VersionState.APPROVED
    assert world.lifecycle.approval_holds(MODEL, "1")
    world.lifecycle.end_approval(MODEL, "1", world.signer("otto"), "assessed anew")
    assert approve(world, "quinn") == (False, ("clinical lead", "oversight or validator"))


def test_a_third_signature_that_is_gone_voids_a_high_approval(world: World) -> None:
    world.ready("internal", "external")
    sign(world, "high", "otto")
    for person in ("quinn", "clara", "vera"):
        approve(world, person)
    assert world.lifecycle.approval_holds(MODEL, "1")
    with world.ledger.engine.begin() as connection:
        connection.execute(text("DELETE FROM signatures WHERE act = 'approve' AND person = 'vera'"))
    assert not world.lifecycle.approval_holds(MODEL, "1")
