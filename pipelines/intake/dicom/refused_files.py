"""Where refused files are named: a private list of the batch, and one row each on record; by digest, never by name."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

from sqlalchemy import select

from pipelines.intake.dicom.batch import Refused
from pipelines.intake.dicom.quarantine import REASONS
from pipelines.intake.quarantine_list import item_of, quarantine_row, write_list
from registry.ledger.store import Transaction
from registry.schema import QuarantineRow


def write_refused_files(root: Path, batch: str, refused: Sequence[Refused]) -> Path | None:
    """Write the refusals of a batch to `quarantine/<batch>.jsonl` (0600) under the workspace; None without any.

    A file is named by the SHA-256 of its content, since its name may hold an identifier: `sha256sum` finds it.
    """
    return write_list(root, batch, map(_record, _ordered(refused)))


def record_refused_files(tx: Transaction, batch: str, refused: Sequence[Refused], at: datetime) -> int:
    """Put refused files on record and return how many are new; the same file for the same reason is one item."""
    known = set(tx.session.scalars(select(QuarantineRow.item).where(QuarantineRow.kind == "file")))
    added = 0
    for one in _ordered(refused):
        item = item_of(f"{one.digest}\0{one.code.value}")
        if item not in known:
            known.add(item)
            named = (one.code.value, one.digest, REASONS[one.code])
            tx.session.add(quarantine_row(item, batch, "file", named, at))
            added += 1
    return added


def _ordered(refused: Sequence[Refused]) -> Iterator[Refused]:
    return iter(sorted(refused, key=lambda one: (one.code, one.digest)))


def _record(one: Refused) -> dict[str, str]:
    return {"file": one.digest, "code": one.code.value, "reason": REASONS[one.code]}
