"""Writes the tables of a simulated year, row group by row group; files appear whole or not at all."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

_ENDING = ".partial"
_GROUP = 60_000  # rows from which a row group is written


class YearWriter:
    """Writes Parquet files into a folder.

    Args:
        folder: where they go; it is made.
        tables: their names.
    """

    def __init__(self, folder: Path, tables: Sequence[str]) -> None:
        self._folder = folder
        self._open: dict[str, Any] = {}
        self._waiting: dict[str, list[Any]] = {}
        self.rows: dict[str, int] = dict.fromkeys(tables, 0)

    def __enter__(self) -> Self:
        self._folder.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if kind is None:
            for name in list(self._waiting):
                self._flush(name)
        for writer in self._open.values():
            writer.close()
        for table in self._open:
            partial = self.place(table).with_suffix(_ENDING)
            if kind is None:
                partial.replace(self.place(table))
            else:
                partial.unlink()

    def place(self, table: str) -> Path:
        """Return a table's file."""
        return self._folder / f"{table}.parquet"

    def write(self, tables: Mapping[str, Any]) -> None:
        """Append rows to tables; small pieces gather to a row group."""
        for name, table in tables.items():
            waiting = self._waiting.setdefault(name, [])
            waiting.append(table)
            self.rows[name] += table.num_rows
            if sum(piece.num_rows for piece in waiting) >= _GROUP:
                self._flush(name)

    def _flush(self, name: str) -> None:
        import pyarrow as pa  # noqa: PLC0415 - lazy: pyarrow is slow to import

        table = pa.concat_tables(self._waiting.pop(name))
        if name not in self._open:
            self._open[name] = self._begin(name, table)
        self._open[name].write_table(table, row_group_size=max(1, table.num_rows))

    def _begin(self, name: str, table: Any) -> Any:
        """Open a file: words are dictionary-coded; only instants have statistics, by which row groups are chosen."""
        import pyarrow as pa  # noqa: PLC0415 - lazy: pyarrow is slow to import
        import pyarrow.parquet as pq  # noqa: PLC0415 - lazy: as above

        coded = [field.name for field in table.schema if pa.types.is_dictionary(field.type)]
        times = [field.name for field in table.schema if pa.types.is_timestamp(field.type)]
        return pq.ParquetWriter(
            self.place(name).with_suffix(_ENDING),
            table.schema,
            compression="snappy",
            use_dictionary=coded,
            write_statistics=times,
            store_schema=False,
        )
