"""Where refused rows go: a private file of the batch, and one row each on record; no content of theirs."""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select

from registry.domain.digest import digest_hex
from registry.domain.instants import instant_text
from registry.domain.refusal import RowRefusal
from registry.ledger.store import Transaction
from registry.objects import write_durably
from registry.schema import QuarantineRow

FOLDER = "quarantine"


@dataclass(frozen=True)
class FileRefusal:
    """One refused row and its file: the path as the user typed it (shown to the user alone), and the file's digest."""

    file: Path
    digest: str
    refusal: RowRefusal

    def line(self) -> str:
        """Say it in one line for the user who named the file."""
        column = f", {self.refusal.column}" if self.refusal.column else ""
        return f"{self.file} row {self.refusal.row}{column}: {self.refusal.reason} ({self.refusal.code.value})"

    def to_json(self) -> dict[str, Any]:
        """Return what the quarantine keeps; file names may hold identifiers, so the file is named by its digest."""
        found = self.refusal
        return {
            "file": self.digest,
            "row": found.row,
            "column": found.column,
            "code": found.code.value,
            "reason": found.reason,
        }


def by_code(refusals: Sequence[FileRefusal]) -> Mapping[str, int]:
    """Count refusals by code, in the codes' order."""
    return dict(sorted(Counter(one.refusal.code.value for one in refusals).items()))


def write_refused(root: Path, batch: str, refusals: Sequence[FileRefusal]) -> Path | None:
    """Write the refusals of a batch to `quarantine/<batch>.jsonl` (0600) under the workspace; None without any."""
    if not refusals:
        return None
    folder = root / FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    place = folder / f"{digest_hex(batch)}.jsonl"
    lines = [json.dumps(one.to_json(), sort_keys=True, ensure_ascii=False) + "\n" for one in refusals]
    write_durably(place, "".join(lines).encode("utf-8"))
    return place


def record_refused(tx: Transaction, batch: str, refusals: Sequence[FileRefusal], at: datetime) -> None:
    """Put the refusals of a batch on record; the same batch again adds nothing."""
    known = set(tx.session.scalars(select(QuarantineRow.item).where(QuarantineRow.batch == batch)))
    for one in refusals:
        item = _item(batch, one)
        if item not in known:
            known.add(item)
            tx.session.add(_row(item, batch, one, at))


def _item(batch: str, one: FileRefusal) -> str:
    seed = json.dumps([batch, one.to_json()], sort_keys=True).encode()
    return hashlib.sha256(seed).hexdigest()[:32]


def _row(item: str, batch: str, one: FileRefusal, at: datetime) -> QuarantineRow:
    return QuarantineRow(
        item=item,
        batch=batch,
        kind="row",
        code=one.refusal.code.value,
        source=f"{one.digest} row {one.refusal.row}",
        reason=one.refusal.reason,
        at=instant_text(at),
    )
