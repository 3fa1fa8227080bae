"""Adding up equal rows of integers, which is what counting comes to: by table where that is small, else by sorting."""

import math

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]
_PACKED = 2**62
_TABLE_PER_ROW = 8  # cells of a table per row up to which it is quicker than sorting (benchmarks/monitoring.py)


def grouped(codes: Integers, counts: Integers) -> tuple[Integers, Integers]:
    """Return the distinct rows in lexicographic order, shape (cells, axes), and the sum of each one's counts."""
    if len(codes) == 0:
        return codes, np.zeros(0, dtype=np.int64)
    low = codes.min(axis=0)
    radices = codes.max(axis=0) - low + 1
    size = math.prod(radices.tolist())
    if size >= _PACKED:
        return _grouped_by_column(codes, counts)
    packed = np.zeros(len(codes), dtype=np.int64)
    for place, radix in enumerate(radices.tolist()):
        packed *= radix
        packed += codes[:, place]
        packed -= low[place]
    keys, sums = _summed(packed, counts, size)
    return _unpacked(keys, radices, low), sums


def _summed(packed: Integers, counts: Integers, size: int) -> tuple[Integers, Integers]:
    """Return the distinct keys below `size`, ascending, and the sum of each one's counts: by table where it is small.

    Sums of integers in binary64 are exact below 2**53.
    """
    ones = bool((counts == 1).all())
    if size <= _TABLE_PER_ROW * len(packed) and counts.sum() < 2**53:
        table = np.bincount(packed, None if ones else counts.astype(np.float64), minlength=size)
        keys = np.flatnonzero(table)
        return keys, table[keys].astype(np.int64)
    order = None if ones else np.argsort(packed, kind="stable")
    ordered = np.sort(packed) if order is None else packed[order]
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
    if order is None:
        return ordered[starts], np.diff(starts, append=len(ordered))
    return ordered[starts], np.add.reduceat(counts[order], starts)


def _unpacked(keys: Integers, radices: Integers, low: Integers) -> Integers:
    """Return the rows of packed keys."""
    codes = np.empty((len(keys), len(radices)), dtype=np.int64)
    for place in reversed(range(len(radices))):
        keys, codes[:, place] = np.divmod(keys, radices[place])
    return codes + low


def _grouped_by_column(codes: Integers, counts: Integers) -> tuple[Integers, Integers]:
    """Group rows whose packed key would not fit into 63 bits."""
    order = np.lexsort(codes.T[::-1])
    ordered = codes[order]
    starts = np.flatnonzero(np.concatenate([[True], np.any(ordered[1:] != ordered[:-1], axis=1)]))
    return ordered[starts], np.add.reduceat(counts[order], starts)
