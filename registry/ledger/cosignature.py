"""Cosignatures of witnesses (C2SP tlog-cosignature, `cosignature/v1`): who saw a checkpoint, and when.

A cosignature says that, at its time, the largest tree of this log that its witness had seen, and found consistent with
all earlier ones, has the checkpoint's root.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from registry.ledger.note import COSIGNATURE, NoteRefusedError, VerifierKey, signature_line, split_note

_TIME_BYTES = 8
_SIGNATURE_BYTES = 64


@dataclass(frozen=True)
class Cosignature:
    """One witness's verified cosignature: its key, and its time (UTC)."""

    key: VerifierKey
    at: datetime


def cosign(text: str, name: str, key: Ed25519PrivateKey, at: datetime) -> str:
    """Return the cosignature line over a checkpoint's text.

    Args:
        text: the checkpoint's lines, to the last newline; without signatures.
        name: the witness's name.
        key: the witness's key.
        at: when; whole seconds are kept.
    """
    seconds = int(at.timestamp())
    verifier = VerifierKey(name, key.public_key().public_bytes_raw(), COSIGNATURE)
    signature = key.sign(_message(text, seconds))
    return signature_line(verifier, seconds.to_bytes(_TIME_BYTES, "big") + signature)


def cosignatures(note: str, vkeys: Iterable[str]) -> tuple[Cosignature, ...]:
    """Return the verified cosignatures of pinned witnesses on a note; lines of unknown keys are ignored.

    Args:
        note: a signed checkpoint, with the lines of its witnesses.
        vkeys: the pinned witnesses, each as a C2SP vkey.

    Raises:
        MalformedNoteError: when the note, or a vkey, is not in its format.
        NoteRefusedError: when a pinned witness's cosignature is bad.
    """
    text, lines = split_note(note)
    pinned = {(key.name, key.key_id): key for key in (VerifierKey.parse(vkey, COSIGNATURE) for vkey in vkeys)}
    found: dict[VerifierKey, Cosignature] = {}
    for name, line in lines:
        key = pinned.get((name, line[:4]))
        if key is not None:
            found[key] = _checked(key, line[4:], text)
    return tuple(found.values())


def _checked(key: VerifierKey, blob: bytes, text: str) -> Cosignature:
    seconds = int.from_bytes(blob[:_TIME_BYTES], "big")
    if len(blob) != _TIME_BYTES + _SIGNATURE_BYTES:
        raise NoteRefusedError(f"the cosignature of '{key.name}' has another length than 72 bytes")
    try:
        Ed25519PublicKey.from_public_bytes(key.public_key).verify(blob[_TIME_BYTES:], _message(text, seconds))
        return Cosignature(key, datetime.fromtimestamp(seconds, UTC))
    except (InvalidSignature, ValueError, OverflowError, OSError) as error:
        raise NoteRefusedError(f"the cosignature of '{key.name}' does not fit the checkpoint") from error


def _message(text: str, seconds: int) -> bytes:
    return f"cosignature/v1\ntime {seconds}\n{text}".encode()
