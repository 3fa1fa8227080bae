"""Intraclass correlations of raters: the six forms of Shrout and Fleiss.

Source: Shrout & Fleiss, Psychol Bull 1979;86:420, with its F intervals.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from validation.statistics.arrays import FloatArray
from validation.statistics.distributions import f_quantile
from validation.statistics.proportions import Bounds


@dataclass(frozen=True)
class Intraclass:
    """Intraclass correlations of n subjects that k raters rated, `..._mean` for the mean of the k ratings.

    Attributes:
        one_way, two_way_random, two_way_mixed: ICC(1,1), ICC(2,1), ICC(3,1).
        one_way_mean, two_way_random_mean, two_way_mixed_mean: ICC(1,k), ICC(2,k), ICC(3,k).
        one_way_bounds, two_way_random_bounds, two_way_mixed_bounds: intervals of the single ratings.
        subjects, raters: n and k.
    """

    one_way: float
    two_way_random: float
    two_way_mixed: float
    one_way_mean: float
    two_way_random_mean: float
    two_way_mixed_mean: float
    one_way_bounds: Bounds
    two_way_random_bounds: Bounds
    two_way_mixed_bounds: Bounds
    subjects: int
    raters: int


def intraclass(ratings: ArrayLike, level: float = 0.95) -> Intraclass:
    """Return the intraclass correlations of ratings float[n, k], every rater having rated every subject.

    Raises:
        ValueError: when there are fewer than two subjects or raters, a rating is missing, or none of them vary.
    """
    table = np.asarray(ratings, dtype=np.float64)
    if table.ndim != 2 or min(table.shape) < 2 or not np.isfinite(table).all():
        raise ValueError("ratings have the shape (subjects, raters), two of each at least, none missing")
    between, within, raters, error = _mean_squares(table)
    n, k = table.shape
    if between + within <= 0:
        raise ValueError("all ratings are equal: no correlation exists")
    random = n * (between - error) / (n * between + k * raters + (n * k - n - k) * error)
    return Intraclass(
        (between - within) / (between + (k - 1) * within),
        (between - error) / (between + (k - 1) * error + k * (raters - error) / n),
        (between - error) / (between + (k - 1) * error),
        (between - within) / between,
        (between - error) / (between + (raters - error) / n),
        (between - error) / between,
        _fisher_bounds(between / within if within else np.inf, (n - 1, n * (k - 1)), k, level),
        _random_bounds((between, raters, error), (n, k), random, level),
        _fisher_bounds(between / error if error else np.inf, (n - 1, (n - 1) * (k - 1)), k, level),
        n,
        k,
    )


def _mean_squares(table: FloatArray) -> tuple[float, float, float, float]:
    """Return the mean squares between subjects, within subjects, between raters, and of the rest."""
    n, k = table.shape
    grand, subject, rater = table.mean(), table.mean(axis=1), table.mean(axis=0)
    between = k * float(((subject - grand) ** 2).sum()) / (n - 1)
    within = float(((table - subject[:, None]) ** 2).sum()) / (n * (k - 1))
    raters = n * float(((rater - grand) ** 2).sum()) / (k - 1)
    rest = table - subject[:, None] - rater[None, :] + grand
    return between, within, raters, float((rest**2).sum()) / ((n - 1) * (k - 1))


def _fisher_bounds(ratio: float, df: tuple[int, int], k: int, level: float) -> Bounds:
    """Return the exact interval of a correlation whose F ratio and degrees of freedom are given."""
    if np.isinf(ratio):
        return Bounds(1.0, 1.0)
    tail = 0.5 + level / 2
    low, high = ratio / f_quantile(tail, *df), ratio * f_quantile(tail, df[1], df[0])
    return Bounds((low - 1) / (low + k - 1), (high - 1) / (high + k - 1))


def _random_bounds(
    squares: tuple[float, float, float], shape: tuple[int, int], correlation: float, level: float
) -> Bounds:
    """Return Shrout and Fleiss's interval of ICC(2,1), with Satterthwaite's degrees of freedom."""
    (between, raters, error), (n, k) = squares, shape
    if error <= 0:
        return Bounds(correlation, correlation)
    ratio = raters / error
    inner = k * correlation * ratio + n * (1 + (k - 1) * correlation) - k * correlation
    spread = (n - 1) * k**2 * correlation**2 * ratio**2 + (n * (1 + (k - 1) * correlation) - k * correlation) ** 2
    df = (k - 1) * (n - 1) * inner**2 / spread
    upper, lower = f_quantile(0.5 + level / 2, n - 1, df), f_quantile(0.5 + level / 2, df, n - 1)
    rest = k * raters + (k * n - k - n) * error
    low = n * (between - upper * error) / (upper * rest + n * between)
    return Bounds(low, n * (lower * between - error) / (rest + n * lower * between))
