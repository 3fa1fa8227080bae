"""Asking a witness: over HTTP, or by files for networks that share nothing but a folder."""

import http.client
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlsplit

from registry.domain.errors import (
    LedgerBrokenError,
    NotAllowedError,
    OverreadError,
    ServiceUnreachableError,
    UnreadableFileError,
    UsageError,
)
from registry.ledger.anchors import Anchor, Anchors
from registry.ledger.note import COSIGNATURE, VerifierKey
from registry.ledger.policy import PolicyWitness, WitnessPolicy
from registry.ledger.store import Ledger
from registry.ledger.witness_request import MAX_BYTES, WitnessAnswer, WitnessRequest
from registry.objects import write_durably
from registry.witness import Witness
from registry.witness_server import PATH

PATIENCE_S = 10
REQUEST, ANSWER = ".request", ".answer"
_ROUNDS = 3  # a first question, one more from the size that the witness names, one for a race


class Asking:
    """One log's side of the exchange.

    Args:
        ledger: whose newest checkpoint is to be cosigned.
        anchors: where the cosigned checkpoints are kept.
        policy: whose witnesses are asked.
    """

    def __init__(self, ledger: Ledger, anchors: Anchors, policy: WitnessPolicy) -> None:
        self._ledger = ledger
        self._anchors = anchors
        self._policy = policy

    def request(self, old_size: int) -> WitnessRequest:
        """Return the request for the newest checkpoint, proved from an old size.

        Raises:
            LedgerBrokenError: when the witness knows a greater ledger than this one.
            UsageError: when the ledger is empty.
        """
        contradiction = self._ledger.contradiction()
        if contradiction:
            raise LedgerBrokenError(contradiction)
        newest = self._ledger.latest_checkpoint()
        if newest is None:
            raise UsageError("the ledger has no checkpoint", mend="a workspace made by `overread init` has one")
        size = newest.checkpoint.size
        if old_size > size:
            raise LedgerBrokenError(
                f"the witness saw {old_size} events and only {size} are here",
                mend="the database was truncated or restored from an older backup; restore the newest one",
            )
        path = self._ledger.prove_continuation(old_size, size) if old_size else ()
        return WitnessRequest(old_size, path, newest.note)

    def ask(self, witness: PolicyWitness, patience_s: float = PATIENCE_S) -> Anchor:
        """Ask a witness over HTTP and keep its cosignature.

        Raises:
            ServiceUnreachableError: when it does not answer.
            NotAllowedError: when it does not know this log or its key.
            LedgerBrokenError: when it remembers another history, or its cosignature is bad.
        """
        old_size = 0
        for _ in range(_ROUNDS):
            asked = self.request(old_size)
            answer = _post(witness, asked, patience_s)
            if not _names_size(answer):
                return self.keep(asked, answer)
            old_size = int(answer.body)
        raise ServiceUnreachableError("the witness keeps changing its mind", where=witness.name, mend="ask again")

    def keep(self, asked: WitnessRequest, answer: WitnessAnswer) -> Anchor:
        """Keep the cosignature of an answer.

        Raises:
            NotAllowedError: when the witness does not know this log or its key.
            LedgerBrokenError: when it remembers another history, or its cosignature is bad.
            ServiceUnreachableError: when it answered something else.
        """
        if answer.status == HTTPStatus.OK:
            return self._anchors.take(asked.note, answer.body, self._policy)
        raise _refusal(answer)

    def write_requests(self, folder: Path) -> list[Path]:
        """Write a request for every witness of the policy into a folder: `NAME.request`."""
        places = []
        for witness in self._policy.witnesses.values():
            place = folder / f"{_file_name(witness)}{REQUEST}"
            write_durably(place, self.request(0).to_text().encode(), 0o644)
            places.append(place)
        return places

    def take_answers(self, folder: Path) -> dict[str, Anchor | OverreadError]:
        """Take what lies in a folder beside its requests; an answer that names a size is asked again from there.

        Returns:
            Per witness that answered: the checkpoint with its cosignatures, or why there is none.
        """
        found: dict[str, Anchor | OverreadError] = {}
        for witness in self._policy.witnesses.values():
            place = folder / f"{_file_name(witness)}{ANSWER}"
            if place.exists():
                try:
                    found[witness.name] = self._take(place)
                except OverreadError as error:
                    found[witness.name] = error
        return found

    def _take(self, place: Path) -> Anchor:
        answer = read_answer(place)
        request = place.with_suffix(REQUEST)
        if _names_size(answer):
            write_durably(request, self.request(int(answer.body)).to_text().encode(), 0o644)
            place.unlink()
            raise ServiceUnreachableError(
                f"the witness knows {answer.body.strip()} events",
                mend="the request was written anew: let it answer again",
            )
        note = _text(request).partition("\n\n")[2]
        return self.keep(WitnessRequest(0, (), note), answer)


def answer_folder(witness: Witness, folder: Path) -> dict[str, WitnessAnswer]:
    """Answer every request of a folder that has no answer yet, as `NAME.answer`: a status line, then the body."""
    found = {}
    for place in sorted(folder.glob(f"*{REQUEST}")):
        target = place.with_suffix(ANSWER)
        if not target.exists():
            answer = witness.add_checkpoint(_text(place))
            write_durably(target, f"{int(answer.status)}\n{answer.body}".encode(), 0o644)
            found[place.name] = answer
    return found


def read_answer(place: Path) -> WitnessAnswer:
    """Read an answer's file.

    Raises:
        UnreadableFileError: when it is none.
    """
    status, _, body = _text(place).partition("\n")
    try:
        return WitnessAnswer(HTTPStatus(int(status)), body)
    except ValueError as error:
        raise UnreadableFileError(
            "not a witness's answer", where=place.name, mend="make it with: overread audit witness answer"
        ) from error


def _post(witness: PolicyWitness, asked: WitnessRequest, patience_s: float) -> WitnessAnswer:
    parts = urlsplit(witness.url)
    kinds = {"http": http.client.HTTPConnection, "https": http.client.HTTPSConnection}
    if parts.scheme not in kinds or not parts.hostname:
        raise UsageError(
            "the witness has no http address", where=witness.name, mend="write it into the policy, or use files"
        )
    connection = kinds[parts.scheme](parts.hostname, parts.port, timeout=patience_s)
    try:
        connection.request("POST", parts.path.rstrip("/") + PATH, asked.to_text().encode())
        response = connection.getresponse()
        return WitnessAnswer(HTTPStatus(response.status), response.read(MAX_BYTES).decode("utf-8"))
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise ServiceUnreachableError(
            "the witness does not answer", where=witness.name, mend="look after it; nothing here waits for it"
        ) from error
    finally:
        connection.close()


def _names_size(answer: WitnessAnswer) -> bool:
    text = answer.body.strip()
    return answer.status == HTTPStatus.CONFLICT and text.isascii() and text.isdecimal() and len(text) < 19


def _refusal(answer: WitnessAnswer) -> OverreadError:
    why = " ".join(answer.body.split())[:200]
    if answer.status in {HTTPStatus.NOT_FOUND, HTTPStatus.FORBIDDEN}:
        return NotAllowedError(
            f"the witness refuses: {why}", mend="give it this log's key: overread audit witness trust"
        )
    if answer.status in {HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY}:
        return LedgerBrokenError(
            f"the witness remembers another history: {why}", mend="run `overread audit verify`; keep the witness's file"
        )
    return ServiceUnreachableError(f"the witness answered {int(answer.status)}: {why}", mend="look after it")


def _file_name(witness: PolicyWitness) -> str:
    """Return a file's name for a witness: its name, which is foreign text, as far as it is plain, and its key's id."""
    plain = "".join(char if char.isascii() and (char.isalnum() or char in "-_") else "_" for char in witness.name)
    return f"{plain[:60]}-{VerifierKey.parse(witness.vkey, COSIGNATURE).key_id.hex()}"


def _text(place: Path) -> str:
    if place.is_symlink() or not place.is_file() or place.stat().st_size > MAX_BYTES:
        raise UnreadableFileError("not a file of at most 64 KiB", where=place.name, mend="put the answer there again")
    return place.read_bytes().decode("utf-8", "replace")
