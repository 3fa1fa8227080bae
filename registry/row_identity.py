"""What makes a row the same row: its key, its content, its id; all digests of typed values."""

import hashlib
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from registry.domain.columns import Column, Kind, Table
from registry.domain.instants import instant_text

ATTRIBUTES = "attributes"
_INSTANT_LENGTH = 27
_ENCODER = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
_NOT_CONTENT = frozenset({"available_at", "supersedes"})


@dataclass(frozen=True, slots=True)
class IdentifiedRow:
    """One typed row of a batch.

    Attributes:
        index: its place in the batch; 1 is the first.
        values: the stored values; None is left out.
        key: SHA-256 of the key's values.
        content: SHA-256 of the values without `available_at` and `supersedes`.
        row_id: 32 hexadecimal digits over table, content and `supersedes`.
    """

    index: int
    values: Mapping[str, Any]
    key: bytes
    content: bytes
    row_id: str

    @property
    def supersedes(self) -> str | None:
        """The id of the row that this one corrects."""
        return self.values.get("supersedes")


def identified(table: Table, index: int, row: Mapping[str, Any]) -> IdentifiedRow:
    """Return a typed row with its identity, defaults filled.

    Raises:
        ValueError: when a name or a type is not the table's, or a required value is missing.
    """
    values = conformed(table, row)
    content = _json({name: value for name, value in values.items() if name not in _NOT_CONTENT})
    seed = _json([table.name, content, values.get("supersedes")])
    return IdentifiedRow(
        index,
        values,
        _digest(_json([values.get(name) for name in table.key])),
        _digest(content),
        _digest(seed).hex()[:32],
    )


def conformed(table: Table, row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row's stored values: of the columns' types, defaults filled, None left out.

    Raises:
        ValueError: when a name or a type is not the table's, or a required value is missing.
    """
    columns = table.by_name
    values = {column.name: column.default for column in table.columns if column.default is not None}
    for name, value in row.items():
        if value is None:
            continue
        if name == ATTRIBUTES:
            values[name] = _attributes(value)
        elif name not in columns:
            raise ValueError(f"{table.name} has no column {name!r}")
        else:
            values[name] = _STORED[columns[name].kind](columns[name], value)
    if "unit_uid" in columns and "unit_uid" not in values and "study_uid" in values:
        values["unit_uid"] = values["study_uid"]
    missing = [name for name in (*table.required, *table.key) if name not in values]
    if missing:
        raise ValueError(f"a row of {table.name} lacks {', '.join(dict.fromkeys(missing))}")
    return values


def _attributes(value: Any) -> Any:
    if isinstance(value, Mapping):
        return _json({str(name): str(text) for name, text in value.items()}) if value else None
    return _text(Column(ATTRIBUTES), value)


def _text(column: Column, value: Any) -> str:
    if not isinstance(value, str):
        raise _mistyped(column, value)
    return str(value)


def _number(column: Column, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise _mistyped(column, value)
    return float(value) + 0.0  # one zero: -0.0 becomes 0.0


def _boolean(column: Column, value: Any) -> bool:
    if not isinstance(value, bool):
        raise _mistyped(column, value)
    return value


def _instant(column: Column, value: Any) -> str:
    if isinstance(value, datetime):
        return instant_text(value)
    if not isinstance(value, str) or len(value) != _INSTANT_LENGTH or value[-1] != "Z":
        raise _mistyped(column, value)
    return value


def _list(item: Callable[[Column, Any], Any]) -> Callable[[Column, Any], Any]:
    def convert(column: Column, value: Any) -> list[Any]:
        if isinstance(value, str) or not isinstance(value, Sequence):
            raise _mistyped(column, value)
        return [item(column, one) for one in value]

    return convert


_STORED: Mapping[Kind, Callable[[Column, Any], Any]] = {
    Kind.TEXT: _text,
    Kind.NUMBER: _number,
    Kind.BOOLEAN: _boolean,
    Kind.INSTANT: _instant,
    Kind.NUMBERS: _list(_number),
    Kind.TEXTS: _list(_text),
}


def _mistyped(column: Column, value: Any) -> ValueError:
    return ValueError(f"column {column.name!r} holds {column.kind.value}, not {type(value).__name__}")


def _json(value: Any) -> str:
    return _ENCODER.encode(value)


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8")).digest()
