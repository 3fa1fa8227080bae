"""`--map FILE.toml`: how a foreign file's columns become ours.

```toml
[columns]             # ours = "theirs"
unit_uid = "sop"
[constants]           # ours = value, the same for every row
source = "consensus"
[lookup]              # ours = "unit_uid": from the instances that were taken in
study_uid = "unit_uid"
[values.truth]        # "their word" = our value
"1" = true
```
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

from pipelines.toml_file import parse_toml, read_bytes
from registry.domain.columns import Table
from registry.domain.digest import digest_bytes
from registry.domain.errors import UnknownNameError, UsageError

SECTIONS = ("columns", "constants", "lookup", "values")
LOOKED_UP = ("study_uid", "series_uid")  # what the instance catalogue knows of a unit


@dataclass(frozen=True)
class ColumnMapping:
    """How columns are renamed, filled and translated; the empty mapping takes the file's own names."""

    columns: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, Any] = field(default_factory=dict)
    lookup: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    digest: str = ""

    def names(self, table: Table, theirs: Iterable[str]) -> frozenset[str]:
        """Return our columns that a file with these columns of theirs can fill."""
        present = set(theirs)
        renamed = {ours for ours, name in self.columns.items() if name in present}
        own = {name for name in present if table.column(name) and name not in self._ours | self._theirs}
        return frozenset(renamed | own | set(self.constants) | set(self.lookup))

    def missing(self, theirs: Iterable[str]) -> tuple[str, ...]:
        """Return their columns that the mapping names and the file lacks."""
        present = set(theirs)
        return tuple(name for name in self.columns.values() if name not in present)

    def ours(self, table: Table, record: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return (cells of our columns, cells of attributes) of one foreign record."""
        known: dict[str, Any] = dict(self.constants)
        known.update({ours: record.get(theirs) for ours, theirs in self.columns.items()})
        attributes = {}
        for name, value in record.items():
            if name in self._theirs:
                continue  # the map gives it another name: what it is called by chance does not count
            if name not in self._ours and table.column(name):
                known[name] = value
            else:
                attributes[name] = value
        for column, words in self.values.items():
            if column in known:
                known[column] = words.get(str(known[column]).strip(), known[column])
        return known, attributes

    @cached_property
    def _ours(self) -> frozenset[str]:
        return frozenset((*self.columns, *self.constants, *self.lookup))

    @cached_property
    def _theirs(self) -> frozenset[str]:
        return frozenset(self.columns.values())


def read_mapping(table: Table, file: Path) -> ColumnMapping:
    """Read a mapping file for a table.

    Raises:
        UnreadableFileError: when it is missing, too large or not TOML.
        UnknownNameError: for a section or a column that does not exist.
        UsageError: for a value of a wrong kind, or a column that is filled twice.
    """
    data = read_bytes(file, "mapping")
    record = parse_toml(data, "mapping", str(file))
    _check(table, record, str(file))
    return ColumnMapping(
        record.get("columns", {}),
        {name: _constant(value) for name, value in record.get("constants", {}).items()},
        record.get("lookup", {}),
        record.get("values", {}),
        digest_bytes(data),
    )


def _constant(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def _check(table: Table, record: Mapping[str, Any], where: str) -> None:
    for section, entries in record.items():
        if section not in SECTIONS:
            raise UnknownNameError.of("section of the mapping", section, SECTIONS)
        if not isinstance(entries, Mapping):
            raise UsageError(f"'{section}' is not a table", where=where, mend=f"write it as [{section}]")
        for name in entries:
            if table.column(name) is None:
                raise UnknownNameError.of(f"column of {table.name}", name, (column.name for column in table.columns))
    _check_once(record, where)
    _check_kinds(record, where)


def _check_once(record: Mapping[str, Any], where: str) -> None:
    filled = [name for section in SECTIONS[:3] for name in record.get(section, {})]
    for name in filled:
        if filled.count(name) > 1:
            raise UsageError(f"column '{name}' is filled twice", where=where, mend="keep it in one section")


def _check_kinds(record: Mapping[str, Any], where: str) -> None:
    for name, theirs in record.get("columns", {}).items():
        if not isinstance(theirs, str):
            raise UsageError(f"[columns] {name} is not a column's name", where=where, mend=f'write {name} = "theirs"')
    for name, source in record.get("lookup", {}).items():
        if name not in LOOKED_UP or source != "unit_uid":
            raise UsageError(
                f"[lookup] {name} cannot be looked up",
                where=where,
                mend='study_uid = "unit_uid" or series_uid = "unit_uid"',
            )
    for name, words in record.get("values", {}).items():
        if not isinstance(words, Mapping):
            raise UsageError(f"[values] {name} is not a table", where=where, mend=f"write it as [values.{name}]")
