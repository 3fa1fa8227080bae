"""Registering and evaluating versions: what moves a version, and what does not."""

from dataclasses import replace

import pytest
from sqlalchemy import text
from worlds import ARTIFACT, COHORTS, ERIN, MODEL, PROTOCOL, World

from registry.domain.digest import digest_bytes
from registry.domain.errors import (
    AnswerIsNoError,
    ArtifactChangedError,
    LeakFoundError,
    LedgerBrokenError,
    NotAllowedError,
    UnknownNameError,
    UsageError,
)
from registry.domain.lifecycle import VersionState
from registry.domain.model import ModelVersion, OperatingPoint
from registry.domain.person import SERVICE, UNAUTHENTICATED
from registry.domain.vocabulary import Role, Verdict


def again(world: World, **changes: object) -> ModelVersion:
    """Register version 2 like version 1, with some fields replaced."""
    first = world.lifecycle.version(MODEL, "1")
    return world.lifecycle.register(replace(first, **({"version": "2"} | changes)), ERIN)


def test_a_version_is_registered_as_registered_whatever_it_claims(world: World) -> None:
    world.register()
    claimed = again(world, state=VersionState.APPROVED, submitted_at="2026", registered_at="9999")
    assert claimed == world.lifecycle.version(MODEL, "2")
    assert (claimed.state, claimed.submitted_at) == (VersionState.REGISTERED, None)
    assert claimed.registered_at.startswith("2026-03-02T10:00")


def test_registration_is_on_record_with_the_operating_points(world: World) -> None:
    world.register()
    (told,) = world.told("version.registered")
    assert told["artifact_digest"] == ARTIFACT
    assert told["operating_points"] == [{"site": "*", "k": 32768, "tune_cohort": "tune", "rule": "youden"}]
    assert world.lifecycle.version(MODEL).operating_points[0].threshold == 0.5


def test_versions_are_numbered_and_the_newest_is_the_default(world: World) -> None:
    assert world.lifecycle.next_version(MODEL) == "1"
    for _ in range(11):
        world.register()
    assert world.lifecycle.next_version(MODEL) == "12"
    assert world.lifecycle.version(MODEL).version == "11"
    assert [version.version for version in world.lifecycle.versions()][:3] == ["11", "10", "9"]


def test_a_version_is_registered_once(world: World) -> None:
    world.register()
    with pytest.raises(UsageError, match="exists"):
        world.lifecycle.register(world.lifecycle.version(MODEL, "1"), ERIN)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"train_cohort": "trian"}, UnknownNameError),
        ({"train_cohort": "internal"}, UsageError),
        ({"tune_cohort": "external"}, UsageError),
        ({"target": "other"}, UsageError),
        ({"operating_points": (OperatingPoint("*", 1, "internal", "youden"),)}, UsageError),
        ({"operating_points": (OperatingPoint("*", 65537, "tune", "youden"),)}, UsageError),
        ({"trained_by": "vera"}, NotAllowedError),
        ({"model": "../escape"}, UsageError),
        ({"version": "v/2"}, UsageError),
        ({"artifact_digest": "md5:0"}, ValueError),
    ],
)
def test_a_version_that_stands_on_nothing_is_refused(
    world: World, changes: dict[str, object], error: type[Exception]
) -> None:
    world.register()
    with pytest.raises(error):
        again(world, **changes)
    assert len(world.lifecycle.versions()) == 1


@pytest.mark.parametrize(("model", "version", "hint"), [("sarcoma-visibel", None, "did you"), (MODEL, "7", "unknown")])
def test_an_unknown_version_is_an_unknown_name(world: World, model: str, version: str | None, hint: str) -> None:
    world.register()
    with pytest.raises(UnknownNameError, match=hint):
        world.lifecycle.version(model, version)


def test_passed_evaluations_move_a_version_and_each_step_is_told(world: World) -> None:
    world.register()
    world.evaluate("internal")
    assert world.state == VersionState.VALIDATED
    world.evaluate("external")
    assert world.state == VersionState.EXTERNALLY_VALIDATED
    steps = [(told["source"], told["act"], told["target"]) for told in world.told("version.transitioned")]
    assert steps == [
        ("validated", "validate-externally", "externally_validated"),
        ("registered", "validate", "validated"),
    ]


def test_an_external_test_that_came_first_counts_once_the_internal_one_passed(world: World) -> None:
    world.register()
    world.evaluate("external")
    assert world.state == VersionState.REGISTERED
    world.evaluate("internal")
    assert world.state == VersionState.EXTERNALLY_VALIDATED


@pytest.mark.parametrize("verdict", [Verdict.FAILED, Verdict.NOT_ASSESSED])
@pytest.mark.parametrize("cohort", ["internal", "external"])
def test_what_did_not_pass_moves_nothing(world: World, cohort: str, verdict: Verdict) -> None:
    world.register()
    if cohort == "external":
        world.evaluate("internal")
    before = world.state
    event = world.evaluate(cohort, verdict)
    assert world.state == before
    assert event.record["outcome"] == verdict.value


def test_a_transfer_test_moves_nothing(world: World) -> None:
    world.register()
    world.evaluate("transfer")
    assert world.state == VersionState.REGISTERED


def test_an_evaluation_is_kept_whole_and_read_back(world: World) -> None:
    world.register()
    evaluation = world.evaluation()
    event = world.lifecycle.record_evaluation(evaluation, ERIN)
    (stored,) = world.lifecycle.evaluations(MODEL, "1")
    assert (stored.digest, stored.record, stored.event_seq) == (evaluation.digest, evaluation.to_json(), event.seq)
    assert (stored.cohort, stored.role, stored.verdict) == ("internal", Role.INTERNAL_TEST, Verdict.PASSED)
    assert stored.protocol_digest == PROTOCOL


def test_the_same_evaluation_twice_is_one(world: World) -> None:
    world.register()
    first = world.evaluate()
    size = world.ledger.head().size
    assert world.evaluate() == first
    assert world.ledger.head().size == size


def test_an_evaluation_whose_record_was_changed_or_lost_is_found(world: World) -> None:
    world.register()
    place = world.objects.path(world.evaluation().digest)
    world.evaluate()
    place.chmod(0o600)
    place.write_bytes(place.read_bytes().replace(b"passed", b"failed"))
    with pytest.raises(ArtifactChangedError, match="other bytes"):
        world.lifecycle.evaluations(MODEL, "1")
    place.unlink()
    with pytest.raises(ArtifactChangedError, match="missing"):
        world.lifecycle.evaluations(MODEL, "1")


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"artifact_digest": digest_bytes(b"other")}, ArtifactChangedError),
        ({"cohort_digest": digest_bytes(b"other")}, AnswerIsNoError),
        ({"cohort_role": Role.EXTERNAL_TEST}, AnswerIsNoError),
        ({"cohort": "nobody"}, UnknownNameError),
        ({"version": "9"}, UnknownNameError),
        ({"protocol_digest": "protocol"}, ValueError),
    ],
)
def test_an_evaluation_of_something_else_is_refused(
    world: World, changes: dict[str, object], error: type[Exception]
) -> None:
    world.register()
    with pytest.raises(error):
        world.lifecycle.record_evaluation(replace(world.evaluation(), **changes), ERIN)
    assert world.lifecycle.evaluations(MODEL, "1") == []
    assert world.state == VersionState.REGISTERED


@pytest.mark.parametrize("cohort", ["train", "tune"])
def test_a_fitted_cohort_is_none_to_test_on(world: World, cohort: str) -> None:
    world.register()
    with pytest.raises(UsageError, match="no test cohort"):
        world.evaluate(cohort)


def test_a_test_cohort_that_shares_patients_with_training_is_a_leak(world: World) -> None:
    world.register()
    world.freeze("leaky", Role.INTERNAL_TEST, "reference", patients="train")
    with pytest.raises(LeakFoundError, match=r"leaky and train share 2 patient"):
        world.evaluate("leaky")
    assert world.state == VersionState.REGISTERED


def test_an_external_test_at_a_fitted_or_internally_tested_site_is_a_leak(world: World) -> None:
    world.register()
    world.freeze("at-home", Role.EXTERNAL_TEST, COHORTS["train"][1])
    with pytest.raises(LeakFoundError, match="site"):
        world.evaluate("at-home")
    world.freeze("other-internal", Role.INTERNAL_TEST, "elsewhere")
    world.evaluate("other-internal")
    with pytest.raises(LeakFoundError, match="external and other-internal share 1 site"):
        world.evaluate("external")


def test_an_unauthenticated_trainer_is_recorded_as_such(world: World) -> None:
    world.register(UNAUTHENTICATED)
    assert world.lifecycle.version(MODEL).trained_by == "unauthenticated"


@pytest.mark.parametrize("verdict", [Verdict.PASSED, Verdict.FAILED])
def test_a_state_that_was_written_by_hand_is_no_step_that_the_ledger_tells(world: World, verdict: Verdict) -> None:
    world.register()
    with world.ledger.engine.begin() as connection:
        connection.execute(text("UPDATE model_versions SET state = 'approved'"))
    with pytest.raises(LedgerBrokenError, match="is registered, not approved"):
        world.evaluate("internal", verdict)
    with pytest.raises(LedgerBrokenError, match="is registered, not approved"):
        world.lifecycle.lapse(MODEL, "1", SERVICE, "over")
    with pytest.raises(LedgerBrokenError, match="is registered, not approved"):
        world.lifecycle.lapse_if_over(MODEL, "1")
    assert world.told("version.transitioned") == []
