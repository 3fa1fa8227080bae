"""Deployments: shadow, pilot, live; stopping is always possible."""

import pytest
from worlds import MODEL, World

from registry.domain.digest import digest_bytes
from registry.domain.errors import (
    AnswerIsNoError,
    EvidenceMissingError,
    NotAllowedError,
    OverreadError,
    UnknownNameError,
    UsageError,
)
from registry.domain.lifecycle import VersionState
from registry.domain.model import Deployment
from registry.domain.person import Actor
from registry.domain.vocabulary import Role, Verdict

SITE = "general"


def deploy(
    world: World,
    mode: str = "shadow",
    person: str = "clara",
    site: str = SITE,
    version: str = "1",
    accept: str | None = None,
) -> Deployment:
    """Deploy a version."""
    return world.lifecycle.deploy(MODEL, version, site, mode, world.signer(person), "go", accept)


def acceptance(world: World, cohort: str = "internal") -> str:
    """Return the digest of the evaluation on a cohort."""
    return next(found.digest for found in world.lifecycle.evaluations(MODEL, "1") if found.cohort == cohort)


def live(world: World) -> Deployment:
    """Bring version 1 to live use at the site."""
    world.approved()
    deploy(world)
    deploy(world, "pilot", accept=acceptance(world))
    return deploy(world, "live", accept=acceptance(world))


def second_version(world: World) -> None:
    """Bring version 2 to approval by the state alone, as far as deployments look."""
    world.register()
    world.evaluate("internal", version="2")
    world.evaluate("external", version="2")
    world.lifecycle.submit(MODEL, "2", world.signer("erin"))
    world.lifecycle.risk_review(MODEL, "2", world.signer("vera"))
    world.lifecycle.approve(MODEL, "2", world.signer("quinn"))
    world.lifecycle.approve(MODEL, "2", world.signer("clara"))


def test_a_validated_version_runs_in_shadow_with_one_clinical_signature(world: World) -> None:
    world.register()
    world.evaluate()
    found = deploy(world)
    assert (found.mode, found.state, found.site, found.artifact_digest) == (
        "shadow",
        "shadow",
        SITE,
        world.lifecycle.version(MODEL).artifact_digest,
    )
    event = world.ledger.event(found.event_seq)
    assert event.record["type"] == "deployment.started"
    assert world.lifecycle.deployments() == [found]
    assert world.lifecycle.deployment(found.deployment) == found


def test_a_version_that_is_not_validated_does_not_run_in_shadow(world: World) -> None:
    world.register()
    world.evaluate("internal", Verdict.FAILED)
    with pytest.raises(EvidenceMissingError, match="needs a validated version"):
        deploy(world)
    assert world.told("version.decision_refused")[0]["act"] == "deploy"


@pytest.mark.parametrize("person", ["erin", "vera", "quinn", "otto"])
def test_only_a_clinical_lead_deploys(world: World, person: str) -> None:
    world.ready("internal")
    with pytest.raises(NotAllowedError, match="clinical lead"):
        deploy(world, person=person)
    assert world.lifecycle.deployments() == []


@pytest.mark.parametrize("mode", ["pilot", "live"])
def test_pilot_and_live_need_an_approval(world: World, mode: str) -> None:
    world.ready("internal", "external")
    deploy(world)
    with pytest.raises(EvidenceMissingError, match="needs an approval"):
        deploy(world, mode, accept=acceptance(world))


def test_shadow_pilot_live_is_one_deployment_with_a_signature_each(world: World) -> None:
    found = live(world)
    assert (found.mode, found.state) == ("live", "live")
    assert [one.deployment for one in world.lifecycle.deployments()] == [found.deployment]
    signed = [
        one.statement.scope["mode"] for one in world.lifecycle.signatures(MODEL, "1") if one.statement.act == "deploy"
    ]
    assert signed == ["shadow", "pilot", "live"]
    assert world.told("deployment.started")[0]["mode"] == "live"


@pytest.mark.parametrize("accept", [None, digest_bytes(b"nothing"), "junk"])
def test_pilot_needs_the_sites_acceptance_record(world: World, accept: str | None) -> None:
    world.approved()
    deploy(world)
    with pytest.raises(EvidenceMissingError, match="no acceptance record of the site general"):
        deploy(world, "pilot", accept=accept)


def test_an_acceptance_of_another_site_or_one_that_did_not_pass_is_none(world: World) -> None:
    world.freeze("trial", Role.TRANSFER_TEST, SITE)
    world.register()
    world.evaluate("trial", Verdict.NOT_ASSESSED)
    world.evaluate("internal")
    world.evaluate("external")
    world.lifecycle.submit(MODEL, "1", world.signer("erin"))
    world.lifecycle.risk_review(MODEL, "1", world.signer("vera"))
    world.lifecycle.approve(MODEL, "1", world.signer("quinn"))
    world.lifecycle.approve(MODEL, "1", world.signer("clara"))
    deploy(world)
    for cohort in ("external", "trial"):
        with pytest.raises(EvidenceMissingError, match="acceptance"):
            deploy(world, "pilot", accept=acceptance(world, cohort))


@pytest.mark.parametrize(("first", "then"), [(None, "pilot"), (None, "live"), ("shadow", "live"), ("shadow", "shadow")])
def test_no_step_is_left_out_or_taken_twice(world: World, first: str | None, then: str) -> None:
    world.approved()
    if first:
        deploy(world, first)
    with pytest.raises(AnswerIsNoError, match="no step to"):
        deploy(world, then, accept=acceptance(world))


@pytest.mark.parametrize(
    ("site", "mode", "error"), [("generl", "shadow", UnknownNameError), (SITE, "canary", UsageError)]
)
def test_an_unknown_site_or_mode_is_a_usage_error(
    world: World, site: str, mode: str, error: type[OverreadError]
) -> None:
    world.ready("internal")
    with pytest.raises(error):
        deploy(world, mode, site=site)


def test_one_version_is_live_at_a_site_at_a_time(world: World) -> None:
    first = live(world)
    second_version(world)
    accept = world.lifecycle.evaluations(MODEL, "2")[0].digest
    deploy(world, version="2")
    deploy(world, "pilot", version="2", accept=accept)
    with pytest.raises(AnswerIsNoError, match="@1 is live"):
        deploy(world, "live", version="2", accept=accept)
    world.lifecycle.stop(first.deployment, world.signer("otto"), "the newer version")
    assert deploy(world, "live", version="2", accept=accept).state == "live"
    with pytest.raises(AnswerIsNoError, match="@2 is live"):
        world.lifecycle.resume(first.deployment, world.signer("clara"))


@pytest.mark.parametrize("person", ["clara", "quinn", "otto"])
def test_one_role_stops_and_names_the_fallback(world: World, person: str) -> None:
    world.ready("internal")
    found = deploy(world)
    stopped = world.lifecycle.stop(found.deployment, world.signer(person), "read without AI", "drift")
    assert (stopped.state, stopped.mode) == ("stopped", "shadow")
    assert world.told("deployment.stopped")[0]["fallback"] == "read without AI"


@pytest.mark.parametrize("person", ["erin", "vera"])
def test_others_do_not_stop(world: World, person: str) -> None:
    world.ready("internal")
    found = deploy(world)
    with pytest.raises(NotAllowedError):
        world.lifecycle.stop(found.deployment, world.signer(person), "read without AI")


def test_a_stop_without_a_fallback_or_of_nothing_is_refused(world: World) -> None:
    world.ready("internal")
    found = deploy(world)
    with pytest.raises(UsageError, match="takes the model's place"):
        world.lifecycle.stop(found.deployment, world.signer("otto"), "  ")
    with pytest.raises(UnknownNameError):
        world.lifecycle.stop("nothing", world.signer("otto"), "read without AI")
    world.lifecycle.stop(found.deployment, world.signer("otto"), "read without AI")
    with pytest.raises(AnswerIsNoError, match="is stopped"):
        world.lifecycle.stop(found.deployment, world.signer("otto"), "read without AI")


def test_a_stop_waits_for_no_approval_and_no_evidence(world: World) -> None:
    found = live(world)
    world.lifecycle.lapse(MODEL, "1", Actor("clock", "service", "session"), "over")
    for evaluation in world.lifecycle.evaluations(MODEL, "1"):
        world.objects.path(evaluation.digest).unlink()
    assert world.lifecycle.stop(found.deployment, world.signer("otto"), "read without AI").state == "stopped"


def test_resuming_returns_to_the_same_mode_and_takes_a_clinical_lead(world: World) -> None:
    found = live(world)
    world.lifecycle.stop(found.deployment, world.signer("otto"), "read without AI")
    with pytest.raises(NotAllowedError):
        world.lifecycle.resume(found.deployment, world.signer("otto"))
    resumed = world.lifecycle.resume(found.deployment, world.signer("clara"), "mended")
    assert (resumed.state, resumed.mode) == ("live", "live")
    with pytest.raises(AnswerIsNoError, match="is live"):
        world.lifecycle.resume(found.deployment, world.signer("clara"))


def test_what_lapsed_meanwhile_is_not_resumed(world: World) -> None:
    found = live(world)
    world.lifecycle.stop(found.deployment, world.signer("otto"), "read without AI")
    world.lifecycle.lapse(MODEL, "1", Actor("clock", "service", "session"), "over")
    with pytest.raises(NotAllowedError, match="needs an approval"):
        world.lifecycle.resume(found.deployment, world.signer("clara"))


def test_a_stopped_deployment_is_resumed_and_not_started_beside_itself(world: World) -> None:
    world.ready("internal")
    found = deploy(world)
    world.lifecycle.stop(found.deployment, world.signer("otto"), "read without AI")
    with pytest.raises(AnswerIsNoError, match="in state 'stopped'"):
        deploy(world)


def test_rejecting_ends_what_runs_in_shadow(world: World) -> None:
    world.ready("internal")
    found = deploy(world)
    world.lifecycle.reject(MODEL, "1", world.signer("quinn"))
    assert world.lifecycle.deployment(found.deployment).state == "ended"
    assert world.told("deployment.ended") == [{"deployment": found.deployment}]


def test_what_is_live_is_stopped_before_it_is_retired(world: World) -> None:
    found = live(world)
    with pytest.raises(AnswerIsNoError, match="is in live use at general"):
        world.lifecycle.retire(MODEL, "1", world.signer("quinn"))
    assert world.state == VersionState.APPROVED
    world.lifecycle.stop(found.deployment, world.signer("quinn"), "read without AI")
    world.lifecycle.retire(MODEL, "1", world.signer("quinn"))
    assert world.lifecycle.deployment(found.deployment).state == "ended"


def test_what_runs_at_a_site_is_the_most_clinical_then_the_newest(world: World) -> None:
    found = live(world)
    world.register()
    world.evaluate("internal", version="2")
    shadow = deploy(world, version="2")
    assert world.lifecycle.running(MODEL, None, SITE) == found
    assert world.lifecycle.running(MODEL, "2", SITE) == shadow
    for version, site in ((None, "reference"), ("2", "reference"), (None, "a\x1b[31m")):
        with pytest.raises(UnknownNameError, match="does not run at"):
            world.lifecycle.running(MODEL, version, site)


def test_when_the_ledger_refuses_nothing_is_deployed(world: World) -> None:
    world.ready("internal")
    world.refuse_events()
    with pytest.raises(Exception, match="full"):
        deploy(world)
    assert world.lifecycle.deployments() == []
    assert len(world.lifecycle.signatures(MODEL, "1")) == 2
