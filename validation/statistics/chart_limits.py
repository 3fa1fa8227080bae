"""Limits of charts whose baseline was estimated: the promised run length holds on average over what was estimated.

A chart of values that are standardised by m baseline values is, given their mean e and their deviation s, a chart of
the true values with every length times s and a drift of -e (Jones, Champ & Rigdon 2004). The limit is the one at which
the rate of false alarms, 1 / ARL, averaged over e and s, is the wanted one: a chart that alarms often on an unlucky
baseline is paid for.
"""

import math
from collections.abc import Callable

import numpy as np

from validation.statistics.ewma import two_sided_ewma_arl
from validation.statistics.run_length import two_sided_cusum_arl

_SPREADS = (0.1, 0.3, 0.5, 0.7, 0.9)  # quantiles at which the deviation is averaged
_DRIFTS = 7
_GROWTH = 1.3
_CLOSE = 1e-4  # of the log of the rate


def cusum_limit(arl: float, k: float, points: int) -> float:
    """Return the limit of a two-sided CUSUM, in estimated standard deviations.

    Args:
        arl: points until a false alarm, as 1 over the average rate.
        k: reference value, in standard deviations.
        points: of the baseline.

    Raises:
        ValueError: when the run length is below 10 or the baseline below 5 points.
    """
    return _solved(lambda h, s, e: two_sided_cusum_arl(k * s, h * s, e), (arl, points), 1.0)


def ewma_limit(arl: float, weight: float, points: int) -> float:
    """Return the limit L of a two-sided EWMA, in asymptotic standard deviations of the average.

    Args:
        arl: points until a false alarm, as 1 over the average rate.
        weight: of the newest value.
        points: of the baseline.

    Raises:
        ValueError: when the run length is below 10 or the baseline below 5 points.
    """
    return _solved(lambda h, s, e: two_sided_ewma_arl(weight, h * s, e), (arl, points), 1.0)


def _solved(run_length: Callable[[float, float, float], float], wanted: tuple[float, int], start: float) -> float:
    arl, points = wanted
    if arl < 10 or points < 5:
        raise ValueError("a chart with an estimated baseline has a run length of 10 and 5 points at least")
    drifts, weights = np.polynomial.hermite_e.hermegauss(_DRIFTS)
    spreads = [_spread(at, points) for at in _SPREADS]

    def excess(limit: float) -> float:
        """Return by how much the log of the average rate exceeds the wanted one; it falls nearly evenly."""
        rates = [
            2 ** (drift > 0) * float(weight) / run_length(limit, spread, float(drift) / math.sqrt(points))
            for drift, weight in zip(np.round(drifts, 12).tolist(), weights / weights.sum(), strict=True)
            for spread in spreads
            if drift >= 0  # both directions count alike
        ]
        return math.log(sum(rates) / len(spreads)) + math.log(arl)

    low, high = start, start * _GROWTH
    below, above = excess(low), excess(high)
    while above > 0:
        low, below, high = high, above, high * _GROWTH
        above = excess(high)
    while abs(above) > _CLOSE:
        middle = low + (high - low) * below / (below - above)
        found = excess(middle)
        if found > 0:
            low, below = middle, found
        else:
            high, above = middle, found
        if abs(found) < _CLOSE:
            return middle
    return high


def _spread(probability: float, points: int) -> float:
    """Return a quantile of the estimated deviation over the true one."""
    from scipy.special import gammaincinv  # noqa: PLC0415 - lazy: scipy is slow to import

    free = points - 1
    return math.sqrt(2 * float(gammaincinv(free / 2, probability)) / free)
