import logging
import shutil
from pathlib import Path

import pytest
from ledgers import fill, open_ledger

from registry.domain.errors import LedgerBrokenError
from registry.ledger.checkpoint import open_checkpoint
from registry.ledger.copy import CheckpointCopy
from registry.ledger.log_key import LogKey
from registry.ledger.store import Ledger
from registry.ledger.verify import verify_ledger

KEY = LogKey.generate()


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return tmp_path / "outside" / "checkpoint.txt"


@pytest.fixture
def ledger(tmp_path: Path, copy: Path) -> Ledger:
    return open_ledger(f"sqlite:///{tmp_path}/record.db", KEY, copy_to=copy)


def copied_size(copy: Path) -> int:
    return open_checkpoint(copy.read_text("utf-8"), KEY.public_vkey).size


def test_the_newest_checkpoint_is_copied_after_every_commit(ledger: Ledger, copy: Path) -> None:
    for size in (1, 2):
        fill(ledger, [1])
        assert copied_size(copy) == size
    newest = ledger.latest_checkpoint()
    assert newest is not None
    assert copy.read_text("utf-8") == newest.note


def test_a_transaction_that_fails_leaves_the_copy_alone(ledger: Ledger, copy: Path) -> None:
    with pytest.raises(KeyError), ledger.transaction():
        raise KeyError
    assert not copy.exists()


def test_a_database_restored_from_an_older_backup_is_refused(ledger: Ledger, tmp_path: Path, copy: Path) -> None:
    fill(ledger, [1])
    ledger.engine.dispose()
    shutil.copy(tmp_path / "record.db", tmp_path / "backup.db")
    fill(ledger, [1])
    ledger.engine.dispose()
    shutil.copy(tmp_path / "backup.db", tmp_path / "record.db")
    restored = open_ledger(f"sqlite:///{tmp_path}/record.db", KEY, copy_to=copy)
    assert restored.head().size == 1
    with pytest.raises(LedgerBrokenError, match="copied"):
        fill(restored, [1])
    assert copied_size(copy) == 2


def test_a_database_cut_back_to_an_older_state_proves_nothing_and_is_found(
    ledger: Ledger, tmp_path: Path, copy: Path
) -> None:
    fill(ledger, [1])
    ledger.engine.dispose()
    shutil.copy(tmp_path / "record.db", tmp_path / "backup.db")
    fill(ledger, [1])
    beside = CheckpointCopy(copy, KEY.public_vkey)
    assert verify_ledger(ledger.engine, KEY.public_vkey, None, beside).verdict == "VERIFIED"
    ledger.engine.dispose()
    shutil.copy(tmp_path / "backup.db", tmp_path / "record.db")
    with pytest.raises(LedgerBrokenError, match="copied"):
        ledger.prove(0)
    report = verify_ledger(ledger.engine, KEY.public_vkey, None, beside)
    assert (report.verdict, report.broken_at) == ("BROKEN", 1)
    assert "the copied checkpoint covers 2 events, only 1 are here" in report.why
    copy.write_text("no note")
    assert "the copied checkpoint: " in verify_ledger(ledger.engine, KEY.public_vkey, None, beside).why


def test_an_emptied_database_is_refused_and_never_begun_anew(ledger: Ledger, tmp_path: Path, copy: Path) -> None:
    fill(ledger, [1])
    fresh = open_ledger(f"sqlite:///{tmp_path}/other.db", KEY, copy_to=copy)
    with pytest.raises(LedgerBrokenError, match="copied"):
        fill(fresh, [1])


def test_another_history_of_the_same_length_is_refused(ledger: Ledger, tmp_path: Path, copy: Path) -> None:
    fill(ledger, [1])
    other = open_ledger(f"sqlite:///{tmp_path}/other.db", KEY)
    fill(other, [1])
    with pytest.raises(LedgerBrokenError, match="copied"):
        fill(open_ledger(f"sqlite:///{tmp_path}/other.db", KEY, copy_to=copy), [1])


def test_a_copy_that_fell_behind_in_a_crash_is_caught_up(ledger: Ledger, copy: Path) -> None:
    fill(ledger, [1])
    before = copy.read_bytes()
    fill(ledger, [1])
    copy.write_bytes(before)
    fill(ledger, [1])
    assert copied_size(copy) == 3


@pytest.mark.parametrize("content", [b"", b"not a note", b"\xff\xfe"])
def test_a_copy_that_is_no_checkpoint_is_refused(ledger: Ledger, copy: Path, content: bytes) -> None:
    fill(ledger, [1])
    copy.write_bytes(content)
    with pytest.raises(LedgerBrokenError):
        fill(ledger, [1])
    assert ledger.head().size == 1


def test_a_copy_that_cannot_be_written_is_logged_and_the_event_stands(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("in the way")
    ledger = open_ledger(f"sqlite:///{tmp_path}/record.db", KEY, copy_to=tmp_path / "file" / "checkpoint.txt")
    with caplog.at_level(logging.WARNING):
        fill(ledger, [1])
    assert ledger.head().size == 1
    assert "was not written" in caplog.text
