"""Random Fourier features: the maximum mean discrepancy in linear time and memory, from sums that add up over days.

Sources: Rahimi & Recht, NeurIPS 2007 (features); Zhao & Meng, Neural Comput 2015;27:1345 (test by features). The mean
of the features over a set of rows is all that the statistic needs of it, so that days, sites and shards are merged by
addition.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from validation.statistics.arrays import FloatArray
from validation.statistics.mmd import PERMUTATIONS, median_bandwidth, vectors

SingleArray = NDArray[np.float32]  # half the cost of binary64, and exact to 1e-6 of a kernel value
FEATURES = 1024  # cosines and sines together; the kernel's error is about 1 / sqrt(FEATURES / 2)
_BLOCK = 1024  # rows turned into features at a time
_BLOCKS = 1000  # of the smaller sample: as many as are permuted, so that larger samples cost no more permuting


@dataclass(frozen=True, eq=False)
class FeatureMap:
    """Frequencies float32[d, features / 2] of a Gaussian kernel with this bandwidth."""

    frequencies: SingleArray
    bandwidth: float

    def __call__(self, rows: FloatArray) -> SingleArray:
        """Return features float32[n, features] of rows float64[n, d]; their inner products are the kernel's values."""
        angle = rows.astype(np.float32) @ self.frequencies
        pairs = angle.shape[1]
        found = np.empty((len(angle), 2 * pairs), dtype=np.float32)
        np.cos(angle, out=found[:, :pairs])
        np.sin(angle, out=found[:, pairs:])
        found /= np.float32(math.sqrt(pairs))
        return found


class FeatureTest(NamedTuple):
    """A permutation test of the squared discrepancy of feature means."""

    statistic: float
    p_value: float
    bandwidth: float


def feature_map(reference: ArrayLike, seed: int, features: int = FEATURES) -> FeatureMap:
    """Return the map whose bandwidth is the median distance of a reference float[n, d]; it is kept with the reference.

    Raises:
        ValueError: when the reference has fewer than two rows, or the features are odd or fewer than two.
    """
    rows, _ = vectors(reference, reference)
    if features < 2 or features % 2:
        raise ValueError("features come in pairs of cosine and sine")
    bandwidth = median_bandwidth(rows)
    generator = np.random.Generator(np.random.PCG64(seed))
    drawn = generator.standard_normal((rows.shape[1], features // 2)) / bandwidth
    return FeatureMap(drawn.astype(np.float32), bandwidth)


def mean_features(mapping: FeatureMap, rows: FloatArray) -> FloatArray:
    """Return the mean feature vector float64[features], in blocks of constant memory."""
    total = np.zeros(2 * mapping.frequencies.shape[1])
    for start in range(0, len(rows), _BLOCK):
        total += mapping(rows[start : start + _BLOCK]).sum(axis=0, dtype=np.float64)
    return total / len(rows)


def feature_test(
    first: ArrayLike, second: ArrayLike, mapping: FeatureMap, seed: int, permutations: int = PERMUTATIONS
) -> FeatureTest:
    """Return the permutation test that two samples have one distribution.

    From 2,000 rows on, neighbouring rows change sides together, in blocks of one size: a group of permutations like all
    of them (Hoeffding, Ann Math Stat 1952;23:169), so that the p-value is as valid; rows that fill no block are left
    out, fewer than one in a thousand.

    Args:
        first: float[n, d].
        second: float[m, d].
        mapping: from `feature_map` on the reference.
        seed: of the generator (PCG64).
        permutations: random assignments of the rows.

    Raises:
        ValueError: when the samples are none (see `mmd.vectors`), or of another dimension than the map.
    """
    one, other = vectors(first, second)
    if one.shape[1] != mapping.frequencies.shape[0]:
        raise ValueError("the vectors have another dimension than the reference of the map")
    together = max(1, min(len(one), len(other)) // _BLOCKS)
    n, m = len(one) // together, len(other) // together
    generator = np.random.Generator(np.random.PCG64(seed))
    draws = np.zeros((permutations + 1, n + m), dtype=np.float32)
    draws[0, :n] = 1.0
    for place in range(1, permutations + 1):
        draws[place, generator.permutation(n + m)[:n]] = 1.0
    sums, total = np.zeros((permutations + 1, 2 * mapping.frequencies.shape[1])), 0.0
    rows = np.concatenate([one[: n * together], other[: m * together]])
    at_once = max(1, _BLOCK // together)
    for start in range(0, n + m, at_once):
        features = mapping(rows[start * together : (start + at_once) * together])
        block = features.reshape(-1, together, features.shape[1]).mean(axis=1)
        sums += draws[:, start : start + at_once] @ block
        total = total + block.sum(axis=0, dtype=np.float64)
    values = ((sums / n - (total - sums) / m) ** 2).sum(axis=1)
    reached = int((values[1:] >= values[0] * (1 - 1e-6)).sum())
    return FeatureTest(float(values[0]), (1 + reached) / (1 + permutations), mapping.bandwidth)
