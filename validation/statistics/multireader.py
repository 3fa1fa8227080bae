"""Several readers, several modalities, the same studies: Obuchowski and Rockette's analysis of variance of ROC areas.

Sources: Obuchowski & Rockette, Commun Stat Simul Comput 1995;24:285; Hillis, Stat Med 2007;26:596 (degrees of freedom);
DeLong 1988 or the jackknife for the covariance of the areas. Designs in which a reader did not read a study are
refused: the method needs every combination.
"""

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from validation.statistics.arrays import BoolArray, FloatArray, flags
from validation.statistics.distributions import chi_square_tail, critical_value, f_tail, student_critical_value
from validation.statistics.proportions import Bounds


class Covariance(StrEnum):
    """How the covariance of areas over studies is estimated."""

    DELONG = "delong"
    JACKKNIFE = "jackknife"


class CovarianceMeans(NamedTuple):
    """Means of the covariance matrix: `error` its diagonal, then same reader, same modality, neither."""

    error: float
    same_reader: float
    same_modality: float
    neither: float


class Test(NamedTuple):
    """A test of equal areas over the modalities; `df2` is infinite for a chi-square."""

    statistic: float
    df1: int
    df2: float
    p_value: float


@dataclass(frozen=True, eq=False)
class MultiReader:
    """Areas of t modalities and r readers on the same studies.

    Attributes:
        areas: float64[t, r].
        covariance: means of the covariance matrix of the areas.
        ms_modality, ms_interaction: mean squares of modality, and of modality by reader.
        random_both: readers and studies are random: the result speaks of other readers and other studies.
        fixed_readers: of these readers alone, other studies.
        fixed_cases: of these studies alone, other readers.
    """

    areas: FloatArray
    covariance: CovarianceMeans
    ms_modality: float
    ms_interaction: float
    random_both: Test
    fixed_readers: Test
    fixed_cases: Test

    @property
    def means(self) -> FloatArray:
        """Mean area of each modality over the readers, float64[t]."""
        return np.asarray(self.areas.mean(axis=1), dtype=np.float64)

    def difference(self, first: int, second: int, level: float = 0.95) -> tuple[float, Bounds]:
        """Return the mean area of one modality less that of another, with its interval; both factors random."""
        value = float(self.means[first] - self.means[second])
        return value, _around(value, 2 / self.areas.shape[1] * self._denominator, self.random_both.df2, level)

    def difference_of_these_readers(self, first: int, second: int, level: float = 0.95) -> tuple[float, Bounds]:
        """Return the same difference for these readers alone: studies are random, readers are not."""
        value = float(self.means[first] - self.means[second])
        spread = 2 / self.areas.shape[1] * _fixed_reader_term(self.covariance, self.areas.shape[1])
        return value, _around(value, spread, math.inf, level)

    @property
    def _denominator(self) -> float:
        return _random_term(self.ms_interaction, self.covariance, self.areas.shape[1])


def multireader(scores: ArrayLike, truth: ArrayLike, kind: Covariance = Covariance.DELONG) -> MultiReader:
    """Analyse a fully crossed study of readers.

    Args:
        scores: ratings or scores float[t, r, n] of t modalities, r readers, n studies; higher means more suspicious.
        truth: reference standard bool[n].
        kind: how the covariance of the areas is estimated.

    Raises:
        ValueError: when there are fewer than two modalities or readers, a score is missing, or a class has fewer than
            two studies.
    """
    values, positive = _checked(scores, truth)
    areas = _areas(values, positive)
    matrix = _delong(values, positive) if kind is Covariance.DELONG else _jackknife(values, positive)
    means = _means(matrix, *areas.shape)
    t, r = areas.shape
    by_modality, by_reader, grand = areas.mean(axis=1), areas.mean(axis=0), areas.mean()
    ms_t = r * float(((by_modality - grand) ** 2).sum()) / (t - 1)
    residual = areas - by_modality[:, None] - by_reader[None, :] + grand
    ms_tr = float((residual**2).sum()) / ((t - 1) * (r - 1))
    return MultiReader(areas, means, ms_t, ms_tr, *_tests(ms_t, ms_tr, means, (t, r)))


def _tests(ms_t: float, ms_tr: float, means: CovarianceMeans, shape: tuple[int, int]) -> tuple[Test, Test, Test]:
    t, r = shape
    interaction = (t - 1) * (r - 1)
    both = _random_term(ms_tr, means, r)
    df2 = both**2 / (ms_tr**2 / interaction) if ms_tr > 0 else math.inf
    chi_square = (t - 1) * ms_t / _fixed_reader_term(means, r)
    ratio = math.inf if ms_tr == 0 else ms_t / ms_tr
    return (
        Test(ms_t / both, t - 1, df2, f_tail(ms_t / both, t - 1, df2)),
        Test(chi_square, t - 1, math.inf, chi_square_tail(chi_square, t - 1)),
        Test(ratio, t - 1, interaction, 0.0 if math.isinf(ratio) else f_tail(ratio, t - 1, interaction)),
    )


def _random_term(ms_tr: float, means: CovarianceMeans, readers: int) -> float:
    term = ms_tr + max(readers * (means.same_modality - means.neither), 0.0)
    if term <= 0:
        raise ValueError("the areas do not vary: there is nothing to test")
    return term


def _fixed_reader_term(means: CovarianceMeans, readers: int) -> float:
    term = means.error - means.same_reader + (readers - 1) * max(means.same_modality - means.neither, 0.0)
    if term <= 0:
        raise ValueError("the areas do not vary over studies: there is nothing to test")
    return term


def _around(value: float, variance: float, df: float, level: float) -> Bounds:
    factor = critical_value(level) if math.isinf(df) else student_critical_value(level, df)
    return Bounds(value - factor * math.sqrt(variance), value + factor * math.sqrt(variance))


def _checked(scores: ArrayLike, truth: ArrayLike) -> tuple[FloatArray, BoolArray]:
    values, positive = np.asarray(scores, dtype=np.float64), flags(truth)
    if values.ndim != 3 or min(values.shape[:2]) < 2 or values.shape[2] != len(positive):
        raise ValueError("scores have the shape (modalities, readers, studies), two of the first two at least")
    if not np.isfinite(values).all():
        raise ValueError("a score is missing: every reader reads every study in every modality")
    if min(int(positive.sum()), int((~positive).sum())) < 2:
        raise ValueError("each class needs two studies at least")
    return values, positive


def _wins(values: FloatArray, positive: BoolArray) -> FloatArray:
    """Return who ranks higher, ties one half: float64[t, r, positives, negatives]."""
    above, below = values[..., positive][..., :, None], values[..., ~positive][..., None, :]
    return np.asarray((above > below) + 0.5 * (above == below), dtype=np.float64)


def _areas(values: FloatArray, positive: BoolArray) -> FloatArray:
    return np.asarray(_wins(values, positive).mean(axis=(2, 3)), dtype=np.float64)


def _delong(values: FloatArray, positive: BoolArray) -> FloatArray:
    """Return the covariance matrix float64[t r, t r] of the areas, modality by modality."""
    wins = _wins(values, positive)
    count = wins.shape[0] * wins.shape[1]
    of_positive, of_negative = wins.mean(axis=3).reshape(count, -1), wins.mean(axis=2).reshape(count, -1)
    matrix = np.cov(of_positive) / of_positive.shape[1] + np.cov(of_negative) / of_negative.shape[1]
    return np.asarray(matrix, dtype=np.float64)


def _jackknife(values: FloatArray, positive: BoolArray) -> FloatArray:
    """Return the jackknife's covariance matrix: every study left out once."""
    n = len(positive)
    wins = _wins(values, positive)
    count = wins.shape[0] * wins.shape[1]
    m, k = wins.shape[2:]
    total = wins.sum(axis=(2, 3))[..., None]
    without = np.empty((*wins.shape[:2], n))
    without[..., positive] = (total - wins.sum(axis=3)) / ((m - 1) * k)
    without[..., ~positive] = (total - wins.sum(axis=2)) / (m * (k - 1))
    flat = without.reshape(count, n)
    gap = flat - flat.mean(axis=1, keepdims=True)
    return np.asarray((n - 1) / n * (gap @ gap.T), dtype=np.float64)


def _means(matrix: FloatArray, t: int, r: int) -> CovarianceMeans:
    modality, reader = np.repeat(np.arange(t), r), np.tile(np.arange(r), t)
    same_modality = modality[:, None] == modality[None, :]
    same_reader = reader[:, None] == reader[None, :]
    kinds = (
        same_modality & same_reader,
        ~same_modality & same_reader,
        same_modality & ~same_reader,
        ~same_modality & ~same_reader,
    )
    return CovarianceMeans(*(float(matrix[kind].mean()) for kind in kinds))
