"""What others saw of the ledger, carried in an evidence folder: cosigned checkpoints, time stamps, the last export.

`anchors/SIZE.txt` is a checkpoint with its cosignatures, `SIZE.tsr` the time stamp over it, `SIZE.proof` the RFC 6962
proof that the folder's own checkpoint continues it. `policy.txt` names the witnesses, `tsa.pem` the time authority's
certificates. Both are the exporter's: what counts is a policy and a certificate that the reviewer brings.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from registry.domain.errors import IncompleteError, LedgerBrokenError, OverreadError
from registry.domain.instants import instant_text
from registry.ledger.checkpoint import Checkpoint, open_checkpoint
from registry.ledger.cosignature import cosignatures
from registry.ledger.merkle import verify_consistency
from registry.ledger.policy import WitnessPolicy, parse_policy
from registry.ledger.timestamps import TimeAuthority, read_authority, stamped_at

FOLDER = "anchors/"
POLICY, AUTHORITY = "anchors/policy.txt", "anchors/tsa.pem"
_FILE = re.compile(r"anchors/([1-9][0-9]{0,18})\.(txt|tsr|proof)")
_HASH = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Trusted:
    """What a reviewer brings from elsewhere: whose cosignatures must be there, and the authority's certificates."""

    policy: WitnessPolicy | None = None
    authority: TimeAuthority | None = None


@dataclass
class AnchorCheck:
    """What the check of a folder's anchors found: how many held, what does not hold, what is missing, and notes."""

    held: int = 0
    faults: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def proof_lines(path: Iterable[bytes]) -> bytes:
    """Return a consistency proof as lines of hexadecimal."""
    return "".join(f"{node.hex()}\n" for node in path).encode("ascii")


def check_anchors(files: Mapping[str, bytes], vkey: str, checkpoint: Checkpoint, trusted: Trusted) -> AnchorCheck:
    """Check every anchor of a folder.

    Args:
        files: the folder's files.
        vkey: the log's public key, from elsewhere.
        checkpoint: the folder's own, verified.
        trusted: what the reviewer brings.
    """
    found = AnchorCheck()
    anchors: dict[int, set[str]] = {}
    for name in sorted(name for name in files if name.startswith(FOLDER)):
        fits = _FILE.fullmatch(name)
        if fits:
            anchors.setdefault(int(fits[1]), set()).add(fits[2])
        elif name not in {POLICY, AUTHORITY}:
            found.faults.append(f"'{name}' is no anchor")
    met = 0
    for size in sorted(anchors):
        try:
            known = _continued(files, size, vkey, checkpoint)
            met = max(met, _cosigned(files, size, trusted, found))
            if "tsr" in anchors[size]:
                _stamped(files, known, trusted, found)
            found.held += 1
        except IncompleteError as error:
            found.missing.append(f"time stamps, which were not checked: {error.what}")
        except OverreadError as error:
            found.faults.append(f"the anchor of {size} events: {error.what}")
    if trusted.policy is not None and not met:
        found.missing.append("a checkpoint that the policy's witnesses cosigned")
    return found


def _continued(files: Mapping[str, bytes], size: int, vkey: str, checkpoint: Checkpoint) -> Checkpoint:
    """Return an anchor's checkpoint once the log signed it and the folder's own continues it."""
    known = open_checkpoint(_text(files, f"{FOLDER}{size}.txt"), vkey)
    lines = _text(files, f"{FOLDER}{size}.proof").splitlines()
    if known.size != size or not all(_HASH.fullmatch(line) for line in lines):
        raise LedgerBrokenError("its checkpoint is of another size, or its proof is none")
    path = tuple(bytes.fromhex(line) for line in lines)
    if size > checkpoint.size or not verify_consistency(size, known.root, checkpoint.size, checkpoint.root, path):
        raise LedgerBrokenError("the folder's checkpoint does not continue it")
    return known


def _cosigned(files: Mapping[str, bytes], size: int, trusted: Trusted, found: AnchorCheck) -> int:
    """Check the cosignatures by the folder's policy and the reviewer's; return the size where the latter is met."""
    note = _text(files, f"{FOLDER}{size}.txt")
    own = parse_policy(_text(files, POLICY)) if POLICY in files else None
    for seen in cosignatures(note, own.vkeys()) if own else ():
        found.notes.append(f"the first {size} events were seen by {seen.key.name} at {instant_text(seen.at)}")
    if trusted.policy is None:
        return 0
    keys = [one.key.to_text() for one in cosignatures(note, trusted.policy.vkeys())]
    return size if trusted.policy.met_by(keys) else 0


def _stamped(files: Mapping[str, bytes], known: Checkpoint, trusted: Trusted, found: AnchorCheck) -> None:
    authority = trusted.authority or read_authority(files.get(AUTHORITY, b""))
    at = stamped_at(files[f"{FOLDER}{known.size}.tsr"], known.to_text(), authority)
    whose = "" if trusted.authority else ", by certificates of the folder's own"
    found.notes.append(f"the first {known.size} events existed at {instant_text(at)} (RFC 3161{whose})")


def _text(files: Mapping[str, bytes], name: str) -> str:
    if name not in files:
        raise LedgerBrokenError(f"'{name}' is not there")
    return files[name].decode("utf-8", "replace")
