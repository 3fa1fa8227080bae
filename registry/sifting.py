"""Sifting a batch: which rows are new, which are known already, and which contradict a known row."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from registry.database import in_chunks
from registry.domain.columns import Table
from registry.domain.refusal import RefusalCode, RowRefusal
from registry.row_identity import IdentifiedRow
from registry.schema import SegmentKeyRow


class KeyHead(NamedTuple):
    """The newest row of a key: its content's digest and its id."""

    content: bytes
    row_id: str


@dataclass(frozen=True)
class Sifted:
    """A batch, sifted against what the table held at version `base`."""

    table: Table
    rows: tuple[IdentifiedRow, ...]
    base: int
    new: tuple[IdentifiedRow, ...] = ()
    unchanged: int = 0
    refused: tuple[RowRefusal, ...] = ()
    changed: Mapping[bytes, KeyHead] = field(default_factory=dict)
    known: frozenset[bytes] = frozenset()


def load_heads(session: Session, table: Table, rows: Sequence[IdentifiedRow]) -> dict[bytes, KeyHead]:
    """Return the heads of the batch's keys, and those that its rows supersede."""
    heads: dict[bytes, KeyHead] = {}
    for keys in in_chunks(sorted({row.key for row in rows})):
        heads |= _heads(session, table, SegmentKeyRow.key_digest.in_(keys))
    for ids in in_chunks(sorted({row.supersedes for row in rows if row.supersedes})):
        heads |= _heads(session, table, SegmentKeyRow.row_id.in_(ids))
    return heads


def sift(
    table: Table,
    rows: Sequence[IdentifiedRow],
    base: int,
    heads: Mapping[bytes, KeyHead],
    superseded: Callable[[], frozenset[str]],
) -> Sifted:
    """Judge each row of a batch in order; earlier rows of the batch count as known.

    Args:
        table: the table of the batch.
        rows: the batch.
        base: the table's version to which `heads` belong.
        heads: the newest row of each key that the batch names.
        superseded: returns the ids of the rows that were corrected; asked for only when a row contradicts.
    """
    sieve = _Sieve(dict(heads), superseded)
    for row in rows:
        sieve.judge(row)
    changed = {key: sieve.heads[key] for key in sieve.touched}
    return Sifted(
        table, tuple(rows), base, tuple(sieve.new), sieve.unchanged, tuple(sieve.refused), changed, frozenset(heads)
    )


class _Sieve:
    def __init__(self, heads: dict[bytes, KeyHead], superseded: Callable[[], frozenset[str]]) -> None:
        self.heads = heads
        self.keys_of: dict[str, set[bytes]] = {}
        for key, head in heads.items():
            self.keys_of.setdefault(head.row_id, set()).add(key)
        self.superseded = superseded
        self.new: list[IdentifiedRow] = []
        self.refused: list[RowRefusal] = []
        self.touched: dict[bytes, None] = {}
        self.unchanged = 0

    def judge(self, row: IdentifiedRow) -> None:
        head = self.heads.get(row.key)
        if head is not None and head.content == row.content:
            self.unchanged += 1
        elif (row.supersedes is None and head is None) or self._corrects(row, head):
            self._take(row)
        elif row.row_id in self.superseded():
            self.unchanged += 1
        else:
            self.refused.append(_refusal(row, head, known=row.supersedes in self.keys_of))

    def _corrects(self, row: IdentifiedRow, head: KeyHead | None) -> bool:
        return row.supersedes in self.keys_of and (head is None or head.row_id == row.supersedes)

    def _take(self, row: IdentifiedRow) -> None:
        """Make the row the head of its key, and of every key whose head it corrects."""
        moved = self.keys_of.pop(row.supersedes, set()) if row.supersedes else set()
        self.heads |= dict.fromkeys((*moved, row.key), KeyHead(row.content, row.row_id))
        self.keys_of[row.row_id] = moved | {row.key}
        self.touched.update(dict.fromkeys([*sorted(moved), row.key]))
        self.new.append(row)


def _refusal(row: IdentifiedRow, head: KeyHead | None, *, known: bool) -> RowRefusal:
    if row.supersedes is not None and not known:
        reason = f"{row.supersedes} is no newest row of this table; set supersedes to the row that is"
        return RowRefusal(row.index, "supersedes", RefusalCode.SUPERSEDES, reason)
    current = head.row_id if head else ""
    reason = f"the key is known with other content; to correct it, set supersedes to {current}"
    return RowRefusal(row.index, "supersedes", RefusalCode.CONFLICT, reason)


def _heads(session: Session, table: Table, condition: ColumnElement[bool]) -> dict[bytes, KeyHead]:
    columns = select(SegmentKeyRow.key_digest, SegmentKeyRow.content_digest, SegmentKeyRow.row_id)
    found = session.execute(columns.where(SegmentKeyRow.table_name == table.name, condition))
    return {row.key_digest: KeyHead(row.content_digest, row.row_id) for row in found}
