"""Bootstrap by patient: whole patients are drawn with replacement, from a given seed.

On the score grid the summed gaps are multiples of 2^-17 and their squares of 2^-34, so that sums of some 500,000 units
are exact and the same seed gives the same bytes.
"""

import numpy as np

from validation.statistics.arrays import FloatArray, IntArray
from validation.statistics.proportions import Bounds

DEFAULT_REPEATS = 1000
_CHUNK = 500_000  # drawn weights held in memory at a time


def resampled_means(totals: FloatArray, sizes: IntArray, repeats: int, seed: int) -> FloatArray:
    """Return bootstrap replicates of a mean per unit, drawing patients.

    Args:
        totals: sums float64[m, c] of c quantities over each patient's units.
        sizes: units int64[m] of each patient.
        repeats: how many replicates.
        seed: seed of the generator (PCG64).

    Returns:
        Replicates float64[repeats, c].
    """
    patients = len(sizes)
    generator = np.random.Generator(np.random.PCG64(seed))
    share = np.full(patients, 1 / patients)
    step = max(1, _CHUNK // patients)
    blocks = []
    for start in range(0, repeats, step):
        weights = generator.multinomial(patients, share, size=min(step, repeats - start)).astype(np.float64)
        blocks.append((weights @ totals) / (weights @ sizes)[:, None])
    return np.concatenate(blocks)


def percentile_interval(replicates: FloatArray, level: float = 0.95) -> Bounds:
    """Return the interval between the replicates' tail quantiles."""
    low, high = np.quantile(replicates, [(1 - level) / 2, (1 + level) / 2])
    return Bounds(float(low), float(high))
