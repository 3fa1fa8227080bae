"""The whole drill of an update under a change plan: compared, released in stages, and a way back that was run once."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from change_plans import plan_record
from command import Command
from fakes import FakeClock, NoProgress
from intake_workspace import TARGET
from sqlalchemy import select
from trained_workspace import LENIENT, PASSPHRASE, clara
from worlds import teach

from pipelines.bootstrap import Workspace
from pipelines.usecases.compare_candidate import compare_candidate
from pipelines.usecases.judging_methods import judging_methods
from pipelines.usecases.prepare_release import load_once, prepare_release
from pipelines.usecases.release import approve_and_release
from pipelines.usecases.train import train
from pipelines.usecases.validate import validate
from registry.change_plans import sign_plan
from registry.database import reading
from registry.domain.canonical import parse_canonical
from registry.domain.errors import AnswerIsNoError, EvidenceMissingError
from registry.domain.person import LOCAL_ADMINISTRATOR, PersonRole
from registry.domain.vocabulary import Verdict
from registry.schema import SignatureRow
from registry.signatures import verify

SITE, DAYS = "general", 3
NOTICE = "Fitted on newer studies.\n  Small lesions are marked more often."
ASKED: Mapping[str, Any] = {
    "notice": NOTICE,
    "label": f"{TARGET} 2 (UDI pending)",
    "roll_back_to": "1",
    "stages": [
        {"mode": "shadow", "sites": [SITE], "days": DAYS},
        {"mode": "pilot", "sites": [SITE], "days": DAYS},
        {"mode": "live", "sites": [SITE], "days": 0},
    ],
}


def approve(workspace: Workspace, version: str) -> None:
    """Bring a version to approval by four people."""
    sign, lifecycle = workspace.people.unlock, workspace.lifecycle
    for cohort in ("internal", "external"):
        validate(workspace, TARGET, version, cohort, LENIENT, progress=NoProgress())
    lifecycle.submit(TARGET, version, sign("erin", PASSPHRASE))
    lifecycle.risk_review(TARGET, version, sign("vera", PASSPHRASE))
    for person in ("quinn", "clara"):
        approve_and_release(workspace, TARGET, version, sign(person, PASSPHRASE))


def deploy(workspace: Workspace, mode: str) -> None:
    """Deploy the candidate at the site."""
    accepted = {one.cohort: one.digest for one in workspace.lifecycle.evaluations(TARGET, "2")}["internal"]
    workspace.lifecycle.deploy(TARGET, "2", SITE, mode, clara(workspace), "as planned", accepted)


@pytest.fixture(scope="module")
def updated(own: Workspace) -> Workspace:
    """Return a workspace with version 1 approved, and version 2 made, compared and passed under a plan."""
    for person, role in (("vera", PersonRole.VALIDATOR), ("quinn", PersonRole.QUALITY_OFFICER)):
        own.people.add(person, person.title(), (role,), PASSPHRASE, LOCAL_ADMINISTRATOR)
        teach(own.people, person)
    approve(own, "1")
    content = plan_record(TARGET, "internal", looks=2)
    for signer in (own.people.unlock("quinn", PASSPHRASE), clara(own)):
        sign_plan(own.lifecycle.record, content, signer, judging_methods(content))
    train(own, TARGET, "train", "tune", device="cpu", epochs=1, seed=0, progress=NoProgress())
    found = compare_candidate(own, TARGET, "2", "internal", None, progress=NoProgress())
    assert found["verdict"] == Verdict.PASSED, found["why"]
    return own


@pytest.fixture(scope="module")
def released(updated: Workspace) -> tuple[Workspace, dict[str, Any]]:
    """Return it with the candidate approved and its release prepared."""
    approve(updated, "2")
    deploy(updated, "shadow")
    with pytest.raises(EvidenceMissingError, match="no release with a stage pilot at general"):
        deploy(updated, "pilot")
    return updated, prepare_release(updated, TARGET, "2", ASKED)


def test_the_release_says_what_it_rests_on_and_is_kept_whole(released: tuple[Workspace, dict[str, Any]]) -> None:
    workspace, release = released
    event = workspace.ledger.event(release["event_seq"])
    assert event.record["type"] == "release.prepared"
    kept = parse_canonical(workspace.objects.get((workspace.ledger.payload(event.seq) or {})["digest"]))
    assert kept == {key: value for key, value in release.items() if key != "event_seq"}
    assert kept["notice"] == "Fitted on newer studies. Small lesions are marked more often."
    assert [stage["mode"] for stage in kept["stages"]] == ["shadow", "pilot", "live"]
    told = {one.record["type"]: workspace.ledger.payload(one.seq) or {} for one in workspace.ledger.events(1000)[::-1]}
    assert kept["comparison"] == told["candidate.compared"]["digest"]
    assert kept["classification"] == told["change.classified"]["digest"]
    assert kept["plan_digest"] == told["change_plan.adopted"]["digest"]


def test_the_way_back_was_loaded_and_run_and_gives_the_same_cells_again(
    released: tuple[Workspace, dict[str, Any]],
) -> None:
    workspace, release = released
    first = workspace.lifecycle.version(TARGET, "1")
    assert release["roll_back"] == {"version": "1", **load_once(workspace, first)}
    assert release["roll_back"]["artifact_digest"] == first.artifact_digest


def test_each_stage_lasts_its_days_and_its_signature_covers_the_release(
    released: tuple[Workspace, dict[str, Any]],
) -> None:
    workspace, release = released
    assert isinstance(workspace.clock, FakeClock)
    for mode in ("pilot", "live"):
        with pytest.raises(AnswerIsNoError, match=rf"takes {DAYS} days.*go on to {mode} from"):
            deploy(workspace, mode)
        workspace.clock.advance(days=DAYS)
        deploy(workspace, mode)
    digest = (workspace.ledger.payload(release["event_seq"]) or {})["digest"]
    covered = {}
    with reading(workspace.engine) as session:
        query = select(SignatureRow).where(SignatureRow.act == "deploy", SignatureRow.version == "2")
        for row in session.scalars(query):
            statement = verify(row.envelope, workspace.people)
            covered[statement.scope["mode"]] = digest.removeprefix("sha256:") in str(statement.subjects)
    assert covered == {"shadow": False, "pilot": True, "live": True}
    (live,) = [one for one in workspace.lifecycle.deployments(TARGET) if one.version == "2" and one.site == SITE]
    assert live.mode == "live"


def test_the_command_shows_the_release(released: tuple[Workspace, dict[str, Any]]) -> None:
    workspace, release = released
    command = Command(workspace.root)
    assert command("plan", "release", f"{TARGET}@2", "--json").json["roll_back"] == release["roll_back"]
    done = command("plan", "release", f"{TARGET}@2")
    assert f"back to {TARGET}@1: loaded and run once" in done.out
    assert "notice: Fitted on newer studies." in done.out


def test_a_version_that_passed_no_comparison_is_not_released(released: tuple[Workspace, dict[str, Any]]) -> None:
    workspace, _ = released
    asked = dict(ASKED) | {"label": f"{TARGET} 1", "roll_back_to": "2"}
    with pytest.raises(EvidenceMissingError, match="passed no comparison"):
        prepare_release(replace(workspace), TARGET, "1", asked)


def test_a_way_back_whose_approval_ended_is_none(released: tuple[Workspace, dict[str, Any]]) -> None:
    workspace, _ = released
    assert isinstance(workspace.clock, FakeClock)
    kept = workspace.clock.at
    workspace.clock.at = kept + timedelta(days=366)
    try:
        with pytest.raises(AnswerIsNoError, match="is lapsed and no way back"):
            prepare_release(workspace, TARGET, "2", ASKED)
    finally:
        workspace.clock.at = kept
