"""Verifying the proof of one event offline, without a workspace."""

from pathlib import Path
from typing import Any

from registry.domain.errors import ExitCode, LedgerBrokenError, UsageError
from registry.domain.event import parse_event
from registry.domain.instants import instant_text
from registry.ledger.anchors import read_policy
from registry.ledger.cosignature import Cosignature, cosignatures
from registry.ledger.note import MalformedNoteError, VerifierKey
from registry.ledger.tlog_proof import HEAD, MAX_BYTES, check_proof, parse_proof


def is_proof(file: Path) -> bool:
    """Say whether a file begins as a proof does."""
    if not file.is_file():
        return False
    with file.open("rb") as start:
        return start.read(len(HEAD)) == HEAD.encode()


def check_proof_file(file: Path, key: str, policy: Path | None) -> tuple[dict[str, Any], str, ExitCode]:
    """Return the verdict on a proof as JSON, as a line, and as an exit code: 0 holds, 1 broken, 3 no quorum.

    Args:
        file: the proof.
        key: the ledger's public key, from elsewhere.
        policy: whose cosignatures must be on it; nobody's unless given.

    Raises:
        UsageError: when the key or the policy is none.
    """
    try:
        VerifierKey.parse(key)
    except MalformedNoteError as error:
        raise UsageError(error.what, where="--key", mend=error.mend) from error
    wanted = read_policy(policy) if policy else None
    if policy and wanted is None:
        raise UsageError("the witness policy is not there", where=str(policy), mend="name a file of witness and quorum")
    try:
        proof = parse_proof(file.read_bytes()[: MAX_BYTES + 1].decode("utf-8", "replace"))
        checkpoint = check_proof(proof, key)
        event = parse_event(proof.data)
        seen = cosignatures(proof.note, wanted.vkeys()) if wanted else ()
    except (LedgerBrokenError, ValueError) as error:
        why = error.what if isinstance(error, LedgerBrokenError) else "its bytes are no event"
        return {"verdict": "BROKEN", "why": why}, f"BROKEN: {why}", ExitCode.ANSWER_IS_NO
    if event.seq != proof.seq:
        why = f"event {event.seq} stands in the place of event {proof.seq}"
        return {"verdict": "BROKEN", "why": why}, f"BROKEN: {why}", ExitCode.ANSWER_IS_NO
    met = wanted is None or wanted.met_by([one.key.to_text() for one in seen])
    verdict = "VERIFIED" if met else "UNANCHORED"
    document = {
        "verdict": verdict,
        "seq": proof.seq,
        "size": checkpoint.size,
        "type": event.record["type"],
        "at": event.record["at"],
        "witnesses": {one.key.name: instant_text(one.at) for one in seen},
    }
    line = (
        f"{verdict}: event {proof.seq} ({event.record['type']}, {event.record['at']}) of {checkpoint.size}{_by(seen)}"
    )
    return document, line, ExitCode.DONE if met else ExitCode.INCOMPLETE


def _by(seen: tuple[Cosignature, ...]) -> str:
    return "".join(f", seen by {one.key.name} at {instant_text(one.at)}" for one in seen)
