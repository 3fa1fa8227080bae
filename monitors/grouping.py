"""Adding up equal rows of integers, which is what counting comes to: by table where that is small, else by sorting."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]
Narrow = npt.NDArray[np.integer[Any]]
_PACKED = 2**62
_UNSIGNED = tuple((np.dtype(f"u{size}"), 0, 2 ** (8 * size) - 1) for size in (1, 2, 4))
_SIGNED = tuple((np.dtype(f"i{size}"), -(2 ** (8 * size - 1)), 2 ** (8 * size - 1) - 1) for size in (1, 2, 4))
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
    packed = columns[0].astype(np.int64)
    packed -= lows[0]
    for column, low, radix in zip(columns[1:], lows[1:], radices[1:], strict=True):
        packed *= radix
        packed += column
        packed -= low
    keys, sums = _summed(packed, counts, size)
    return _unpacked(keys, radices, lows), sums


def _summed(packed: Integers, counts: Integers | None, size: int) -> tuple[Integers, Integers]:
    """Return the distinct keys below `size`, ascending, and the sum of each one's counts: by table where it is small.

    Sums of integers in binary64 are exact below 2**53.
    """
    if counts is not None and bool((counts == 1).all()):
        counts = None
    if size <= _TABLE_PER_ROW * len(packed) and (counts is None or counts.sum() < 2**53):
        table = np.bincount(packed, None if counts is None else counts.astype(np.float64), minlength=size)
        keys = np.flatnonzero(table)
        return keys, table[keys].astype(np.int64)
    order = None if counts is None else np.argsort(packed, kind="stable")
    ordered = np.sort(packed) if order is None else packed[order]
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
    if counts is None or order is None:
        return ordered[starts], np.diff(starts, append=len(ordered))
    return ordered[starts], np.add.reduceat(counts[order], starts)


def _unpacked(keys: Integers, radices: Sequence[int], lows: Sequence[int]) -> list[Narrow]:
    """Return the columns of packed keys."""
    columns: list[Narrow] = []
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
