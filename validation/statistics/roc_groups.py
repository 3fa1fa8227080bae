"""Areas under the ROC curve of many groups at once: one sort of packed whole numbers, one pass over what is occupied.

Group, score cell and truth are packed into one number, so that one sort orders every group by score; the area and
DeLong's variance of each group follow from sums over its occupied cells. The cost hardly depends on the number of
groups. The same numbers as `roc_from_arrays` group by group, up to rounding.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from validation.statistics.arrays import FloatArray, IntArray, flags, integers, same_length

Sides = tuple[IntArray, IntArray]
_NARROW = 2**32
_HALF_NARROW = 2**30  # units: twice as many still fit four bytes
_BLOCK = 65_536  # units


@dataclass(frozen=True, eq=False)
class GroupAreas:
    """One entry a group 0..g-1.

    Attributes:
        auc: float64[g]; not a number where a class is empty.
        variance: DeLong's, float64[g]; not a number where a class has fewer than two units.
        positive, negative: units int64[g].
    """

    auc: FloatArray
    variance: FloatArray
    positive: IntArray
    negative: IntArray


def areas_of_groups(q: ArrayLike, truth: ArrayLike, groups: ArrayLike, size: int) -> GroupAreas:
    """Return the area and DeLong's variance of every group; every unit is a patient of its own.

    Args:
        q: cells int[n], not negative.
        truth: reference standard bool[n].
        groups: group int[n] of each unit, in 0..size-1.
        size: number of groups.

    Raises:
        ValueError: when lengths differ, a cell is negative, a group lies outside, or the numbers do not fit 62 bits.
    """
    cells, positive, places = integers(q), flags(truth), integers(groups)
    same_length(cells, positive, places)
    if len(cells) and (cells.min() < 0 or places.min() < 0 or places.max() >= size):
        raise ValueError(f"cells are not negative and groups lie in 0..{size - 1}")
    radix = int(cells.max()) + 1 if len(cells) else 1
    if 2 * radix * max(size, 1) >= 2**62:
        raise ValueError("groups and cells do not fit into one number")
    kind = np.uint32 if 2 * radix * size < _NARROW else np.int64
    packed: NDArray[Any] = places.astype(kind)
    packed *= kind(radix)
    packed += cells.astype(kind)
    packed *= kind(2)
    packed += positive.astype(kind)
    packed.sort()
    bounds = np.searchsorted(packed, (np.arange(size + 1, dtype=np.int64) * 2 * radix).astype(kind))
    parts = [_areas(packed, bounds[first : last + 1]) for first, last in _blocks(bounds)]
    return GroupAreas(*(np.concatenate([np.zeros(0), *column]) for column in zip(*parts, strict=True)))


def _blocks(bounds: IntArray) -> list[tuple[int, int]]:
    """Return runs of groups that hold some 65,000 units together: what is computed of them stays in the cache."""
    marks = np.searchsorted(bounds, np.arange(0, int(bounds[-1]), _BLOCK))
    cuts = np.unique(np.concatenate([[0], marks, [len(bounds) - 1]])).tolist()
    return list(pairwise(cuts))


def _areas(packed: NDArray[Any], bounds: IntArray) -> tuple[FloatArray, FloatArray, IntArray, IntArray]:
    """Sum up the sorted numbers of some groups cell by cell, then group by group."""
    packed, bounds = packed[bounds[0] : bounds[-1]], bounds - bounds[0]
    hits = np.cumsum(packed & 1, dtype=np.int64)
    cell = packed >> 1
    ends = np.append(np.flatnonzero(cell[1:] != cell[:-1]) + 1, len(packed))[: len(packed)]
    ups = hits[ends - 1]
    up = np.diff(ups, prepend=0)
    return _of_cells(
        (up, np.diff(ends, prepend=0) - up), (ups, ends - ups), np.searchsorted(ends, bounds, side="right")
    )


def areas_of_table(positive: ArrayLike, negative: ArrayLike) -> GroupAreas:
    """Return the area and DeLong's variance of every group from its counts in every cell, occupied or not.

    Args:
        positive: positive units int[g, k], cells ascending.
        negative: negative units int[g, k].

    Raises:
        ValueError: when the shapes differ, there is no cell, or a count is negative.
    """
    sides = [np.asarray(side, dtype=np.int64) for side in (positive, negative)]
    if sides[0].ndim != 2 or sides[0].shape != sides[1].shape or not sides[0].shape[1]:
        raise ValueError("two tables of one shape, groups by cells, with one cell at least")
    if min(side.min(initial=0) for side in sides) < 0:
        raise ValueError("a count is not negative")
    narrow = sum(int(side.sum()) for side in sides) < _HALF_NARROW
    kind: type[np.signedinteger[Any]] = np.int32 if narrow else np.int64
    up, down = (side.astype(kind) for side in sides)
    ups, downs = (np.cumsum(side, axis=1, dtype=kind) for side in (up, down))
    n_up, n_down = (side[:, -1].astype(np.int64) for side in (ups, downs))
    few = np.flatnonzero(up)  # only cells with a positive have a share in the area
    edges = np.searchsorted(few, np.arange(len(up) + 1) * up.shape[1])
    below = (2 * downs.ravel()[few] - down.ravel()[few]).astype(np.float64)
    won = up.ravel()[few] * below
    above = (2 * (ups[:, -1:] - ups) + up).astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        auc = _sums(won, edges) / (2 * n_up * n_down)
        spread = _spread(_sums(won * below, edges), n_up, 2 * n_down, auc)
        spread += _spread(np.einsum("gk,gk->g", above * down, above), n_down, 2 * n_up, auc)
    return GroupAreas(auc, np.where(np.minimum(n_up, n_down) < 2, np.nan, spread), n_up, n_down)


def _of_cells(units: Sides, sums: Sides, edges: IntArray) -> tuple[FloatArray, FloatArray, IntArray, IntArray]:
    """Return area, variance, positive and negative units of groups.

    Args:
        units: positive and negative units int[k] of each cell.
        sums: the same up to and with each cell.
        edges: the first cell of each group, and last the number of cells: int[g + 1].
    """
    (up, down), (ups, downs) = units, sums
    at, before = (np.concatenate([[0], side])[edges] for side in sums)  # units before each group
    n_up, n_down = np.diff(at), np.diff(before)
    few = np.flatnonzero(up != 0)  # only cells with a positive have a share in the area
    parts = np.searchsorted(few, edges)
    below = (2 * (downs[few] - np.repeat(before[:-1], np.diff(parts))) - down[few]).astype(np.float64)
    above = (2 * (np.repeat(at[1:], np.diff(edges)) - ups) + up).astype(np.float64)
    won = up[few] * below
    with np.errstate(divide="ignore", invalid="ignore"):
        auc = _sums(won, parts) / (2 * n_up * n_down)
        spread = _spread(_sums(won * below, parts), n_up, 2 * n_down, auc)
        spread += _spread(_sums(down * above * above, edges), n_down, 2 * n_up, auc)
    return auc, np.where(np.minimum(n_up, n_down) < 2, np.nan, spread), n_up, n_down


def _sums(values: FloatArray, edges: IntArray) -> FloatArray:
    """Return the sum of each group's cells float64[g]."""
    found, filled = np.zeros(len(edges) - 1), np.flatnonzero(np.diff(edges))
    if len(filled):
        found[filled] = np.add.reduceat(values, edges[filled])
    return found


def _spread(squares: FloatArray, n: IntArray, scale: IntArray, auc: FloatArray) -> FloatArray:
    """Return the variance of placements whose scaled squares add up to that, over n."""
    return np.asarray(np.maximum(squares / scale.astype(np.float64) ** 2 - n * auc**2, 0.0) / (n * (n - 1.0)))
