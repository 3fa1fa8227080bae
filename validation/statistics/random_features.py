"""Random Fourier features: the maximum mean discrepancy in linear time and memory, from sums that add up over days.

Sources: Rahimi & Recht, NeurIPS 2007 (features); Zhao & Meng, Neural Comput 2015;27:1345 (test by features). The mean
of the features over a set of rows is all that the statistic needs of it, so that days, sites and shards are merged by
addition. Angles are computed in single precision: rows are moved to the reference's middle and measured in bandwidths
first, so that a common offset or unit costs no digit.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from validation.statistics.arrays import FloatArray
from validation.statistics.mmd import PERMUTATIONS, median_bandwidth, some_rows, vectors
from validation.statistics.projections import Projection, SingleArray, projection

FEATURES = 1024  # cosines and sines together; the kernel's error is about 1 / sqrt(FEATURES / 2)
_BLOCK = 256  # rows turned into features at a time, so that they stay in the processor's cache
_BLOCKS = 500  # of the smaller sample: as many as are permuted, so that larger samples cost no more permuting
_AT_ONCE = 2048  # blocks summed at a time, so that memory does not grow with the rows
_FARTHEST = 1e6  # bandwidths from the middle: rows beyond it count as there, where single precision still holds


@dataclass(frozen=True, eq=False)
class FeatureMap:
    """The features of a Gaussian kernel.

    Attributes:
        frequencies: of bandwidth one.
        centre: the reference's middle, float64[d].
        bandwidth: of the kernel, in the unit of the rows.
    """

    frequencies: Projection
    centre: FloatArray
    bandwidth: float

    def __call__(self, rows: FloatArray) -> SingleArray:
        """Return features float32[n, 2 pairs] of rows float64[n, d]; their inner products are the kernel's values."""
        angle = self.frequencies(self._measured(rows))
        pairs = angle.shape[1]
        found = np.empty((len(angle), 2 * pairs), dtype=np.float32)
        np.cos(angle, out=found[:, :pairs])
        np.sin(angle, out=found[:, pairs:])
        found /= np.float32(math.sqrt(pairs))
        return found

    def _measured(self, rows: FloatArray) -> SingleArray:
        moved = rows - self.centre
        moved /= self.bandwidth
        return np.clip(moved, -_FARTHEST, _FARTHEST, out=moved).astype(np.float32)


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
    centre = np.median(some_rows(rows), axis=0)
    return FeatureMap(projection(rows.shape[1], features // 2, seed), centre, median_bandwidth(rows))


def mean_features(mapping: FeatureMap, rows: FloatArray) -> FloatArray:
    """Return the mean feature vector float64[features], in blocks of constant memory."""
    parts = range(0, len(rows), _BLOCK)
    total = sum(mapping(rows[start : start + _BLOCK]).sum(axis=0, dtype=np.float64) for start in parts)
    return np.asarray(total / len(rows), dtype=np.float64)


def feature_test(
    first: ArrayLike, second: ArrayLike, mapping: FeatureMap, seed: int, permutations: int = PERMUTATIONS
) -> FeatureTest:
    """Return the permutation test that two samples have one distribution.

    From 1,000 rows on, neighbouring rows change sides together, in blocks of one size: a group of permutations like all
    of them (Hoeffding, Ann Math Stat 1952;23:169), so that the p-value is as valid; rows that fill no block are left
    out, fewer than one in five hundred.

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
    if one.shape[1] != len(mapping.centre):
        raise ValueError("the vectors have another dimension than the reference of the map")
    together = max(1, min(len(one), len(other)) // _BLOCKS)
    n, m = len(one) // together, len(other) // together
    draws = _assignments(n, m, permutations, seed)
    sums, total, done = np.zeros((permutations + 1, 1)), np.zeros(1), 0
    for side in (one[: n * together], other[: m * together]):
        for start in range(0, len(side), _AT_ONCE * together):
            blocks = _block_sums(mapping, side[start : start + _AT_ONCE * together], together)
            sums = sums + (draws[:, done : done + len(blocks)] @ blocks).astype(np.float64)
            total = total + blocks.sum(axis=0, dtype=np.float64)
            done += len(blocks)
    values = ((sums / n - (total - sums) / m) ** 2).sum(axis=1) / together**2
    reached = int((values[1:] >= values[0] * (1 - 1e-6)).sum())
    return FeatureTest(float(values[0]), (1 + reached) / (1 + permutations), mapping.bandwidth)


def _assignments(n: int, m: int, permutations: int, seed: int) -> SingleArray:
    """Return which of n + m blocks are of the first sample, float32[1 + permutations, n + m], first as observed."""
    generator = np.random.Generator(np.random.PCG64(seed))
    draws = np.zeros((permutations + 1, n + m), dtype=np.float32)
    draws[0, :n] = 1.0
    chosen = np.argpartition(generator.random((permutations, n + m)), n - 1, axis=1)[:, :n]
    np.put_along_axis(draws[1:], chosen, np.float32(1.0), axis=1)
    return draws


def _block_sums(mapping: FeatureMap, rows: FloatArray, together: int) -> SingleArray:
    """Return the summed features float32[blocks, features] of so many rows together each."""
    step = max(1, _BLOCK // together) * together
    return np.concatenate([_summed(mapping(rows[at : at + step]), together) for at in range(0, len(rows), step)])


def _summed(features: SingleArray, together: int) -> SingleArray:
    return features if together == 1 else features.reshape(-1, together, features.shape[1]).sum(axis=1)
