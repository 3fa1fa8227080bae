"""Counts as bytes for storage: what the other families follow from, each column in its narrowest integers.

The same counts give the same bytes. One line of JSON (ASCII, sorted keys) tells the families; their columns follow,
little-endian.
"""

import json
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

from monitors.counts import Counts, Family, Integers, derived_from, empty_family, summed
from monitors.grouping import Narrow, narrowest

SCHEMA = "overread.day-counts/1"
_WIDEST = 8  # bytes
BASIS = "overread.day-basis/1"
_WIDTHS = ((8, "<u1"), (16, "<u2"), (32, "<u4"))


def pack_counts(counts: Counts) -> bytes:
    """Return the bytes of counts; families that are marginals of another are left out."""
    names = sorted(set(counts.families) - set(derived_from(counts.axes)))
    heads, bodies = zip(*(_packed(counts[name]) for name in names), strict=True)
    head = {"schema": SCHEMA, "axes": list(counts.axes), "families": list(heads)}
    return b"\n".join([_line(head), b"".join(bodies)])


def unpack_counts(data: bytes, names: Collection[str] | None = None) -> Counts:
    """Return the counts of bytes that `pack_counts` made, without the families that follow from others.

    Args:
        data: the bytes.
        names: the families to return; all that are there unless given.

    Raises:
        ValueError: when the bytes are no counts.
    """
    head, body = _parted(data)
    families, start = {}, 0
    for record in head["families"]:
        if names is None or record["name"] in names:
            families[record["name"]], start = _unpacked(record, body, start)
        else:
            start += _size(record)
    if start != len(body):
        raise ValueError("counts with bytes to spare")
    return Counts(families, tuple(head["axes"]))


def days_of_counts(data: bytes, names: Collection[str]) -> Integers:
    """Return the days of which cells of some families speak, ascending; each begins with its axis `day`.

    Raises:
        ValueError: when the bytes are no counts.
    """
    found, start = [np.zeros(0, dtype=np.int64)], 0
    head, body = _parted(data)
    for record in head["families"]:
        if record["name"] in names and record["cells"]:
            column, _ = _raised(body, start, record["cells"], record["axes"][0])
            found.append(np.unique(column.astype(np.int64)))
        start += _size(record)
    return np.unique(np.concatenate(found))


def texts_of_counts(data: bytes, axis: str) -> set[str]:
    """Return the levels that an axis of text has in any family.

    Raises:
        ValueError: when the bytes are no counts.
    """
    head, _ = _parted(data)
    axes = [one for record in head["families"] if record["cells"] for one in record["axes"] if one["axis"] == axis]
    return {level for one in axes for level in one["levels"]}


def completed(counts: Counts) -> Counts:
    """Return counts with every family that follows from those that are there."""
    return summed((counts,))


def _line(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False).encode("ascii")


def _packed(family: Family) -> tuple[dict[str, Any], bytes]:
    if not len(family.counts):
        texts = [axis for axis in family.axes if axis in family.levels]
        return {"name": family.name, "cells": 0, "axes": list(family.axes), "texts": texts}, b""
    columns = [_narrow(column) for column in family.columns]
    low, kind, data = _narrow(family.counts)
    axes = [
        {"axis": axis, "levels": list(family.levels[axis]) if axis in family.levels else None, "low": least, "kind": of}
        for axis, (least, of, _) in zip(family.axes, columns, strict=True)
    ]
    head = {"name": family.name, "cells": len(family.counts), "axes": axes, "counts": {"low": low, "kind": kind}}
    return head, b"".join([*(part for _, _, part in columns), data])


def _narrow(values: Narrow) -> tuple[int, str, bytes]:
    """Return the least value, the narrowest type of the rest, and the bytes."""
    low = int(values.min()) if len(values) else 0
    high = int(values.max()) - low if len(values) else 0
    kind = next((name for bits, name in _WIDTHS if high < 1 << bits), "<i8")
    return low, kind, (values.astype(np.int64) - low).astype(kind).tobytes()


def _parted(data: bytes) -> tuple[dict[str, Any], memoryview]:
    """Return the first line of counts and what follows it."""
    end = data.find(b"\n") + 1
    head = json.loads(data[:end])
    if not isinstance(head, dict) or head.get("schema") != SCHEMA:
        raise ValueError(f"not counts of the schema {SCHEMA}")
    return head, memoryview(data)[end:]


def _size(head: dict[str, Any]) -> int:
    """Return how many bytes a family's columns take."""
    cells = int(head["cells"])
    return sum(np.dtype(one["kind"]).itemsize * cells for one in (*head["axes"], head["counts"])) if cells else 0


def _unpacked(head: dict[str, Any], body: memoryview, start: int) -> tuple[Family, int]:
    cells, columns = head["cells"], []
    if not cells:
        return empty_family(head["name"], tuple(head["axes"]), frozenset(head["texts"])), start
    for place in (*head["axes"], head["counts"]):
        column, start = _raised(body, start, cells, place)
        columns.append(column)
    axes = tuple(place["axis"] for place in head["axes"])
    levels = {place["axis"]: tuple(place["levels"]) for place in head["axes"] if place["levels"] is not None}
    counts = columns[-1].astype(np.int64)
    return Family(head["name"], axes, levels, tuple(columns[:-1]), counts), start


def _raised(body: memoryview, start: int, cells: int, place: dict[str, Any]) -> tuple[Narrow, int]:
    """Return a stored column with its least value added, as narrow as that allows."""
    kind: np.dtype[Any] = np.dtype(place["kind"])
    size = kind.itemsize * cells
    if start + size > len(body):
        raise ValueError("counts that were cut short")
    found, low = np.frombuffer(body, dtype=kind, count=cells, offset=start), int(place["low"])
    if low == 0 or kind.itemsize == _WIDEST:
        return (found + kind.type(low)).astype(kind.newbyteorder("="), copy=False), start + size
    held = narrowest(low, low + int(found.max()))
    return (found.astype(np.int64) + low).astype(held), start + size


def basis_bytes(day: str, rows: Mapping[str, list[str]]) -> bytes:
    """Return the line that lists the ids of the rows of a day, per table in their order."""
    return _line({"schema": BASIS, "day": day, "rows": dict(rows)})


def rows_of_day(data: bytes) -> dict[str, list[str]]:
    """Return the ids of the rows that a stored day was counted from, per table.

    Raises:
        ValueError: when the bytes are no stored day.
    """
    head = json.loads(data.partition(b"\n")[0])
    if not isinstance(head, dict) or head.get("schema") != BASIS:
        raise ValueError(f"not a day of the schema {BASIS}")
    return dict(head["rows"])


def pack_day(basis: bytes, counts: Counts) -> bytes:
    """Return a stored day: one line that lists the rows it was counted from, then the counts."""
    return b"\n".join([basis, pack_counts(counts)])


def unpack_day(data: bytes) -> Counts:
    """Return the counts of a stored day.

    Raises:
        ValueError: when the bytes are no stored day.
    """
    return unpack_counts(counts_of_day(data))


def counts_of_day(data: bytes) -> bytes:
    """Return the bytes of the counts of a stored day, without the list of its rows."""
    return data[data.find(b"\n") + 1 :]
