"""Random projections for Fourier features: Gaussian frequencies, or structured ones that no dense product needs.

Sources: Rahimi & Recht, NeurIPS 2007 (Gaussian); Yu, Suresh, Choromanski, Holtmann-Rice & Kumar, NeurIPS 2016
(structured orthogonal: three Hadamard matrices with random signs, sqrt(width) H D1 H D2 H D3; the kernel's bias falls
with the square root of the width, its variance is below that of Gaussian frequencies); Le, Sarlós & Smola, ICML 2013
(the fast Walsh-Hadamard transform in their place).
"""

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

SingleArray = NDArray[np.float32]  # half the cost of binary64, and exact to 1e-6 of a kernel value
ROUNDS = 3


@dataclass(frozen=True, eq=False)
class GaussianProjection:
    """Frequencies float32[d, pairs], each number standard normal."""

    frequencies: SingleArray

    def __call__(self, rows: SingleArray) -> SingleArray:
        """Return angles float32[n, pairs] of rows float32[n, d]."""
        return rows @ self.frequencies


@dataclass(frozen=True, eq=False)
class HadamardProjection:
    """Signs float32[3, width] of as many Hadamard matrices of the width, a power of two; the first `pairs` are kept."""

    signs: SingleArray
    pairs: int

    def __call__(self, rows: SingleArray) -> SingleArray:
        """Return angles float32[n, pairs] of rows float32[n, d], d at most the width."""
        n, d = rows.shape
        width = self.signs.shape[1]
        turned = np.zeros((n, width), dtype=np.float32)
        turned[:, :d] = rows
        for signs in self.signs:
            turned = _transformed(turned * signs)
        return np.asarray(turned[:, : self.pairs] / np.float32(width), dtype=np.float32)


Projection = GaussianProjection | HadamardProjection


def projection(dimensions: int, pairs: int, seed: int) -> Projection:
    """Return frequencies for rows of so many dimensions: structured from as many dimensions as pairs on.

    Args:
        dimensions: of a row.
        pairs: frequencies wanted.
        seed: of the generator (PCG64).
    """
    generator = np.random.Generator(np.random.PCG64(seed))
    if dimensions < pairs:
        return GaussianProjection(generator.standard_normal((dimensions, pairs)).astype(np.float32))
    width = 1 << (dimensions - 1).bit_length()
    return HadamardProjection(np.where(generator.random((ROUNDS, width)) < 0.5, -1, 1).astype(np.float32), pairs)


def _transformed(rows: SingleArray) -> SingleArray:
    """Return the rows float32[n, width] times the Hadamard matrix, which is the product of two smaller ones."""
    n, width = rows.shape
    right = 1 << math.ceil(math.log2(width) / 2)
    left = width // right
    inner = (rows.reshape(-1, right) @ _hadamard(right)).reshape(n, left, right)
    return np.asarray(np.matmul(_hadamard(left), inner).reshape(n, width), dtype=np.float32)


@cache
def _hadamard(size: int) -> SingleArray:
    found = np.ones((1, 1), dtype=np.float32)
    while len(found) < size:
        found = np.block([[found, found], [found, -found]])
    return found
