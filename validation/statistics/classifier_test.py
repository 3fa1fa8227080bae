"""Classifier two-sample test: can a linear discriminant tell the two samples apart on rows that it did not see?

Sources: Lopez-Paz & Oquab, ICLR 2017 (C2ST); Fisher's discriminant with the covariance shrunk towards its diagonal
(Schäfer & Strimmer, Stat Appl Genet Mol Biol 2005;4:32). Half of the rows fit, the other half are judged by the area
under the ROC curve with DeLong's variance at equality.
"""

import math
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from validation.statistics.arrays import FloatArray, IntArray
from validation.statistics.auc_interval import plain_interval
from validation.statistics.mmd import vectors
from validation.statistics.projections import SingleArray
from validation.statistics.proportions import Bounds
from validation.statistics.roc import roc_from_arrays

_BLOCK = 1024  # rows standardised at a time, so that memory does not grow with them
LEAST_ROWS = 8  # of each sample: four to fit, four to judge


class ClassifierTest(NamedTuple):
    """Area with which held-out rows are told apart, its interval, and the one-sided p-value that it is above 1/2."""

    area: float
    bounds: Bounds
    p_value: float


def classifier_test(first: ArrayLike, second: ArrayLike, seed: int) -> ClassifierTest:
    """Return the split test of two samples of vectors.

    Args:
        first: float[n, d].
        second: float[m, d].
        seed: of the split (PCG64).

    Raises:
        ValueError: when a sample has fewer than eight rows, or the dimensions differ.
    """
    one, other = vectors(first, second)
    if min(len(one), len(other)) < LEAST_ROWS:
        raise ValueError(f"each sample needs {LEAST_ROWS} rows at least: half fits, half is judged")
    generator = np.random.Generator(np.random.PCG64(seed))
    (fit_one, held_one), (fit_other, held_other) = (_halves(len(rows), generator) for rows in (one, other))
    direction = discriminant(one[fit_one], other[fit_other])
    scores = np.concatenate([(one @ direction)[held_one], (other @ direction)[held_other]])
    truth = np.arange(len(scores)) < len(held_one)
    ranks = np.unique(scores, return_inverse=True)[1]
    found = roc_from_arrays(ranks, truth)
    n, m = len(held_one), len(held_other)
    null = math.sqrt((n + m + 1) / (12 * n * m))
    p_value = 0.5 * math.erfc((found.auc - 0.5) / null / math.sqrt(2))
    return ClassifierTest(found.auc, plain_interval(found.auc, found.variance or 0.0), p_value)


def discriminant(first: FloatArray, second: FloatArray) -> FloatArray:
    """Return Fisher's direction float64[d] from the second sample to the first, with shrunk correlations.

    Columns are centred and scaled in double precision, block of rows by block, and their correlations computed in
    single: right to 1e-6, far below what shrinking changes. The equations are solved in double precision.
    """
    middles = first.mean(axis=0), second.mean(axis=0)
    n = len(first) + len(second)
    sides = [
        (rows[at : at + _BLOCK], middle)
        for rows, middle in zip((first, second), middles, strict=True)
        for at in range(0, len(rows), _BLOCK)
    ]
    squares = sum((_squares(rows - middle) for rows, middle in sides), np.zeros(first.shape[1]))
    spread = np.sqrt(squares / n)
    spread[spread == 0] = 1.0
    blocks = (((rows - middle) / spread).astype(np.float32) for rows, middle in sides)
    gap = (middles[0] - middles[1]) / spread
    solve = _by_columns if first.shape[1] <= n else _by_rows
    return np.asarray(solve(blocks, n, gap) / spread, dtype=np.float64)


def shrinkage(gram: FloatArray, fourth: float, n: int, d: int) -> float:
    """Return how far correlations are shrunk to zero, in 0..1.

    Args:
        gram: products of the standardised columns, or of the rows where those are fewer.
        fourth: what `_fourth` adds up to over the rows.
        n: rows.
        d: columns; one that is constant counts as correlated with none.
    """
    if n < 3 or d < 2:
        return 1.0
    varying = float(np.trace(gram)) / n
    correlations = float(np.vdot(gram, gram)) / n**2 - varying
    variance = (fourth / n - correlations) / (n - 1)
    return 1.0 if correlations <= 0 else min(1.0, max(0.01, variance / correlations))


def _by_columns(blocks: Iterable[SingleArray], n: int, gap: FloatArray) -> FloatArray:
    """Solve (strength I + (1 - strength) R) x = gap for the correlations R of no more columns than rows."""
    gram, fourth, d = np.zeros((len(gap), len(gap))), 0.0, len(gap)
    for block in blocks:
        gram += block.T @ block
        fourth += _fourth(block)
    strength = shrinkage(gram, fourth, n, d)
    return _definite(strength * np.eye(d) + (1 - strength) / n * gram, gap)


def _by_rows(blocks: Iterable[SingleArray], n: int, gap: FloatArray) -> FloatArray:
    """Solve the same where rows are fewer, in their dimension (Woodbury)."""
    standard = np.concatenate(list(blocks))
    gram = (standard @ standard.T).astype(np.float64)
    strength = shrinkage(gram, _fourth(standard), n, len(gap))
    if strength >= 1:
        return gap
    weights = _definite(strength * n / (1 - strength) * np.eye(n) + gram, standard @ gap)
    return np.asarray((gap - weights @ standard) / strength, dtype=np.float64)


def _squares(centred: FloatArray) -> FloatArray:
    return np.asarray(np.einsum("ij,ij->j", centred, centred), dtype=np.float64)


def _fourth(standard: SingleArray) -> float:
    """Return the sum over rows and over pairs of different columns of their squares' products."""
    squares = standard * standard
    rows = squares.sum(axis=1).astype(np.float64)
    return float(rows @ rows) - float(np.vdot(squares, squares))


def _definite(matrix: FloatArray, right: FloatArray) -> FloatArray:
    """Solve a positive definite system float64[k, k]."""
    from scipy.linalg import cho_factor, cho_solve  # noqa: PLC0415 - lazy: scipy is slow to import

    return np.asarray(cho_solve(cho_factor(matrix, check_finite=False), right, check_finite=False), dtype=np.float64)


def _halves(n: int, generator: np.random.Generator) -> tuple[IntArray, IntArray]:
    order = generator.permutation(n)
    return order[: n // 2], order[n // 2 :]
