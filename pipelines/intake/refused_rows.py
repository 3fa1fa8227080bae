"""Where refused rows go: a private file of the batch, and one row each on record; no content of theirs."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select

from pipelines.intake.quarantine_list import item_of, quarantine_row, write_list
from registry.domain.refusal import RowRefusal
from registry.ledger.store import Transaction
from registry.schema import QuarantineRow


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
    return write_list(root, batch, [one.to_json() for one in refusals])


def record_refused(tx: Transaction, batch: str, refusals: Sequence[FileRefusal], at: datetime) -> None:
    """Put the refusals of a batch on record; the same batch again adds nothing."""
    known = set(tx.session.scalars(select(QuarantineRow.item).where(QuarantineRow.batch == batch)))
    for one in refusals:
        item = item_of(json.dumps([batch, one.to_json()], sort_keys=True))
        if item not in known:
            known.add(item)
            named = (one.refusal.code.value, f"{one.digest} row {one.refusal.row}", one.refusal.reason)
            tx.session.add(quarantine_row(item, batch, "row", named, at))
