"""Signed decisions: order of checks, separation of duties, quorum, and what is kept of refusals."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select, text
from worlds import ERIN, MODEL, PASSPHRASE, World, teach

from registry.domain.digest import digest_bytes
from registry.domain.errors import (
    AnswerIsNoError,
    EvidenceMissingError,
    ExitCode,
    NotAllowedError,
    OverreadError,
    SignatureBrokenError,
    UnknownNameError,
    UsageError,
)
from registry.domain.lifecycle import VersionState
from registry.domain.person import LOCAL_ADMINISTRATOR, UNAUTHENTICATED, Act, Actor, PersonRole
from registry.domain.vocabulary import Role, Verdict
from registry.lifecycle import Decision
from registry.schema import SignatureRow


def act(world: World, name: str, person: str, version: str = "1", reason: str = "because") -> Decision:
    """Let a person of the staff decide."""
    decision: Decision = getattr(world.lifecycle, name)(MODEL, version, world.signer(person), reason)
    return decision


def refused(world: World, name: str, person: str, error: type[OverreadError], match: str) -> None:
    """Assert that a decision is refused, changes nothing, and is on record with its line."""
    before = (world.lifecycle.version(MODEL), len(world.lifecycle.signatures(MODEL, "1")))
    with pytest.raises(error, match=match) as refusal:
        act(world, name, person)
    assert (world.lifecycle.version(MODEL), len(world.lifecycle.signatures(MODEL, "1"))) == before
    told = world.told("version.decision_refused")[0]
    assert (told["model"], told["version"], told["act"]) == (MODEL, "1", name.replace("_", "-"))
    assert told["why"] == refusal.value.line()
    assert world.ledger.events(1)[0].record["actor"]["person"] == person


def enrol(world: World, person: str, *roles: PersonRole) -> None:
    """Enrol somebody with several roles."""
    world.people.add(person, person.title(), roles, PASSPHRASE, LOCAL_ADMINISTRATOR)
    teach(world.people, person)


def test_a_version_passes_from_submission_to_approval_by_two_people(world: World) -> None:
    world.ready("internal", "external")
    assert world.state == VersionState.RISK_REVIEWED
    first = act(world, "approve", "quinn")
    assert (first.moved, first.missing) == (False, ("clinical lead",))
    assert "still to sign: clinical lead" in first.says
    assert world.state == VersionState.RISK_REVIEWED
    second = act(world, "approve", "clara")
    assert (second.moved, second.missing, second.version.state) == (True, (), VersionState.APPROVED)
    assert world.lifecycle.approval_holds(MODEL, "1")


def test_the_order_of_the_two_approvals_does_not_matter(world: World) -> None:
    world.ready("internal", "external")
    assert act(world, "approve", "clara").missing == ("quality officer",)
    assert act(world, "approve", "quinn").moved


def test_signatures_read_back_with_name_meaning_reason_and_the_same_evidence(world: World) -> None:
    world.approved()
    found = world.lifecycle.signatures(MODEL, "1")
    assert [(one.statement.printed_name, one.statement.act) for one in found] == [
        ("Erin", Act.SUBMIT),
        ("Vera", Act.RISK_REVIEW),
        ("Quinn", Act.APPROVE),
        ("Clara", Act.APPROVE),
    ]
    assert len({one.evidence_digest for one in found[:2]}) == len({one.evidence_digest for one in found[2:]}) == 1
    covered = [{name.partition(":")[0] for name, _ in one.statement.subjects} for one in found]
    assert [sorted(names ^ covered[0]) for names in covered] == [[], [], ["card"], ["card"]]
    assert (
        found[0].evidence_digest
        == world.lifecycle.evidence(MODEL, "1").intent(world.lifecycle.version(MODEL), Act.SUBMIT).evidence_digest
    )
    names = {name.partition(":")[0] for name, _ in found[-1].statement.subjects}
    assert names == {"artifact", "operating-points", "evaluation", "cohort", "protocol", "card"}


@pytest.mark.parametrize(
    ("name", "person"),
    [
        ("submit", "vera"),
        ("risk_review", "erin"),
        ("risk_review", "clara"),
        ("approve", "vera"),
        ("approve", "otto"),
        ("reject", "erin"),
        ("reject", "otto"),
        ("retire", "vera"),
    ],
)
def test_a_role_that_may_not_sign_an_act_is_refused(world: World, name: str, person: str) -> None:
    world.ready("internal", "external")
    refused(world, name, person, NotAllowedError, "may not sign")


def test_an_administrator_signs_nothing(world: World) -> None:
    world.ready("internal", "external")
    enrol(world, "root-admin", PersonRole.ADMINISTRATOR)
    for name in ("submit", "risk_review", "approve", "reject", "retire"):
        refused(world, name, "root-admin", NotAllowedError, "may not sign")


def test_an_unknown_version_is_an_unknown_name_and_no_refusal(world: World) -> None:
    with pytest.raises(UnknownNameError):
        act(world, "approve", "quinn")
    assert world.told("version.decision_refused") == []


@pytest.mark.parametrize("name", ["risk_review", "approve"])
def test_whoever_trained_neither_reviews_nor_approves(world: World, name: str) -> None:
    enrol(world, "multi", PersonRole.ENGINEER, PersonRole.QUALITY_OFFICER)
    world.register(Actor("multi", "engineer", "session"))
    world.evaluate()
    refused(world, name, "multi", NotAllowedError, "trained sarcoma-visible@1")


@pytest.mark.parametrize("trainer", [UNAUTHENTICATED, LOCAL_ADMINISTRATOR])
@pytest.mark.parametrize("name", ["risk_review", "approve"])
def test_a_version_of_an_unknown_trainer_is_neither_reviewed_nor_approved(
    world: World, name: str, trainer: Actor
) -> None:
    world.register(trainer)
    world.evaluate()
    refused(world, name, "quinn", NotAllowedError, "train again after `overread login`")


def test_one_person_fills_one_role_of_the_quorum_only(world: World) -> None:
    enrol(world, "both", PersonRole.QUALITY_OFFICER, PersonRole.CLINICAL_LEAD)
    world.ready("internal", "external")
    assert act(world, "approve", "both").missing == ("clinical lead",)
    refused(world, "approve", "both", NotAllowedError, "signed the approval .* already")
    assert act(world, "approve", "clara").moved


def test_a_person_with_both_roles_fills_the_one_that_is_open(world: World) -> None:
    enrol(world, "both", PersonRole.QUALITY_OFFICER, PersonRole.CLINICAL_LEAD)
    world.ready("internal", "external")
    act(world, "approve", "quinn")
    assert act(world, "approve", "both").role == PersonRole.CLINICAL_LEAD
    assert world.state == VersionState.APPROVED


def test_a_second_person_of_the_same_role_adds_nothing(world: World) -> None:
    enrol(world, "quentin", PersonRole.QUALITY_OFFICER)
    world.ready("internal", "external")
    act(world, "approve", "quinn")
    refused(world, "approve", "quentin", AnswerIsNoError, "as quality officer is signed already")


def test_without_an_external_site_approval_is_refused_and_says_so(world: World) -> None:
    world.ready("internal")
    refused(
        world, "approve", "quinn", EvidenceMissingError, r"no external-test evaluation passed \(external sites: 0\)"
    )
    assert world.state == VersionState.VALIDATED


def test_an_external_test_that_was_not_assessed_is_no_evidence(world: World) -> None:
    world.register()
    world.evaluate("internal")
    world.evaluate("external", Verdict.NOT_ASSESSED)
    with pytest.raises(EvidenceMissingError, match=r"external sites: 1\)") as refusal:
        act(world, "approve", "clara")
    assert refusal.value.exit_code == ExitCode.ANSWER_IS_NO


def test_role_and_separation_are_judged_before_evidence(world: World) -> None:
    world.register()
    refused(world, "approve", "erin", NotAllowedError, "may not sign")
    refused(world, "approve", "clara", EvidenceMissingError, "external")


def test_missing_review_and_submission_are_named(world: World) -> None:
    world.register()
    world.evaluate("internal")
    world.evaluate("external")
    refused(world, "approve", "quinn", EvidenceMissingError, "no signed risk review .*; no engineer submitted it")


def test_a_failed_test_blocks_approval_although_another_passed(world: World) -> None:
    world.freeze("second", Role.EXTERNAL_TEST, "reference")
    world.ready("internal", "external")
    world.evaluate("second", Verdict.FAILED)
    act(world, "risk_review", "vera")
    refused(world, "approve", "quinn", EvidenceMissingError, "the evaluation on 'second' failed")


def test_new_evidence_makes_reviews_and_approvals_of_the_old_void(world: World) -> None:
    world.freeze("second", Role.EXTERNAL_TEST, "reference")
    world.ready("internal", "external")
    act(world, "approve", "quinn")
    world.evaluate("second")
    refused(world, "approve", "clara", EvidenceMissingError, "no signed risk review of exactly the current evaluations")
    review = act(world, "risk_review", "vera")
    assert not review.moved
    assert act(world, "approve", "clara").missing == ("quality officer",)
    assert act(world, "approve", "quinn").moved


@pytest.mark.parametrize("name", ["submit", "risk_review"])
def test_before_any_evaluation_nothing_is_submitted_or_reviewed(world: World, name: str) -> None:
    world.register()
    refused(world, name, "erin" if name == "submit" else "vera", EvidenceMissingError, "needs an evaluation")


def test_a_review_without_an_external_test_is_an_opinion_and_moves_nothing(world: World) -> None:
    world.register()
    world.evaluate()
    review = act(world, "risk_review", "vera")
    assert not review.moved
    assert "opinion for shadow use" in review.says
    assert world.state == VersionState.VALIDATED
    assert [one.statement.act for one in world.lifecycle.signatures(MODEL, "1")] == [Act.RISK_REVIEW]


def test_submitting_sets_when(world: World) -> None:
    world.register()
    world.evaluate()
    assert world.lifecycle.version(MODEL).submitted_at is None
    act(world, "submit", "erin")
    assert world.lifecycle.version(MODEL).submitted_at == world.lifecycle.signatures(MODEL, "1")[
        0
    ].statement.signed_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


@pytest.mark.parametrize("name", ["submit", "risk_review", "approve", "reject", "retire"])
@pytest.mark.parametrize("end", ["reject", "retire"])
def test_what_is_rejected_or_retired_takes_no_further_act(world: World, name: str, end: str) -> None:
    if end == "reject":
        world.ready("internal")
    else:
        world.approved()
    act(world, end, "quinn")
    refused(
        world, name, {"submit": "erin", "risk_review": "vera"}.get(name, "quinn"), AnswerIsNoError, "no step from there"
    )


def test_an_approved_version_is_not_approved_or_rejected_again(world: World) -> None:
    world.approved()
    enrol(world, "quentin", PersonRole.QUALITY_OFFICER)
    refused(world, "approve", "quentin", AnswerIsNoError, "is approved")
    refused(world, "reject", "quinn", AnswerIsNoError, "is approved")


def test_a_lapsed_approval_needs_the_whole_quorum_anew(world: World) -> None:
    world.approved()
    world.lifecycle.lapse(MODEL, "1", Actor("clock", "service", "session"), "a year is over")
    assert world.state == VersionState.LAPSED
    assert act(world, "approve", "quinn").missing == ("clinical lead",)
    assert act(world, "approve", "clara").moved


@pytest.mark.parametrize("actor", [ERIN, UNAUTHENTICATED, Actor("quinn", "quality officer", "local")])
def test_an_approval_does_not_lapse_at_anybodys_word(world: World, actor: Actor) -> None:
    world.approved()
    with pytest.raises(NotAllowedError):
        world.lifecycle.lapse(MODEL, "1", actor, "")
    assert world.state == VersionState.APPROVED


@pytest.mark.parametrize(
    ("spoil", "match"),
    [
        (lambda world: world.clock.advance(days=365), "expired"),
        (lambda world: world.people.revoke("quinn", LOCAL_ADMINISTRATOR, "lost"), "revoked"),
        (lambda world: world.people.deactivate("quinn", LOCAL_ADMINISTRATOR), "deactivated"),
    ],
)
def test_a_key_that_stopped_counting_after_it_was_unlocked_approves_nothing(
    world: World, spoil: Callable[[World], Any], match: str
) -> None:
    world.ready("internal", "external")
    signer = world.signer("quinn")
    spoil(world)
    with pytest.raises(NotAllowedError, match=match):
        world.lifecycle.approve(MODEL, "1", signer)
    assert match in world.told("version.decision_refused")[0]["why"]


@pytest.mark.parametrize("reason", ["\ud800", "x" * 501])
def test_a_reason_that_cannot_be_kept_is_a_usage_error(world: World, reason: str) -> None:
    world.ready("internal")
    with pytest.raises(UsageError):
        act(world, "reject", "quinn", reason=reason)
    assert world.state == VersionState.VALIDATED


def test_a_reason_is_kept_as_one_plain_line(world: World) -> None:
    world.ready("internal")
    act(world, "reject", "quinn", reason="a\u0301 first\nsecond\x1b[31m\u202e line")
    assert world.lifecycle.signatures(MODEL, "1")[-1].statement.reason == "á first second[31m line"


def change(world: World, sql: str, **values: object) -> None:
    """Change the database behind the record's back."""
    with world.ledger.engine.begin() as connection:
        connection.execute(text(sql), values)


def test_a_signature_moved_to_another_version_is_found(world: World) -> None:
    world.ready("internal", "external")
    world.register()
    change(world, "UPDATE signatures SET version = '2' WHERE act = 'risk-review'")
    with pytest.raises(SignatureBrokenError, match="not for 'risk-review' of sarcoma-visible@2"):
        world.lifecycle.signatures(MODEL, "2")


def test_a_signature_relabelled_as_another_act_is_found(world: World) -> None:
    world.ready("internal", "external")
    change(world, "UPDATE signatures SET act = 'approve' WHERE act = 'risk-review'")
    with pytest.raises(SignatureBrokenError, match="not for 'approve'"):
        act(world, "approve", "quinn")


def test_a_signature_claimed_for_other_evidence_is_found(world: World) -> None:
    world.freeze("second", Role.EXTERNAL_TEST, "reference")
    world.ready("internal", "external")
    world.evaluate("second")
    evidence = world.lifecycle.evidence(MODEL, "1").intent(world.lifecycle.version(MODEL), Act.RISK_REVIEW)
    change(world, "UPDATE signatures SET evidence_digest = :new", new=evidence.evidence_digest)
    with pytest.raises(SignatureBrokenError, match="covers other evidence"):
        act(world, "approve", "quinn")


def test_a_changed_envelope_is_found(world: World) -> None:
    world.ready("internal", "external")
    with world.ledger.transaction() as tx:
        for row in tx.session.scalars(select(SignatureRow)):
            row.envelope = row.envelope.replace(b"in-toto", b"in-tota")
    with pytest.raises(SignatureBrokenError):
        world.lifecycle.signatures(MODEL, "1")


def test_a_changed_operating_point_makes_the_approvals_void(world: World) -> None:
    world.approved()
    change(world, "UPDATE model_versions SET operating_points = :none", none=b"[]")
    with pytest.raises(SignatureBrokenError, match="operating-points"):
        world.lifecycle.approval_holds(MODEL, "1")


def test_a_state_written_by_hand_has_no_quorum_behind_it(world: World) -> None:
    world.ready("internal")
    change(world, "UPDATE model_versions SET state = 'approved'")
    assert not world.lifecycle.approval_holds(MODEL, "1")


def test_a_trainer_named_by_hand_voids_that_persons_approval(world: World) -> None:
    world.approved()
    change(world, "UPDATE model_versions SET trained_by = 'quinn'")
    assert not world.lifecycle.approval_holds(MODEL, "1")


def test_a_version_of_other_bytes_does_not_inherit_evaluations(world: World) -> None:
    world.ready("internal")
    change(world, "UPDATE model_versions SET artifact_digest = :new", new=digest_bytes(b"other"))
    with pytest.raises(AnswerIsNoError, match="belongs to another version"):
        act(world, "approve", "quinn")
