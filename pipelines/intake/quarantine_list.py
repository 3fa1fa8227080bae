"""What a batch refused: a private list of its own, and one row each on record."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from registry.domain.digest import digest_hex
from registry.domain.instants import instant_text
from registry.objects import write_durably
from registry.schema import QuarantineRow

FOLDER = "quarantine"


def write_list(root: Path, batch: str, records: Iterable[Mapping[str, Any]]) -> Path | None:
    """Write records to `quarantine/<batch>.jsonl` (0600) under the workspace; None without any."""
    lines = [json.dumps(record, sort_keys=True, ensure_ascii=False) + "\n" for record in records]
    if not lines:
        return None
    folder = root / FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    place = folder / f"{digest_hex(batch)}.jsonl"
    write_durably(place, "".join(lines).encode("utf-8"))
    return place


def item_of(seed: str) -> str:
    """Return the id of a refused item: 32 hexadecimal digits over what makes it the same item."""
    return hashlib.sha256(seed.encode()).hexdigest()[:32]


def quarantine_row(item: str, batch: str, kind: str, refused: tuple[str, str, str], at: datetime) -> QuarantineRow:
    """Return the row of a refused item.

    Args:
        item: its id.
        batch: digest of the batch.
        kind: `file` or `row`.
        refused: the code, the source without its content, and the reason.
        at: when it was refused.
    """
    code, source, reason = refused
    return QuarantineRow(
        item=item, batch=batch, kind=kind, code=code, source=source, reason=reason, at=instant_text(at)
    )
