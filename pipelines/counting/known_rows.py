"""The rows that were known by the end of a day: all of them, those of some days, or those that are new since."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from monitors.engine.recipe import requested
from monitors.engine.runners import Embedded, Runner
from monitors.engine.tables import Request, Tables
from pipelines.bootstrap import Workspace
from registry.count_index import Head
from registry.domain.joining import Known, end_of_day

NAMES = tuple(field.name for field in fields(Tables))
Ids = Mapping[str, Collection[str]]
Segments = Mapping[str, Collection[int]]


@dataclass(frozen=True)
class Source:
    """From where rows are read: the workspace, the request, the day and the known time; and what counts them."""

    workspace: Workspace
    request: Request
    as_of: str
    known: Known
    runner: Runner = field(default_factory=Embedded)

    def every(self) -> tuple[Tables, Head]:
        """Return every row that was known and not corrected by then, and how far that is."""
        whole = {name: self.workspace.tables.rows(name, self.known) for name in NAMES}
        numbers = {name: self.workspace.tables.numbers(name) for name in NAMES}
        tables = {name: self._by_then(table) for name, table in whole.items()}
        gone = frozenset(ident for table in tables.values() for ident in _superseded(table))
        pending = {name: self.pending(table) for name, table in whole.items()}
        newest = {name: found[-1] if found else 0 for name, found in numbers.items()}
        head = Head(self.as_of, "", newest, pending, gone)
        return self._asked({name: without(table, gone) for name, table in tables.items()}), head

    def since(self, head: Head, upto: Mapping[str, int] | None = None) -> tuple[Tables, Head] | None:
        """Return the rows that became known since a head, and the head that they lead to.

        None where a correction is among them: what it corrects may lie on any day.

        Args:
            head: how far the counts have come.
            upto: per table the newest segment that is read; every one unless given.
        """
        found, newest, pending = {}, dict(head.tables), {}
        for name in NAMES:
            numbers = self.workspace.tables.numbers(name)
            last = max(numbers, default=0) if upto is None else upto[name]
            fresh = [number for number in numbers if head.tables.get(name, 0) < number <= last]
            old = head.pending.get(name, ())
            table = self.workspace.tables.rows(name, self.known, {*fresh, *old})
            newest[name] = max([*fresh, head.tables.get(name, 0)])
            pending[name] = self.pending(table)
            found[name] = _later(self._by_then(table), old, head)
            if found[name]["supersedes"].null_count < found[name].num_rows:
                return None
        tables = {name: without(table, head.superseded) for name, table in found.items()}
        return self._asked(tables), replace(head, as_of=self.as_of, tables=newest, pending=pending)

    def of(self, ids: Ids, segments: Segments) -> Tables:
        """Return the rows of some ids, which lie in some segments."""
        found = {}
        for name in NAMES:
            table = self.workspace.tables.rows(name, self.known, set(segments.get(name, ())))
            wanted = pa.array(sorted(ids.get(name, ())), pa.string())
            found[name] = table.filter(pc.is_in(table["row_id"], value_set=wanted))
        return self._asked(found)

    def pending(self, table: Any) -> tuple[int, ...]:
        """Return the segments of a table that hold rows which were not known by then."""
        later = table.filter(pc.greater(table["known_at"], self._until))
        return tuple(sorted(pc.unique(later["segment"]).to_pylist()))

    @property
    def _until(self) -> str:
        return end_of_day(date.fromisoformat(self.as_of))

    def _by_then(self, table: Any) -> Any:
        return table.filter(pc.less_equal(table["known_at"], self._until))

    def _asked(self, tables: Mapping[str, Any]) -> Tables:
        return requested(Tables(**tables), self.request)


def without(table: Any, ids: Collection[str]) -> Any:
    """Return the rows of a table that have none of these ids."""
    if not ids:
        return table
    return table.filter(pc.invert(pc.is_in(table["row_id"], value_set=pa.array(sorted(ids), pa.string()))))


def segments_of(tables: Tables) -> dict[str, tuple[int, ...]]:
    """Return per table the segments of its rows."""
    return {name: tuple(sorted(pc.unique(table["segment"]).to_pylist())) for name, table in vars(tables).items()}


def ids_of(tables: Tables) -> dict[str, list[str]]:
    """Return per table the ids of its rows."""
    return {name: table["row_id"].to_pylist() for name, table in vars(tables).items()}


def _superseded(table: Any) -> Iterator[str]:
    yield from table["supersedes"].drop_null().to_pylist()


def _later(table: Any, old: Collection[int], head: Head) -> Any:
    """Leave out the rows of a pending segment that the head knew already."""
    known = pc.and_(
        pc.is_in(table["segment"], value_set=pa.array(sorted(old), pa.int64())),
        pc.less_equal(table["known_at"], end_of_day(date.fromisoformat(head.as_of))),
    )
    return table.filter(pc.invert(known))
