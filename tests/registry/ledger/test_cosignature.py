"""Cosignatures (C2SP tlog-cosignature), held against messages and key ids that are built by hand here."""

import base64
import hashlib
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from registry.ledger.checkpoint import open_checkpoint
from registry.ledger.cosignature import cosign, cosignatures
from registry.ledger.log_key import LogKey
from registry.ledger.note import COSIGNATURE, NoteRefusedError, VerifierKey, signature_line, verify_note

AT = datetime(2023, 3, 20, 13, 32, 27, 999999, tzinfo=UTC)
SECONDS = 1679319147
NAME = "witness.example.com/w1"
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = KEY.public_key().public_bytes_raw()
VKEY = VerifierKey(NAME, PUBLIC, COSIGNATURE).to_text()
LOG = LogKey.generate()
NOTE = LOG.sign(15368405, bytes(range(32)))
TEXT = NOTE.partition("\n\n")[0] + "\n"


def by_hand(message: bytes, seconds: int) -> str:
    """Build a cosignature line as the specification says it, without our own code."""
    key_id = hashlib.sha256(NAME.encode() + b"\n\x04" + PUBLIC).digest()[:4]
    blob = key_id + seconds.to_bytes(8, "big") + KEY.sign(message)
    return f"\N{EM DASH} {NAME} {base64.b64encode(blob).decode()}\n"


def test_a_cosignature_is_byte_for_byte_that_of_the_specification() -> None:
    message = f"cosignature/v1\ntime {SECONDS}\n{TEXT}".encode()
    assert cosign(TEXT, NAME, KEY, AT) == by_hand(message, SECONDS)
    material = base64.b64encode(b"\x04" + PUBLIC).decode()
    key_id = hashlib.sha256(NAME.encode() + b"\n\x04" + PUBLIC).hexdigest()[:8]
    assert f"{NAME}+{key_id}+{material}" == VKEY


def test_a_cosigned_note_is_still_the_logs_checkpoint_and_tells_who_and_when() -> None:
    note = NOTE + cosign(TEXT, NAME, KEY, AT)
    (found,) = cosignatures(note, [VKEY])
    assert (found.key.name, found.at) == (NAME, AT.replace(microsecond=0))
    assert open_checkpoint(note, LOG.public_vkey).size == 15368405


def test_unknown_cosigners_are_ignored_and_one_witness_counts_once() -> None:
    line = cosign(TEXT, NAME, KEY, AT)
    assert cosignatures(NOTE + line, []) == ()
    assert len(cosignatures(NOTE + line + line, [VKEY])) == 1


@pytest.mark.parametrize(
    "message",
    [
        TEXT,  # the log's own message: no domain separation
        f"cosignature/v1\ntime {SECONDS + 1}\n{TEXT}",
        f"cosignature/v1\ntime 0{SECONDS}\n{TEXT}",
        f"cosignature/v2\ntime {SECONDS}\n{TEXT}",
        f"cosignature/v1\ntime {SECONDS}\n{TEXT[:-1]}",
        f"cosignature/v1\ntime {SECONDS}\n{TEXT.replace('15368405', '15368406')}",
    ],
    ids=["the log's own", "another second", "another spelling", "another version", "cut", "another size"],
)
def test_a_signature_over_another_message_is_refused(message: str) -> None:
    with pytest.raises(NoteRefusedError, match="does not fit"):
        cosignatures(NOTE + by_hand(message.encode(), SECONDS), [VKEY])


def test_a_logs_signature_by_the_witnesss_key_is_no_cosignature_and_none_of_the_logs() -> None:
    as_log = VerifierKey(NAME, PUBLIC)
    plain = NOTE + signature_line(as_log, KEY.sign(TEXT.encode()))
    assert cosignatures(plain, [VKEY]) == ()
    with pytest.raises(NoteRefusedError):
        verify_note(NOTE + cosign(TEXT, NAME, KEY, AT), [as_log.to_text()])


def test_a_cosignature_of_another_length_is_refused() -> None:
    short = signature_line(VerifierKey(NAME, PUBLIC, COSIGNATURE), bytes(64))
    with pytest.raises(NoteRefusedError, match="72 bytes"):
        cosignatures(NOTE + short, [VKEY])
