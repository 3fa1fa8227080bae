"""The form of an evidence folder: its manifest, the note that signs it, and the lines that carry events."""

import base64
import binascii
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from registry.domain.canonical import NotCanonicalError, canonical_bytes, parse_canonical
from registry.domain.digest import digest_bytes
from registry.domain.errors import AnswerIsNoError
from registry.ledger.log_key import EVIDENCE

SCHEMA = "overread.evidence/1"
MANIFEST, NOTE, EVENTS, CHECKPOINT, README = (
    "manifest.json",
    "manifest.note",
    "ledger/events.jsonl",
    "ledger/checkpoint.txt",
    "README.txt",
)
# Folders whose files are named by their own digest, which an event of the ledger names too.
BY_DIGEST = (
    "alerts",
    "cards",
    "classifications",
    "cohorts",
    "comparisons",
    "declarations",
    "evaluations",
    "facts",
    "model-signatures",
    "monitor-plans",
    "monitor-runs",
    "plan-reports",
    "plans",
    "protocols",
    "releases",
    "reports",
    "signatures",
)
PRIVACY = {
    "mode": "internal_operations",
    "says": "pseudonyms and true times, which are personal data while the workspace's key exists; for reviewers "
    "inside the organisation",
}
READ_ME = """\
Evidence about one model and one period, exported by Overread.

Verify it offline, with a public key that you got from elsewhere and never from this file:

    overread verify FILE --key NAME+ID+KEY

manifest.json names every file with its SHA-256. manifest.note is a C2SP signed note by the ledger's key over the
manifest's digest. ledger/events.jsonl holds the bytes of every event that the files speak of, with salt and payload
and its RFC 6962 inclusion proof in the tree that ledger/checkpoint.txt signs. signatures/ holds the persons'
signatures as DSSE envelopes of in-toto statements; the events key.issued hold the public keys. model-signatures/ holds
the release signatures over model files (OpenSSF Model Signing).

operation/, people/, audit/ and ledger/key-history.json follow from the events: the check makes them again. anchors/
holds what witnesses (C2SP cosignatures) and a time authority (RFC 3161) saw of the ledger; give the check a policy and
certificates that you got from elsewhere: --policy FILE --tsa FILE.

The manifest says which privacy mode applies, which kinds of evidence are missing, and what is left out.
"""
_MANIFEST = {
    "schema": str,
    "model": str,
    "period": str,
    "ledger": dict,
    "files": dict,
    "events": list,
    "missing": list,
}
_HEX = re.compile(r"(?:[0-9a-f]{2})*")


@dataclass(frozen=True)
class CarriedEvent:
    """One event as the folder carries it; payload and salt are None where they were erased."""

    seq: int
    data: bytes
    payload: bytes | None
    salt: bytes | None
    path: tuple[bytes, ...]

    def to_line(self) -> bytes:
        """Return its line, with the line feed."""
        record = {
            "seq": self.seq,
            "event": _spelled(self.data),
            "payload": None if self.payload is None else _spelled(self.payload),
            "salt": None if self.salt is None else self.salt.hex(),
            "proof": [node.hex() for node in self.path],
        }
        return canonical_bytes(record) + b"\n"


def note_text(model: str, period: str, size: int, manifest: bytes) -> str:
    """Return what the ledger's key signs: the header, model, period, ledger size, and the manifest's digest."""
    return f"{EVIDENCE}\n{model}\n{period}\n{size}\n{digest_bytes(manifest)}\n"


def manifest_bytes(head: Mapping[str, Any], files: Mapping[str, bytes]) -> bytes:
    """Return the manifest of files, with what the head says of them."""
    listed = {name: {"sha256": digest_bytes(data), "bytes": len(data)} for name, data in files.items()}
    return canonical_bytes({"schema": SCHEMA, **head, "files": listed}) + b"\n"


def event_lines(events: Iterable[CarriedEvent]) -> bytes:
    """Return the file of events, in the order of the ledger."""
    return b"".join(event.to_line() for event in sorted(events, key=lambda event: event.seq))


def read_manifest(data: bytes) -> Mapping[str, Any]:
    """Return the manifest.

    Raises:
        AnswerIsNoError: when it is not one.
    """
    record = _record(data.removesuffix(b"\n"), MANIFEST)
    if not isinstance(record, dict) or any(not isinstance(record.get(key), kind) for key, kind in _MANIFEST.items()):
        raise AnswerIsNoError(f"{MANIFEST} is not a manifest of evidence")
    if record["schema"] != SCHEMA or not isinstance(record["ledger"].get("size"), int):
        raise AnswerIsNoError(f"{MANIFEST} is of another schema")
    return record


def read_events(data: bytes) -> Sequence[CarriedEvent]:
    """Return the events that a file carries.

    Raises:
        AnswerIsNoError: when a line is not one, or they are not in the order of the ledger, each once.
    """
    found = [_carried(line) for line in data.split(b"\n")[:-1]]
    seqs = [event.seq for event in found]
    if seqs != sorted(set(seqs)) or not data.endswith(b"\n"):
        raise AnswerIsNoError(f"{EVENTS} does not hold each event once, in the ledger's order")
    return found


def _carried(line: bytes) -> CarriedEvent:
    record = _record(line, EVENTS)
    try:
        seq, path = _number(record["seq"]), tuple(_unhexed(node) for node in record["proof"])
        payload = None if record["payload"] is None else _unspelled(record["payload"])
        salt = None if record["salt"] is None else _unhexed(record["salt"])
        return CarriedEvent(seq, _unspelled(record["event"]), payload, salt, path)
    except (KeyError, TypeError, ValueError) as error:
        raise AnswerIsNoError(f"a line of {EVENTS} is not an event with its proof") from error


def _number(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError("not the number of an event")
    return value


def _record(data: bytes, name: str) -> Any:
    try:
        return parse_canonical(data)
    except NotCanonicalError as error:
        raise AnswerIsNoError(f"{name} is not canonical JSON") from error


def _spelled(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _unspelled(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError("not base64") from error


def _unhexed(text: str) -> bytes:
    if not _HEX.fullmatch(text):
        raise ValueError("not hexadecimal")
    return bytes.fromhex(text)
