"""Arrays: the types that estimators take, and the checks at their door."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
Labels = Sequence[Any] | NDArray[Any]
_DENSE = 8  # numbers from the least to the greatest, per label


def integers(values: ArrayLike) -> IntArray:
    """Return values as int64[n]; refuse numbers that are not whole.

    Raises:
        ValueError: when a value is not a whole number, or the array is not one-dimensional.
    """
    array = np.asarray(values)
    whole = array.astype(np.int64, copy=False) if array.dtype.kind in "iub" or array.size == 0 else _whole(array)
    return _flat(whole)


def floats(values: ArrayLike) -> FloatArray:
    """Return values as float64[n].

    Raises:
        ValueError: when a value is not finite, or the array is not one-dimensional.
    """
    array = _flat(np.asarray(values, dtype=np.float64))
    if not np.isfinite(array).all():
        raise ValueError("a value is not a finite number")
    return array


def flags(values: ArrayLike) -> BoolArray:
    """Return values as bool[n]; 0 and 1 are taken for false and true.

    Raises:
        ValueError: when a value is neither.
    """
    array = np.asarray(values)
    if array.dtype.kind != "b" and array.size and not np.isin(array, (0, 1)).all():
        raise ValueError("a flag is true or false")
    return _flat(array.astype(np.bool_))


def codes_of(labels: Labels) -> IntArray:
    """Return each label's rank among the distinct labels, int64[n]: clusters and groups as numbers."""
    if len(labels) == 0:
        return np.zeros(0, dtype=np.int64)
    array = np.asarray(labels)
    if array.dtype.kind in "iu" and array.dtype != np.uint64 and array.ndim == 1:
        low, span = int(array.min()), int(array.max()) - int(array.min()) + 1
        if span <= _DENSE * len(array):  # a table is quicker than sorting
            place = array.astype(np.int64) - low
            used = np.zeros(span, dtype=np.int64)
            used[place] = 1
            return (np.cumsum(used) - 1)[place]
    _, codes = np.unique(array, return_inverse=True)
    return codes.astype(np.int64).reshape(-1)


def distinct(labels: Labels) -> int:
    """Return how many distinct labels there are."""
    return int(codes_of(labels).max(initial=-1)) + 1


def tally(codes: IntArray, size: int = 0) -> IntArray:
    """Return how often each code 0..m-1 occurs in int[n]: int64[max(m, size)]."""
    return np.bincount(codes, minlength=size).astype(np.int64)


def sums_by(codes: IntArray, values: FloatArray, size: int = 0) -> FloatArray:
    """Return the sum of values float[n] per code 0..m-1 int[n]: float64[max(m, size)]."""
    return np.bincount(codes, values, size).astype(np.float64)


def same_length(*arrays: NDArray[Any]) -> None:
    """Refuse arrays of different lengths.

    Raises:
        ValueError: with the lengths.
    """
    lengths = [len(array) for array in arrays]
    if len(set(lengths)) > 1:
        raise ValueError(f"arrays of different lengths: {lengths}")


def _whole(array: NDArray[Any]) -> IntArray:
    numbers = floats(array)
    if (numbers != np.floor(numbers)).any():
        raise ValueError("a value is not a whole number")
    return numbers.astype(np.int64)


def _flat(array: NDArray[Any]) -> NDArray[Any]:
    if array.ndim != 1:
        raise ValueError(f"an array of one dimension is needed, not {array.ndim}")
    return array


def two_samples(first: ArrayLike, second: ArrayLike) -> tuple[IntArray, IntArray]:
    """Return the counts int64[k] of two samples in the same cells.

    Raises:
        ValueError: when a sample is empty, a count is negative, or the lengths differ.
    """
    one, other = integers(first), integers(second)
    same_length(one, other)
    if not len(one) or min(one.min(), other.min()) < 0 or not one.sum() or not other.sum():
        raise ValueError("two samples are compared, each with one unit at least")
    return one, other


def expit(eta: FloatArray) -> FloatArray:
    """Return 1 / (1 + exp(-eta)) float64[n], without overflow."""
    return np.exp(-np.logaddexp(0, -eta))
