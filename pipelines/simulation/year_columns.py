"""Arrow columns from arrays: numbered identifiers, words by code, instants, numbers with gaps."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

_WIDTH = 12  # digits of a number in an identifier
_DIGITS = np.frombuffer("".join(f"{number:04d}" for number in range(10_000)).encode(), np.uint32)


def numbered(prefix: str, numbers: npt.NDArray[np.int64]) -> Any:
    """Return an Arrow column of texts: the prefix and each number in 12 digits.

    Args:
        prefix: ASCII.
        numbers: not negative, below 10 ** 12.

    Raises:
        ValueError: when a number does not fit.
    """
    if numbers.size and not 0 <= int(numbers.min()) <= int(numbers.max()) < 10**_WIDTH:
        raise ValueError(f"a number does not fit into {_WIDTH} digits")
    head = len(prefix)
    layout = {
        "names": ["head", "high", "middle", "low"],
        "formats": [f"S{head}", "u4", "u4", "u4"],  # four digits each, as bytes
        "offsets": [0, head, head + 4, head + 8],
        "itemsize": head + _WIDTH,
    }
    texts: Any = np.empty(numbers.size, np.dtype(layout))  # type: ignore[call-overload]
    high, rest = np.divmod(numbers, 10**8)
    middle, low = np.divmod(rest.astype(np.int32), np.int32(10**4))
    texts["head"] = prefix.encode("ascii")
    texts["high"], texts["middle"], texts["low"] = _DIGITS[high], _DIGITS[middle], _DIGITS[low]
    return _texts(texts)


def _texts(texts: npt.NDArray[Any]) -> Any:
    """Return texts of one length as an Arrow column, without a copy."""
    import pyarrow as pa  # noqa: PLC0415 - lazy: pyarrow is slow to import

    ends = np.arange(texts.size + 1, dtype=np.int32) * np.int32(texts.dtype.itemsize)
    return pa.StringArray.from_buffers(texts.size, pa.py_buffer(ends), pa.py_buffer(texts))


def words(codes: npt.NDArray[Any], pool: Sequence[str | None]) -> Any:
    """Return a dictionary column of the words that codes stand for; a negative code, and None in the pool, is null."""
    import pyarrow as pa  # noqa: PLC0415 - lazy: pyarrow is slow to import

    known = list(dict.fromkeys(word for word in pool if word is not None))
    place = np.array([-1 if word is None else known.index(word) for word in (*pool, None)], np.int32)
    found = place[codes]
    gaps = found < 0
    indices = pa.array(np.where(gaps, 0, found), mask=gaps if gaps.any() else None)
    return pa.DictionaryArray.from_arrays(indices, pa.array(known, pa.string()))


def word(text: str, n: int) -> Any:
    """Return a dictionary column of one word; an empty one is null."""
    return words(np.full(n, 0 if text else -1, np.int8), (text or None,))


def instants(microseconds: npt.NDArray[np.int64]) -> Any:
    """Return a column of instants in UTC."""
    import pyarrow as pa  # noqa: PLC0415 - lazy: pyarrow is slow to import

    return pa.array(microseconds).view(pa.timestamp("us", tz="UTC"))


def numbers(values: npt.NDArray[Any], digits: int | None = None, gaps: npt.NDArray[np.bool_] | None = None) -> Any:
    """Return a column of binary64 numbers, rounded to digits; NaN, and where `gaps` says so, is null."""
    import pyarrow as pa  # noqa: PLC0415 - lazy: pyarrow is slow to import

    found = values.astype(np.float64)
    if digits is not None:
        found = np.rint(found * 10.0**digits) / 10.0**digits
    absent = np.isnan(found) if gaps is None else gaps | np.isnan(found)
    return pa.array(found, mask=absent if absent.any() else None)


def booleans(values: npt.NDArray[Any], gaps: npt.NDArray[np.bool_] | None = None) -> Any:
    """Return a column of truth values, null where `gaps` says so."""
    import pyarrow as pa  # noqa: PLC0415 - lazy: pyarrow is slow to import

    return pa.array(values.astype(bool), mask=gaps)


def absent(n: int, kind: str = "double") -> Any:
    """Return a column without values."""
    import pyarrow as pa  # noqa: PLC0415 - lazy: pyarrow is slow to import

    return pa.nulls(n, pa.type_for_alias(kind))


def lists(values: npt.NDArray[np.float32], present: npt.NDArray[np.bool_]) -> Any:
    """Return a column of lists of numbers, one row of the matrix a list; null where not present."""
    import pyarrow as pa  # noqa: PLC0415 - lazy: pyarrow is slow to import

    ends = np.concatenate([[0], np.cumsum(present * values.shape[1])]).astype(np.int32)
    flat = pa.array(values[present].ravel())
    return pa.ListArray.from_arrays(pa.array(ends), flat, mask=pa.array(~present))


def readers(first: npt.NDArray[Any], second: npt.NDArray[Any], names: Sequence[str]) -> Any:
    """Return a column of lists of no, one or two names; a negative place is nobody."""
    import pyarrow as pa  # noqa: PLC0415 - lazy: pyarrow is slow to import

    both = np.stack([first, second], axis=1)
    present = both >= 0
    ends = np.concatenate([[0], np.cumsum(present.sum(axis=1))]).astype(np.int32)
    flat = words(both[present], names).dictionary_decode()
    return pa.ListArray.from_arrays(pa.array(ends), flat)
