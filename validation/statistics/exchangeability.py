"""Is what comes in still drawn as the reference was? Ranks against everything seen before, and bets on them.

A value's rank among the reference and all values before it is uniform as long as they are exchangeable, whatever their
law and however short the reference (Vovk, Gammerman & Shafer 2005, conformal p-values, smoothed). Bets that small
p-values come oftener than that lose on average, so that wealth is evidence: the sums of Shiryaev and Roberts over
every possible start (Volkhonskiy et al. 2017; Shin, Ramdas & Rinaldo 2022, e-detector). Such a sum less the count of
values is a martingale, hence by Doob's inequality it exceeds N / a within N values with probability a at most: a proven
limit, without a simulation and without a law of the scores.
"""

import math
from bisect import bisect_left, bisect_right, insort
from itertools import product

import numpy as np
from numpy.typing import ArrayLike

from validation.statistics.arrays import FloatArray, floats

POWERS = (0.1, 0.2, 0.5)  # k of the bets k p^(k - 1): the smaller, the more on the smallest p-values
STAKES = (1.0, 0.1, 0.03)  # share of the wealth in a bet: a change that touches few values is found by small ones


def conformal_p_values(reference: ArrayLike, values: ArrayLike, seed: int) -> FloatArray:
    """Return p-values float64[n], in 0..1, small where a value is large among all before it.

    Args:
        reference: float[m], what was seen before the watch began.
        values: float[n], in order of time.
        seed: of the draws that break ties (PCG64).

    Raises:
        ValueError: when there is no reference.
    """
    seen = sorted(floats(reference).tolist())
    if not seen:
        raise ValueError("ranks need a reference of one value at least")
    draws = np.random.Generator(np.random.PCG64(seed)).random(len(floats(values))).tolist()
    found = []
    for value, draw in zip(floats(values).tolist(), draws, strict=True):
        greater = len(seen) - bisect_right(seen, value)
        equal = len(seen) - greater - bisect_left(seen, value)
        found.append((greater + draw * (equal + 1)) / (len(seen) + 1))
        insort(seen, value)
    return np.array(found, dtype=np.float64)


def order_evidence(p_values: ArrayLike) -> FloatArray:
    """Return the evidence after each value in nats, float64[..., n]: the log of the e-detector.

    Args:
        p_values: float[..., n] of one or several series, in order of time.

    Raises:
        ValueError: when a p-value lies outside 0..1.
    """
    p = np.asarray(p_values, dtype=np.float64)
    if ((p < 0) | (p > 1)).any() or np.isnan(p).any():
        raise ValueError("a p-value lies in 0..1")
    power, stake = (np.array(one) for one in zip(*product(POWERS, STAKES), strict=True))
    logs = np.log(np.maximum(p, np.finfo(np.float64).tiny))
    wealth = np.full((*p.shape[:-1], len(power)), -np.inf)
    found = np.empty_like(p)
    for at in range(p.shape[-1]):
        won = stake * power * np.exp((power - 1) * logs[..., [at]])
        wealth = np.logaddexp(0.0, wealth) + np.log(1 - stake + won)
        found[..., at] = np.logaddexp.reduce(wealth, axis=-1) - math.log(len(power))
    return found


def order_limit(within: int, probability: float) -> float:
    """Return the evidence in nats that is passed within so many values with at most this probability.

    Raises:
        ValueError: when no value is watched, or the probability does not lie between 0 and 1.
    """
    if within < 1 or not 0 < probability < 1:
        raise ValueError("a limit is for one value at least and a probability between 0 and 1")
    return math.log(within / probability)
