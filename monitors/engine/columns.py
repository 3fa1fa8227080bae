"""Arrow columns as NumPy columns: codes, flags, numbers, instants, and row matching without a Python loop."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from monitors.counts import Column, Integers, Labels

Flags = npt.NDArray[np.int8]  # 1 true, 0 false, -1 not stated
Numbers = npt.NDArray[np.float64]
Instants = npt.NDArray[np.datetime64]
_SEPARATOR = "\x1f"


def texts(table: Any, name: str, default: str = "") -> Any:
    """Return a text column as one Arrow string array, nulls replaced."""
    import pyarrow as pa  # noqa: PLC0415 - lazy: pyarrow is slow to import
    import pyarrow.compute as pc  # noqa: PLC0415 - lazy: pyarrow is slow to import

    if name not in table.column_names:
        return pa.array([default] * table.num_rows, pa.string())
    found = table.column(name).cast(pa.string())
    return pc.fill_null(found, default).combine_chunks()


def labels(array: Any) -> Labels:
    """Return an Arrow string array as codes into its distinct texts."""
    encoded = array.dictionary_encode()
    codes = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    return Labels(codes, tuple(encoded.dictionary.to_pylist()))


def flags(table: Any, name: str) -> Flags:
    """Return a boolean column: 1, 0, or -1 where it is not stated."""
    import pyarrow as pa  # noqa: PLC0415 - lazy: pyarrow is slow to import
    import pyarrow.compute as pc  # noqa: PLC0415 - lazy: pyarrow is slow to import

    if name not in table.column_names:
        return np.full(table.num_rows, -1, dtype=np.int8)
    found = pc.fill_null(table.column(name).cast(pa.int8()), pa.scalar(-1, pa.int8()))
    return np.asarray(found.combine_chunks().to_numpy(zero_copy_only=False), dtype=np.int8)


def numbers(table: Any, name: str) -> Numbers:
    """Return a number column as float64, NaN where it is not stated."""
    import pyarrow as pa  # noqa: PLC0415 - lazy: pyarrow is slow to import

    if name not in table.column_names:
        return np.full(table.num_rows, np.nan)
    found = table.column(name).cast(pa.float64()).combine_chunks()
    return np.asarray(found.to_numpy(zero_copy_only=False), dtype=np.float64)


def instants(array: Any) -> Instants:
    """Return UTC texts (`…Z`, microseconds) as datetime64[us], NaT where empty."""
    import pyarrow.compute as pc  # noqa: PLC0415 - lazy: pyarrow is slow to import

    bare = pc.replace_substring_regex(array, "Z$", "")
    found = pc.if_else(pc.equal(bare, ""), None, bare)
    return np.asarray(found.to_numpy(zero_copy_only=False), dtype="datetime64[us]")


def joined(*arrays: Any) -> Any:
    """Return a composite key: the texts side by side, with a separator that no identifier holds."""
    import pyarrow.compute as pc  # noqa: PLC0415 - lazy: pyarrow is slow to import

    return pc.binary_join_element_wise(*arrays, _SEPARATOR)


def first_rows(key: Any, order: Sequence[tuple[Any, str]]) -> npt.NDArray[np.intp]:
    """Return, per distinct key, the row that comes first.

    Args:
        key: Arrow string array of shape (n,).
        order: arrays of shape (n,) with `ascending` or `descending`, the most important first.
    """
    import pyarrow as pa  # noqa: PLC0415 - lazy: pyarrow is slow to import
    import pyarrow.compute as pc  # noqa: PLC0415 - lazy: pyarrow is slow to import

    if len(key) == 0:
        return np.zeros(0, dtype=np.intp)
    names = [f"o{place}" for place in range(len(order))]
    table = pa.table({"key": key} | dict(zip(names, (array for array, _ in order), strict=True)))
    keys = [("key", "ascending"), *zip(names, (way for _, way in order), strict=True)]
    rows = pc.sort_indices(table, sort_keys=keys).to_numpy()
    codes = labels(key).codes[rows]
    starts = np.concatenate([[True], codes[1:] != codes[:-1]])
    return np.sort(rows[starts]).astype(np.intp)


def positions(wanted: Any, known: Any) -> npt.NDArray[np.int64]:
    """Return for each wanted text the first row where it is known, -1 where it is not; empty texts match nothing."""
    import pyarrow.compute as pc  # noqa: PLC0415 - lazy: pyarrow is slow to import

    found = pc.fill_null(pc.index_in(wanted, value_set=known), -1)
    blank = np.asarray(pc.equal(wanted, "").to_numpy(zero_copy_only=False), dtype=np.bool_)
    return np.where(blank, -1, found.to_numpy(zero_copy_only=False)).astype(np.int64)


def picked(column: Labels, rows: Integers, missing: str = "") -> Labels:
    """Return a column at rows of another table; -1 becomes `missing`."""
    levels = (*column.levels, missing)
    return Labels(np.where(rows < 0, len(column.levels), column.codes[rows] if len(column.codes) else 0), levels)


def at_rows(column: Column, rows: npt.NDArray[Any]) -> Column:
    """Return a column at rows of another table; row -1 is empty text, or 0."""
    at = np.asarray(rows, dtype=np.int64)
    return picked(column, at) if isinstance(column, Labels) else np.append(column, column.dtype.type(0))[at]


def is_level(column: Column, level: str) -> npt.NDArray[np.bool_]:
    """Say per row whether a column of texts has this one.

    Raises:
        TypeError: for a column of integers.
    """
    if not isinstance(column, Labels):
        raise TypeError("a column of texts is compared with a text")
    wanted = np.array([name == level for name in column.levels] or [False], dtype=np.bool_)
    return np.asarray(wanted[column.codes], dtype=np.bool_)


def arrow_of(column: Column) -> Any:
    """Return a column of texts as an Arrow string array.

    Raises:
        TypeError: for a column of integers.
    """
    import pyarrow as pa  # noqa: PLC0415 - lazy: pyarrow is slow to import

    if not isinstance(column, Labels):
        raise TypeError("a column of integers holds no texts")
    return pa.array(column.levels, pa.string()).take(pa.array(column.codes))


def constant(text: str, size: int) -> Labels:
    """Return a column of one text."""
    return Labels(np.zeros(size, dtype=np.int64), (text,))


def named(codes: npt.NDArray[Any], levels: tuple[str, ...]) -> Labels:
    """Return small integers as a column of texts."""
    return Labels(np.asarray(codes, dtype=np.int64), levels)
