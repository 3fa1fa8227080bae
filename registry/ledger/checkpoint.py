"""Checkpoints (C2SP tlog-checkpoint): a log's origin, size and root, in a signed note, without extension lines."""

import base64
import binascii
import re
from dataclasses import dataclass

from registry.ledger.merkle import HASH_BYTES
from registry.ledger.note import MalformedNoteError, NoteRefusedError, VerifierKey, verify_note

_SIZE = re.compile(r"0|[1-9][0-9]{0,18}")


@dataclass(frozen=True)
class Checkpoint:
    """What a log was at one moment: its origin, how many entries, and their Merkle root (32 bytes)."""

    origin: str
    size: int
    root: bytes

    def to_text(self) -> str:
        """Return the three lines that are signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


def parse_checkpoint(text: str) -> Checkpoint:
    """Read a checkpoint's three lines strictly.

    Raises:
        MalformedNoteError: when there are other lines than origin, decimal size and base64 root.
    """
    lines = text.split("\n")
    if len(lines) != 4 or lines[3] or not lines[0] or not _SIZE.fullmatch(lines[1]):
        raise MalformedNoteError("not a checkpoint: its lines are origin, size and root")
    found = Checkpoint(lines[0], int(lines[1]), _root(lines[2]))
    if found.to_text() != text:
        raise MalformedNoteError("not a checkpoint: a line is spelled in another way")
    return found


def open_checkpoint(note: str, vkey: str) -> Checkpoint:
    """Return what a signed checkpoint says once the pinned key's signature on it holds.

    Raises:
        MalformedNoteError: when the text is not a signed checkpoint.
        NoteRefusedError: when the signature is bad or absent, or the origin is not the key's name.
    """
    found = parse_checkpoint(verify_note(note, [vkey]))
    if found.origin != VerifierKey.parse(vkey).name:
        raise NoteRefusedError("a checkpoint of another log", mend="check that the key is this log's key")
    return found


def _root(text: str) -> bytes:
    try:
        root = base64.b64decode(text.encode(), validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise MalformedNoteError("not a checkpoint: the root is not base64") from error
    if len(root) != HASH_BYTES:
        raise MalformedNoteError("not a checkpoint: the root has another length than 32 bytes")
    return root
