"""How restless a series is: the long-run variance of its days, learned from every day before the segment in question.

Sixty days cannot measure how days hang together. So the spread that a segment is held against is that of all days
before it began, about their own mean, and never less than that of the reference. A change that begins with the segment
is not in it, and what the level wanders by from season to season enters as it is seen. The sum of autocovariances is
that of Newey and West (1987), with as many lags as the root of the days; it is never below the plain variance nor below
the binomial or within-day one, which is known. So few lags leave out a part of slow correlation; what exceeds the known
variance is raised by three tenths for it (simulated: with it, first-order memory of 0.3 to 0.8 and a day effect of 0.6
to 1.2 standard errors gave a false alert in at most 2 % of stream-years at a limit of 9.5 nats). Only the excess is
estimated; its uncertainty enters as the degrees of freedom of Student's t (Satterthwaite).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
LEAST_LAGS, MOST_LAGS = 6, 20
_FEWEST = 5.0  # degrees of freedom
_CERTAIN = 1e9
_LEFT_OUT = 1.3


@dataclass(frozen=True, eq=False)
class Spread:
    """The spread before each day.

    Attributes:
        dispersion: long-run variance over the assumed one of the days before each, at least 1, shape (days + 1,).
        freedom: its degrees of freedom, shape (days + 1,).
    """

    dispersion: Floats
    freedom: Floats


@dataclass(frozen=True, eq=False)
class Kin:
    """A series of all units of a site that tells how restless its days are, beside one of few labelled units.

    Attributes:
        residuals: standardised ones of the days of entry, shape (1, days).
        reference: bounds of the days of the reference.
        part: what share of its excess of variance the labelled units have: that which they are of all units.
        lag: days from entry to the first judgement of the labelled units.
        weight: of several kin, the labelled units of each.
    """

    residuals: Floats
    reference: tuple[int, int]
    part: float
    lag: int
    weight: float


def with_kin(own: Spread, kin: Sequence[Kin]) -> Spread:
    """Return the wider of a spread and that which its kin lead to expect, each up to the day on which units entered.

    An effect of the day raises the variance of n units by n (n - 1) times its square, whether they have labels or not.
    """
    if not kin:
        return own
    weights = np.array([one.weight for one in kin])[:, None]
    found = [_delayed(spread_before(one.residuals, one.reference, one.reference[1], one.part), one.lag) for one in kin]
    expected = (weights * np.stack([one.dispersion for one in found])).sum(axis=0) / weights.sum()
    freedom = np.min([one.freedom for one in found], axis=0)
    wider = expected > own.dispersion
    return Spread(np.where(wider, expected, own.dispersion), np.where(wider, freedom, own.freedom))


def _delayed(spread: Spread, days: int) -> Spread:
    place = np.maximum(np.arange(len(spread.dispersion)) - days, 0)
    return Spread(spread.dispersion[place], spread.freedom[place])


def spread_before(residuals: Floats, reference: tuple[int, int], first: int, part: float = 1.0) -> Spread:
    """Return the spread before each day; what lies between the reference and a later beginning is left out.

    Args:
        residuals: standardised ones of each day, of variance 1 where days are independent, shape (rows, days); not a
            number on days without units. Of several rows the largest dispersion counts.
        reference: bounds of the days of the reference.
        first: index of the first day after it that counts.
        part: what share of the residuals' excess of variance is the series' own.
    """
    days = residuals.shape[1]
    counted = np.zeros(days, dtype=np.bool_)
    counted[slice(*reference)] = True
    counted[first:] = True
    rows = [_of_row(row, counted) for row in residuals]
    if not rows:
        return Spread(np.ones(days + 1), np.full(days + 1, _CERTAIN))
    dispersion = np.max([one.dispersion for one in rows], axis=0)
    dispersion = 1 + part * _LEFT_OUT * (np.maximum(dispersion, dispersion[min(reference[1], days)]) - 1)
    return Spread(dispersion, np.sum([one.freedom for one in rows], axis=0))


def _of_row(row: Floats, counted: npt.NDArray[np.bool_]) -> Spread:
    known = (counted & np.isfinite(row)).astype(np.float64)
    r = np.where(known > 0, row, 0.0)
    n = _before(known)
    mean = _before(r) / np.maximum(n, 1)
    lags = np.clip(np.floor(np.sqrt(n)), LEAST_LAGS, MOST_LAGS)
    free = np.maximum(n - 1, 1)
    plain = (_before(r * r) - n * mean**2) / free
    total = plain.copy()
    for lag in range(1, MOST_LAGS + 1):
        pairs = _before(_lagged(known, lag) * known)
        crossed = _before(_lagged(known, lag) * r) + _before(_lagged(r, lag) * known)
        covariance = (_before(_lagged(r, lag) * r) - mean * crossed + mean**2 * pairs) / free
        total += 2 * np.maximum(1 - lag / (lags + 1), 0.0) * covariance
    dispersion = np.maximum.reduce([np.ones_like(total), plain, total])
    own = n / (2 / 3 * (lags + 1))
    excess = np.maximum((dispersion - 1) / dispersion, 1e-6)
    return Spread(dispersion, np.maximum(own / excess**2, _FEWEST))


def _before(values: Floats) -> Floats:
    """Return the sum of all earlier days, shape (days + 1,)."""
    return np.concatenate([[0.0], np.cumsum(values)])


def _lagged(values: Floats, lag: int) -> Floats:
    found = np.zeros_like(values)
    found[lag:] = values[: max(len(values) - lag, 0)]
    return found
