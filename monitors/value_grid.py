"""The fixed grid of measured numbers: cells of equal relative width, exact in binary64, so that days add up.

A number m 2^e with m in [1/2, 1) lies in cell (e + 1100) 128 + floor(256 (m - 1/2)): 128 cells an octave, each at most
0.8 % of the number wide. Zero is cell 0, a negative number the negative of its mirror's cell; order is kept. The grid
depends on no data and no column, and takes no logarithm: every platform and every engine gives the same cells.
"""

import numpy as np
import numpy.typing as npt

from monitors.counts import Integers

PER_OCTAVE = 128
_SHIFT = 1100
_Floats = npt.NDArray[np.float64]


def to_cells(values: _Floats) -> Integers:
    """Return the cells int64[n] of finite numbers float64[n].

    Raises:
        ValueError: when a number is not finite.
    """
    if not np.isfinite(values).all():
        raise ValueError("the grid holds finite numbers only")
    mantissa, exponent = np.frexp(np.abs(values))
    cells = (exponent.astype(np.int64) + _SHIFT) * PER_OCTAVE + ((mantissa - 0.5) * (2 * PER_OCTAVE)).astype(np.int64)
    return np.where(values == 0, 0, np.where(values < 0, -cells, cells))


def to_numbers(cells: Integers) -> _Floats:
    """Return the middle float64[n] of cells int64[n]; it is within 0.4 % of every number of the cell."""
    size = np.abs(cells)
    mantissa = 0.5 + (size % PER_OCTAVE + 0.5) / (2 * PER_OCTAVE)
    numbers = np.ldexp(mantissa, (size // PER_OCTAVE - _SHIFT).astype(np.int64))
    return np.asarray(np.where(cells == 0, 0.0, np.sign(cells) * numbers), dtype=np.float64)
