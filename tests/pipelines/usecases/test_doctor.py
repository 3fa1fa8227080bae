"""The doctor: what it calls sound is sound, and what is wrong it finds."""

import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fakes import FakeClock
from intake_workspace import empty_workspace
from monitored import take
from services import free_port

from pipelines.bootstrap import Workspace
from pipelines.doctor import machine
from pipelines.doctor.finding import Finding, State, exit_code
from pipelines.doctor.machine import CODECS, KEYS
from pipelines.doctor.people import PEOPLE
from pipelines.doctor.record import RECORD
from pipelines.doctor.stores import STORES
from pipelines.doctor.time_service import kernel_state, time_service
from pipelines.security.floors import Floor, below_floor, read_floors
from pipelines.telemetry import TELEMETRY_OFF
from pipelines.usecases.doctor import examine
from pipelines.usecases.stored_contract import stored_contract
from registry.database import writing
from registry.domain.errors import ExitCode, WrongSecretError
from registry.domain.person import LOCAL_ADMINISTRATOR, PersonRole
from registry.schema import ReportRow

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


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Switch usage reporting off, as every command does."""
    for name, value in TELEMETRY_OFF.items():
        monkeypatch.setenv(name, value)


def findings(workspace: Workspace) -> dict[str, Finding]:
    """Examine a workspace."""
    clock = FakeClock()
    clock.advance(days=1)
    return {one.what: one for one in examine(workspace.root, clock)}


def test_a_fresh_workspace_is_sound_from_end_to_end(workspace: Workspace) -> None:
    found = findings(workspace)
    assert {one.what: one.says for one in found.values() if one.state not in {State.OK, State.WATCH}} == {}
    assert found.keys() >= {
        "settings",
        *RECORD,
        *PEOPLE,
        *STORES,
        *KEYS,
        "disk",
        "clock",
        "telemetry",
        "versions",
        *CODECS,
    }
    assert exit_code(found.values()) == ExitCode.DONE
    assert found["durability"].says == "journal_mode wal, synchronous 2"


def test_vacant_roles_locked_accounts_and_a_review_that_is_due_are_to_be_looked_at(workspace: Workspace) -> None:
    workspace.people.add("erin", "Erin", (PersonRole.ENGINEER,), "three horses read the magnet", LOCAL_ADMINISTRATOR)
    for _ in range(5):
        with pytest.raises(WrongSecretError):
            workspace.people.unlock("erin", "not the right passphrase")
    clock = FakeClock()
    clock.advance(minutes=1)
    found = {one.what: one for one in examine(workspace.root, clock)}
    assert {found[name].state for name in PEOPLE} == {State.WATCH}
    assert "the role 'clinical lead' is vacant (nobody holds it)" in found["roles"].says
    assert "erin until 2026-03-02T09:15" in found["accounts"].says
    assert "never yet" in found["credentials"].says
    assert findings(workspace)["accounts"].state == State.OK, "a lock that is over is none"


def test_a_key_that_others_may_read_or_that_is_gone_fails(workspace: Workspace) -> None:
    key = workspace.root / "keys" / "pseudonym.key"
    key.chmod(0o644)
    found = findings(workspace)["keys/pseudonym.key"]
    assert (found.state, found.says) == (State.FAILED, "mode 644: chmod 600 it")
    key.unlink()
    found = findings(workspace)
    assert found["keys/pseudonym.key"].says == "missing: restore it from its backup"
    assert found["ledger"].state == State.NOT_RUN, "what could not be checked is not green"
    assert exit_code(found.values()) == ExitCode.ANSWER_IS_NO


def test_a_segment_that_is_gone_fails_and_one_that_nothing_refers_to_is_counted(workspace: Workspace) -> None:
    (segment,) = (workspace.root / "segments" / "acquisitions").iterdir()
    other = segment.with_name(f"{'0' * 64}.parquet")
    other.write_bytes(segment.read_bytes())
    assert findings(workspace)["segments"].says.endswith("; 1 unreferenced")
    segment.unlink()
    found = findings(workspace)["segments"]
    assert found.state == State.FAILED
    assert "missing" in found.says


def test_an_object_that_was_changed_fails(workspace: Workspace) -> None:
    digest = workspace.objects.put(b"a report")
    report = {"model": "m", "version": "1", "period": "2026-Q1", "format": "pdf", "digest": digest}
    with writing(workspace.engine) as session:
        session.add(ReportRow(**report, issued_at="2026-03-02T09:00:00.000000Z", event_seq=0))
    assert findings(workspace)["objects"].says == "1 named objects are there with their bytes"
    place = workspace.objects.path(digest)
    place.chmod(0o600)
    place.write_bytes(b"another report")
    assert findings(workspace)["objects"].state == State.FAILED


def test_a_ledger_that_does_not_prove_itself_fails(workspace: Workspace) -> None:
    with sqlite3.connect(workspace.root / "overread.db") as database:
        database.execute("update ledger_entries set at = '2020-01-01T00:00:00.000000Z' where seq = 1")
    assert findings(workspace)["ledger"].state == State.FAILED


def test_a_database_that_does_not_answer_is_unreachable_and_the_rest_did_not_run(workspace: Workspace) -> None:
    nobody = f'url = "postgresql://overread@127.0.0.1:{free_port()}/overread"'
    place = workspace.root / "overread.toml"
    place.write_text(place.read_text().replace('\nurl = ""', f"\n{nobody}"))
    found = findings(workspace)
    assert found["workspace"].state == State.UNREACHABLE
    assert {found[name].state for name in (*RECORD, *STORES)} == {State.NOT_RUN}
    assert exit_code(found.values()) == ExitCode.SERVICE_UNREACHABLE


def test_a_clock_behind_the_newest_event_fails(workspace: Workspace) -> None:
    early = FakeClock(datetime(2026, 1, 5, tzinfo=UTC))
    found = {one.what: one for one in examine(workspace.root, early)}
    assert found["clock"].state == State.FAILED


@pytest.mark.parametrize(
    ("said", "state", "words"),
    [
        (None, State.WATCH, "the kernel does not say"),
        ((5, 16_000_000), State.WATCH, "none keeps the clock"),
        ((0, 12_400), State.OK, "within 12 ms"),
    ],
)
def test_a_clock_that_no_time_service_keeps_is_to_be_looked_at(
    said: tuple[int, int] | None, state: State, words: str
) -> None:
    (found,) = time_service(lambda: said)
    assert (found.state, words in found.says) == (state, True)


def test_the_kernel_says_whether_a_time_service_keeps_the_clock() -> None:
    found = kernel_state()
    assert found is None or (0 <= found[0] <= 5 and found[1] >= 0)


def test_reporting_that_is_not_off_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [*machine.telemetry()]
    monkeypatch.delenv("DO_NOT_TRACK")
    assert [one.state for one in (*found, *machine.telemetry())] == [State.OK, State.FAILED]


@pytest.mark.parametrize("floor", read_floors(), ids=lambda floor: floor.package)
def test_what_is_installed_is_not_below_its_floor(floor: Floor) -> None:
    assert below_floor(floor, machine.version_of(floor.package)) == ""


def test_a_canary_below_its_floor_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "version_of", {"mlflow": "3.9.0", "torch": "2.10.0+cpu"}.get)
    (found,) = machine.versions()
    assert found.state == State.FAILED
    assert found.says.startswith("mlflow 3.9.0 is below 3.17.0 (CVE-2026-115886: ")


def test_an_empty_table_of_floors_is_refused(tmp_path: Path) -> None:
    (tmp_path / "floors.toml").write_text("")
    with pytest.raises(ValueError, match="empty"):
        read_floors(tmp_path / "floors.toml")


def test_the_stored_table_is_held_to_its_contract(workspace: Workspace) -> None:
    assert stored_contract(workspace, "acquisitions").success
    other = ROW | {"series_uid": "2.25.12", "patient": "p:" + "1" * 32}
    take(workspace, "acquisitions", [other])
    broken = stored_contract(workspace, "acquisitions")
    assert [failure.columns for failure in broken.failures] == [("patient", "study_uid")], "one study of two patients"
    assert broken.rows == 2
