"""Segments: immutable, content-addressed Parquet files of observation rows."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from registry.domain.columns import TABLES, Kind, Table
from registry.domain.digest import PREFIX, digest_bytes, digest_hex, digest_stream
from registry.domain.errors import ArtifactChangedError, LedgerBrokenError
from registry.domain.joining import Known
from registry.objects import write_durably
from registry.row_identity import ATTRIBUTES

MAX_ROWS = 1_000_000
INTERNAL = ("row_id", "supersedes", "available_at", "taken_in_at")
SUFFIX = ".parquet"
_ROW_GROUP = 131_072
_BATCH = 16_384  # rows that are read at a time
_TYPES: Mapping[Kind, Any] = {
    Kind.TEXT: pa.string(),
    Kind.INSTANT: pa.string(),
    Kind.NUMBER: pa.float64(),
    Kind.BOOLEAN: pa.bool_(),
    Kind.NUMBERS: pa.list_(pa.float64()),
    Kind.TEXTS: pa.list_(pa.string()),
}


def segment_schema(table: Table) -> Any:
    """Return the Arrow schema of a table's stored rows."""
    columns = [pa.field(column.name, _TYPES[column.kind]) for column in table.columns]
    return pa.schema([*columns, *(pa.field(name, pa.string()) for name in (ATTRIBUTES, "taken_in_at", "row_id"))])


def segment_bytes(table: Table, rows: Sequence[Mapping[str, Any]]) -> bytes:
    """Return the Parquet bytes of rows, in the given order; the same rows give the same bytes."""
    sink = pa.BufferOutputStream()
    batch = pa.Table.from_pylist(list(rows), schema=segment_schema(table))
    pq.write_table(batch, sink, compression="zstd", compression_level=3, row_group_size=_ROW_GROUP)
    return bytes(sink.getvalue())


class Segments:
    """The folder of segments: `<table>/<64 hex>.parquet`; files are private and never rewritten."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._verified: set[str] = set()

    def path(self, table: str, digest: str) -> Path:
        """Return where a segment lies."""
        return self.root / table / f"{digest_hex(digest)}{SUFFIX}"

    def write(self, table: Table, rows: Sequence[Mapping[str, Any]]) -> str:
        """Write a segment durably and return its digest."""
        data = segment_bytes(table, rows)
        digest = digest_bytes(data)
        place = self.path(table.name, digest)
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not place.exists():
            write_durably(place, data)
        return digest

    def discard(self, table: str, digest: str) -> None:
        """Remove a segment that nothing refers to."""
        self.path(table, digest).unlink(missing_ok=True)

    def read(self, table: Table, digest: str, columns: Sequence[str] | None = None) -> Any:
        """Return a segment's rows as an Arrow table; its bytes are checked on the first reading.

        Raises:
            LedgerBrokenError: when the segment is missing.
            ArtifactChangedError: when its bytes are others.
        """
        with pq.ParquetFile(self._checked(table, digest)) as file:
            present = [name for name in file.schema_arrow.names if columns is None or name in columns]
            return file.read(columns=present)

    def groups(self, table: Table, digest: str, columns: Sequence[str], stating: str = "") -> Iterator[Any]:
        """Yield a segment's rows in batches as Arrow tables, without row groups that do not state a column at all.

        Raises:
            LedgerBrokenError: when the segment is missing.
            ArtifactChangedError: when its bytes are others.
        """
        with pq.ParquetFile(self._checked(table, digest)) as file:
            present = [name for name in file.schema_arrow.names if name in columns]
            for number in range(file.num_row_groups):
                if not stating or _states(file.metadata.row_group(number), stating):
                    for batch in file.iter_batches(_BATCH, row_groups=[number], columns=present):
                        yield pa.Table.from_batches([batch])

    def _checked(self, table: Table, digest: str) -> Path:
        """Return where a segment lies, once its bytes were checked."""
        if digest not in self._verified:
            self.check(table.name, digest)
        return self.path(table.name, digest)

    def check(self, table: str, digest: str) -> None:
        """Compare a segment's bytes with its digest.

        Raises:
            LedgerBrokenError: when the segment is missing.
            ArtifactChangedError: when its bytes are others.
        """
        place = self.path(table, digest)
        self._verified.discard(digest)
        if not place.is_file():
            raise LedgerBrokenError(
                f"a segment of {table} is missing", where=place.name, mend="restore it from a backup of segments/"
            )
        with place.open("rb") as file:
            found = digest_stream(file)
        if found != digest:
            raise ArtifactChangedError(
                f"a segment of {table} has other bytes", where=place.name, mend="restore it from a backup of segments/"
            )
        self._verified.add(digest)

    def stored(self) -> Iterator[tuple[str, str]]:
        """Yield (table, digest) of every segment file in the folder."""
        for table in sorted(TABLES):
            for place in sorted((self.root / table).glob(f"*{SUFFIX}")):
                yield table, PREFIX + place.stem


@dataclass(frozen=True)
class Stand:
    """Up to when rows are known (UTC text), and which known time counts."""

    until: str
    known: Known


def row_batches(
    segments: Segments, digests: Sequence[str], table: Table, columns: Sequence[str], stand: Stand, stating: str = ""
) -> Iterator[Any]:
    """Yield the rows that were known by an instant and not corrected by then, in the order of the segments.

    A batch at a time is read, so that they are never all held.

    Args:
        segments: the files.
        digests: of the table's segments, in order.
        table: which table.
        columns: the columns to return.
        stand: which rows are known.
        stating: a column; row groups that do not state it at all are not read.

    Raises:
        LedgerBrokenError, ArtifactChangedError: when a segment is missing or changed.
    """
    corrected = pa.array(sorted(_superseded(segments, digests, table, stand)), pa.string())
    needed = [*columns, *INTERNAL, table.event_time]
    schema = segment_schema(table)
    empty = schema.empty_table().select([name for name in schema.names if name in needed])
    for pieces in _together(piece for digest in digests for piece in segments.groups(table, digest, needed, stating)):
        whole = pa.concat_tables([empty, *pieces], promote_options="default")
        by_then = pc.less_equal(known_times(whole, table, stand.known), stand.until)
        there = pc.invert(pc.is_in(whole["row_id"], value_set=corrected))
        found = whole.filter(pc.and_(by_then, there))
        if found.num_rows:
            yield found.select(list(columns))


def _together(pieces: Iterable[Any]) -> Iterator[list[Any]]:
    """Yield pieces on end, as many together as have a batch of rows: the segment of a day may be small."""
    held: list[Any] = []
    rows = 0
    for piece in pieces:
        if held and rows + piece.num_rows > _BATCH:
            yield held
            held, rows = [], 0
        held.append(piece)
        rows += piece.num_rows
    if held:
        yield held


def known_times(whole: Any, table: Table, known: Known) -> Any:
    """Return when each row was known, as UTC text; see `registry.domain.joining.known_at`."""
    recorded = whole["available_at"]
    if known is Known.RECORDED or not table.event_time:
        return recorded
    stated = pc.not_equal(recorded, whole["taken_in_at"])
    return pc.if_else(stated, recorded, pc.coalesce(whole[table.event_time], recorded))


def _superseded(segments: Segments, digests: Sequence[str], table: Table, stand: Stand) -> set[str]:
    """Return the rows that others correct which are known by then."""
    found: set[str] = set()
    for digest in digests:
        for piece in segments.groups(table, digest, [*INTERNAL, table.event_time], "supersedes"):
            by_then = pc.less_equal(known_times(piece, table, stand.known), stand.until)
            found.update(piece.filter(by_then)["supersedes"].drop_null().to_pylist())
    return found


def _states(group: Any, column: str) -> bool:
    """Say whether a row group may state a column: it has it, and its statistics do not say that every value is null."""
    for place in range(group.num_columns):
        part = group.column(place)
        if part.path_in_schema.partition(".")[0] == column:
            told = part.statistics
            return told is None or not told.has_null_count or told.null_count < part.num_values
    return False
