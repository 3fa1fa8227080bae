"""Whose override it was is shown to two roles with a purpose, and told; so is going back from a pseudonym."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from command import Command
from monitored import MODEL, acquired, monitored_workspace, predictions, take, uid

from pipelines.bootstrap import Workspace
from pipelines.usecases.audit_query import Question
from pipelines.usecases.export_audit import export_audit
from pipelines.usecases.list_overrides import MASK, MAY_NAME, Overrides, list_overrides
from pipelines.usecases.reveal_identity import MAY_ASK, reveal
from registry.domain.errors import NotAllowedError, UsageError
from registry.domain.instants import instant_text
from registry.domain.person import Actor, PersonRole
from registry.domain.pseudonym import Identifier

DAYS, PER_DAY = 3, 4
READERS = ("p:" + "a" * 32, "p:" + "b" * 32)


def reads() -> list[dict[str, Any]]:
    """Return a read of every prediction: every third one overrides it, every fourth never saw it."""
    return [
        {
            "read_id": f"{row:032x}",
            "study_uid": uid(row),
            "target": said["target"],
            "unit": said.get("unit", "study"),
            "unit_uid": said.get("unit_uid", uid(row)),
            "reader": READERS[row % 2],
            "read_at": instant_text(acquired(row, DAYS, PER_DAY) + timedelta(hours=2)),
            "decision": said["decision"] != (row % 3 == 0),
            "prediction_id": said["prediction_id"],
            "ai_shown": row % 4 != 3,
        }
        for row, said in enumerate(predictions(DAYS, PER_DAY, "live"))
    ]


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Return a workspace with predictions that were read."""
    found = monitored_workspace(tmp_path_factory.mktemp("overrides") / "w", days=DAYS, per_day=PER_DAY)
    take(found, "reads", reads())
    return found


def as_role(workspace: Workspace, role: str, auth: str = "session") -> Workspace:
    return replace(workspace, actor=Actor("somebody", role, auth))


def asked(workspace: Workspace, role: str, purpose: str = "") -> Overrides:
    return list_overrides(as_role(workspace, role), MODEL, Question(), purpose)


def test_the_overrides_are_those_that_differ_from_what_was_shown(workspace: Workspace) -> None:
    expected = [row["read_id"] for number, row in enumerate(reads()) if number % 3 == 0 and number % 4 != 3]
    found = asked(workspace, "engineer")
    assert sorted(row["read_id"] for row in found.rows) == sorted(expected)
    assert found.reactions == sum(number % 4 != 3 for number in range(DAYS * PER_DAY))


@pytest.mark.parametrize("role", PersonRole)
def test_readers_are_named_to_two_roles_with_a_purpose_and_to_nobody_else(
    workspace: Workspace, role: PersonRole
) -> None:
    assert {row["reader"] for row in asked(workspace, role.value).rows} == {MASK}
    if role.value in MAY_NAME:
        named = asked(workspace, role.value, "peer learning")
        assert {row["reader"] for row in named.rows} == set(READERS)
    else:
        with pytest.raises(NotAllowedError, match="does not see readers' names"):
            asked(workspace, role.value, "peer learning")


def test_a_role_that_nobody_proved_names_nobody(workspace: Workspace) -> None:
    with pytest.raises(NotAllowedError):
        list_overrides(as_role(workspace, "clinical lead", "local"), MODEL, Question(), "peer learning")


def test_naming_is_told_with_its_purpose_and_without_a_name(workspace: Workspace) -> None:
    size = workspace.ledger.head().size
    asked(workspace, "oversight", "peer learning")
    asked(workspace, "oversight")
    (newest,) = workspace.ledger.events(1)
    assert (newest.seq, newest.record["type"], newest.record["reason"]) == (size, "readers.named", "peer learning")
    payload = workspace.ledger.payload(newest.seq)
    assert payload == {"model": MODEL, "purpose": "peer learning", "reads": 3}


def test_going_back_finds_the_identifier_and_is_told(workspace: Workspace) -> None:
    pseudonym = workspace.pseudonyms.of(Identifier.PATIENT, "4711")
    lead = as_role(workspace, "clinical lead")
    assert reveal(lead, pseudonym, "patient", ["4710", " 4711 ", ""], "recall of a batch").identifier == "4711"
    (newest,) = workspace.ledger.events(1)
    assert newest.record["subjects"] == [{"kind": "patient", "name": pseudonym, "digest": None}]
    assert b"4711" not in newest.data
    assert "4711" not in str(workspace.ledger.payload(newest.seq))
    assert reveal(lead, pseudonym, "patient", ["1"], "recall of a batch").identifier is None
    assert workspace.ledger.payload(newest.seq + 1) == {
        "kind": "patient",
        "purpose": "recall of a batch",
        "found": False,
        "among": 1,
    }


@pytest.mark.parametrize("role", PersonRole)
def test_only_who_answers_for_patients_or_privacy_goes_back(workspace: Workspace, role: PersonRole) -> None:
    pseudonym = workspace.pseudonyms.of(Identifier.READER, "dr")
    if role.value in MAY_ASK:
        assert reveal(as_role(workspace, role.value), pseudonym, "reader", ["dr"], "why").identifier == "dr"
    else:
        with pytest.raises(NotAllowedError, match="does not go back"):
            reveal(as_role(workspace, role.value), pseudonym, "reader", ["dr"], "why")


@pytest.mark.parametrize(("pseudonym", "kind", "why"), [("x", "patient", "w"), ("p:" + "a" * 32, "name", "w")])
def test_what_is_no_pseudonym_of_a_known_kind_is_refused(
    workspace: Workspace, pseudonym: str, kind: str, why: str
) -> None:
    with pytest.raises(UsageError, match="not a pseudonym"):
        reveal(as_role(workspace, "compliance"), pseudonym, kind, ["x"], why)


def test_going_back_without_a_purpose_is_refused(workspace: Workspace, tmp_path: Path) -> None:
    del tmp_path
    with pytest.raises(UsageError, match="takes a purpose"):
        reveal(as_role(workspace, "compliance"), "p:" + "a" * 32, "patient", ["x"], "  ")


def test_a_batch_is_one_message_for_each_patient_of_its_rows(workspace: Workspace, tmp_path: Path) -> None:
    """Predictions and reads name studies alone: their patients are those of the acquisitions."""
    done = export_audit(workspace, "fhir", Question(), tmp_path / "audit.ndjson")
    found: dict[str, set[str]] = {}
    for line in (tmp_path / "audit.ndjson").read_text().splitlines():
        record = json.loads(line)
        if record["type"]["code"] == "110107":
            (patient,) = [one for one in record["entity"] if one["role"]["code"] == "1"]
            table = next(one["what"]["identifier"]["value"] for one in record["entity"] if one is not patient)
            found.setdefault(table, set()).add(patient["what"]["identifier"]["value"])
    everybody = {f"p:{row:032x}" for row in range(DAYS * PER_DAY)}
    assert found == dict.fromkeys(("acquisitions", "predictions", "reads"), everybody) | {"outcomes": found["outcomes"]}
    assert found["outcomes"] <= everybody
    assert done.records > done.events


def test_the_commands_name_nobody_to_whoever_did_not_log_in(workspace: Workspace, tmp_path: Path) -> None:
    command = Command(workspace.root)
    listed = command.well("audit", "overrides", MODEL)
    assert listed.out.count(f"by {MASK}") == 3
    assert not any(reader in listed.out for reader in READERS)
    assert command("audit", "overrides", MODEL, "--purpose", "curious").code == 5
    (tmp_path / "ids.txt").write_text("4711\n")
    pseudonym = workspace.pseudonyms.of(Identifier.PATIENT, "4711")
    words = ("audit", "whois", pseudonym, "--kind", "patient", "--among", tmp_path / "ids.txt", "--purpose", "why")
    refused = command(*words)
    assert (refused.code, "4711" in refused.out + refused.err) == (5, False)
