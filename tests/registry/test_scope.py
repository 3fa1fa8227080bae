"""A version made under a change plan is approved and put into use only as the plan, its scope and its release allow."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from change_plans import METHODS, plan_record
from worlds import ERIN, MODEL, TARGET, World

from registry.change_plans import plan_of, sign_plan
from registry.comparisons import LookAsked, begin_look, record_comparison
from registry.domain.change_scope import ASPECTS, Scope, Stage, VersionFacts, classify
from registry.domain.comparison import Comparison
from registry.domain.digest import digest_bytes
from registry.domain.errors import AnswerIsNoError, EvidenceMissingError
from registry.domain.model import ModelVersion
from registry.domain.release import SCHEMA, release_faults
from registry.domain.vocabulary import Verdict
from registry.releases import record_release
from registry.scope import classified, record_classification, record_training

FACTS = dict.fromkeys(ASPECTS, ("same",)) | {"target": (TARGET,), "roll_out": ("*",)}
SECOND = digest_bytes(b"second")
STAGES = [
    {"mode": "shadow", "sites": ["general"], "days": 14},
    {"mode": "pilot", "sites": ["general"], "days": 7},
    {"mode": "live", "sites": ["general"], "days": 0},
]
ASKED: dict[str, Any] = {
    "notice": "Version 2 was fitted on newer studies; nothing changes in the reading room.",
    "label": "sarcoma-visible 2",
    "roll_back_to": "1",
    "stages": STAGES,
}


def facts(**changes: tuple[str, ...]) -> VersionFacts:
    return VersionFacts(FACTS | changes, {})


@pytest.fixture
def planned(world: World) -> World:
    """Return a world whose version 1 is approved, in use and the original of a change plan."""
    first = world.approved().lifecycle.version(MODEL, "1")
    record_training(world.lifecycle.record, first, facts(), "", ERIN)
    content = plan_record(MODEL, "internal", looks=3)
    for person in ("quinn", "clara"):
        sign_plan(world.lifecycle.record, content, world.signer(person), METHODS)
    return world


def made(world: World, submission: str = "", **changes: Any) -> ModelVersion:
    """Classify, register and record version 2."""
    record, plan = world.lifecycle.record, plan_of(world.lifecycle.record, MODEL)
    assert plan is not None
    found = classify(plan.plan, ("1", facts()), facts(**changes), Stage.BEFORE)
    record_classification(record, found, facts(**changes), ERIN, submission=submission)
    version = world.register(artifact=SECOND)
    record_training(record, version, facts(**changes), found.digest, ERIN)
    return version


def judged(world: World, verdict: Verdict | None = Verdict.PASSED, *, again: bool = True) -> None:
    """Compare, evaluate and classify version 2 again; review it, so that only the plan can keep it from approval."""
    record, plan = world.lifecycle.record, plan_of(world.lifecycle.record, MODEL)
    assert plan is not None
    version = world.lifecycle.version(MODEL, "2")
    if verdict is not None:
        compared(world, verdict, plan.plan.digest, plan.plan.frozen["test_set"])
    for cohort in ("internal", "external"):
        world.evaluate(cohort, version="2")
    if again:
        shown = {} if verdict is None else {"internal look 1": verdict}
        found = classify(plan.plan, ("1", facts()), facts(), Stage.AFTER, shown)
        record_classification(record, found, facts(), ERIN, version)
    world.lifecycle.submit(MODEL, "2", world.signer("erin"))
    world.lifecycle.risk_review(MODEL, "2", world.signer("vera"))


def compared(world: World, verdict: Verdict, plan: str, cohort: str) -> None:
    arms = {"candidate": ("2", SECOND), "deployed": ("1", SECOND), "original": ("1", SECOND)}
    asked = LookAsked(MODEL, arms, "internal", cohort, plan, {}, METHODS["metric_code"], {})
    look = begin_look(world.lifecycle.record, asked, ERIN)
    fields: dict[str, Any] = {"order": {"frozen": look.event_seq}, "scores": {}, "metrics": (), "synthetic": True}
    fields |= {"deployed": "1", "original": "1", "artifacts": {"2": SECOND}, "level": 0.98, "looks": 3}
    found = Comparison(
        model=MODEL,
        candidate="2",
        cohort="internal",
        cohort_digest=cohort,
        plan=1,
        plan_digest=plan,
        protocol_digest=look.digest,
        metric_code=METHODS["metric_code"],
        look=look.number,
        verdict=verdict,
        why="as measured",
        **fields,
    )
    record_comparison(world.lifecycle.record, found, ERIN)


def approve(world: World) -> None:
    for person in ("quinn", "clara"):
        world.lifecycle.approve(MODEL, "2", world.signer(person))


def test_a_version_inside_the_plan_that_passed_is_approved(planned: World) -> None:
    made(planned, training_studies=("newer",))
    judged(planned)
    approve(planned)
    assert planned.lifecycle.version(MODEL, "2").state == "approved"
    scopes = [(one.record["stage"], one.scope, one.version) for one in classified(planned.lifecycle.record, MODEL)]
    assert scopes == [("before_training", Scope.IN, "2"), ("after_evaluation", Scope.IN, "2")]


def test_the_original_itself_is_bound_by_no_plan(planned: World) -> None:
    assert planned.lifecycle.approval_holds(MODEL, "1")


@pytest.mark.parametrize(
    ("changes", "verdict", "after", "says"),
    [
        ({"manufacturers": ("NewCo",)}, Verdict.PASSED, "after", "out of scope under sarcoma-visible plan 1 before"),
        ({"manufacturers": ("", "same")}, Verdict.PASSED, "after", "unclear, and so counts as out of scope"),
        ({}, Verdict.PASSED, "", "not classified under sarcoma-visible plan 1 again"),
        ({}, None, "after", "no comparison under sarcoma-visible plan 1 passed"),
        ({}, Verdict.FAILED, "after", "is failed"),
        ({}, Verdict.NOT_ASSESSED, "after", "is not_assessed"),
    ],
)
def test_a_version_that_lies_outside_or_was_not_judged_is_not(
    planned: World, changes: Mapping[str, tuple[str, ...]], verdict: Verdict | None, after: str, says: str
) -> None:
    made(planned, **changes)
    judged(planned, verdict, again=bool(after))
    with pytest.raises(EvidenceMissingError, match=says):
        approve(planned)


def test_a_version_that_was_never_classified_counts_as_out(planned: World) -> None:
    planned.register(artifact=SECOND)
    judged(planned, again=False)
    with pytest.raises(EvidenceMissingError, match="not classified under sarcoma-visible plan 1 before training"):
        approve(planned)


def test_a_classification_that_came_after_training_is_none(planned: World) -> None:
    record, plan = planned.lifecycle.record, plan_of(planned.lifecycle.record, MODEL)
    assert plan is not None
    found = classify(plan.plan, ("1", facts()), facts(), Stage.BEFORE)
    record_training(record, planned.register(artifact=SECOND), facts(), found.digest, ERIN)
    record_classification(record, found, facts(), ERIN)
    judged(planned)
    with pytest.raises(EvidenceMissingError, match="before training"):
        approve(planned)


def test_a_new_submission_is_judged_as_a_new_model(planned: World) -> None:
    made(planned, "a second vendor is wanted", manufacturers=("NewCo",))
    judged(planned, None, again=False)
    approve(planned)
    assert classified(planned.lifecycle.record, MODEL)[0].submission == "a second vendor is wanted"


def test_the_floor_moves_to_no_version_that_was_made_under_a_plan(planned: World) -> None:
    made(planned)
    content = plan_record(MODEL, "internal", looks=3, original_version="2") | {"number": 2}
    with pytest.raises(AnswerIsNoError, match="no floor for the next one"):
        sign_plan(planned.lifecycle.record, content, planned.signer("quinn"), METHODS)


def test_the_floor_may_move_to_a_new_submission(planned: World) -> None:
    made(planned, "a second vendor", manufacturers=("NewCo",))
    content = plan_record(MODEL, "internal", looks=3, original_version="2") | {"number": 2}
    assert sign_plan(planned.lifecycle.record, content, planned.signer("quinn"), METHODS).role == "quality officer"


def test_a_classification_under_an_earlier_plan_is_none_under_the_next(planned: World) -> None:
    record, plan = planned.lifecycle.record, plan_of(planned.lifecycle.record, MODEL)
    assert plan is not None
    found = classify(plan.plan, ("1", facts()), facts(), Stage.BEFORE)
    record_classification(record, found, facts(), ERIN)
    for person in ("quinn", "clara"):
        content = plan_record(MODEL, "internal", looks=3) | {"number": 2}
        sign_plan(record, content, planned.signer(person), METHODS)
    record_training(record, planned.register(artifact=SECOND), facts(), found.digest, ERIN)
    judged(planned)
    with pytest.raises(EvidenceMissingError, match="not classified under sarcoma-visible plan 2 before training"):
        approve(planned)


def released(world: World, **changes: Any) -> None:
    plan = plan_of(world.lifecycle.record, MODEL)
    assert plan is not None
    release = {"schema": SCHEMA, "model": MODEL, "version": "2", "artifact_digest": SECOND, "plan": 1}
    record_release(world.lifecycle.record, release | {"plan_digest": plan.plan.digest} | ASKED | changes, ERIN)


def deploy(world: World, mode: str, site: str = "general") -> None:
    passed = {one.cohort: one.digest for one in world.lifecycle.evaluations(MODEL, "2")}
    digest = passed["internal" if site == "general" else "external"]
    world.lifecycle.deploy(MODEL, "2", site, mode, world.signer("clara"), "", None if mode == "shadow" else digest)


def test_pilot_and_live_need_a_release_and_each_stage_its_days(planned: World) -> None:
    made(planned)
    judged(planned)
    approve(planned)
    deploy(planned, "shadow")
    with pytest.raises(EvidenceMissingError, match="no release with a stage pilot at general"):
        deploy(planned, "pilot")
    released(planned)
    with pytest.raises(AnswerIsNoError, match=r"shadow of sarcoma-visible@2 at general takes 14 days"):
        deploy(planned, "pilot")
    planned.clock.at += timedelta(days=14)
    deploy(planned, "pilot")
    planned.clock.at += timedelta(days=6)
    with pytest.raises(AnswerIsNoError, match="takes 7 days"):
        deploy(planned, "live")
    planned.clock.at += timedelta(days=1)
    deploy(planned, "live")
    deploy(planned, "shadow", "elsewhere")
    with pytest.raises(EvidenceMissingError, match="stage pilot at elsewhere"):
        deploy(planned, "pilot", "elsewhere")


def test_the_deployments_signature_covers_the_release(planned: World) -> None:
    made(planned)
    judged(planned)
    approve(planned)
    released(planned, stages=[{**stage, "days": 0} for stage in STAGES])
    deploy(planned, "shadow")
    deploy(planned, "pilot")
    signed = planned.lifecycle.signatures(MODEL, "2")[-1].statement.subjects
    digest = planned.told("release.prepared")[0]["digest"]
    assert digest.removeprefix("sha256:") in str(signed)


def test_a_version_that_was_made_for_one_site_runs_at_no_other(planned: World) -> None:
    made(planned, "for one site", roll_out=("elsewhere",))
    judged(planned, None, again=False)
    with pytest.raises(AnswerIsNoError, match="was made for elsewhere, not for general"):
        deploy(planned, "shadow")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({}, ""),
        ({"notice": " "}, "notice is missing"),
        ({"label": "sarcoma-visible"}, "label does not name the version 2"),
        ({"roll_back_to": "2"}, "the version itself"),
        ({"stages": []}, "at least one stage"),
        ({"stages": STAGES[::-1]}, "order shadow, pilot, live"),
        ({"stages": [{"mode": "night", "sites": ["general"], "days": 1}]}, "mode is one of"),
        ({"stages": [{"mode": "live", "sites": [], "days": 1}]}, "sites is a list"),
        ({"stages": [{"mode": "live", "sites": ["general"], "days": "soon"}]}, "days is a whole number"),
        ({"colour": "red"}, "unknown key"),
    ],
)
def test_what_a_release_lacks_is_named(changes: dict[str, Any], says: str) -> None:
    found = release_faults(ASKED | changes, "2")
    assert says in "; ".join(found)
    assert bool(found) is bool(says)
