"""Approvals end: by their date, a signed stop, a failed revalidation, withdrawn evidence; and are given anew."""

import pytest
from worlds import MODEL, World

from registry.domain.errors import AnswerIsNoError, EvidenceMissingError, NotAllowedError, UnknownNameError, UsageError
from registry.domain.lifecycle import VersionState
from registry.domain.vocabulary import Role, Verdict
from registry.ledger.verify import verify_ledger


def until(world: World) -> str:
    """Return until when version 1 is approved."""
    found = world.lifecycle.approval(MODEL, "1")
    assert found is not None
    return found.valid_until


def cause(world: World) -> str:
    """Return why the approval lapsed last."""
    return str(world.told("version.transitioned")[0]["cause"])


def test_an_approval_holds_a_year_unless_told_otherwise(world: World) -> None:
    world.approved()
    assert until(world).startswith("2027-03-02T10:00")


def test_the_shortest_of_the_signed_times_counts(world: World) -> None:
    world.ready("internal", "external")
    world.lifecycle.approve(MODEL, "1", world.signer("quinn"), valid_days=30)
    done = world.lifecycle.approve(MODEL, "1", world.signer("clara"), valid_days=90)
    assert until(world).startswith("2026-04-01T10:00")
    assert "valid until 2026-04-01" in done.says


@pytest.mark.parametrize("days", [0, -1, 366])
def test_an_approval_holds_a_day_at_least_and_at_most_what_its_tier_allows(world: World, days: int) -> None:
    world.ready("internal", "external")
    with pytest.raises(UsageError, match="1 to 365"):
        world.lifecycle.approve(MODEL, "1", world.signer("quinn"), valid_days=days)


def test_a_low_tier_may_hold_two_years(world: World) -> None:
    world.ready("internal", "external")
    for person in ("quinn", "clara"):
        world.lifecycle.sign_tier(MODEL, "low", world.signer(person), "sorts worklists only")
    for person in ("quinn", "clara"):
        world.lifecycle.approve(MODEL, "1", world.signer(person), valid_days=730)
    assert until(world).startswith("2028-03-01")


def test_a_version_is_lapsed_from_the_instant_of_its_date_though_nobody_put_it_on_record(world: World) -> None:
    world.approved()
    world.clock.advance(days=365, seconds=-1)
    assert world.state is VersionState.APPROVED
    world.clock.advance(seconds=1)
    assert world.state is VersionState.LAPSED
    assert [one.state for one in world.lifecycle.versions()] == [VersionState.LAPSED]
    assert verify_ledger(world.ledger.engine, world.ledger.public_vkey).verdict == "VERIFIED"


def test_the_next_act_puts_the_lapse_on_record_and_the_quorum_signs_anew(world: World) -> None:
    world.ready("internal", "external")
    for person in ("quinn", "clara"):
        world.lifecycle.approve(MODEL, "1", world.signer(person), valid_days=10)
    world.clock.advance(days=11)
    assert world.lifecycle.approve(MODEL, "1", world.signer("quinn")).missing == ("clinical lead",)
    assert cause(world) == "date"
    assert world.state is VersionState.LAPSED
    assert world.lifecycle.approve(MODEL, "1", world.signer("clara")).moved
    assert world.state is VersionState.APPROVED
    assert until(world).startswith("2027-03-02")  # a year after the newest test that passed


def test_a_signature_whose_own_time_is_over_is_no_part_of_a_quorum(world: World) -> None:
    world.ready("internal", "external")
    world.lifecycle.approve(MODEL, "1", world.signer("quinn"), valid_days=1)
    world.clock.advance(days=2)
    assert world.lifecycle.approve(MODEL, "1", world.signer("clara")).missing == ("quality officer",)
    assert world.lifecycle.approve(MODEL, "1", world.signer("quinn"), valid_days=1).moved


@pytest.mark.parametrize("mode", ["shadow", "pilot"])
def test_a_lapsed_version_is_not_deployed_and_the_line_names_how_to_approve_again(world: World, mode: str) -> None:
    world.ready("internal", "external")
    for person in ("quinn", "clara"):
        world.lifecycle.approve(MODEL, "1", world.signer(person), valid_days=30)
    world.clock.advance(days=31)
    with pytest.raises(NotAllowedError, match=r"overread models approve .*signed by: quality officer, clinical lead"):
        world.lifecycle.deploy(MODEL, "1", "general", mode, world.signer("clara"))


@pytest.mark.parametrize("person", ["quinn", "clara", "otto"])
def test_one_signature_ends_an_approval(world: World, person: str) -> None:
    world.approved()
    world.lifecycle.end_approval(MODEL, "1", world.signer(person), "a recall")
    assert world.state is VersionState.LAPSED
    assert cause(world) == "stop"
    assert world.lifecycle.signatures(MODEL, "1")[-1].statement.meaning.startswith("responsibility: ends the approval")


def test_the_end_of_an_approval_takes_a_role_a_reason_and_an_approval(world: World) -> None:
    world.ready("internal", "external")
    with pytest.raises(AnswerIsNoError, match="no approval to end"):
        world.lifecycle.end_approval(MODEL, "1", world.signer("quinn"), "why not")
    with pytest.raises(UsageError, match="says why"):
        world.lifecycle.end_approval(MODEL, "1", world.signer("quinn"), " ")
    with pytest.raises(NotAllowedError, match="may not sign 'lapse'"):
        world.lifecycle.end_approval(MODEL, "1", world.signer("erin"), "mine")


@pytest.mark.parametrize(("cohort", "lapses"), [("internal", True), ("external", True), ("transfer", False)])
def test_a_failed_revalidation_ends_an_approval(world: World, cohort: str, lapses: bool) -> None:  # noqa: FBT001 - a table
    world.approved()
    world.evaluate(cohort, Verdict.NOT_ASSESSED)
    assert world.state is VersionState.APPROVED
    world.evaluate(cohort, Verdict.FAILED)
    assert (world.state is VersionState.LAPSED) is lapses
    if lapses:
        assert cause(world) == "failed-revalidation"
        with pytest.raises(EvidenceMissingError, match="failed"):
            world.lifecycle.approve(MODEL, "1", world.signer("quinn"))


def test_withdrawn_evidence_ends_an_approval_and_no_longer_counts(world: World) -> None:
    world.approved()
    (external,) = [one for one in world.lifecycle.evaluations(MODEL, "1") if one.role is Role.EXTERNAL_TEST]
    world.lifecycle.end_approval(MODEL, "1", world.signer("quinn"), "labels were wrong", external.digest)
    assert world.state is VersionState.LAPSED
    assert cause(world) == "withdrawn-evidence"
    assert external.digest not in {one.digest for one in world.lifecycle.evidence(MODEL, "1").evaluations}
    assert external.digest in {one.digest for one in world.lifecycle.evaluations(MODEL, "1")}
    with pytest.raises(EvidenceMissingError, match="no external-test evaluation passed"):
        world.lifecycle.approve(MODEL, "1", world.signer("quinn"))
    with pytest.raises(UnknownNameError, match="unknown evaluation"):
        world.lifecycle.end_approval(MODEL, "1", world.signer("quinn"), "again", external.digest)


def test_evidence_is_withdrawn_before_approval_too(world: World) -> None:
    world.ready("internal", "external")
    (external,) = [one for one in world.lifecycle.evaluations(MODEL, "1") if one.role is Role.EXTERNAL_TEST]
    world.lifecycle.end_approval(MODEL, "1", world.signer("quinn"), "labels were wrong", external.digest)
    assert world.state is VersionState.RISK_REVIEWED
    with pytest.raises(EvidenceMissingError, match="no external-test evaluation passed"):
        world.lifecycle.approve(MODEL, "1", world.signer("quinn"))


def test_an_abstention_is_kept_with_its_reason_and_moves_nothing(world: World) -> None:
    world.ready("internal", "external")
    with pytest.raises(UsageError, match="says why"):
        world.lifecycle.abstain(MODEL, "1", world.signer("clara"))
    done = world.lifecycle.abstain(MODEL, "1", world.signer("clara"), "I helped to choose the cohort")
    assert not done.moved
    kept = world.lifecycle.signatures(MODEL, "1")[-1].statement
    assert (kept.act, kept.reason) == ("abstain", "I helped to choose the cohort")
    assert world.lifecycle.approve(MODEL, "1", world.signer("quinn")).missing == ("clinical lead",)
