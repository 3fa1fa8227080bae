"""The anchors of an evidence folder: what witnesses and a time authority saw of the events that it holds."""

from collections.abc import Collection, Sequence

from dashboards.bundle.anchors import AUTHORITY, FOLDER, POLICY, proof_lines
from pipelines.bootstrap import Workspace
from pipelines.usecases.stamping import AUTHORITY as PINNED
from pipelines.usecases.stamping import FOLDER as STAMPS
from pipelines.usecases.stamping import stamps_of
from pipelines.usecases.witnessing import FOLDER as COSIGNED
from pipelines.usecases.witnessing import POLICY as OWN_POLICY
from registry.domain.errors import UnknownNameError
from registry.ledger.anchors import Anchors
from registry.ledger.merkle import consistency_proof
from registry.ledger.note import NoteRefusedError


def anchor_files(workspace: Workspace, leaves: Sequence[bytes], before: Collection[int] = ()) -> dict[str, bytes]:
    """Return the cosigned checkpoints and time stamps up to a size, each with its proof, and whose they are.

    Args:
        workspace: whose ledger.
        leaves: the leaf hashes (32 bytes each) of the folder's events, in the ledger's order.
        before: sizes at which earlier folders ended, which this one continues.

    Raises:
        LedgerBrokenError: when a kept checkpoint is not this log's.
    """
    cosigned, stamps = Anchors(workspace.root / COSIGNED, workspace.ledger.public_vkey), stamps_of(workspace.root)
    sizes = sorted(size for size in {*cosigned.sizes(), *stamps.sizes(), *before} if size <= len(leaves))
    found: dict[str, bytes] = {}
    for size in sizes:
        known = size in cosigned.sizes()
        note = cosigned.note(size) if known else _own(workspace, size)
        if not note:
            continue
        found[f"{FOLDER}{size}.txt"] = note.encode()
        found[f"{FOLDER}{size}.proof"] = proof_lines(consistency_proof(leaves, size))
        if size in stamps.sizes():
            found[f"{FOLDER}{size}.tsr"] = (workspace.root / STAMPS / f"{size}.tsr").read_bytes()
    for name, place in ((POLICY, OWN_POLICY), (AUTHORITY, PINNED)):
        if found and (workspace.root / place).is_file():
            found[name] = (workspace.root / place).read_bytes()
    return found


def _own(workspace: Workspace, size: int) -> str:
    """Return the ledger's own checkpoint of a size.

    It is empty where it signed none, of which `overread audit verify` tells, or a former log did, whose key is another.
    """
    try:
        return workspace.ledger.checkpoint_at(size).note
    except (UnknownNameError, NoteRefusedError):
        return ""
