"""A witness (C2SP tlog-witness): remembers, per log, the largest tree it has seen, and cosigns only what continues it.

It needs no workspace and no database: a folder on another host, kept by whoever does not administer the log. In it are
`witness.pem` (its key, mode 0600), `name.txt`, `logs.txt` (one trusted log's vkey a line), and under `seen/` one file
per log: the newest checkpoint it cosigned. That file is written and synced before an answer is given.
"""

import fcntl
import hashlib
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from registry.domain.errors import LedgerBrokenError, NotAllowedError, UsageError
from registry.domain.ports import Clock
from registry.ledger.checkpoint import Checkpoint, parse_checkpoint
from registry.ledger.cosignature import cosign
from registry.ledger.log_key import read_private_key, write_private_key
from registry.ledger.merkle import verify_consistency
from registry.ledger.note import COSIGNATURE, MalformedNoteError, NoteRefusedError, VerifierKey, split_note, verify_note
from registry.ledger.witness_request import WitnessAnswer, WitnessRequest, parse_request
from registry.objects import write_durably

_KEY, _NAME, _LOGS, _SEEN = "witness.pem", "name.txt", "logs.txt", "seen"


@dataclass(frozen=True)
class WitnessKey:
    """A witness's name and private key."""

    name: str
    private_key: Ed25519PrivateKey

    @property
    def vkey(self) -> str:
        """Return the public key as a C2SP vkey of the cosignature kind, for policies to pin."""
        return VerifierKey(self.name, self.private_key.public_key().public_bytes_raw(), COSIGNATURE).to_text()


class Witness:
    """The witness of a folder; safe for threads and processes.

    Args:
        folder: made by `make_witness`.
        clock: tells the time of its cosignatures.

    Raises:
        UsageError: when the folder is no witness's.
        NotAllowedError: when its key is missing, open to others or unreadable.
    """

    def __init__(self, folder: Path, clock: Clock) -> None:
        if not (folder / _NAME).is_file():
            raise UsageError(
                "this folder is no witness", where=str(folder), mend="make one with: overread audit witness init"
            )
        self._folder = folder
        self._clock = clock
        self._turn = threading.Lock()
        self.key = WitnessKey(
            (folder / _NAME).read_text("utf-8").strip(), read_private_key(folder / _KEY, "witness's key")
        )

    def trust(self, vkey: str) -> str:
        """Remember a log's public key, and return the log's origin; the same key twice changes nothing.

        Raises:
            MalformedNoteError: when it is no vkey of a log.
            NotAllowedError: when another key is already trusted under that origin.
        """
        key = VerifierKey.parse(vkey)
        logs = self.logs()
        if logs.setdefault(key.name, key.to_text()) != key.to_text():
            raise NotAllowedError(
                f"another key is trusted for '{key.name}'", mend="a log keeps its key; a new key is a new log"
            )
        write_durably(self._folder / _LOGS, "".join(f"{line}\n" for line in sorted(logs.values())).encode())
        return key.name

    def logs(self) -> dict[str, str]:
        """Return the trusted logs: vkeys by origin."""
        place = self._folder / _LOGS
        lines = place.read_text("utf-8").split("\n") if place.exists() else []
        return {VerifierKey.parse(line).name: line for line in lines if line}

    def latest(self, origin: str) -> Checkpoint | None:
        """Return the largest checkpoint that was cosigned for a log, or None.

        Raises:
            LedgerBrokenError: when the witness's memory is unreadable; it then answers nothing.
        """
        place = self._place(origin)
        if not place.exists():
            return None
        try:
            return parse_checkpoint(split_note(place.read_text("utf-8"))[0])
        except (NoteRefusedError, UnicodeDecodeError) as error:
            raise LedgerBrokenError(
                "the witness's memory is unreadable", where=place.name, mend="restore it; do not delete it"
            ) from error

    def add_checkpoint(self, body: str) -> WitnessAnswer:
        """Answer a request: cosign a checkpoint that continues the remembered one, or say why not.

        Raises:
            LedgerBrokenError: when the witness's memory is unreadable.
        """
        try:
            asked = parse_request(body)
            checkpoint = parse_checkpoint(split_note(asked.note)[0])
        except MalformedNoteError as error:
            return _no(HTTPStatus.BAD_REQUEST, error.what)
        vkey = self.logs().get(checkpoint.origin)
        if vkey is None:
            return _no(HTTPStatus.NOT_FOUND, "the witness does not know this log")
        try:
            text = verify_note(asked.note, [vkey])
        except NoteRefusedError as error:
            return _no(HTTPStatus.FORBIDDEN, error.what)
        with self._alone():
            refused = self._refusal(asked, checkpoint)
            return refused or self._accept(checkpoint, asked.note, text)

    def _refusal(self, asked: WitnessRequest, checkpoint: Checkpoint) -> WitnessAnswer | None:
        if asked.old_size > checkpoint.size:
            return _no(HTTPStatus.BAD_REQUEST, "the old size is greater than the checkpoint's")
        known = self.latest(checkpoint.origin)
        size = known.size if known else 0
        if asked.old_size != size:
            return _no(HTTPStatus.CONFLICT, str(size))
        if known is None or size == 0:
            return _no(HTTPStatus.UNPROCESSABLE_ENTITY, "a proof from nothing is empty") if asked.path else None
        if size == checkpoint.size and known.root != checkpoint.root:
            return _no(HTTPStatus.CONFLICT, "another root was cosigned at this size")
        if not verify_consistency(size, known.root, checkpoint.size, checkpoint.root, asked.path):
            return _no(HTTPStatus.UNPROCESSABLE_ENTITY, f"the log does not continue its first {size} entries")
        return None

    def _accept(self, checkpoint: Checkpoint, note: str, text: str) -> WitnessAnswer:
        line = cosign(text, self.key.name, self.key.private_key, self._clock.now())
        write_durably(self._place(checkpoint.origin), (note + line).encode())
        return WitnessAnswer(HTTPStatus.OK, line)

    def _place(self, origin: str) -> Path:
        return self._folder / _SEEN / f"{hashlib.sha256(origin.encode()).hexdigest()[:32]}.txt"

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Let one thread of one process compare and remember at a time."""
        with self._turn, (self._folder / "lock").open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def make_witness(folder: Path, name: str) -> WitnessKey:
    """Make a witness's folder with a new key.

    Raises:
        NotAllowedError: when the folder already is a witness; its memory is never begun anew.
        UsageError: when the name is none for a key.
    """
    if (folder / _NAME).exists() or (folder / _SEEN).exists():
        raise NotAllowedError("this folder is a witness already", where=str(folder), mend="choose another folder")
    key = WitnessKey(name, Ed25519PrivateKey.generate())
    try:
        VerifierKey.parse(key.vkey, COSIGNATURE)
    except MalformedNoteError as error:
        raise UsageError(
            "not a name for a witness", where=name[:40], mend="one word without '+', such as quality.hospital.example"
        ) from error
    (folder / _SEEN).mkdir(parents=True, mode=0o700)
    os.chmod(folder, 0o700)  # noqa: PTH101 - the folder may be a link's target
    write_private_key(folder / _KEY, key.private_key)
    write_durably(folder / _NAME, f"{name}\n".encode())
    return key


def _no(status: HTTPStatus, why: str) -> WitnessAnswer:
    return WitnessAnswer(status, f"{why}\n")
