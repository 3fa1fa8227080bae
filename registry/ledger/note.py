"""Signed notes (C2SP signed-note): text, a blank line, and signature lines by named Ed25519 keys.

A verifier pins keys by their `vkey` text. Signatures of unknown keys are ignored; a bad signature of a pinned key
refuses the whole note, and so does a note that no pinned key signed.
"""

import base64
import binascii
import hashlib
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from registry.domain.errors import LedgerBrokenError

ED25519 = b"\x01"  # C2SP signed-note: signature type byte of Ed25519
COSIGNATURE = b"\x04"  # C2SP tlog-cosignature: type byte of Ed25519 witness cosignatures
_MARK = "— "  # an em dash (U+2014) and a space
_MAX_SIGNATURES = 100
_MAX_BYTES = 1_000_000


class NoteRefusedError(LedgerBrokenError):
    """A note that no pinned key signed, or with a bad signature of one."""


class MalformedNoteError(NoteRefusedError):
    """A text that is not a signed note."""


@dataclass(frozen=True)
class VerifierKey:
    """A pinned Ed25519 key: its name, its 32 raw bytes, and what it signs: notes, or cosignatures of a witness."""

    name: str
    public_key: bytes
    kind: bytes = ED25519

    @property
    def key_id(self) -> bytes:
        """Return the 4 bytes that signature lines begin with: `sha256(name || newline || kind || key)[:4]`."""
        return hashlib.sha256(self.name.encode() + b"\n" + self.kind + self.public_key).digest()[:4]

    def to_text(self) -> str:
        """Return the C2SP vkey, `name+<key id in hex>+<base64 of type and key>`."""
        return f"{self.name}+{self.key_id.hex()}+{to_base64(self.kind + self.public_key)}"

    @classmethod
    def parse(cls, text: str, kind: bytes = ED25519) -> "VerifierKey":
        """Read a C2SP vkey.

        Args:
            text: the vkey.
            kind: what the key must sign: `ED25519` notes, or `COSIGNATURE`.

        Raises:
            MalformedNoteError: when the text is not one of an Ed25519 key of that kind, or its id is another key's.
        """
        parts = text.strip().split("+", 2)
        if len(parts) != 3 or not _is_name(parts[0]):
            raise MalformedNoteError(
                "not a verifier key", mend="give it as name+id+base64, as the log's owner shows it"
            )
        material = from_base64(parts[2])
        if len(material) != 33 or material[:1] != kind:
            wanted = "Ed25519" if kind == ED25519 else "a witness's Ed25519 cosignatures"
            raise MalformedNoteError(f"a verifier key of another type than {wanted}")
        found = cls(parts[0], material[1:], kind)
        if found.key_id.hex() != parts[1]:
            raise MalformedNoteError("a verifier key whose id belongs to another key")
        return found


def sign_note(text: str, name: str, key: Ed25519PrivateKey) -> str:
    """Return the note over `text` with one signature by the key of that name.

    Raises:
        ValueError: when the text does not end with a newline or holds control characters, or the name has spaces.
    """
    if not _is_text(text) or not _is_name(name):
        raise ValueError("a note's text ends with a newline and has no control characters; a key's name has no spaces")
    verifier = VerifierKey(name, key.public_key().public_bytes_raw())
    return f"{text}\n{signature_line(verifier, key.sign(text.encode()))}"


def signature_line(key: VerifierKey, signature: bytes) -> str:
    """Return the line of a signature by a key, with its newline."""
    return f"{_MARK}{key.name} {to_base64(key.key_id + signature)}\n"


def verify_note(note: str, vkeys: Iterable[str]) -> str:
    """Return a note's text once a pinned key's signature on it holds.

    Args:
        note: the whole note.
        vkeys: the pinned keys, each as a C2SP vkey.

    Raises:
        MalformedNoteError: when the note, or a vkey, is not in its format.
        NoteRefusedError: when a pinned key's signature is bad, or no pinned key signed.
    """
    text, signatures = split_note(note)
    pinned = {(key.name, key.key_id): key for key in map(VerifierKey.parse, vkeys)}
    known = [(pinned[name, line[:4]], line[4:]) for name, line in signatures if (name, line[:4]) in pinned]
    if not known:
        raise NoteRefusedError("no pinned key signed this note", mend="check that the key is this log's key")
    for key, signature in known:
        _check(key, signature, text)
    return text


def _check(key: VerifierKey, signature: bytes, text: str) -> None:
    try:
        Ed25519PublicKey.from_public_bytes(key.public_key).verify(signature, text.encode())
    except InvalidSignature as error:
        raise NoteRefusedError(f"the signature of '{key.name}' does not fit the note") from error


def split_note(note: str) -> tuple[str, list[tuple[str, bytes]]]:
    """Return a note's text, and of each signature line the key's name and the bytes (key id and signature).

    Nothing is verified.

    Raises:
        MalformedNoteError: when the text is not a signed note.
    """
    text, blank, tail = note.rpartition("\n\n")
    text += "\n"
    lines = tail.split("\n")
    if len(note) > _MAX_BYTES or not blank or not _is_text(text) or lines.pop() != "" or not lines:
        raise MalformedNoteError("not a signed note", mend="give the whole text, from the origin to the last newline")
    if len(lines) > _MAX_SIGNATURES:
        raise MalformedNoteError(f"a note with more than {_MAX_SIGNATURES} signatures")
    return text, [_signature(line) for line in lines]


def _signature(line: str) -> tuple[str, bytes]:
    name, space, encoded = line.removeprefix(_MARK).partition(" ")
    if not line.startswith(_MARK) or not space or not _is_name(name):
        raise MalformedNoteError("a note's signature line has another form than '— name base64'")
    signature = from_base64(encoded)
    if len(signature) < 5:
        raise MalformedNoteError("a note's signature is too short")
    return name, signature


def _is_text(text: str) -> bool:
    return text.endswith("\n") and not any(ord(char) < 0x20 and char != "\n" for char in text)


def _is_name(name: str) -> bool:
    return bool(name) and not any(char == "+" or char.isspace() or unicodedata.category(char) == "Cc" for char in name)


def to_base64(data: bytes) -> str:
    """Spell bytes in base64."""
    return base64.b64encode(data).decode()


def from_base64(text: str) -> bytes:
    """Return the bytes that a text spells, in the one spelling that they have.

    Raises:
        MalformedNoteError: when it is not base64, or spelled otherwise.
    """
    try:
        data = base64.b64decode(text.encode(), validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise MalformedNoteError("not base64") from error
    if to_base64(data) != text:
        raise MalformedNoteError("base64 in another than its one spelling")
    return data
