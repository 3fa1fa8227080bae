"""Proofs of single events as files (`c2sp.org/tlog-proof@v1`): index, path, checkpoint with its cosignatures.

The `extra` line holds the event's bytes, so that the file alone suffices, beside the log's key from elsewhere.
"""

import re
from dataclasses import dataclass

from registry.ledger.checkpoint import Checkpoint, open_checkpoint
from registry.ledger.merkle import HASH_BYTES, leaf_hash, verify_inclusion
from registry.ledger.note import MalformedNoteError, NoteRefusedError, from_base64, to_base64

HEAD = "c2sp.org/tlog-proof@v1"
MAX_BYTES = 1_000_000
_INDEX = re.compile(r"index (0|[1-9][0-9]{0,18})")


@dataclass(frozen=True)
class TlogProof:
    """Event `seq`, its bytes, the path to the root (hashes of 32 bytes), and the checkpoint's note."""

    seq: int
    data: bytes
    path: tuple[bytes, ...]
    note: str

    def to_text(self) -> str:
        """Return the file's text."""
        path = "".join(f"{to_base64(node)}\n" for node in self.path)
        return f"{HEAD}\nextra {to_base64(self.data)}\nindex {self.seq}\n{path}\n{self.note}"


def parse_proof(text: str) -> TlogProof:
    """Read a proof's file strictly.

    Raises:
        MalformedNoteError: when it is none, or has no `extra` line.
    """
    head, blank, note = text.partition("\n\n")
    lines = head.split("\n")
    if len(text) > MAX_BYTES or not blank or len(lines) < 3 or lines[0] != HEAD or not lines[1].startswith("extra "):
        raise MalformedNoteError("not a proof: its lines are the format's name, extra, index, hashes, a checkpoint")
    index = _INDEX.fullmatch(lines[2])
    path = tuple(from_base64(line) for line in lines[3:])
    if index is None or any(len(node) != HASH_BYTES for node in path):
        raise MalformedNoteError("not a proof: the index or a hash has another form")
    return TlogProof(int(index.group(1)), from_base64(lines[1].removeprefix("extra ")), path, note)


def check_proof(proof: TlogProof, vkey: str) -> Checkpoint:
    """Return the checkpoint of a proof once the event stands in it.

    Args:
        proof: the proof.
        vkey: the log's public key, from elsewhere.

    Raises:
        NoteRefusedError: when the checkpoint is not the log's, or the event does not stand in it.
    """
    checkpoint = open_checkpoint(proof.note, vkey)
    if not verify_inclusion(leaf_hash(proof.data), proof.seq, checkpoint.size, proof.path, checkpoint.root):
        raise NoteRefusedError(f"event {proof.seq} does not stand in the ledger of {checkpoint.size} events")
    return checkpoint
