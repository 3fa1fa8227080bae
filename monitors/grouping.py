"""Adding up equal rows of integers, which is what counting comes to: by table where that is small, else by sorting."""

import math

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]
_PACKED = 2**62
_TABLE_PER_ROW = 8  # cells of a table per row up to which it is quicker than sorting (benchmarks/monitoring.py)


def grouped(codes: Integers, counts: Integers | None) -> tuple[Integers, Integers]:
    """Return the distinct rows in lexicographic order, shape (cells, axes), and the sum of each one's counts.

    Args:
        codes: shape (rows, axes).
        counts: of each row; None for one each.
    """
    if len(codes) == 0:
        return codes, np.zeros(0, dtype=np.int64)
    low = codes.min(axis=0)
    radices = codes.max(axis=0) - low + 1
    size = math.prod(radices.tolist())
    if size >= _PACKED:
        return _grouped_by_column(codes, counts)
    packed = codes[:, 0] - low[0]
    for place, radix in enumerate(radices.tolist()[1:], start=1):
        packed *= radix
        packed += codes[:, place]
        packed -= low[place]
    keys, sums = _summed(packed, counts, size)
    return _unpacked(keys, radices, low), sums


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


def _unpacked(keys: Integers, radices: Integers, low: Integers) -> Integers:
    """Return the rows of packed keys."""
    codes = np.empty((len(keys), len(radices)), dtype=np.int64, order="F")
    for place in range(len(radices) - 1, 0, -1):
        rest = keys // radices[place]
        np.subtract(keys, rest * radices[place], out=codes[:, place])
        codes[:, place] += low[place]
        keys = rest
    np.add(keys, low[0], out=codes[:, 0])
    return codes


def _grouped_by_column(codes: Integers, counts: Integers | None) -> tuple[Integers, Integers]:
    """Group rows whose packed key would not fit into 63 bits."""
    order = np.lexsort(codes.T[::-1])
    ordered = codes[order]
    starts = np.flatnonzero(np.concatenate([[True], np.any(ordered[1:] != ordered[:-1], axis=1)]))
    if counts is None:
        return ordered[starts], np.diff(starts, append=len(ordered))
    return ordered[starts], np.add.reduceat(counts[order], starts)
