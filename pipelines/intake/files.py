"""Observation files as records: CSV (optionally `.gz`), Parquet, JSON Lines, by file ending.

A record that cannot be read becomes a record with a fault and the next one is read; only a file that cannot be read
as what it says it is is refused as a whole.
"""

import csv
import gzip
import json
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, cast

from registry.domain.digest import digest_stream
from registry.domain.errors import UnreadableFileError
from registry.domain.refusal import CellRefusedError, RefusalCode

MAX_LINE = 8 << 20  # bytes of one line
MAX_BYTES = 8 << 30  # bytes of one file, unpacked
MAX_ROWS = 50_000_000
MAX_COLUMNS = 2_000
_BATCH = 4_096
_TOO_LONG = "\0line beyond the limit\n"  # stands for a line beyond MAX_LINE


@dataclass(frozen=True, slots=True)
class Record:
    """One foreign row: its number (1 is the first after a header), its cells, or why it is no row."""

    row: int
    values: Mapping[str, Any] = field(default_factory=dict)
    fault: CellRefusedError | None = None


@dataclass(frozen=True)
class Source:
    """An opened file: its digest, its columns (None in JSON Lines, where each row names its own), its records."""

    file: Path
    digest: str
    columns: tuple[str, ...] | None
    records: Iterator[Record]


def open_source(file: Path) -> Source:
    """Open an observation file.

    Raises:
        UnreadableFileError: when it is missing, of an unknown ending, empty, or not what its ending says; also while
            its records are read.
    """
    reader = next((reader for ending, reader in _READERS.items() if file.name.lower().endswith(ending)), None)
    if reader is None:
        raise _unreadable(file, "unknown file ending", f"known are {', '.join(_READERS)}")
    if not file.is_file():
        raise _unreadable(file, "no such file", "name a CSV, Parquet or JSON Lines file")
    with _readable(file), file.open("rb") as data:
        digest = digest_stream(data)
    with _readable(file):
        columns, records = reader(file)
    return Source(file, digest, columns, _guarded(file, records))


@contextmanager
def _readable(file: Path) -> Iterator[None]:
    """Turn what libraries raise on broken files into one error that names the file."""
    try:
        yield
    except (OSError, EOFError, zlib.error, ValueError, OverflowError) as error:
        raise _unreadable(file, "the file is broken", "write or copy it again") from error


def _guarded(file: Path, records: Iterator[Record]) -> Iterator[Record]:
    with _readable(file):
        for record in records:
            if record.row > MAX_ROWS:
                raise _unreadable(file, f"more than {MAX_ROWS} rows", "split it")
            yield record


def _unreadable(file: Path, what: str, mend: str) -> UnreadableFileError:
    return UnreadableFileError(what, where=str(file), mend=mend)


def _csv(file: Path) -> tuple[tuple[str, ...], Iterator[Record]]:
    rows = csv.reader(_lines(file), strict=True)
    try:
        header = next(rows, [])
    except csv.Error as error:
        raise _unreadable(file, "the header is no CSV", str(error)) from error
    return _header(file, header), _csv_records(rows, header)


def _header(file: Path, header: list[str]) -> tuple[str, ...]:
    names = [name.strip() for name in header]
    if not any(names):
        raise _unreadable(file, "no header", "the first line names the columns")
    if len(names) == 1 and any(mark in names[0] for mark in ";\t|"):
        raise _unreadable(file, "the cells are not parted by commas", "write it with ',' between cells")
    return _unique(file, names)


def _unique(file: Path, names: list[str]) -> tuple[str, ...]:
    if len(names) > MAX_COLUMNS:
        raise _unreadable(file, f"{len(names)} columns", f"at most {MAX_COLUMNS}")
    double = next((place for place, name in enumerate(names, 1) if names.index(name) + 1 < place), None)
    if double is not None:
        raise _unreadable(file, f"column {double} bears the name of an earlier one", "name each column once")
    return tuple(names)


def _csv_records(rows: Iterator[list[str]], header: list[str]) -> Iterator[Record]:
    names, number = [name.strip() for name in header], 0
    while True:
        try:
            cells = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            number += 1
            yield Record(number, fault=_fault(RefusalCode.MALFORMED, f"no CSV row: {error}"))
            continue
        if cells:
            number += 1
            yield _csv_record(number, names, cells)


def _csv_record(number: int, names: list[str], cells: list[str]) -> Record:
    if cells == [_TOO_LONG.rstrip("\n")]:
        return Record(number, fault=_fault(RefusalCode.TOO_LONG, f"a line of over {MAX_LINE} bytes"))
    if len(cells) != len(names):
        reason = f"{len(cells)} cells; the header has {len(names)}"
        return Record(number, fault=_fault(RefusalCode.MALFORMED, reason))
    return Record(number, dict(zip(names, cells, strict=True)))


def _json_lines(file: Path) -> tuple[None, Iterator[Record]]:
    return None, _json_records(file)


def _json_records(file: Path) -> Iterator[Record]:
    number = 0
    for line in _lines(file):
        if line.strip():
            number += 1
            yield _json_record(number, line)


def _json_record(number: int, line: str) -> Record:
    if line == _TOO_LONG:
        return Record(number, fault=_fault(RefusalCode.TOO_LONG, f"a line of over {MAX_LINE} bytes"))
    try:
        values = json.loads(line, object_pairs_hook=_object, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        values = None
    if not isinstance(values, dict) or len(values) > MAX_COLUMNS:
        return Record(number, fault=_fault(RefusalCode.MALFORMED, "no JSON object with each name once"))
    return Record(number, values)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name twice")
    return found


def _no_constant(text: str) -> Any:
    raise ValueError(f"{text} is no JSON")


def _parquet(file: Path) -> tuple[tuple[str, ...], Iterator[Record]]:
    import pyarrow.parquet as pq  # noqa: PLC0415 - lazy: pyarrow is slow to import

    opened = pq.ParquetFile(file)
    metadata = opened.metadata
    unpacked = sum(metadata.row_group(number).total_byte_size for number in range(metadata.num_row_groups))
    if metadata.num_rows > MAX_ROWS or unpacked > MAX_BYTES:
        opened.close()
        raise _unreadable(file, f"{metadata.num_rows} rows in {unpacked} bytes", "split it")
    names = _unique(file, list(opened.schema_arrow.names))
    return names, _parquet_records(opened)


def _parquet_records(opened: Any) -> Iterator[Record]:
    number = 0
    with opened:
        for batch in opened.iter_batches(batch_size=_BATCH):
            for values in batch.to_pylist():
                number += 1
                yield Record(number, values)


def _lines(file: Path) -> Iterator[str]:
    """Yield the lines of a text file; one beyond MAX_LINE is cut to a mark, wrong bytes become lone surrogates."""
    total = 0
    with _stream(file) as stream:
        while line := stream.readline(MAX_LINE):
            text = line.decode("utf-8", "surrogateescape") if total else line.decode("utf-8-sig", "surrogateescape")
            total += len(line)
            if len(line) == MAX_LINE and not line.endswith(b"\n"):
                total += _skip_line(stream)
                text = _TOO_LONG
            if total > MAX_BYTES:
                raise _unreadable(file, f"more than {MAX_BYTES} bytes", "split it")
            yield text


def _stream(file: Path) -> BinaryIO:
    return cast("BinaryIO", gzip.open(file, "rb")) if file.name.lower().endswith(".gz") else file.open("rb")


def _skip_line(stream: BinaryIO) -> int:
    skipped = 0
    while (rest := stream.readline(MAX_LINE)) and not rest.endswith(b"\n") and skipped <= MAX_BYTES:
        skipped += len(rest)
    return skipped


def _fault(code: RefusalCode, reason: str) -> CellRefusedError:
    return CellRefusedError("", code, reason)


_READERS: Mapping[str, Callable[[Path], tuple[tuple[str, ...] | None, Iterator[Record]]]] = {
    ".csv": _csv,
    ".csv.gz": _csv,
    ".parquet": _parquet,
    ".jsonl": _json_lines,
    ".ndjson": _json_lines,
    ".jsonl.gz": _json_lines,
}
