"""The other detectors that a plan may choose: a CUSUM, an EWMA, and an e-detector whose promise needs no normal law.

All give a day's evidence in nats, like the likelihood ratio of `detector`, and stand under the same budget. CUSUM and
EWMA take points: a day, or as many days together as hold ten units. The e-detector bets on each day's sum against every
mean that the reference allows (sub-Bernoulli, Shin, Ramdas and Rinaldo 2022); its average run length is at least the
stated one whatever the law of the scores, as long as days are independent.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np

from monitors.watch.comparisons import LEAST, Level, Share
from monitors.watch.detector import Floats, Path, Rules, path_of
from monitors.watch.ripening import Ripening
from monitors.watch.strata import Strata
from monitors.watch.stream import Comparison
from validation.statistics.chart_limits import cusum_limit, ewma_limit

CUSUM_K = 0.5  # reference value, in standard deviations of a point: half of the shift that is found soonest
EWMA_WEIGHT = 0.1
_BETS = (0.05, 0.1, 0.2, 0.4, 0.8)
_SURE = 2.326  # standard deviates of the reference's mean within which the e-detector allows it: 99 %


@dataclass(frozen=True, eq=False)
class _Points:
    """The standardised points of a series: the day on which each ends, its days, its deviate."""

    day: Floats
    days: Floats
    z: Floats


def evidence_path(comparison: Comparison, rules: Rules) -> Path:
    """Return the evidence of every day by the detector of the rules; that of a day depends on no later one."""
    return _PATHS[rules.detector](comparison, rules)


@cache
def chart_limit(detector: str, arl: float, reference_days: int) -> float:
    """Return the limit of a chart in nats: for an average run length of so many days, corrected for the baseline.

    The run length is taken up to the next power of 1.1, so that few limits are computed.

    Raises:
        ValueError: for an unknown chart.
    """
    arl = 1.1 ** np.ceil(np.log(arl) / np.log(1.1))
    if detector == "cusum":
        return 2 * CUSUM_K * cusum_limit(arl, CUSUM_K, reference_days)
    if detector == "ewma":
        return ewma_limit(arl, EWMA_WEIGHT, reference_days) ** 2 / 2
    if detector == "e":
        return float(np.log(arl))
    raise ValueError(f"unknown chart '{detector}'")


def _points(comparison: Comparison, rules: Rules) -> _Points:
    series = comparison.series
    found: list[tuple[int, int, float]] = []
    first, size = rules.first, 0.0
    for day in range(rules.first, series.shape[1]):
        size += comparison.units_of(series[:, day])
        whole = not rules.weeks or (day + 1 - first) % 7 == 0
        if size >= LEAST and whole and day + 1 - first >= (7 if rules.weeks else 1):
            sums = series[:, first : day + 1].sum(axis=1, keepdims=True)
            z = float(comparison.beyond(sums)[0]) / float(np.sqrt(comparison.dispersion))
            found.append((day, day + 1 - first, z))
            first, size = day + 1, 0.0
    table = np.array(found, dtype=np.float64).reshape(-1, 3)
    return _Points(table[:, 0], table[:, 1], table[:, 2])


def _sides(rules: Rules) -> tuple[int, ...]:
    return (1, -1) if rules.side == 0 else (rules.side,)


def _cusum(comparison: Comparison, rules: Rules) -> Path:
    """Run a CUSUM a direction; a day's evidence is the log-likelihood ratio of the stronger one since it was last 0."""
    evidence, length, sign = _nothing(comparison)
    points = _points(comparison, rules)
    sums = dict.fromkeys(_sides(rules), 0.0)
    lengths = dict.fromkeys(_sides(rules), 0)
    for place, z in enumerate(points.z.tolist()):
        for side in sums:
            sums[side] = max(0.0, sums[side] + side * z - CUSUM_K)
            lengths[side] = lengths[side] + int(points.days[place]) if sums[side] > 0 else 0
        side = max(sums, key=lambda one: sums[one])
        _stand(points, place, (evidence, length, sign), (2 * CUSUM_K * sums[side], lengths[side], side))
    return Path(evidence, length.astype(np.int64), sign.astype(np.int64))


def _ewma(comparison: Comparison, rules: Rules) -> Path:
    """Run an EWMA; a day's evidence is half the square of its deviate."""
    evidence, length, sign = _nothing(comparison)
    points = _points(comparison, rules)
    mean, spread, began = 0.0, 0.0, 0
    for place, z in enumerate(points.z.tolist()):
        mean = (1 - EWMA_WEIGHT) * mean + EWMA_WEIGHT * z
        spread = (1 - EWMA_WEIGHT) ** 2 * spread + EWMA_WEIGHT**2
        began = began + int(points.days[place])
        side = 1 if mean > 0 else -1
        heard = mean * mean / (2 * EWMA_WEIGHT / (2 - EWMA_WEIGHT)) if side in _sides(rules) else 0.0
        last = min(began, round(2 * float(points.days[place]) / EWMA_WEIGHT))
        _stand(points, place, (evidence, length, sign), (heard, last, side))
    return Path(evidence, length.astype(np.int64), sign.astype(np.int64))


def _stand(points: _Points, place: int, out: tuple[Floats, Floats, Floats], value: tuple[float, float, float]) -> None:
    """Write a point's evidence on its day, and on the days until the next point."""
    first = int(points.day[place])
    last = int(points.day[place + 1]) if place + 1 < len(points.day) else len(out[0])
    for series, one in zip(out, value, strict=True):
        series[first:last] = one


def _bets(comparison: Comparison, rules: Rules) -> Path:
    """Run Shiryaev-Roberts sums of betting e-values, averaged over the bets and the directions."""
    evidence, length, sign = _nothing(comparison)
    parts = _parts(comparison)
    rows = [comparison.series[2 * at : 2 * at + 2] for at in range(len(parts))]
    sides = _sides(rules)
    gains: Floats = np.stack([
        np.sum([_gain(part, row, side, bet) for part, row in zip(parts, rows, strict=True)], axis=0)
        for side in sides for bet in _BETS
    ])  # fmt: skip
    state = np.full(len(gains), -np.inf)
    began = np.full(len(gains), rules.first)
    for day in range(rules.first, gains.shape[1]):
        state = np.logaddexp(0.0, state) + gains[:, day]
        began = np.where(state <= 0, day + 1, began)
        best = int(np.argmax(state))
        evidence[day] = max(0.0, float(np.logaddexp.reduce(state) - np.log(len(state))))
        length[day], sign[day] = max(day + 1 - began[best], 0), sides[best // len(_BETS)]
    return Path(evidence, length.astype(np.int64), sign.astype(np.int64))


def _parts(comparison: Comparison) -> list[Level | Share]:
    """Return the means that are bet on."""
    if isinstance(comparison, Level | Share):
        return [comparison]
    if isinstance(comparison, Ripening):
        return list(comparison.bands)
    if isinstance(comparison, Strata) and all(rest is None for _, rest in comparison.pairs):
        return [part for group, _ in comparison.pairs for part in _parts(group)]
    raise ValueError("the e-detector bets on means of their own, without a rest that they are compared with")


def _gain(part: Level | Share, row: Floats, side: int, bet: float) -> Floats:
    """Return the log e-value of each day: a bet that the mean lies beyond what the reference allows."""
    total, n = (row[0] if side > 0 else row[1] - row[0]), row[1]
    least = part.allowed(side, _SURE)
    mean = min(max(least if side > 0 else 1 - least, 1e-6), 1 - 1e-9)
    return np.asarray(bet * total - n * np.log1p(mean * np.expm1(bet)))


def _nothing(comparison: Comparison) -> tuple[Floats, Floats, Floats]:
    days = comparison.series.shape[1]
    return np.zeros(days), np.zeros(days), np.zeros(days)


_PATHS: Mapping[str, Callable[[Comparison, Rules], Path]] = {"glr": path_of, "cusum": _cusum, "ewma": _ewma, "e": _bets}
