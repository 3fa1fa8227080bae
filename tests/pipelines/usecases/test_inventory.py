"""The inventory by the command line: own and third-party models; what is not run here is still monitored here."""

import shlex
import sys
from pathlib import Path

import pytest
from command import PASSPHRASE, Command
from intake_workspace import TARGET
from monitored import MODEL, monitored_workspace

sys.path.insert(0, str(Path(__file__).parents[2] / "docs"))
from pages import steps
from worlds import teach

from pipelines.bootstrap import Workspace
from pipelines.usecases.inventory import inventory
from registry.domain.person import LOCAL_ADMINISTRATOR, PersonRole
from registry.schema import SiteRow

PAGE = Path(__file__).parents[3] / "docs/how-to/inventory.md"
WORDS = ("--vendor", "ACME", "--product", "ACME Nodule", "--version", "1", "--regulatory-id", "K222329")
ALSO = ("--target", MODEL, "--udi", "(01)0123", "--also", "owner=The chest group", "--also", "intended_use=triage")


@pytest.fixture(scope="module")
def command(tmp_path_factory: pytest.TempPathFactory) -> Command:
    """Return `overread` where the results of a third party's model came in by file."""
    root = tmp_path_factory.mktemp("inventory") / "workspace"
    workspace = monitored_workspace(root, days=12)
    for person, role in (("erin", PersonRole.ENGINEER), ("clara", PersonRole.CLINICAL_LEAD)):
        workspace.people.add(person, person.title(), (role,), PASSPHRASE, LOCAL_ADMINISTRATOR)
        teach(workspace.people, person)
    with workspace.ledger.transaction() as tx:
        tx.session.merge(SiteRow(site="general", time_zone="UTC"))
    found = Command(root)
    found.well("login", "erin", "--passphrase-file", found.secret)
    found.well("models", "register-external", MODEL, *WORDS, *ALSO)
    return found


def test_the_inventory_names_vendor_owner_use_and_state(command: Command) -> None:
    one = command.well("models", "inventory", "--json").json["models"][-1]
    said = {key: one[key] for key in ("vendor", "product", "owner", "intended_use", "regulatory_id", "udi", "tier")}
    assert said == {
        "vendor": "ACME",
        "product": "ACME Nodule",
        "owner": "The chest group",
        "intended_use": "triage",
        "regulatory_id": "K222329",
        "udi": "(01)0123",
        "tier": None,
    }
    assert (one["state"], one["artifact_digest"], one["runs_here"]) == ("external", None, False)


def test_it_is_deployed_and_stopped_on_record(command: Command) -> None:
    signed = ("--site", "general", "--signer", "clara", "--passphrase-file", command.secret)
    command.well("models", "deploy", f"{MODEL}@1", "--mode", "live", *signed)
    assert command.well("models", "inventory", "--json").json["models"][-1]["sites"] == ["general: live"]
    done = command.well("models", "stop", f"{MODEL}@1", "--fallback", "read without AI", *signed, "--json")
    assert done.json["state"] == "stopped"
    assert command.well("models", "inventory", "--json").json["models"][-1]["sites"] == []


def test_predict_says_plainly_that_it_is_not_run_here(command: Command, tmp_path: Path) -> None:
    done = command("predict", MODEL, tmp_path, "--site", "general")
    assert done.code == 2
    assert done.line.startswith(f"overread: {MODEL} is ACME Nodule of ACME: Overread does not run it")


def test_its_results_are_monitored_like_any_others(command: Command) -> None:
    run = command.well("monitor", "run", "--model", MODEL, "--as-of", "2026-06-01", "--json").json
    assert run["model"] == MODEL
    assert any(signal["n"] for signal in run["signals"])


def test_a_result_of_it_walks_back_to_what_the_vendor_declares(command: Command) -> None:
    found = command.well("lineage", "back", "a0", "--json").json
    assert found["model"]["registered"] is False
    assert (found["model"]["external"]["vendor"], found["fitted_on"]) == ("ACME", [])


def test_an_unknown_pair_ends_with_2(command: Command) -> None:
    assert command("models", "register-external", "other", *WORDS, "--target", MODEL, "--also", "colour=blue").code == 2


def test_every_command_of_the_page_ends_as_the_page_says(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(command.secret.parent)
    for step in steps(PAGE.read_text()):
        program, *words = shlex.split(step.text)
        done = command(*words)
        assert (program, done.code) == ("overread", step.code), f"{step.text}: {done.err}"


def test_an_own_version_is_listed_with_its_files_and_where_it_runs(trained: Workspace) -> None:
    one = next(entry for entry in inventory(trained) if (entry.model, entry.version) == (TARGET, "1"))
    assert (one.vendor, one.artifact_digest) == ("in-house", trained.lifecycle.version(TARGET, "1").artifact_digest)
    assert set(one.sites) >= {"elsewhere: shadow"}
    assert (one.to_json()["runs_here"], one.tier) == (True, "medium")
