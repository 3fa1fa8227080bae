"""Two samples of a category, such as manufacturer or protocol: did the mix change, and did a new level appear?

Sources: the G test, Sokal & Rohlf 1995, chapter 17; Fisher's exact test for two levels, and its Monte Carlo form for
more, where an expected count is below 5 (Cochran, Biometrics 1954;10:417).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from validation.statistics.arrays import FloatArray, IntArray, two_samples
from validation.statistics.distributions import chi_square_tail

LEAST_EXPECTED = 5.0
DRAWS = 1999


@dataclass(frozen=True)
class CategoryTest:
    """How the mix of a window differs from that of a reference.

    Attributes:
        statistic: G, the likelihood-ratio chi-square.
        df: levels in use less one.
        p_value: of no change.
        exact: whether it is conditional on the totals (hypergeometric) rather than chi-square.
        distance: total variation distance of the two mixes, 0..1.
        new_levels: places of levels that the reference does not have and the window has.
        new_share: share of the window's units in these.
    """

    statistic: float
    df: int
    p_value: float
    exact: bool
    distance: float
    new_levels: tuple[int, ...]
    new_share: float


def category_test(window: ArrayLike, reference: ArrayLike, seed: int) -> CategoryTest:
    """Compare the mixes of two samples of independent units.

    Args:
        window: units per level int[k].
        reference: units per level int[k], the same levels.
        seed: of the Monte Carlo draws (PCG64).

    Raises:
        ValueError: when a sample is empty, a count is negative, or the lengths differ.
    """
    now, base = two_samples(window, reference)
    new = np.flatnonzero((base == 0) & (now > 0))
    distance = float(np.abs(now / now.sum() - base / base.sum()).sum()) / 2
    used = (now + base) > 0
    table = np.stack([now[used], base[used]])
    df, statistic = table.shape[1] - 1, float(_g(table[0][None, :], table.sum(axis=0))[0])
    exact = bool(df and _expected(table).min() < LEAST_EXPECTED)
    p_value = 1.0 if df == 0 else _conditional(table, seed) if exact else chi_square_tail(statistic, df)
    share = float(now[new].sum() / now.sum())
    return CategoryTest(statistic, df, p_value, exact, distance, tuple(new.tolist()), share)


def _expected(table: IntArray) -> FloatArray:
    return np.asarray(np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum(), dtype=np.float64)


def _g(windows: IntArray, totals: IntArray) -> FloatArray:
    """Return G of each window's counts int[draws, k] against what is left of the totals int[k]."""
    n, every = windows.sum(axis=1, keepdims=True), totals.sum()
    parts = []
    for counts, size in ((windows, n), (totals - windows, every - n)):
        expected = size * totals / every
        ratio = np.where(counts > 0, counts, 1) / np.where(counts > 0, expected, 1.0)
        parts.append((counts * np.log(ratio)).sum(axis=1))
    return np.asarray(2 * (parts[0] + parts[1]), dtype=np.float64)


def _conditional(table: IntArray, seed: int) -> float:
    """Return the p-value given both totals: Fisher's for two levels, by Monte Carlo for more."""
    if table.shape[1] == 2:
        from scipy.stats import fisher_exact  # noqa: PLC0415 - lazy: scipy is slow to import

        return float(fisher_exact(table)[1])
    totals = table.sum(axis=0)
    generator = np.random.Generator(np.random.PCG64(seed))
    drawn = generator.multivariate_hypergeometric(totals, int(table[0].sum()), size=DRAWS, method="marginals")
    reached = int((_g(drawn, totals) >= _g(table[0][None, :], totals)[0] - 1e-9).sum())
    return (1 + reached) / (1 + DRAWS)
