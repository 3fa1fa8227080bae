"""The observation tables: rows in immutable segments, their manifest, keys and events in the database."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Engine, bindparam, func, insert, select, update
from sqlalchemy.orm import Session

from registry.database import reading
from registry.domain.columns import TABLES, Table
from registry.domain.digest import digest_value
from registry.domain.errors import LedgerBrokenError, UnknownNameError
from registry.domain.event import EventDraft, Subject
from registry.domain.instants import instant_text
from registry.domain.joining import Known, end_of_day
from registry.domain.person import Actor, actor_record
from registry.domain.refusal import RowRefusal
from registry.ledger.merkle import leaf_hash, root_of
from registry.ledger.store import Ledger, Transaction
from registry.row_identity import IdentifiedRow, identified
from registry.schema import LedgerEntry, SegmentKeyRow, SegmentRow
from registry.segments import INTERNAL, MAX_ROWS, Segments, Stand, known_times, row_batches, segment_schema
from registry.sifting import Sifted, load_heads, sift


@dataclass(frozen=True)
class Appended:
    """What became of a batch; refusals name rows by their place in it, from 1."""

    new: int
    unchanged: int
    refused: tuple[RowRefusal, ...]
    segment: str | None
    event_seq: int | None


@dataclass(frozen=True)
class TableVersion:
    """The version of a table: the newest manifest number (0: empty) and a digest over the manifest."""

    number: int
    digest: str
    synthetic: bool


@dataclass(frozen=True)
class Batch:
    """Where a batch comes from: its source's digest, who takes it in, when, and whether it is synthetic.

    `refused` counts the rows that were refused before the batch was made; `files` are the digests of its files.
    """

    source_digest: str
    actor: Actor
    taken_in_at: datetime
    synthetic: bool = False
    refused: int = 0
    files: tuple[str, ...] = ()


class ObservationTables:
    """The tables of one workspace: Parquet segments under `root`, manifest and keys in the record's database."""

    def __init__(self, ledger: Ledger, root: Path, engine: Engine, max_rows: int = MAX_ROWS) -> None:
        self._ledger = ledger
        self._engine = engine
        self._max_rows = max_rows
        self.segments = Segments(root)

    def append(
        self,
        table: str,
        rows: Sequence[Mapping[str, Any]],
        *,
        source_digest: str,
        actor: Actor,
        taken_in_at: datetime,
        synthetic: bool = False,
    ) -> Appended:
        """Take typed rows in: new ones go into a segment, known ones change nothing, contradicting ones are refused.

        Raises:
            UnknownNameError: for an unknown table.
            ValueError: when a row's names or types are not the table's.
        """
        return self.store(self.sift(table, rows), Batch(source_digest, actor, taken_in_at, synthetic))

    def sift(self, table: str, rows: Sequence[Mapping[str, Any]]) -> Sifted:
        """Judge a batch without storing anything; see `append`."""
        found = table_named(table)
        return self._sift(found, tuple(identified(found, index, row) for index, row in enumerate(rows, 1)))

    def store(self, sifted: Sifted, batch: Batch, beside: Callable[[Transaction], None] | None = None) -> Appended:
        """Store the new rows of a sifted batch: files first, then one transaction with its event.

        Args:
            sifted: what `sift` returned; sifted anew when the table moved on meanwhile.
            batch: where it comes from.
            beside: further changes of the same transaction.
        """
        while sifted.new or beside is not None:
            parts = self._write(sifted, batch)
            with self._ledger.transaction() as tx:
                current = _number(tx.session, sifted.table.name)
                if current == sifted.base:
                    if beside is not None:
                        beside(tx)
                    seq = _record(tx, sifted, batch, parts) if parts else None
                    segment = parts[0][0] if parts else None
                    return Appended(len(sifted.new), sifted.unchanged, sifted.refused, segment, seq)
            for digest, _ in parts:
                self.segments.discard(sifted.table.name, digest)
            sifted = self._sift(sifted.table, sifted.rows)
        return Appended(0, sifted.unchanged, sifted.refused, None, None)

    def read(
        self,
        table: str,
        *,
        columns: Sequence[str] | None = None,
        as_of: str | None = None,
        known: Known = Known.RECORDED,
        history: bool = False,
    ) -> Any:
        """Return rows as an Arrow table, in the order of the manifest.

        Args:
            table: the table's name.
            columns: the columns to return; all unless given.
            as_of: a date; only rows known by the end of that day in UTC, and only corrections known by then.
            known: which known time counts; see `registry.domain.joining.known_at`.
            history: whether corrected rows are returned too.

        Raises:
            UnknownNameError: for an unknown table or column.
            LedgerBrokenError, ArtifactChangedError: when a segment is missing or changed.
        """
        found = table_named(table)
        names = _checked_columns(found, columns)
        needed = None if columns is None else [*names, *INTERNAL, found.event_time]
        pieces = [self.segments.read(found, row.digest, needed) for row in self._manifest(table)]
        schema = segment_schema(found)
        empty = schema.empty_table().select([name for name in schema.names if needed is None or name in needed])
        whole = pa.concat_tables([empty, *pieces], promote_options="default")
        if as_of is not None:
            whole = whole.filter(pc.less_equal(known_times(whole, found, known), end_of_day(date.fromisoformat(as_of))))
        return (whole if history else _newest(whole)).select(names)

    def rows(self, table: str, known: Known, numbers: Collection[int] | None = None) -> Any:
        """Return every row of some segments, corrected ones too, in the order of the manifest.

        Args:
            table: the table's name.
            known: which known time counts.
            numbers: the segments' numbers; all unless given.

        Returns:
            The stored columns, with `known_at` (UTC text) and `segment` (the number) beside them.

        Raises:
            UnknownNameError: for an unknown table.
            LedgerBrokenError, ArtifactChangedError: when a segment is missing or changed.
        """
        found = table_named(table)
        pieces = [segment_schema(found).empty_table().append_column("segment", pa.array([], pa.int64()))]
        for row in self._manifest(table):
            if numbers is None or row.number in numbers:
                piece = self.segments.read(found, row.digest)
                pieces.append(piece.append_column("segment", pa.array([row.number] * piece.num_rows, pa.int64())))
        whole = pa.concat_tables(pieces, promote_options="default")
        return whole.append_column("known_at", known_times(whole, found, known))

    def pieces(self, table: str, columns: Sequence[str]) -> Iterator[Any]:
        """Yield the rows that are not corrected, segment by segment, so that they are never all in memory.

        Args:
            table: the table's name.
            columns: the columns to return.

        Raises:
            UnknownNameError: for an unknown table or column.
            LedgerBrokenError, ArtifactChangedError: when a segment is missing or changed.
        """
        found = table_named(table)
        names = _checked_columns(found, columns)
        empty = segment_schema(found).empty_table().select(list(dict.fromkeys([*names, "row_id"])))
        corrected = pa.array(sorted(self._superseded(found)), pa.string())
        for row in self._manifest(table):
            piece = self.segments.read(found, row.digest, empty.schema.names)
            whole = pa.concat_tables([empty, piece], promote_options="default")
            yield whole.filter(pc.invert(pc.is_in(whole["row_id"], value_set=corrected))).select(names)

    def batches(
        self, table: str, columns: Sequence[str], *, as_of: str, known: Known, stating: str = ""
    ) -> Iterator[Any]:
        """Yield the rows that `read` returns of some columns, a batch at a time, so that they are never all held.

        Args:
            table: the table's name.
            columns: the columns to return.
            as_of: a date; only rows known by the end of that day in UTC, and only corrections known by then.
            known: which known time counts.
            stating: a column; rows need not be returned that lie where no row states it.

        Raises:
            UnknownNameError: for an unknown table or column.
            LedgerBrokenError, ArtifactChangedError: when a segment is missing or changed.
        """
        found, stand = table_named(table), Stand(end_of_day(date.fromisoformat(as_of)), known)
        digests = [row.digest for row in self._manifest(table)]
        yield from row_batches(self.segments, digests, found, _checked_columns(found, columns), stand, stating)

    def numbers(self, table: str) -> tuple[int, ...]:
        """Return the numbers of a table's segments, in order."""
        return tuple(row.number for row in self._manifest(table_named(table).name))

    def segments_after(self, table: str, number: int) -> list[SegmentRow]:
        """Return the manifest of a table's segments after one, in order."""
        return [row for row in self._manifest(table_named(table).name) if row.number > number]

    def version(self, table: str) -> TableVersion:
        """Return the table's version: the same rows in the same batches give the same one."""
        rows = self._manifest(table_named(table).name)
        digest = digest_value([[row.number, row.digest] for row in rows])
        return TableVersion(rows[-1].number if rows else 0, digest, any(row.synthetic for row in rows))

    def startup_check(self) -> tuple[str, ...]:
        """Prove that every segment is there, unchanged and in the ledger; return files that nothing refers to.

        Raises:
            LedgerBrokenError: when a segment is missing, or manifest and ledger name different ones.
            ArtifactChangedError: when a segment has other bytes.
        """
        manifest = {(row.table_name, row.digest) for table in TABLES for row in self._manifest(table)}
        if manifest != self._recorded():
            raise LedgerBrokenError(
                "the manifest of segments is not the ledger's",
                mend="the database was edited; restore it from a backup",
            )
        for table, digest in sorted(manifest):
            self.segments.check(table, digest)
        unreferenced = [self.segments.path(*found) for found in self.segments.stored() if found not in manifest]
        return tuple(place.relative_to(self.segments.root).as_posix() for place in unreferenced)

    def _sift(self, table: Table, rows: tuple[IdentifiedRow, ...]) -> Sifted:
        with reading(self._engine) as session:
            base = _number(session, table.name)
            heads = load_heads(session, table, rows)
        return sift(table, rows, base, heads, lambda: self._superseded(table))

    def _superseded(self, table: Table) -> frozenset[str]:
        found = self.read(table.name, columns=["supersedes"], history=True)["supersedes"]
        return frozenset(found.drop_null().to_pylist())

    def _write(self, sifted: Sifted, batch: Batch) -> list[tuple[str, list[IdentifiedRow]]]:
        taken_in_at = instant_text(batch.taken_in_at)
        ordered = sorted(sifted.new, key=lambda row: _order(sifted.table, row))
        parts = [ordered[start : start + self._max_rows] for start in range(0, len(ordered), self._max_rows)]
        return [
            (self.segments.write(sifted.table, [_stored(row, taken_in_at) for row in part]), part) for part in parts
        ]

    def _manifest(self, table: str) -> list[SegmentRow]:
        with reading(self._engine) as session:
            rows = select(SegmentRow).where(SegmentRow.table_name == table).order_by(SegmentRow.number)
            return list(session.scalars(rows))

    def _recorded(self) -> set[tuple[str, str]]:
        with reading(self._engine) as session:
            batches = select(LedgerEntry.seq).where(LedgerEntry.type == "intake.batch")
            payloads = [self._ledger.payload(seq) for seq in list(session.scalars(batches))]
        return {(payload["table"], digest) for payload in payloads if payload for digest in payload["segments"]}


def table_named(name: str) -> Table:
    """Return an observation table by name.

    Raises:
        UnknownNameError: when there is none of that name.
    """
    if name not in TABLES:
        raise UnknownNameError.of("table", name, TABLES)
    return TABLES[name]


def _number(session: Session, table: str) -> int:
    newest = select(func.max(SegmentRow.number)).where(SegmentRow.table_name == table)
    return session.scalar(newest) or 0


def _order(table: Table, row: IdentifiedRow) -> tuple[str, ...]:
    names = ("site", table.event_time, *table.key)
    return (*(str(row.values.get(name, "")) for name in names), row.row_id)


def _stored(row: IdentifiedRow, taken_in_at: str) -> dict[str, Any]:
    return {"available_at": taken_in_at, **row.values, "taken_in_at": taken_in_at, "row_id": row.row_id}


def _record(tx: Transaction, sifted: Sifted, batch: Batch, parts: Sequence[tuple[str, Sequence[IdentifiedRow]]]) -> int:
    """Put the event, the manifest rows and the keys on record."""
    table, event = sifted.table.name, tx.append(_event(sifted, batch, parts))
    numbers: dict[str, int] = {}
    for number, (digest, rows) in enumerate(parts, sifted.base + 1):
        tx.session.add(_segment_row(table, number, digest, len(rows), batch, event.seq))
        numbers.update((row.row_id, number) for row in rows)
    tx.session.flush()
    _write_keys(tx.session, sifted, numbers)
    return event.seq


def _segment_row(table: str, number: int, digest: str, rows: int, batch: Batch, seq: int) -> SegmentRow:
    return SegmentRow(
        table_name=table,
        number=number,
        digest=digest,
        rows=rows,
        source_digest=batch.source_digest,
        taken_in_at=instant_text(batch.taken_in_at),
        synthetic=batch.synthetic,
        event_seq=seq,
    )


def _event(sifted: Sifted, batch: Batch, parts: Sequence[tuple[str, Sequence[IdentifiedRow]]]) -> EventDraft:
    leaves = [leaf_hash(row.content) for _, rows in parts for row in rows]
    payload = {
        "table": sifted.table.name,
        "rows": len(sifted.new),
        "segment": parts[0][0],
        "segments": [digest for digest, _ in parts],
        "merkle_root": root_of(leaves).hex(),
        "unchanged": sifted.unchanged,
        "refused": batch.refused + len(sifted.refused),
        "source": batch.source_digest,
        "files": list(batch.files),
        "synthetic": batch.synthetic,
    }
    subjects = tuple(Subject("segment", sifted.table.name, digest) for digest, _ in parts)
    return EventDraft("intake.batch", actor_record(batch.actor), subjects, payload)


def _write_keys(session: Session, sifted: Sifted, numbers: Mapping[str, int]) -> None:
    fresh, moved = [], []
    for key, head in sifted.changed.items():
        values = {"content_digest": head.content, "row_id": head.row_id, "number": numbers[head.row_id]}
        if key in sifted.known:
            moved.append({"of_key": key, **values})
        else:
            fresh.append({"table_name": sifted.table.name, "key_digest": key, **values})
    connection = session.connection()
    if fresh:
        connection.execute(insert(SegmentKeyRow), fresh)
    if moved:
        of_key = (SegmentKeyRow.table_name == sifted.table.name) & (SegmentKeyRow.key_digest == bindparam("of_key"))
        connection.execute(update(SegmentKeyRow).where(of_key), moved)


def _checked_columns(table: Table, columns: Sequence[str] | None) -> list[str]:
    names = list(segment_schema(table).names)
    for name in columns or ():
        if name not in names:
            raise UnknownNameError.of(f"column of {table.name}", name, names)
    return names if columns is None else list(columns)


def _newest(whole: Any) -> Any:
    corrected = whole["supersedes"].drop_null().combine_chunks()
    return whole.filter(pc.invert(pc.is_in(whole["row_id"], value_set=corrected))) if len(corrected) else whole
