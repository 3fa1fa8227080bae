"""Proofs that an event stands in the ledger, for whoever holds the event's bytes and the log's public key."""

from dataclasses import dataclass

from registry.domain.errors import LedgerBrokenError
from registry.ledger.checkpoint import open_checkpoint
from registry.ledger.merkle import leaf_hash, verify_inclusion


@dataclass(frozen=True)
class InclusionProof:
    """Why an event stands at `seq` in the ledger that a signed checkpoint (`checkpoint`, a note) describes.

    `path` holds node hashes of 32 bytes, from the leaf upwards (RFC 6962, 2.1.1).
    """

    seq: int
    size: int
    leaf_hash: bytes
    path: tuple[bytes, ...]
    checkpoint: str


def verify_proof(proof: InclusionProof, vkey: str, data: bytes) -> None:
    """Check that a proof holds for an event's bytes under the pinned log key.

    Args:
        proof: the proof.
        vkey: the log's public key as a C2SP vkey.
        data: the event's bytes as stored.

    Raises:
        LedgerBrokenError: when the checkpoint is not the log's, or the event does not stand in it.
    """
    checkpoint = open_checkpoint(proof.checkpoint, vkey)
    if proof.size != checkpoint.size:
        raise LedgerBrokenError(f"a proof for {proof.size} events beside a checkpoint of {checkpoint.size}")
    if proof.leaf_hash != leaf_hash(data):
        raise LedgerBrokenError(f"event {proof.seq} has other bytes than those that were proved")
    if not verify_inclusion(proof.leaf_hash, proof.seq, proof.size, proof.path, checkpoint.root):
        raise LedgerBrokenError(f"event {proof.seq} does not stand in the signed ledger")
