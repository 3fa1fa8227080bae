"""The way out of a read-only record: a new key, a new epoch, and the files of the old one put aside, never removed."""

import shutil

from sqlalchemy import select

from pipelines.bootstrap import Workspace
from registry.audit.continuing import Continued, continue_record
from registry.database import reading
from registry.domain.errors import UsageError
from registry.keys import Signer
from registry.ledger.anchors import Anchors
from registry.ledger.continuation import Former, former_epochs
from registry.ledger.log_key import LogKey
from registry.objects import write_durably
from registry.schema import LedgerCheckpoint, LedgerHead

KEY, NEXT = "keys/ledger.pem", "keys/ledger.next.pem"
CHECKPOINTS, FORMER = "checkpoints", "former"
_LATEST, _COSIGNED, _STAMPS = "latest.txt", "witnessed", "timestamps"


def continue_ledger(workspace: Workspace, signers: tuple[Signer, Signer], reason: str) -> Continued:
    """Let a read-only record go on as a new epoch.

    Raises:
        UsageError: when the record is not read-only, no reason is given, or nothing is known to be lost.
        NotAllowedError: when a key, a role or training forbids it, or one human signs twice.
        LedgerBrokenError: when the database is no earlier state of its ledger.
    """
    if not workspace.ledger.contradiction():
        raise UsageError("the record is not read-only", mend="it goes on by itself")
    root = workspace.root
    (root / NEXT).unlink(missing_ok=True)  # of an attempt that was refused: no event names it
    key = LogKey.make(root / NEXT)
    try:
        done = continue_record(workspace.lifecycle.record, key, kept_notes(workspace), signers, reason)
    except BaseException:
        (root / NEXT).unlink(missing_ok=True)
        raise
    finish(workspace)
    return done


def kept_notes(workspace: Workspace) -> list[tuple[str, str]]:
    """Return the newest notes that were kept outside the database, each with what it is called.

    Raises:
        NoteRefusedError: when one is not the log's.
    """
    latest = workspace.root / CHECKPOINTS / _LATEST
    anchors = Anchors(workspace.root / CHECKPOINTS / _COSIGNED, workspace.ledger.public_vkey)
    beside = [("copied beside it", latest.read_text("utf-8", "replace"))] if latest.is_file() else []
    return beside + [("cosigned by witnesses", anchors.note(size)) for size in anchors.sizes()]


def finish(workspace: Workspace) -> Former:
    """Put the old epoch's key, checkpoints and later time stamps aside, and what is the new one's in their place.

    It is done again after a power cut in its midst: what is aside already stays there. The new key comes last.

    Returns:
        The epoch that ended.
    """
    root = workspace.root
    with reading(workspace.engine) as session:
        former = former_epochs(session)[-1]
        newest = session.scalars(select(LedgerCheckpoint.note).order_by(LedgerCheckpoint.size.desc()).limit(1)).one()
    mark = former.newest.origin.rpartition("/")[2]
    aside = root / CHECKPOINTS / FORMER / mark
    aside.mkdir(parents=True, exist_ok=True)
    for name in (_LATEST, _COSIGNED):
        if (root / CHECKPOINTS / name).exists() and not (aside / name).exists():
            shutil.move(root / CHECKPOINTS / name, aside / name)
    for place in sorted((root / CHECKPOINTS / _STAMPS).glob("*.tsr")):
        if place.stem.isdecimal() and int(place.stem) > former.kept:
            shutil.move(place, aside / place.name)
    write_durably(root / CHECKPOINTS / _LATEST, newest.encode())
    old = root / "keys" / f"ledger.{mark}.pem"
    if not old.exists():
        (root / KEY).rename(old)
    (root / NEXT).rename(root / KEY)
    return former


def unfinished(workspace: Workspace) -> bool:
    """Say whether a new epoch began in the database whose key is not in its place yet."""
    place = workspace.root / NEXT
    if not place.is_file():
        return False
    with reading(workspace.engine) as session:
        return LogKey.load(place).name in set(session.scalars(select(LedgerHead.origin)))
