"""The information floor: how long any detector needs, at some volumes, at some rate of false alerts.

Lorden 1971: a detector whose false alarms are `A` observations apart on average waits at least about ln(A) / KL for a
change, with KL the divergence of the new law from the old one per observation. With M streams that share F false
alerts a year, each may raise one in 365 M / F days.
"""

import math
from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike

from validation.statistics.arrays import floats

YEAR = 365


def bernoulli_divergence(now: float, before: float) -> float:
    """Return the Kullback-Leibler divergence of two shares, in nats an observation.

    Raises:
        ValueError: when the share before is not inside 0..1, or the new one lies outside it.
    """
    if not 0 < before < 1 or not 0 <= now <= 1:
        raise ValueError("a divergence has a share before inside 0..1 and one now in 0..1")
    hit = now * math.log(now / before) if now > 0 else 0.0
    miss = (1 - now) * math.log((1 - now) / (1 - before)) if now < 1 else 0.0
    return hit + miss


def histogram_divergence(now: ArrayLike, before: ArrayLike) -> float:
    """Return the divergence of two histograms float[bins] of counts over the same bins, in nats an observation.

    Half a count is added to each bin, so that an empty one is no certainty.

    Raises:
        ValueError: when the histograms differ in length or are empty.
    """
    p, q = floats(now) + 0.5, floats(before) + 0.5
    if p.shape != q.shape or p.size == 0:
        raise ValueError("a divergence compares two histograms over the same bins")
    p, q = p / p.sum(), q / q.sum()
    return float(np.sum(p * np.log(p / q)))


def needed_information(streams: int, false_alerts: float = 1.0) -> float:
    """Return the nats that a change must give: ln(365 M / F).

    Raises:
        ValueError: when there is no stream, or no false alert is allowed.
    """
    if streams < 1 or false_alerts <= 0:
        raise ValueError("a floor has at least one stream and allows some false alerts")
    return math.log(YEAR * streams / false_alerts)


def information_floor(per_day: float, divergence: float, streams: int, false_alerts: float = 1.0) -> float:
    """Return the days that a change takes at least; infinity where it gives no information.

    Args:
        per_day: observations a day that bear on it.
        divergence: nats each of them gives.
        streams: M, watched together.
        false_alerts: F, allowed a year for all of them.

    Raises:
        ValueError: as `needed_information`, or for a rate or divergence below 0.
    """
    if per_day < 0 or divergence < 0:
        raise ValueError("a rate and a divergence are at least 0")
    given = per_day * divergence
    return needed_information(streams, false_alerts) / given if given > 0 else math.inf


def growing_floor(daily: Iterable[float], streams: int, false_alerts: float = 1.0) -> float:
    """Return the floor of a change that grows, from the nats of each day since it began; infinity where they end first.

    Raises:
        ValueError: as `needed_information`.
    """
    need, total = needed_information(streams, false_alerts), 0.0
    for day, nats in enumerate(daily, start=1):
        if total + nats >= need:
            return day - 1 + (need - total) / nats
        total += nats
    return math.inf
