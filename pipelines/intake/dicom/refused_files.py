"""Where refused files are named: a private list of the batch, and one row each on record; by digest, never by name."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

from sqlalchemy import select

from pipelines.intake.dicom.batch import Refused
from pipelines.intake.dicom.quarantine import REASONS
from registry.domain.digest import digest_hex
from registry.domain.instants import instant_text
from registry.ledger.store import Transaction
from registry.objects import write_durably
from registry.schema import QuarantineRow

FOLDER = "quarantine"


def write_refused_files(root: Path, batch: str, refused: Sequence[Refused]) -> Path | None:
    """Write the refusals of a batch to `quarantine/<batch>.jsonl` (0600) under the workspace; None without any.

    A file is named by the SHA-256 of its content, since its name may hold an identifier: `sha256sum` finds it.
    """
    if not refused:
        return None
    folder = root / FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    place = folder / f"{digest_hex(batch)}.jsonl"
    lines = [json.dumps(_record(one), sort_keys=True) + "\n" for one in _ordered(refused)]
    write_durably(place, "".join(lines).encode())
    return place


def record_refused_files(tx: Transaction, batch: str, refused: Sequence[Refused], at: datetime) -> int:
    """Put refused files on record and return how many are new; the same file for the same reason is one item."""
    known = set(tx.session.scalars(select(QuarantineRow.item).where(QuarantineRow.kind == "file")))
    added = 0
    for one in _ordered(refused):
        item = _item(one)
        if item not in known:
            known.add(item)
            tx.session.add(_row(item, batch, one, at))
            added += 1
    return added


def _ordered(refused: Sequence[Refused]) -> Iterator[Refused]:
    return iter(sorted(refused, key=lambda one: (one.code, one.digest)))


def _record(one: Refused) -> dict[str, str]:
    return {"file": one.digest, "code": one.code.value, "reason": REASONS[one.code]}


def _item(one: Refused) -> str:
    seed = f"{one.digest}\0{one.code.value}".encode()
    return hashlib.sha256(seed).hexdigest()[:32]


def _row(item: str, batch: str, one: Refused, at: datetime) -> QuarantineRow:
    return QuarantineRow(
        item=item,
        batch=batch,
        kind="file",
        code=one.code.value,
        source=one.digest,
        reason=REASONS[one.code],
        at=instant_text(at),
    )
