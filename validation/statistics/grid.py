"""The score grid for whole arrays: q = min(65535, floor(score x 65536)), exact in binary64 (contract, section 4)."""

import numpy as np
from numpy.typing import ArrayLike

from registry.domain.score_grid import CELLS
from validation.statistics.arrays import FloatArray, IntArray, floats, integers


def to_grid(scores: ArrayLike) -> IntArray:
    """Return the grid cells int64[n] of scores float[n] in 0..1.

    The product with 2^16 only moves the exponent, so that floor is exact.

    Raises:
        ValueError: when a score is not a number in 0..1.
    """
    array = floats(scores)
    if ((array < 0.0) | (array > 1.0)).any():
        raise ValueError("a score lies in 0..1")
    return np.minimum(np.floor(array * CELLS).astype(np.int64), CELLS - 1)


def to_values(q: ArrayLike) -> FloatArray:
    """Return the values (q + 0.5) / 65536 float64[n] of cells int[n]: strictly inside 0..1.

    Raises:
        ValueError: when a cell lies outside 0..65535.
    """
    cells = integers(q)
    if ((cells < 0) | (cells >= CELLS)).any():
        raise ValueError("a cell lies in 0..65535")
    return (cells + 0.5) / CELLS
