"""Under a change plan a candidate is classified before it is trained and after it is judged; the ledger proves it."""

import shutil
from dataclasses import replace
from typing import Any

import pytest
from change_plans import plan_record
from command import Command
from fakes import NoProgress
from intake_workspace import TARGET
from sqlalchemy import text
from trained_workspace import PASSPHRASE, clara, overwritten, reopened
from worlds import teach

from pipelines.bootstrap import Workspace
from pipelines.usecases.compare_candidate import compare_candidate
from pipelines.usecases.judging_methods import judging_methods
from pipelines.usecases.prepare_release import load_once, prepare_release
from pipelines.usecases.train import train
from registry.change_plans import sign_plan
from registry.database import reading
from registry.domain.errors import (
    AnswerIsNoError,
    ArtifactChangedError,
    LedgerBrokenError,
    UnknownNameError,
    UsageError,
)
from registry.domain.model import ModelVersion
from registry.domain.person import LOCAL_ADMINISTRATOR, PersonRole
from registry.scope import facts_of, missing_scope
from registry.versions import find

RULE = "youden"


def made(workspace: Workspace, **options: Any) -> ModelVersion:
    return train(workspace, TARGET, "train", "tune", device="cpu", epochs=1, progress=NoProgress(), **options)


def ruled(workspace: Workspace) -> Workspace:
    """Return the workspace with another rule of the threshold, which the plan does not list."""
    settings = workspace.settings
    return replace(workspace, settings=replace(settings, defaults=replace(settings.defaults, threshold_rule=RULE)))


def types(workspace: Workspace) -> list[str]:
    return [event.record["type"] for event in workspace.ledger.events(1000)]


def told(workspace: Workspace, kind: str) -> list[dict[str, Any]]:
    found = (event.seq for event in workspace.ledger.events(1000) if event.record["type"] == kind)
    return [workspace.ledger.payload(seq) or {} for seq in sorted(found)]


def missing(workspace: Workspace, version: str) -> list[str]:
    with reading(workspace.engine) as session:
        return missing_scope(session, workspace.objects, find(session, TARGET, version))


@pytest.fixture(scope="module")
def planned(trained: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Return a workspace of its own whose model has a change plan."""
    root = tmp_path_factory.mktemp("planned")
    shutil.copytree(trained.root, root / "workspace")
    workspace = reopened(root)
    workspace.people.add("quinn", "Quinn Q", (PersonRole.QUALITY_OFFICER,), PASSPHRASE, LOCAL_ADMINISTRATOR)
    teach(workspace.people, "quinn")
    content = plan_record(TARGET, "internal", looks=2)
    for signer in (workspace.people.unlock("quinn", PASSPHRASE), clara(workspace)):
        sign_plan(workspace.lifecycle.record, content, signer, judging_methods(content))
    return workspace


@pytest.fixture(scope="module")
def candidate(planned: Workspace) -> str:
    """Return a version that was made within the plan."""
    return made(planned, seed=5).version


def test_what_a_version_is_made_from_is_recorded_at_its_training(trained: Workspace) -> None:
    facts = facts_of(trained.lifecycle.record, TARGET, "1")
    assert facts is not None
    assert facts.of("sites") == ("general",)
    assert facts.of("labels") == ("consensus",)
    assert all(facts.of(aspect) != ("",) for aspect in facts.values if aspect != "intended_use")
    fitted = [unit for name in ("train", "tune") for unit in trained.cohorts.get(name).units]
    assert set(facts.of("scanners")) == {unit.scanner for unit in fitted}


def test_a_change_outside_the_plan_is_refused_before_anything_is_trained(planned: Workspace) -> None:
    before = len(planned.lifecycle.versions())
    with pytest.raises(AnswerIsNoError, match="to 'youden': not covered"):
        made(ruled(planned))
    (found,) = told(planned, "change.classified")[-1:]
    assert (found["scope"], found["stage"], found["version"]) == ("out_of_scope", "before_training", "")
    assert len(planned.lifecycle.versions()) == before
    assert not list((planned.root / "runs").glob("*"))


def test_it_is_made_all_the_same_where_it_is_declared_a_new_submission(planned: Workspace) -> None:
    version = made(ruled(planned), new_submission="fewer misses are wanted")
    assert told(planned, "submission.declared")[-1]["why"] == "fewer misses are wanted"
    assert missing(planned, version.version) == []


def test_a_change_inside_the_plan_is_no_new_submission(planned: Workspace) -> None:
    before = types(planned)
    with pytest.raises(UsageError, match="lies within"):
        made(planned, seed=3, new_submission="because")
    assert types(planned) == before


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"intended_use": "rules lesions out"}, "intended use"),
        ({"sites": ("general",)}, "roll out: '\\*' to 'general': not covered"),
    ],
)
def test_another_use_or_roll_out_is_refused(planned: Workspace, options: dict[str, Any], says: str) -> None:
    with pytest.raises(AnswerIsNoError, match=says):
        made(planned, **options)


def test_a_site_that_nobody_knows_is_refused(planned: Workspace) -> None:
    with pytest.raises(UnknownNameError, match="unknown site"):
        made(planned, sites=("nowhere",))


def test_the_order_is_classified_trained_judged_classified_again(planned: Workspace) -> None:
    start = len(types(planned))
    version = made(planned, seed=4)
    assert "not classified" in missing(planned, version.version)[0]
    found = compare_candidate(planned, TARGET, version.version, "internal", None, progress=NoProgress())
    order = list(reversed(types(planned)))[start:]
    wanted = ["change.classified", "version.registered", "provenance.recorded", "protocol.frozen", "candidate.compared"]
    assert [kind for kind in order if kind in {*wanted, "change.classified"}] == [*wanted, "change.classified"]
    (after,) = told(planned, "change.classified")[-1:]
    scope = {"passed": "in_scope", "failed": "out_of_scope", "not_assessed": "unclear"}[found["verdict"]]
    assert (after["stage"], after["scope"], after["version"]) == ("after_evaluation", scope, version.version)
    assert (missing(planned, version.version) == []) is (found["verdict"] == "passed")


def test_the_command_shows_each_difference_and_ends_with_one_outside(planned: Workspace) -> None:
    command = Command(planned.root)
    cohorts, other = ("--train", "train", "--tune", "tune"), ("--intended-use", "rules lesions out")
    asked = ("plan", "classify", TARGET, *cohorts, *other)
    done = command(*asked)
    assert done.code == 1
    assert "'rules lesions out': not covered" in done.out
    assert command(*asked, "--json").json["classifications"][0]["scope"] == "out_of_scope"
    inside = command("plan", "classify", TARGET, *cohorts, "--json")
    assert (inside.code, inside.json["classifications"][0]["scope"]) == (0, "in_scope")
    assert command("plan", "classify", f"{TARGET}@1").code == 1
    assert command("plan", "classify", TARGET, "--train", "train").code == 2
    refused = command("train", TARGET, *cohorts, *other)
    assert (refused.code, "not covered" in refused.err) == (1, True)
    shown = command("plan", "classify", TARGET, "--json").json["classifications"]
    assert "out_of_scope" in {one["scope"] for one in shown}


def test_a_classification_whose_payload_was_removed_is_missed(planned: Workspace, candidate: str) -> None:
    seq = next(event.seq for event in planned.ledger.events(1000) if event.record["type"] == "change.classified")
    with planned.engine.begin() as connection:
        kept = connection.execute(text("SELECT payload FROM ledger_payloads WHERE seq = :seq"), {"seq": seq}).scalar()
        connection.execute(text("UPDATE ledger_payloads SET payload = NULL WHERE seq = :seq"), {"seq": seq})
    with pytest.raises(LedgerBrokenError, match="is gone"):
        missing(planned, candidate)
    with planned.engine.begin() as connection:
        connection.execute(
            text("UPDATE ledger_payloads SET payload = :kept WHERE seq = :seq"), {"kept": kept, "seq": seq}
        )


RELEASE: dict[str, Any] = {
    "notice": "fitted on newer studies",
    "label": f"{TARGET} 2",
    "roll_back_to": "1",
    "stages": [{"mode": "shadow", "sites": ["general"], "days": 14}],
}


def test_the_way_back_is_loaded_and_run_once_and_changed_files_are_no_way_back(planned: Workspace) -> None:
    first = planned.lifecycle.version(TARGET, "1")
    done = load_once(planned, first)
    assert (done["loaded"], done["artifact_digest"], len(done["cells"])) == (True, first.artifact_digest, 2)
    assert done == load_once(planned, first)
    stored = [p for p in (planned.root / "mlflow").rglob("model.safetensors") if first.mlflow_run in str(p)]
    with overwritten(stored, lambda data: data[:-1] + bytes([data[-1] ^ 1])), pytest.raises(ArtifactChangedError):
        load_once(planned, first)


def test_a_release_names_a_way_back_that_is_approved_today(planned: Workspace, candidate: str) -> None:
    asked = RELEASE | {"label": f"{TARGET} {candidate}"}
    with pytest.raises(AnswerIsNoError, match="is validated and no way back"):
        prepare_release(planned, TARGET, candidate, asked)
    with pytest.raises(AnswerIsNoError, match="notice is missing"):
        prepare_release(planned, TARGET, candidate, asked | {"notice": ""})
    nowhere = RELEASE["stages"][0] | {"sites": ["nowhere"]}
    with pytest.raises(UnknownNameError, match="unknown site"):
        prepare_release(planned, TARGET, candidate, asked | {"stages": [nowhere]})
