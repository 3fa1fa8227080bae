from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from registry.domain.errors import NotAllowedError
from registry.ledger.log_key import LogKey


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "keys" / "log.pem"


def test_a_key_survives_its_file(place: Path) -> None:
    made = LogKey.make(place)
    assert LogKey.load(place).public_vkey == made.public_vkey
    assert place.stat().st_mode & 0o777 == 0o600


def test_the_name_is_the_origin_and_follows_from_the_key(place: Path) -> None:
    made = LogKey.make(place)
    assert made.name == LogKey.load(place).name
    assert made.name.startswith("overread.local/")
    assert len(made.name) == len("overread.local/") + 16
    assert made.public_vkey.startswith(made.name + "+")


def test_a_key_is_never_overwritten(place: Path) -> None:
    before = LogKey.make(place).public_vkey
    with pytest.raises(NotAllowedError, match="already there"):
        LogKey.make(place)
    assert LogKey.load(place).public_vkey == before


def test_a_missing_key_is_not_replaced_by_a_new_one(place: Path) -> None:
    with pytest.raises(NotAllowedError, match="missing"):
        LogKey.load(place)
    assert not place.exists()


def test_a_key_that_others_can_read_is_refused(place: Path) -> None:
    LogKey.make(place)
    place.chmod(0o644)
    with pytest.raises(NotAllowedError, match="0600"):
        LogKey.load(place)


def test_a_file_that_is_no_ed25519_key_is_refused(place: Path) -> None:
    place.parent.mkdir()
    other = generate_private_key(SECP256R1())
    for data in (b"not a key", other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())):
        place.write_bytes(data)
        place.chmod(0o600)
        with pytest.raises(NotAllowedError, match="log key"):
            LogKey.load(place)
