"""Having the newest checkpoint stamped by a time authority (RFC 3161), over HTTP or by files."""

import hashlib
import http.client
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy import select

from pipelines.bootstrap import Workspace
from registry.database import reading
from registry.domain.errors import LedgerBrokenError, ServiceUnreachableError, UsageError
from registry.ledger.checkpoint import Checkpoint, open_checkpoint
from registry.ledger.note import split_note
from registry.ledger.stamps import Stamps
from registry.ledger.timestamps import imprint_of, read_authority, request_for
from registry.schema import LedgerCheckpoint

AUTHORITY = "keys/tsa.pem"
FOLDER = "checkpoints/timestamps"
_PATIENCE_S = 10
_MOST_BYTES = 100_000


def stamps_of(root: Path) -> Stamps:
    """Return the time stamps of a workspace.

    Raises:
        UnreadableFileError: when the pinned authority's file is none.
    """
    place = root / AUTHORITY
    return Stamps(root / FOLDER, read_authority(place.read_bytes()) if place.is_file() else None)


def newest(workspace: Workspace) -> Checkpoint:
    """Return the newest checkpoint.

    Raises:
        UsageError: when there is none.
    """
    found = workspace.ledger.latest_checkpoint()
    if found is None:
        raise UsageError("the ledger has no checkpoint", mend="a workspace made by `overread init` has one")
    return found.checkpoint


def stamp(workspace: Workspace, url: str) -> tuple[Checkpoint, datetime]:
    """Ask an authority over HTTP and keep its answer.

    Raises:
        UsageError: when the address is none.
        ServiceUnreachableError: when it does not answer.
        IncompleteError: when no authority is pinned, or the extra `timestamps` is not installed.
        LedgerBrokenError: when the answer does not hold.
    """
    checkpoint = newest(workspace)
    answer = _post(url, request_for(checkpoint.to_text()))
    return checkpoint, stamps_of(workspace.root).take(checkpoint, answer)


def take(workspace: Workspace, answer: bytes) -> tuple[Checkpoint, datetime]:
    """Keep an answer that came by a file, for the checkpoint that it stamps.

    Raises:
        IncompleteError: when no authority is pinned, or the extra `timestamps` is not installed.
        LedgerBrokenError: when it stamps no checkpoint of this ledger, or does not hold.
    """
    imprint = imprint_of(answer)
    with reading(workspace.engine) as session:
        notes = session.scalars(select(LedgerCheckpoint.note).order_by(LedgerCheckpoint.size.desc())).all()
    for note in notes:
        text = split_note(note)[0]
        if hashlib.sha256(text.encode()).digest() == imprint:
            checkpoint = open_checkpoint(note, workspace.ledger.public_vkey)
            return checkpoint, stamps_of(workspace.root).take(checkpoint, answer)
    raise LedgerBrokenError("the time stamp is of no checkpoint of this ledger", mend="take the answer to our request")


def _post(url: str, request: bytes) -> bytes:
    parts = urlsplit(url)
    kinds = {"http": http.client.HTTPConnection, "https": http.client.HTTPSConnection}
    if parts.scheme not in kinds or not parts.hostname:
        raise UsageError("the time authority has no http address", where=url[:80], mend="give http://HOST/PATH")
    connection = kinds[parts.scheme](parts.hostname, parts.port, timeout=_PATIENCE_S)
    try:
        connection.request("POST", parts.path or "/", request, {"Content-Type": "application/timestamp-query"})
        return bytes(connection.getresponse().read(_MOST_BYTES))
    except (OSError, http.client.HTTPException) as error:
        raise ServiceUnreachableError("the time authority does not answer", where=url[:80], mend="ask again") from error
    finally:
        connection.close()
