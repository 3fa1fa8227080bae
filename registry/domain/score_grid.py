"""The score grid: every statistic is computed on q = min(65535, floor(score x 65536)) (contract, section 4)."""

import math

CELLS = 65536


def to_grid(score: float) -> int:
    """Return the grid cell of a score in 0..1; exact in binary64.

    Raises:
        ValueError: when the score is not a number in 0..1.
    """
    if not 0.0 <= score <= 1.0:
        raise ValueError("a score lies in 0..1")
    return min(CELLS - 1, math.floor(score * CELLS))


def to_value(q: int) -> float:
    """Return the value of a cell: its midpoint (q + 0.5) / 65536."""
    return (q + 0.5) / CELLS


def threshold_cell(threshold: float) -> int:
    """Return k of a threshold k/65536, so that decision <=> q >= k.

    Raises:
        ValueError: when the threshold does not lie on the grid.
    """
    k = threshold * CELLS
    if not 0 <= k <= CELLS or k != math.floor(k):
        raise ValueError("a threshold of Overread's is k/65536")
    return int(k)
