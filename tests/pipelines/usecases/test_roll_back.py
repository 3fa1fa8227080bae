"""A roll-back is drilled: one command, measured through `predict`, on record; and it is a stop where it must be."""

import shlex
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from command import Command
from fakes import FakeClock, NoProgress
from trained_workspace import ERIN, LENIENT, PASSPHRASE, TARGET, clara, images_of, overwritten
from worlds import teach

sys.path.insert(0, str(Path(__file__).parents[2] / "docs"))
from pages import steps

from pipelines.bootstrap import Workspace, open_workspace
from pipelines.usecases.predict import predict
from pipelines.usecases.release import approve_and_release
from pipelines.usecases.roll_back import RollBackOrder, RollBackReport, roll_back
from pipelines.usecases.train import train
from pipelines.usecases.validate import validate
from registry.domain.errors import NotAllowedError
from registry.domain.person import LOCAL_ADMINISTRATOR, PersonRole

SITE = "general"


def bring_live(workspace: Workspace, version: str) -> None:
    """Have a version approved, and bring it live; what is live is stopped first."""
    sign, lifecycle = workspace.people.unlock, workspace.lifecycle
    lifecycle.submit(TARGET, version, sign("erin", PASSPHRASE))
    lifecycle.risk_review(TARGET, version, sign("vera", PASSPHRASE))
    for person in ("quinn", "clara"):
        approve_and_release(workspace, TARGET, version, sign(person, PASSPHRASE))
    accepted = {one.cohort: one.digest for one in lifecycle.evaluations(TARGET, version)}["internal"]
    for one in lifecycle.deployments(TARGET):
        if (one.site, one.state) == (SITE, "live"):
            lifecycle.stop(one.deployment, clara(workspace), "read without AI", "the next version")
    known = {one.version for one in lifecycle.deployments(TARGET) if one.site == SITE}
    for mode in ("shadow", "pilot", "live")[version in known :]:
        lifecycle.deploy(TARGET, version, SITE, mode, clara(workspace), "as planned", accepted)


@pytest.fixture(scope="module")
def prepared(own: Workspace, own_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a copy of the trained workspace: version 1 is live, version 2 passed its validations."""
    root = tmp_path_factory.mktemp("prepared") / "workspace"
    shutil.copytree(own_root / "workspace", root)
    workspace = replace(open_workspace(root, FakeClock(own.clock.now())), actor=ERIN)
    for person, role in (("vera", PersonRole.VALIDATOR), ("quinn", PersonRole.QUALITY_OFFICER)):
        workspace.people.add(person, person.title(), (role,), PASSPHRASE, LOCAL_ADMINISTRATOR)
        teach(workspace.people, person)
    train(workspace, TARGET, "train", "tune", device="cpu", epochs=1, seed=2, progress=NoProgress())
    for version in ("1", "2"):
        for cohort in ("internal", "external"):
            validate(workspace, TARGET, version, cohort, LENIENT, progress=NoProgress())
    bring_live(workspace, "1")
    return root


@pytest.fixture(scope="module")
def went_on(prepared: Path, own: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a copy of it in which version 2 is live."""
    root = tmp_path_factory.mktemp("drill") / "workspace"
    shutil.copytree(prepared, root)
    clock = FakeClock(own.clock.now())
    clock.advance(hours=1)
    bring_live(replace(open_workspace(root, clock), actor=ERIN), "2")
    return root


@pytest.fixture
def workspace(went_on: Path, own: Workspace, tmp_path: Path) -> Workspace:
    """Return a fresh copy of it, an hour later."""
    shutil.copytree(went_on, tmp_path / "workspace")
    clock = FakeClock(own.clock.now())
    clock.advance(hours=4)
    return replace(open_workspace(tmp_path / "workspace", clock), actor=ERIN)


def order(**changes: object) -> RollBackOrder:
    """Return an order to roll the model back at the site, as an exercise unless told otherwise."""
    return replace(RollBackOrder(TARGET, SITE, "read without AI", "misses", drill=True), **changes)  # type: ignore[arg-type]


def go_back(workspace: Workspace, asked: RollBackOrder, person: str = "clara") -> RollBackReport:
    """Roll back."""
    return roll_back(workspace, asked, workspace.people.unlock(person, PASSPHRASE), progress=NoProgress())


def told(workspace: Workspace) -> dict[str, object]:
    """Return what the ledger tells of the newest roll-back."""
    (event, *_) = [one for one in workspace.ledger.events(20) if one.record["type"] == "deployment.rolled_back"]
    return workspace.ledger.payload(event.seq) or {}


def versions_scored(workspace: Workspace) -> list[str]:
    """Return the versions of the predictions on record, in the order in which they were made."""
    rows = workspace.tables.read("predictions", columns=["version"]).to_pylist()
    return [row["version"] for row in rows]


def test_the_version_before_answers_after_one_command_and_the_ledger_tells_how_long_it_took(
    workspace: Workspace, own_root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study = images_of(own_root) / SITE / "000"
    live = predict(workspace, TARGET, None, [study], SITE, progress=NoProgress())
    assert live.version == "2"
    assert live.positive is not None, "a live result is given"
    report = go_back(workspace, order(probe=(study,)))
    assert (report.answered, report.scored) == (f"{TARGET}@1", 4)
    assert versions_scored(workspace)[-4:] == ["1"] * 4
    assert predict(workspace, TARGET, None, [study], SITE, progress=NoProgress()).version == "1"
    kept = told(workspace)
    assert (kept["drill"], kept["from"], kept["to"], kept["answered"]) == (True, "2", "1", f"{TARGET}@1")
    assert kept["seconds"] == report.seconds
    assert float(report.seconds) > 0
    with capsys.disabled():
        print(f"\nroll-back, to the first four answers of the version before: {report.seconds} s")  # noqa: T201 - the drill's result


def test_without_studies_the_version_before_is_loaded_through_the_gate(workspace: Workspace) -> None:
    report = go_back(workspace, order(drill=False))
    assert (report.answered, report.scored, report.done.outcome) == (f"{TARGET}@1", 0, "rolled back")
    assert told(workspace)["drill"] is False
    with workspace.gate.admit(TARGET, None, SITE) as admission:
        assert admission.version.version == "1"


def test_files_that_were_overwritten_make_it_a_stop(workspace: Workspace) -> None:
    run = workspace.lifecycle.version(TARGET, "1").mlflow_run
    files = list((workspace.root / "mlflow" / "artifacts" / run).rglob("network.json"))
    assert files
    with overwritten(files, lambda data: data + b" "):
        report = go_back(workspace, order())
    assert (report.done.outcome, report.answered, report.seconds) == ("stopped", "", "")
    assert "are not those that were registered" in report.done.why
    assert told(workspace)["outcome"] == "stopped"
    with pytest.raises(NotAllowedError, match="is stopped"):
        workspace.gate.admit(TARGET, None, SITE)


def test_commands_go_back_and_say_what_was_live_when(workspace: Workspace, tmp_path: Path) -> None:
    command, secret = Command(workspace.root), tmp_path / "pass"
    secret.write_text(PASSPHRASE)
    before = command.well("models", "live", "--site", SITE, "--json").json
    assert [one["version"] for one in before["running"]] == ["2"]
    words = ("models", "rollback", TARGET, "--site", SITE, "--signer", "clara", "--passphrase-file", secret, "--drill")
    done = command.well(*words, "--json").json
    assert (done["outcome"], done["answered"], done["drill"]) == ("rolled back", f"{TARGET}@1", True)
    started = workspace.lifecycle.deployment(done["resumed"]["deployment"]).started_at
    assert [one["version"] for one in command.well("models", "live", "--site", SITE, "--json").json["running"]] == ["1"]
    past = command.well("models", "live", "--site", SITE, "--at", started, "--json").json
    assert [one["version"] for one in past["running"]] == ["1"]
    assert "nothing was live" in command.well("models", "live", "--site", SITE, "--at", "2020-01-01").out
    again = command(*words, "--reason", "and back")
    assert again.code == 0
    command.well("models", "lapse", f"{TARGET}@1", "--signer", "clara", "--passphrase-file", secret, "--reason", "over")
    stopped = command(*words)
    assert (stopped.code, "nothing runs again" in stopped.out) == (1, True)
    assert command("models", "live", "--site", SITE, "--at", "yesterday").code == 2


def test_every_command_of_the_page_on_releases_ends_as_the_page_says(
    prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(prepared, tmp_path / "workspace")
    (tmp_path / "staff.pass").write_text(PASSPHRASE)
    monkeypatch.chdir(tmp_path)
    command, page = Command(tmp_path / "workspace"), Path(__file__).parents[3] / "docs/how-to/release.md"
    found = steps(page.read_text())
    assert len(found) > 15
    for step in found:
        overread, *words = shlex.split(step.text)
        done = command(*words)
        assert (overread, done.code) == ("overread", step.code), f"{step.text}: {done.code} {done.out}{done.err}"
    assert command.well("models", "show", f"{TARGET}@2", "--json").json["approval"]["tier"] == "medium"
    assert "countersigned by quinn" in command.well("models", "show", f"{TARGET}@2").out
