"""Verifying the ledger for a command: from the database alone, without opening the rest of the workspace."""

from pathlib import Path

from pipelines.bootstrap import find_workspace
from pipelines.settings import FILE_NAME, Settings
from pipelines.usecases.stamping import stamps_of
from pipelines.usecases.witnessing import witnessed
from registry.database import open_database
from registry.domain.errors import NotAllowedError, UsageError
from registry.ledger.checkpoint import Checkpoint
from registry.ledger.copy import CheckpointCopy
from registry.ledger.log_key import LogKey
from registry.ledger.note import MalformedNoteError, VerifierKey
from registry.ledger.paper import checkpoint_of
from registry.ledger.verify import LedgerReport, verify_ledger


def check(saved: str | None, key: str | None, policy: Path | None = None, paper: str | None = None) -> LedgerReport:
    """Verify the workspace's ledger; nothing is written, not even a migration.

    Args:
        saved: the text of a checkpoint that was kept elsewhere.
        key: the ledger's public key (C2SP vkey) that was kept elsewhere; read from the workspace unless given.
        policy: whose cosignatures count; the workspace's own policy unless given.
        paper: the code of a printed checkpoint, typed back; instead of `saved`.

    Raises:
        NotAllowedError: when there is neither a key file nor a given key.
        UsageError: when the given key is none, the code was mistyped, or both kinds of checkpoint are given.
    """
    root = find_workspace(None)
    settings = Settings.read(root / FILE_NAME)
    place = root / "keys" / "ledger.pem"
    if key is None and not place.is_file():
        raise NotAllowedError(
            "the ledger's key is missing", where="keys/ledger.pem", mend="give the public key: --key NAME+ID+KEY"
        )
    engine = open_database(settings.database_url(root))
    vkey = LogKey.load(place).public_vkey if key is None else _verifier(key)
    copy = CheckpointCopy(root / "checkpoints" / "latest.txt", vkey)
    typed = _typed(paper, vkey, saved)
    return verify_ledger(engine, vkey, saved, copy, witnessed(root, vkey, policy), typed, stamps_of(root))


def _typed(paper: str | None, vkey: str, saved: str | None) -> Checkpoint | None:
    if paper is None:
        return None
    if saved is not None:
        raise UsageError("a saved checkpoint and a typed one", mend="give one of --checkpoint and --paper")
    return checkpoint_of(paper, VerifierKey.parse(vkey).name)


def _verifier(key: str) -> str:
    """Return a given public key once it is read; a slip in its spelling says nothing about the ledger."""
    try:
        VerifierKey.parse(key)
    except MalformedNoteError as error:
        raise UsageError(error.what, where="--key", mend=error.mend) from error
    return key
