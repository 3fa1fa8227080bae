"""Classifier two-sample test: can a linear discriminant tell the two samples apart on rows that it did not see?

Sources: Lopez-Paz & Oquab, ICLR 2017 (C2ST); Fisher's discriminant with the covariance shrunk towards its diagonal
(Schäfer & Strimmer, Stat Appl Genet Mol Biol 2005;4:32). Half of the rows fit, the other half are judged by the area
under the ROC curve with DeLong's variance at equality.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import cho_factor, cho_solve

from validation.statistics.arrays import FloatArray, IntArray
from validation.statistics.auc_interval import plain_interval
from validation.statistics.mmd import vectors
from validation.statistics.projections import SingleArray
from validation.statistics.proportions import Bounds
from validation.statistics.roc import roc_from_arrays

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

    Columns are centred and scaled in double precision, their correlations computed in single: right to 1e-6, far below
    what shrinking changes; the equations are solved in double precision.
    """
    middles = first.mean(axis=0), second.mean(axis=0)
    centred = np.empty((len(first) + len(second), first.shape[1]))
    np.subtract(first, middles[0], out=centred[: len(first)])
    np.subtract(second, middles[1], out=centred[len(first) :])
    spread = np.sqrt(np.einsum("ij,ij->j", centred, centred) / len(centred))
    spread[spread == 0] = 1.0
    centred /= spread
    standard = centred.astype(np.float32)
    gram = _inner(standard)
    gap = (middles[0] - middles[1]) / spread
    return np.asarray(_solved(standard, gram, shrinkage(standard, gram), gap) / spread, dtype=np.float64)


def shrinkage(standard: SingleArray, gram: FloatArray) -> float:
    """Return how far correlations are shrunk to zero, in 0..1.

    Args:
        standard: standardised rows float32[n, d].
        gram: the products of their columns, or of their rows where those are fewer, float64.
    """
    n, d = standard.shape
    if n < 3 or d < 2:
        return 1.0
    squares = standard * standard
    columns = squares.sum(axis=0, dtype=np.float64)
    correlations = (float(np.vdot(gram, gram)) - float((columns**2).sum())) / n**2
    rows = squares.sum(axis=1).astype(np.float64)
    products = float((rows**2).sum()) - float(np.vdot(squares, squares))
    variance = (products / n - correlations) / (n - 1)
    return 1.0 if correlations <= 0 else min(1.0, max(0.01, variance / correlations))


def _inner(standard: SingleArray) -> FloatArray:
    """Return the products of columns or of rows, whichever are fewer; the sum of their squares is the same."""
    n, d = standard.shape
    return (standard.T @ standard if d <= n else standard @ standard.T).astype(np.float64)


def _solved(standard: SingleArray, gram: FloatArray, strength: float, gap: FloatArray) -> FloatArray:
    """Solve (strength I + (1 - strength) R) x = gap for the correlations R, in the smaller of the two dimensions."""
    n, d = standard.shape
    scale = (1 - strength) / n
    if d <= n:
        return _definite(strength * np.eye(d) + scale * gram, gap)
    if scale <= 0:
        return gap / strength
    weights = _definite(strength / scale * np.eye(n) + gram, standard @ gap)
    return np.asarray((gap - weights @ standard) / strength, dtype=np.float64)


def _definite(matrix: FloatArray, right: FloatArray) -> FloatArray:
    """Solve a positive definite system float64[k, k]."""
    return np.asarray(cho_solve(cho_factor(matrix, check_finite=False), right, check_finite=False), dtype=np.float64)


def _halves(n: int, generator: np.random.Generator) -> tuple[IntArray, IntArray]:
    order = generator.permutation(n)
    return order[: n // 2], order[n // 2 :]
