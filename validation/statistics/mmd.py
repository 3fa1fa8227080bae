"""Maximum mean discrepancy: how far two samples of vectors lie apart under a Gaussian kernel, with a permutation test.

Source: Gretton et al., J Mach Learn Res 2012;13:723; the median heuristic for the bandwidth. Cost grows with the
square of the rows; from some thousand rows on, `random_features` takes its place.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from validation.statistics.arrays import FloatArray

PERMUTATIONS = 200
_MEDIAN_ROWS = 300


class Discrepancy(NamedTuple):
    """Squared discrepancy: biased (never negative) and unbiased."""

    biased: float
    unbiased: float


class MmdTest(NamedTuple):
    """A permutation test of the squared discrepancy (unbiased) with its bandwidth."""

    statistic: float
    p_value: float
    bandwidth: float


def vectors(first: ArrayLike, second: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Return two samples as float64[n, d] and float64[m, d].

    Raises:
        ValueError: when the dimensions differ, a value is not finite, or a sample has fewer than two rows.
    """
    one, other = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if one.ndim != 2 or other.ndim != 2 or one.shape[1] != other.shape[1] or not one.shape[1]:
        raise ValueError("two samples of vectors of one dimension are compared")
    if min(len(one), len(other)) < 2 or not np.isfinite(one).all() or not np.isfinite(other).all():
        raise ValueError("each sample needs two rows at least, of finite numbers")
    return one, other


def squared_distances(first: FloatArray, second: FloatArray) -> FloatArray:
    """Return squared Euclidean distances float64[n, m], never negative."""
    square = (first**2).sum(axis=1)[:, None] + (second**2).sum(axis=1)[None, :] - 2 * first @ second.T
    return np.asarray(np.maximum(square, 0.0), dtype=np.float64)


def some_rows(rows: FloatArray) -> FloatArray:
    """Return 300 rows float64[n, d] at most, evenly spaced: what is typical of all is had from them."""
    return rows[:: max(1, len(rows) // _MEDIAN_ROWS)][:_MEDIAN_ROWS]


def median_bandwidth(rows: FloatArray) -> float:
    """Return the median distance between two different ones of `some_rows`; 1 where all are equal."""
    some = some_rows(rows)
    distance = squared_distances(some, some)[np.tri(len(some), k=-1, dtype=np.bool_)]
    median = float(np.sqrt(np.median(distance)))
    return median if median > 0 else 1.0


def discrepancy(first: ArrayLike, second: ArrayLike, bandwidth: float) -> Discrepancy:
    """Return the squared discrepancy under exp(-d^2 / (2 bandwidth^2)).

    Raises:
        ValueError: when the samples are none (see `vectors`), or the bandwidth is not positive.
    """
    one, other = vectors(first, second)
    if bandwidth <= 0:
        raise ValueError("a bandwidth is positive")
    within = [_kernel(rows, rows, bandwidth) for rows in (one, other)]
    across = float(_kernel(one, other, bandwidth).mean())
    biased = sum(float(kernel.mean()) for kernel in within) - 2 * across
    unbiased = sum(_off_diagonal_mean(kernel) for kernel in within) - 2 * across
    return Discrepancy(biased, unbiased)


def mmd_test(
    first: ArrayLike, second: ArrayLike, seed: int, permutations: int = PERMUTATIONS, bandwidth: float | None = None
) -> MmdTest:
    """Return the permutation test that two samples have one distribution.

    Args:
        first: float[n, d].
        second: float[m, d].
        seed: of the generator (PCG64): the same rows and seed give the same p-value.
        permutations: random assignments of the rows; the p-value is never below 1 / (permutations + 1).
        bandwidth: of the kernel; the median distance of the pooled rows when left out.

    Raises:
        ValueError: when the samples are none (see `vectors`).
    """
    one, other = vectors(first, second)
    rows = np.concatenate([one, other])
    width = median_bandwidth(rows) if bandwidth is None else bandwidth
    kernel = _kernel(rows, rows, width)
    np.fill_diagonal(kernel, 0.0)
    generator = np.random.Generator(np.random.PCG64(seed))
    order = np.argsort(generator.random((permutations, len(rows))), axis=1)
    chosen = np.zeros((permutations + 1, len(rows)))
    np.put_along_axis(chosen[1:], order[:, : len(one)], 1.0, axis=1)
    chosen[0, : len(one)] = 1.0
    values = _of_assignments(chosen, kernel, (len(one), len(other)))
    reached = int((values[1:] >= values[0] - 1e-12).sum())
    return MmdTest(float(values[0]), (1 + reached) / (1 + permutations), width)


def _of_assignments(chosen: FloatArray, kernel: FloatArray, sizes: tuple[int, int]) -> FloatArray:
    """Return the unbiased discrepancy of each assignment of rows to the first sample, float64[assignments]."""
    n, m = sizes
    product = chosen @ kernel
    inside = (product * chosen).sum(axis=1)
    across = product.sum(axis=1) - inside
    outside = kernel.sum() - inside - 2 * across
    return np.asarray(inside / (n * (n - 1)) + outside / (m * (m - 1)) - 2 * across / (n * m), dtype=np.float64)


def _kernel(first: FloatArray, second: FloatArray, bandwidth: float) -> FloatArray:
    return np.exp(-squared_distances(first, second) / (2 * bandwidth**2))


def _off_diagonal_mean(kernel: FloatArray) -> float:
    n = len(kernel)
    return float(kernel.sum() - np.trace(kernel)) / (n * (n - 1))
