"""What is on record of the appendices that were issued."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from pipelines.bootstrap import Workspace
from registry.database import reading
from registry.schema import LedgerEntry

EVENT = "appendix.issued"
Json = Mapping[str, Any]


def appendices(workspace: Workspace, model: str) -> list[Json]:
    """Return what is on record of a model's appendices, newest day first; those whose record was erased are left out.

    Raises:
        LedgerBrokenError: when an event or its payload is not what was signed.
    """
    with reading(workspace.engine) as session:
        seqs = session.scalars(select(LedgerEntry.seq).where(LedgerEntry.type == EVENT).order_by(LedgerEntry.seq)).all()
    payloads = [workspace.ledger.payload(seq) for seq in seqs]
    found = [payload for payload in payloads if payload is not None and payload["model"] == model]
    found.reverse()  # of several of one day the last one comes first
    return sorted(found, key=lambda one: str(one["as_of"]), reverse=True)
