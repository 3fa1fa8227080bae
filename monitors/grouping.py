"""Adding up equal rows of integers, which is what counting comes to: by table where that is small, else by sorting."""

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]
Narrow = npt.NDArray[np.integer[Any]]
_PACKED = 2**62
_FOUR_BYTES = 2**32
_WIDEST = 8  # bytes
_UNSIGNED = tuple((np.dtype(f"u{size}"), 0, 2 ** (8 * size) - 1) for size in (1, 2, 4))
_SIGNED = tuple((np.dtype(f"i{size}"), -(2 ** (8 * size - 1)), 2 ** (8 * size - 1) - 1) for size in (1, 2, 4))
_BATCH = 50_000  # rows that stay in a processor's cache while they are added up
_TABLE_PER_ROW = 8  # cells of a table per row up to which it is quicker than sorting (benchmarks/monitoring.py)


def narrowest(low: int, high: int) -> np.dtype[Any]:
    """Return the narrowest type of whole numbers that holds those from `low` to `high`."""
    for kind, least, most in _UNSIGNED if low >= 0 else _SIGNED:
        if least <= low and high <= most:
            return kind
    return np.dtype(np.int64)


def grouped(columns: Sequence[Narrow], counts: Integers | None) -> tuple[list[Narrow], Integers]:
    """Return the distinct rows in lexicographic order, by column in narrow integers, and the sum of each one's counts.

    Args:
        columns: each of shape (rows,).
        counts: of each row; None for one each.
    """
    if len(columns[0]) == 0:
        return list(columns), np.zeros(0, dtype=np.int64)
    lows = [int(column.min()) for column in columns]
    radices = [int(column.max()) - low + 1 for column, low in zip(columns, lows, strict=True)]
    size = math.prod(radices)
    if size >= _PACKED:
        return _grouped_by_column(columns, counts)
    if len(columns) == 1 and size > _TABLE_PER_ROW * len(columns[0]):  # to be sorted: a column is its own key
        keys, sums = _summed(columns[0], counts, size)
        return [keys.astype(narrowest(lows[0], lows[0] + size - 1), copy=False)], sums
    keys, sums = _summed(_packed(columns, lows, radices), counts, size)
    return _unpacked(keys, radices, lows), sums


def grouped_parts(parts: Sequence[Sequence[Narrow]], counts: Sequence[Integers]) -> tuple[list[Narrow], Integers]:
    """Return what `grouped` returns of the rows of several parts.

    Where the table of all rows that there could be is small, the parts are added into it one after the other; so a sum
    of days costs a pass over each day's cells, and none over all of them together.

    Args:
        parts: per part its columns, each of shape (rows of the part,).
        counts: per part the count of each row.
    """
    held = [place for place, part in enumerate(parts) if len(part[0])]
    if not held:
        return list(parts[0]), np.zeros(0, dtype=np.int64)
    axes = [[parts[place][axis] for place in held] for axis in range(len(parts[0]))]
    rows = sum(len(counts[place]) for place in held)
    if rows > _BATCH:
        lows = [min(int(column.min()) for column in columns) for columns in axes]
        highs = [max(int(column.max()) for column in columns) for columns in axes]
        radices = [high - low + 1 for low, high in zip(lows, highs, strict=True)]
        size = math.prod(radices)
        if size <= _TABLE_PER_ROW * rows:
            table = np.zeros(size, dtype=np.int64)
            for some in _batches([len(counts[place]) for place in held]):
                columns = [_joined([column[place] for place in some]) for column in axes]
                np.add.at(table, _packed(columns, lows, radices), _joined([counts[held[place]] for place in some]))
            keys = np.flatnonzero(table != 0)
            return _unpacked(keys, radices, lows), table[keys]
    return grouped([_joined(columns) for columns in axes], _joined([counts[place] for place in held]))


def _batches(sizes: Sequence[int]) -> Iterator[list[int]]:
    """Yield the places of parts that are added up together: small ones, so that a call is worth its while."""
    some: list[int] = []
    rows = 0
    for place, size in enumerate(sizes):
        if some and rows + size > _BATCH:
            yield some
            some, rows = [], 0
        some.append(place)
        rows += size
    yield some


def _joined(parts: Sequence[Any]) -> Any:
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def _packed(columns: Sequence[Narrow], lows: Sequence[int], radices: Sequence[int]) -> Integers:
    """Return each row as one number, in which the first column counts most.

    The last columns are put together first, in the narrowest numbers that hold them: most passes are over few bytes.
    """
    packed, size = _above(columns[-1], lows[-1], radices[-1]), radices[-1]
    for column, low, radix in zip(columns[-2::-1], lows[-2::-1], radices[-2::-1], strict=True):
        digit = _above(column, low, radix).astype(narrowest(0, size * radix))
        digit *= digit.dtype.type(size)
        digit += packed
        packed, size = digit, size * radix
    return packed.astype(np.int64, copy=False)


def _above(column: Narrow, low: int, radix: int) -> Narrow:
    """Return how far numbers lie above the least, in the narrowest type for that."""
    kind = narrowest(0, radix - 1)
    if low == 0:
        return column.astype(kind, copy=False)
    return (column.astype(np.int64) - low).astype(kind) if column.itemsize < _WIDEST else (column - low).astype(kind)


def _summed(packed: Narrow, counts: Integers | None, size: int) -> tuple[Narrow, Integers]:
    """Return the distinct keys below `size`, ascending, and the sum of each one's counts."""
    if counts is not None and bool((counts == 1).all()):
        counts = None
    if size <= _TABLE_PER_ROW * len(packed):
        if counts is None:
            table = np.bincount(packed, minlength=size).astype(np.int64, copy=False)
        else:
            table = np.zeros(size, dtype=np.int64)
            np.add.at(table, packed, counts)
        keys = np.flatnonzero(table != 0)
        return keys, table[keys]
    order = None if counts is None else np.argsort(packed, kind="stable")
    ordered = np.sort(packed) if order is None else packed[order]
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
    if counts is None or order is None:
        return ordered[starts], np.diff(starts, append=len(ordered))
    return ordered[starts], np.add.reduceat(counts[order], starts)


def _unpacked(keys: Narrow, radices: Sequence[int], lows: Sequence[int]) -> list[Narrow]:
    """Return the columns of packed keys."""
    columns: list[Narrow] = []
    if min(lows) >= 0 and math.prod(radices) + max(lows) < _FOUR_BYTES:
        keys = keys.astype(np.uint32)  # a division takes half as long
    for radix, low in zip(radices[:0:-1], lows[:0:-1], strict=True):
        rest = keys // radix
        columns.append((keys - rest * radix + low).astype(narrowest(low, low + radix - 1)))
        keys = rest
    columns.append((keys + lows[0]).astype(narrowest(lows[0], lows[0] + radices[0] - 1)))
    return columns[::-1]


def _grouped_by_column(columns: Sequence[Narrow], counts: Integers | None) -> tuple[list[Narrow], Integers]:
    """Group rows whose packed key would not fit into 63 bits."""
    order = np.lexsort(columns[::-1])
    ordered = [column[order] for column in columns]
    fresh = np.logical_or.reduce([column[1:] != column[:-1] for column in ordered])
    starts = np.flatnonzero(np.concatenate([[True], fresh]))
    found = [column[starts] for column in ordered]
    if counts is None:
        return found, np.diff(starts, append=len(order))
    return found, np.add.reduceat(counts[order], starts)
