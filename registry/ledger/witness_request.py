"""The request by which a log asks a witness (C2SP tlog-witness, `add-checkpoint`), and the witness's answer."""

import base64
import binascii
import re
from dataclasses import dataclass
from http import HTTPStatus

from registry.ledger.merkle import HASH_BYTES
from registry.ledger.note import MalformedNoteError

MAX_BYTES = 65_536
_MAX_PATH = 63  # C2SP tlog-witness: no more consistency proof lines
_OLD = re.compile(r"old (0|[1-9][0-9]{0,18})")


@dataclass(frozen=True)
class WitnessRequest:
    """The size that the witness is thought to know, the proof from it (hashes of 32 bytes), and a signed checkpoint."""

    old_size: int
    path: tuple[bytes, ...]
    note: str

    def to_text(self) -> str:
        """Return the request's body."""
        lines = [f"old {self.old_size}", *(base64.b64encode(node).decode() for node in self.path), ""]
        return "\n".join(lines) + "\n" + self.note


@dataclass(frozen=True)
class WitnessAnswer:
    """A witness's answer: an HTTP status, and a body (cosignature lines, a size, or one line that says why not)."""

    status: HTTPStatus
    body: str

    @property
    def content_type(self) -> str:
        """Return the body's type; a size has one of its own."""
        sized = self.status == HTTPStatus.CONFLICT and self.body.strip().isdecimal()
        return "text/x.tlog.size" if sized else "text/plain; charset=utf-8"


def parse_request(text: str) -> WitnessRequest:
    """Read a request's body strictly.

    Raises:
        MalformedNoteError: when it is none.
    """
    head, blank, note = text.partition("\n\n")
    first, *lines = head.split("\n")
    old = _OLD.fullmatch(first)
    if old is None or not blank or len(lines) > _MAX_PATH or len(text) > MAX_BYTES:
        raise MalformedNoteError("not a witness request: its lines are 'old SIZE', hashes, a blank line, a checkpoint")
    return WitnessRequest(int(old.group(1)), tuple(_hash(line) for line in lines), note)


def _hash(line: str) -> bytes:
    try:
        node = base64.b64decode(line.encode(), validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise MalformedNoteError("not a witness request: a proof line is not base64") from error
    if len(node) != HASH_BYTES or base64.b64encode(node).decode() != line:
        raise MalformedNoteError("not a witness request: a proof line is not one hash of 32 bytes")
    return node
