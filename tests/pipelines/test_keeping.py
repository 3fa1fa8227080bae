"""The ledger is kept: archived whole, restored into an empty system and verified there, held, and classed."""

import shutil
from pathlib import Path

import pytest
from command import Command, new_workspace

from dashboards.bundle.archive import pack, unpack
from dashboards.bundle.form import EVENTS, MANIFEST, NOTE
from pipelines.bootstrap import open_workspace
from registry.audit.retention import DOCUMENTS, LOGS, PEOPLE, TRAIL, class_of
from registry.domain.event import EVENT_TYPES
from registry.erasure import ERASABLE


@pytest.fixture(scope="module")
def command(tmp_path_factory: pytest.TempPathFactory) -> Command:
    """Return a workspace that the tests of this module share."""
    return new_workspace(tmp_path_factory.mktemp("kept"))


@pytest.fixture(scope="module")
def archive(command: Command, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an archive of it."""
    place = tmp_path_factory.mktemp("archive") / "ledger.zip"
    command.well("audit", "archive", "--out", place)
    return place


def newest(command: Command) -> tuple[str, dict[str, object]]:
    ledger = open_workspace(command.root).ledger
    (event,) = ledger.events(1)
    return event.record["type"], ledger.payload(event.seq) or {}


def signed(command: Command, *words: object) -> object:
    return command(*words, "--signer", "quality", "--passphrase-file", command.secret, "--reason", "case 7")


def session_opened(command: Command) -> int:
    events = command.well("audit", "list", "--last", "500", "--json").json["events"]
    return next(event["seq"] for event in events if event["type"] == "session.opened")


def test_an_archive_is_restored_into_an_empty_system_and_verified_and_told(command: Command, archive: Path) -> None:
    done = command.well("audit", "drill", archive, "--json").json
    assert (done["verdict"], done["fault"]) == ("VERIFIED", "")
    assert newest(command) == (
        "retention.drilled",
        {"digest": done["digest"], "events": done["events"], "verdict": "VERIFIED", "fault": ""},
    )


def test_the_same_size_gives_the_same_archive(command: Command, archive: Path, tmp_path: Path) -> None:
    size = unpack(archive)[EVENTS].count(b"\n")
    command.well("audit", "archive", "--at", size, "--out", tmp_path / "again.zip")
    assert (tmp_path / "again.zip").read_bytes() == archive.read_bytes()


@pytest.mark.parametrize("name", [EVENTS, MANIFEST, NOTE, "more"])
def test_a_changed_archive_does_not_pass_the_drill_and_that_is_told(
    command: Command, archive: Path, tmp_path: Path, name: str
) -> None:
    files = unpack(archive)
    data = files.get(name, b"x\n\n")
    place = tmp_path / "changed.zip"
    place.write_bytes(pack(files | {name: data[:-3] + bytes([data[-3] ^ 1]) + data[-2:]}))
    assert command("audit", "drill", place).code == 1
    kind, told = newest(command)
    assert (kind, told["verdict"]) == ("retention.drilled", "BROKEN")


def test_another_ledgers_archive_does_not_pass(command: Command, tmp_path: Path) -> None:
    other = new_workspace(tmp_path / "other") if (tmp_path / "other").mkdir() is None else command
    other.well("audit", "archive", "--out", tmp_path / "other.zip")
    assert command("audit", "drill", tmp_path / "other.zip").code == 1


def test_an_archive_after_an_erasure_is_restored_with_its_tombstone(command: Command, tmp_path: Path) -> None:
    shutil.copytree(command.root.parent, tmp_path / "copy")
    copy = Command(tmp_path / "copy" / command.root.name)
    assert signed(copy, "audit", "erase", session_opened(copy)).code == 0  # type: ignore[attr-defined]
    copy.well("audit", "archive", "--out", tmp_path / "erased.zip")
    assert copy.well("audit", "drill", tmp_path / "erased.zip", "--json").json["verdict"] == "VERIFIED"


def test_what_is_held_is_not_erased_until_the_hold_is_released(command: Command, tmp_path: Path) -> None:
    shutil.copytree(command.root.parent, tmp_path / "copy")
    copy = Command(tmp_path / "copy" / command.root.name)
    seq = session_opened(copy)
    assert signed(copy, "audit", "hold", "case-7", "--first", seq, "--last", seq).code == 0  # type: ignore[attr-defined]
    refused = signed(copy, "audit", "erase", seq)
    assert refused.code == 5  # type: ignore[attr-defined]
    assert "is held by 'case-7'" in refused.line  # type: ignore[attr-defined]
    assert [one["name"] for one in copy.well("audit", "retention", "--json").json["holds"]] == ["case-7"]
    assert signed(copy, "audit", "hold", "case-7", "--first", "0").code == 2  # type: ignore[attr-defined]
    assert signed(copy, "audit", "hold", "case-8", "--release").code == 2  # type: ignore[attr-defined]
    assert signed(copy, "audit", "hold", "case-7", "--release").code == 0  # type: ignore[attr-defined]
    assert signed(copy, "audit", "erase", seq).code == 0  # type: ignore[attr-defined]
    assert copy.well("audit", "verify", "--json").json["verdict"] == "VERIFIED"


def test_an_engineer_holds_nothing(command: Command) -> None:
    words = ("audit", "hold", "case-9", "--signer", "engineer", "--passphrase-file", command.secret, "--reason", "x")
    assert command(*words).code == 5


def test_each_type_has_a_class_with_its_source_and_what_may_be_erased_is_a_log() -> None:
    assert {class_of(kind) for kind in EVENT_TYPES} == {TRAIL, LOGS, DOCUMENTS, PEOPLE}
    assert {class_of(kind) for kind in ERASABLE} == {LOGS}
    assert all(one.source for one in (TRAIL, LOGS, DOCUMENTS, PEOPLE))
    assert class_of("person.added") == PEOPLE
    assert class_of("evaluation.completed") == DOCUMENTS
    assert class_of("audit.read") == TRAIL


def test_the_classes_are_counted(command: Command) -> None:
    found = command.well("audit", "retention", "--json").json
    total = sum(one["events"] for one in found["classes"])
    assert total == open_workspace(command.root).ledger.head().size
