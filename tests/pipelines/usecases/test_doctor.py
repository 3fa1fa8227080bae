"""The doctor: what it calls sound is sound, and what is wrong it finds."""

import sqlite3
from pathlib import Path

import pytest
from intake_workspace import empty_workspace
from monitored import take

from pipelines.bootstrap import Workspace
from pipelines.usecases.doctor import CODECS, Finding, examine
from pipelines.usecases.stored_contract import stored_contract

ROW = {
    "series_uid": "2.25.11",
    "study_uid": "2.25.1",
    "patient": "p:" + "0" * 32,
    "site": "general",
    "acquired_at": "2026-03-01T08:00:00.000000Z",
    "modality": "MR",
}


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """Return a workspace with one row of observations."""
    made = empty_workspace(tmp_path / "workspace")
    take(made, "acquisitions", [ROW])
    return made


def findings(workspace: Workspace, *programs: str) -> dict[str, Finding]:
    """Examine a workspace on a machine that has some programs."""
    found = examine(workspace, lambda name: f"bin/{name}" if name in programs else None)
    return {one.what: one for one in found}


def test_a_fresh_workspace_has_nothing_bad(workspace: Workspace) -> None:
    found = findings(workspace)
    assert {one.what for one in found.values() if one.state == "bad"} == set()
    assert found.keys() >= {"segments", "ledger", "keys/ledger.pem", "keys/pseudonym.key", *CODECS}


def test_a_program_that_is_absent_is_noted_and_not_bad(workspace: Workspace) -> None:
    found = findings(workspace, "chromium")
    assert (found["chromium"].state, found["dciodvfy"].state) == ("ok", "note")
    assert "not installed" in found["dciodvfy"].says


def test_a_key_that_others_may_read_is_bad(workspace: Workspace) -> None:
    (workspace.root / "keys" / "pseudonym.key").chmod(0o644)
    found = findings(workspace)["keys/pseudonym.key"]
    assert (found.state, found.says) == ("bad", "mode 644: chmod 600 it")


def test_a_segment_that_is_gone_is_bad(workspace: Workspace) -> None:
    (segment,) = (workspace.root / "segments" / "acquisitions").iterdir()
    segment.unlink()
    found = findings(workspace)["segments"]
    assert found.state == "bad"
    assert "missing" in found.says


def test_a_segment_that_nothing_refers_to_is_counted(workspace: Workspace) -> None:
    (segment,) = (workspace.root / "segments" / "acquisitions").iterdir()
    segment.with_name(f"{'0' * 64}.parquet").write_bytes(segment.read_bytes())
    assert findings(workspace)["segments"].says.endswith("; 1 unreferenced")


def test_a_ledger_that_does_not_prove_itself_is_bad(workspace: Workspace) -> None:
    with sqlite3.connect(workspace.root / "overread.db") as database:
        database.execute("update ledger_entries set at = '2020-01-01T00:00:00.000000Z' where seq = 1")
    assert findings(workspace)["ledger"].state == "bad"


def test_the_stored_table_is_held_to_its_contract(workspace: Workspace) -> None:
    assert stored_contract(workspace, "acquisitions").success
    other = ROW | {"series_uid": "2.25.12", "patient": "p:" + "1" * 32}
    take(workspace, "acquisitions", [other])
    broken = stored_contract(workspace, "acquisitions")
    assert [failure.columns for failure in broken.failures] == [("patient", "study_uid")], "one study of two patients"
    assert broken.rows == 2
