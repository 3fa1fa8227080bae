"""Time stamps of checkpoints (RFC 3161), by a local authority of openssl."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from ledgers import fill, open_ledger
from time_authorities import LocalAuthority, new_authority

from registry.domain.errors import IncompleteError, LedgerBrokenError, UnreadableFileError
from registry.ledger.checkpoint import Checkpoint
from registry.ledger.log_key import LogKey
from registry.ledger.stamps import Stamps
from registry.ledger.store import Ledger
from registry.ledger.timestamps import imprint_of, read_authority, request_for, stamped_at
from registry.ledger.verify import verify_ledger

KEY = LogKey.generate()
pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="needs the openssl program")


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> LocalAuthority:
    return new_authority(tmp_path_factory.mktemp("authority") / "tsa")


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    found = open_ledger(f"sqlite:///{tmp_path}/record.db", KEY)
    fill(found, [3])
    return found


def newest(ledger: Ledger) -> Checkpoint:
    found = ledger.latest_checkpoint()
    assert found is not None
    return found.checkpoint


def test_a_stamped_checkpoint_tells_its_time_and_openssl_agrees(
    ledger: Ledger, authority: LocalAuthority, tmp_path: Path
) -> None:
    checkpoint = newest(ledger)
    answer = authority.answer(request_for(checkpoint.to_text()))
    stamps = Stamps(tmp_path / "stamps", read_authority(authority.pem))
    at = stamps.take(checkpoint, answer)
    assert stamps.check(checkpoint) == at
    report = verify_ledger(ledger.engine, KEY.public_vkey, stamps=stamps)
    assert report.verdict == "VERIFIED"
    assert report.warnings[-1].startswith(f"the first 3 events existed at {at:%Y-%m-%dT%H:%M}")
    (tmp_path / "text").write_text(checkpoint.to_text())
    command = ["openssl", "ts", "-verify", "-data", tmp_path / "text", "-in", tmp_path / "stamps" / "3.tsr"]
    done = subprocess.run([*command, "-CAfile", authority.folder / "ca.pem"], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_token_over_another_checkpoint_is_refused_and_found(
    ledger: Ledger, authority: LocalAuthority, tmp_path: Path
) -> None:
    other = Checkpoint(KEY.name, 3, bytes(32))
    answer = authority.answer(request_for(other.to_text()))
    stamps = Stamps(tmp_path / "stamps", read_authority(authority.pem))
    with pytest.raises(LedgerBrokenError, match="does not hold"):
        stamps.take(newest(ledger), answer)
    (tmp_path / "stamps").mkdir()
    (tmp_path / "stamps" / "3.tsr").write_bytes(answer)
    assert verify_ledger(ledger.engine, KEY.public_vkey, stamps=stamps).verdict == "BROKEN"


def test_a_token_by_another_authority_of_the_same_name_is_refused(
    ledger: Ledger, authority: LocalAuthority, tmp_path: Path
) -> None:
    stranger = new_authority(tmp_path / "stranger")
    text = newest(ledger).to_text()
    with pytest.raises(LedgerBrokenError, match="does not hold"):
        stamped_at(stranger.answer(request_for(text)), text, read_authority(authority.pem))


def test_a_certificate_that_may_do_other_things_is_not_pinned(authority: LocalAuthority, tmp_path: Path) -> None:
    for number, usage in enumerate(("timeStamping", "critical,timeStamping,serverAuth", "critical,serverAuth")):
        with pytest.raises(UnreadableFileError, match="time stamping alone"):
            read_authority(new_authority(tmp_path / str(number), usage).pem)
    with pytest.raises(UnreadableFileError, match="lacks"):
        read_authority((authority.folder / "tsa.pem").read_bytes())
    with pytest.raises(UnreadableFileError, match="no certificates"):
        read_authority(b"none")


def test_every_changed_byte_of_a_token_is_noticed_or_changes_nothing_that_is_said(
    ledger: Ledger, authority: LocalAuthority
) -> None:
    text = newest(ledger).to_text()
    answer = authority.answer(request_for(text))
    pinned = read_authority(authority.pem)
    at = stamped_at(answer, text, pinned)
    for place in range(0, len(answer), 97):
        changed = bytearray(answer)
        changed[place] ^= 1
        try:
            assert stamped_at(bytes(changed), text, pinned) == at
        except LedgerBrokenError:
            continue


def test_without_the_extra_or_a_pinned_authority_it_says_that_nothing_was_checked(
    ledger: Ledger, authority: LocalAuthority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = authority.answer(request_for(newest(ledger).to_text()))
    (tmp_path / "stamps").mkdir()
    (tmp_path / "stamps" / "3.tsr").write_bytes(answer)
    for stamps in (Stamps(tmp_path / "stamps", None), Stamps(tmp_path / "stamps", read_authority(authority.pem))):
        report = verify_ledger(ledger.engine, KEY.public_vkey, stamps=stamps)
        assert report.verdict == "VERIFIED"
        assert "not checked" in report.warnings[-1] or stamps.authority is not None
        monkeypatch.setitem(sys.modules, "rfc3161_client", None)
    with pytest.raises(IncompleteError, match="pip install"):
        request_for("x")
    assert "not checked" in verify_ledger(ledger.engine, KEY.public_vkey, stamps=stamps).warnings[-1]


def test_what_is_no_answer_is_refused() -> None:
    for answer in (b"", b"\x30\x00", b"no"):
        with pytest.raises(LedgerBrokenError):
            imprint_of(answer)
