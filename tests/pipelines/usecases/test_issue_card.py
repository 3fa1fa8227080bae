"""Cards of a really trained and validated version, by the command line."""

import json
from pathlib import Path
from zipfile import ZipFile

import pytest
from chai_structure import chai_faults
from command import Command
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from intake_workspace import TARGET
from trained_workspace import ERIN, reopened

from pipelines.bootstrap import Workspace
from pipelines.usecases.issue_card import FORMATS, write_card
from registry.cards.chai import NAMESPACE
from registry.cards.issue import card_now, declare
from registry.domain.card import FieldKind
from registry.domain.errors import AnswerIsNoError

NAME = f"{TARGET}@1"


@pytest.fixture(scope="module")
def command(own: Workspace, own_root: Path) -> Command:
    """Return `overread` in the trained workspace."""
    del own
    return Command(own_root / "workspace")


def test_the_card_holds_exactly_what_was_measured(own: Workspace) -> None:
    card, _ = card_now(own.lifecycle.record, TARGET, "1")
    (stored, *_) = own.lifecycle.evaluations(TARGET, "1")
    (test,) = card.fields["validity_internal"].value
    assert test["metrics"] == [one for one in stored.record["metrics"] if ":" not in one["name"]]
    cohort = own.cohorts.get("train")
    assert card.fields["training_data"].value["patients"] == len(cohort.patients())
    assert card.fields["training_criteria"].value["selection"] == list(cohort.selection)
    assert card.fields["validity_external"].kind is FieldKind.UNKNOWN


@pytest.mark.parametrize("as_format", sorted(FORMATS))
def test_every_format_is_written_twice_alike(command: Command, tmp_path: Path, as_format: str) -> None:
    first, again = tmp_path / "first", tmp_path / "again"
    one = command.well("card", NAME, "--format", as_format, "--out", first, "--json").json
    two = command.well("card", "show", NAME, "--format", as_format, "--out", again, "--json").json
    assert first.read_bytes() == again.read_bytes()
    assert (one["card"], one["event_seq"], one["digest"]) == (two["card"], two["event_seq"], two["digest"])


def test_the_formats_of_a_trained_version_are_valid(own: Workspace, tmp_path: Path) -> None:
    chai = write_card(own, TARGET, "1", "chai", tmp_path / "card.xml")
    assert chai_faults(chai.file.read_text(), NAMESPACE) == []
    bom = write_card(own, TARGET, "1", "cyclonedx", tmp_path / "card.json")
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(bom.file.read_text()) is None
    hti1 = json.loads(write_card(own, TARGET, "1", "hti1", tmp_path / "hti1.json").file.read_text())
    assert len(hti1["attributes"]) == 31


def test_a_declared_auc_other_than_the_measured_one_ends_with_1(own_root: Path, own: Workspace) -> None:
    del own
    workspace = reopened(own_root)
    (stored, *_) = workspace.lifecycle.evaluations(TARGET, "1")
    auc = float(next(one["value"] for one in stored.record["metrics"] if one["name"] == "auc"))
    wrong = {"claims": [{"metric": "auc", "on": "internal", "value": format((auc + 0.5) % 1, ".3f")}]}
    with pytest.raises(AnswerIsNoError, match="contradicts what was measured") as caught:
        declare(workspace.lifecycle.record, TARGET, "1", wrong, ERIN)
    assert caught.value.exit_code == 1


def test_the_evidence_holds_the_card_and_what_was_declared(own_root: Path, own: Workspace, tmp_path: Path) -> None:
    from dashboards.bundle.verify import verify_evidence
    from pipelines.usecases.export_evidence import export_evidence

    workspace = reopened(own_root)
    kept = declare(workspace.lifecycle.record, TARGET, "1", {"fields": {"summary": "a second reader"}}, ERIN)
    export_evidence(workspace, TARGET, "1", "2026", tmp_path / "evidence.zip")
    with ZipFile(tmp_path / "evidence.zip") as file:
        names = set(file.namelist())
    assert f"cards/{kept.card.digest[7:]}.json" in names
    assert f"declarations/{kept.card.declared['digest'][7:]}.json" in names
    assert verify_evidence(tmp_path / "evidence.zip", own.ledger.public_vkey).faults == ()


def test_lint_lists_what_is_unknown_and_ends_with_1(command: Command) -> None:
    done = command("card", "lint", NAME, "--profile", "chai", "--json")
    assert done.code == 1
    found = {one["where"]: one["code"] for one in done.json["findings"]}
    assert found["funding_source"] == "CRD005"
    assert "validity_internal" not in found


def test_declaring_without_a_login_ends_with_5(command: Command, tmp_path: Path) -> None:
    file = tmp_path / "card.toml"
    file.write_text('[fields]\nintended_use = "a second reader"\n')
    done = command("card", "declare", NAME, "--file", file)
    assert (done.code, done.line.partition(",")[0]) == (5, "overread: a declaration names a person")


def test_a_word_that_is_no_command_is_a_model(command: Command) -> None:
    done = command("card", "nobody")
    assert (done.code, done.line.partition(":")[2].strip().startswith("unknown model 'nobody'")) == (2, True)


def test_a_vendors_card_is_linted_from_its_file(command: Command, tmp_path: Path) -> None:
    file = tmp_path / "vendor.xml"
    file.write_text(
        "<AppliedModelCard><Warnings><KnownBiasesOrEthicalConsiderations>None</KnownBiasesOrEthicalConsiderations>"
        "</Warnings></AppliedModelCard>"
    )
    done = command("card", "lint", "--file", file, "--json")
    assert (done.code, [one["code"] for one in done.json["findings"]]) == (1, ["CRD001"])
    assert command("card", "lint").code == command("card", "lint", NAME, "--file", file).code == 2
