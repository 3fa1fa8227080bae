"""Classifier two-sample test: can a linear discriminant tell the two samples apart on rows that it did not see?

Sources: Lopez-Paz & Oquab, ICLR 2017 (C2ST); Fisher's discriminant with the covariance shrunk towards its diagonal
(Schäfer & Strimmer, Stat Appl Genet Mol Biol 2005;4:32). Half of the rows fit, the other half are judged by the area
under the ROC curve with DeLong's variance at equality.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from validation.statistics.arrays import FloatArray
from validation.statistics.auc_interval import plain_interval
from validation.statistics.mmd import vectors
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
    (fit_one, held_one), (fit_other, held_other) = (_halves(rows, generator) for rows in (one, other))
    direction = discriminant(fit_one, fit_other)
    scores = np.concatenate([held_one, held_other]) @ direction
    truth = np.arange(len(scores)) < len(held_one)
    ranks = np.unique(scores, return_inverse=True)[1]
    found = roc_from_arrays(ranks, truth)
    n, m = len(held_one), len(held_other)
    null = math.sqrt((n + m + 1) / (12 * n * m))
    p_value = 0.5 * math.erfc((found.auc - 0.5) / null / math.sqrt(2))
    return ClassifierTest(found.auc, plain_interval(found.auc, found.variance or 0.0), p_value)


def discriminant(first: FloatArray, second: FloatArray) -> FloatArray:
    """Return Fisher's direction float64[d] from the second sample to the first, with shrunk correlations."""
    centred = np.concatenate([first - first.mean(axis=0), second - second.mean(axis=0)])
    spread = centred.std(axis=0)
    spread[spread == 0] = 1.0
    standard = centred / spread
    gap = (first.mean(axis=0) - second.mean(axis=0)) / spread
    gram = _inner(standard.astype(np.float32)).astype(np.float64)  # to 1e-6, which is far below what shrinking changes
    strength = shrinkage(standard, gram)
    return np.asarray(_solved(standard, gram, strength, gap) / spread, dtype=np.float64)


def shrinkage(standard: FloatArray, gram: FloatArray | None = None) -> float:
    """Return how far correlations are shrunk to zero, in 0..1, from standardised rows float64[n, d].

    Args:
        standard: the rows.
        gram: their products as `discriminant` makes them; computed when left out.
    """
    n, d = standard.shape
    if n < 3 or d < 2:
        return 1.0
    inner = _inner(standard) if gram is None else gram
    squares = standard * standard
    correlations = (float(np.vdot(inner, inner)) - float((squares.sum(axis=0) ** 2).sum())) / n**2
    products = float((squares.sum(axis=1) ** 2).sum()) - float(np.vdot(squares, squares))
    variance = (products / n - correlations) / (n - 1)
    return 1.0 if correlations <= 0 else min(1.0, max(0.01, variance / correlations))


def _inner(standard: FloatArray) -> FloatArray:
    """Return the products of columns or of rows, whichever are fewer; the sum of their squares is the same."""
    n, d = standard.shape
    return standard.T @ standard if d <= n else standard @ standard.T


def _solved(standard: FloatArray, gram: FloatArray, strength: float, gap: FloatArray) -> FloatArray:
    """Solve (strength I + (1 - strength) R) x = gap for the correlations R, in the smaller of the two dimensions."""
    n, d = standard.shape
    scale = (1 - strength) / n
    if d <= n:
        matrix = strength * np.eye(d) + scale * gram
        return np.asarray(np.linalg.solve(matrix, gap), dtype=np.float64)
    inner = strength / scale * np.eye(n) + gram if scale > 0 else np.eye(n)
    inside = standard.T @ np.linalg.solve(inner, standard @ gap) if scale > 0 else 0.0 * gap
    return np.asarray((gap - inside) / strength, dtype=np.float64)


def _halves(rows: FloatArray, generator: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    order = generator.permutation(len(rows))
    half = len(rows) // 2
    return rows[order[:half]], rows[order[half:]]
