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
_GREATEST = 2.0**200
# Of binary64: the bits without the sign, those of infinity and of the least normal number, and those after the seventh
# of the fraction. A cell counts octaves from 2^-1100, the bits' exponent from 2^-1022.
_MAGNITUDE, _NOT_FINITE, _NORMAL, _DROPPED = 2**63 - 1, 0x7FF << 52, 1 << 52, 52 - 7
_HALF_CELL = 1 << (_DROPPED - 1)
_OFFSET = (_SHIFT - 1022) * PER_OCTAVE
_Floats = npt.NDArray[np.float64]


def to_cells(values: _Floats) -> Integers:
    """Return the cells int64[n] of finite numbers float64[n].

    The cell stands in the number's own bits: exponent and the first seven bits of the fraction. Only subnormal numbers,
    below 2.3e-308, have another pattern.

    Raises:
        ValueError: when a number is not finite.
    """
    bits = np.ascontiguousarray(values, dtype=np.float64).view(np.int64)
    cells = bits & _MAGNITUDE
    if len(cells) and int(cells.max()) >= _NOT_FINITE:
        raise ValueError("the grid holds finite numbers only")
    tiny = np.flatnonzero(cells < _NORMAL) if len(cells) and int(cells.min()) < _NORMAL else None
    cells >>= _DROPPED
    cells += _OFFSET
    if tiny is not None:
        cells[tiny] = _cells_of_tiny(np.abs(np.asarray(values, dtype=np.float64)[tiny]))
    sign = bits >> 63  # -1 for a negative number: the next two lines turn its cell's sign
    cells ^= sign
    cells -= sign
    return cells


def _cells_of_tiny(values: _Floats) -> Integers:
    mantissa, exponent = np.frexp(values)
    cells = (exponent.astype(np.int64) + _SHIFT) * PER_OCTAVE + ((mantissa - 0.5) * (2 * PER_OCTAVE)).astype(np.int64)
    return np.where(values == 0, 0, cells)


def to_numbers(cells: Integers) -> _Floats:
    """Return the middle float64[n] of cells int64[n]; it is within 0.4 % of every number of the cell up to 2^200.

    No measured quantity is greater than 2^200 (1.6e60): beyond it the number is 2^200, so that no sum of squares of a
    column overflows.
    As for `to_cells`, the bits of a normal number are its cell's; half of a cell is added to them.
    """
    size = np.abs(cells)
    bits = size - _OFFSET
    bits <<= _DROPPED
    bits += _HALF_CELL
    numbers = bits.view(np.float64)
    tiny = np.flatnonzero(size < _OFFSET + PER_OCTAVE) if len(size) and size.min() < _OFFSET + PER_OCTAVE else None
    if tiny is not None:
        numbers[tiny] = _numbers_of_tiny(size[tiny])
    return np.asarray(np.copysign(np.minimum(numbers, _GREATEST), cells), dtype=np.float64)


def _numbers_of_tiny(size: Integers) -> _Floats:
    mantissa = 0.5 + (size % PER_OCTAVE + 0.5) / (2 * PER_OCTAVE)
    return np.where(size == 0, 0.0, np.ldexp(mantissa, (size // PER_OCTAVE - _SHIFT).astype(np.int64)))
