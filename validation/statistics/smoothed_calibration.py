"""Calibration without bins: the integrated calibration index over a local regression of truth on score.

Sources: Austin & Steyerberg, Stat Med 2019;38:4051 (ICI, E50, E90); Cleveland, J Am Stat Assoc 1979;74:829 (LOWESS,
local lines with tricube weights, without robustness rounds). The interval is a percentile bootstrap by patient in
which the curve is fitted anew.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from validation.statistics.arrays import BoolArray, FloatArray, IntArray, Labels, codes_of, flags, floats, same_length
from validation.statistics.bootstrap import percentile_interval
from validation.statistics.calibration import Resampling
from validation.statistics.proportions import Bounds

SPAN = 0.5  # share of the units that each local line sees
_AT_ONCE = 1_000_000  # units and lines held in memory at a time
GAP = 0.001  # scores closer than this share one line; between them the curve is a chord
COARSE_GAP = 0.02  # in replicates, where it moves the index by less than 0.0002
LEAST_UNITS = 10


class CalibrationIndex(NamedTuple):
    """Mean (ICI), median (E50), 90th percentile (E90) and maximum of |smoothed truth - score| over units."""

    ici: float
    e50: float
    e90: float
    e_max: float


def calibration_index(values: ArrayLike, truth: ArrayLike, span: float = SPAN, gap: float = GAP) -> CalibrationIndex:
    """Return the integrated calibration index of scores float[n] in 0..1 against truth bool[n].

    Raises:
        ValueError: when there are fewer than ten units, or the span does not lie in 0..1.
    """
    scores, positive = floats(values), flags(truth)
    same_length(scores, positive)
    distance = np.abs(smoothed(scores, positive, span, gap) - np.sort(scores))
    return CalibrationIndex(
        float(distance.mean()),
        float(np.quantile(distance, 0.5)),
        float(np.quantile(distance, 0.9)),
        float(distance.max()),
    )


def calibration_index_interval(values: ArrayLike, truth: ArrayLike, patients: Labels, drawn: Resampling) -> Bounds:
    """Return the percentile interval of the ICI under the bootstrap by patient, biased upwards near calibration.

    Args:
        values: scores float[n].
        truth: reference standard bool[n].
        patients: labels [n].
        drawn: level, replicates and seed.

    Raises:
        ValueError: as `calibration_index`, or with fewer than two patients.
    """
    scores, positive, codes = floats(values), flags(truth), codes_of(patients)
    same_length(scores, positive, codes)
    members = _members(codes)
    if len(members) < 2:
        raise ValueError("an interval needs two patients")
    generator = np.random.Generator(np.random.PCG64(drawn.seed))
    found = []
    for _ in range(drawn.repeats):
        rows = np.concatenate([members[at] for at in generator.integers(0, len(members), len(members)).tolist()])
        found.append(calibration_index(scores[rows], positive[rows], gap=COARSE_GAP).ici)
    return percentile_interval(np.array(found), drawn.level)


def smoothed(scores: FloatArray, truth: BoolArray, span: float = SPAN, gap: float = GAP) -> FloatArray:
    """Return the local regression at the sorted scores, float64[n].

    Raises:
        ValueError: when there are fewer than ten units, or the span does not lie in 0..1.
    """
    n = len(scores)
    if n < LEAST_UNITS or not 0 < span <= 1:
        raise ValueError("a local regression needs ten units at least, and a span above 0 and up to 1")
    order = np.argsort(scores, kind="stable")
    x, y = scores[order], truth[order].astype(np.float64)
    near = max(2, int(span * n + 1e-10))
    at = _anchors(x, gap)
    heights = _local_lines(x, y, x[at], near)
    used, first = np.unique(x[at], return_index=True)
    return np.asarray(np.interp(x, used, heights[first]), dtype=np.float64)


def _anchors(x: FloatArray, gap: float) -> IntArray:
    """Return where lines are fitted: the first unit, then each time the last within the gap, or the next."""
    found = [0]
    while x[found[-1]] < x[-1]:
        here = float(x[found[-1]])
        beyond = int(np.searchsorted(x, here, side="right"))
        reach = int(np.searchsorted(x, here + gap, side="right")) - 1
        found.append(max(reach, beyond))
    return np.array(found, dtype=np.int64)


def _local_lines(x: FloatArray, y: FloatArray, centres: FloatArray, near: int) -> FloatArray:
    """Return at each centre the value of the tricube-weighted line through its nearest units."""
    lefts = np.searchsorted(x[near:] + x[: len(x) - near], 2 * centres)  # where the far end is no nearer than this one
    step = max(1, _AT_ONCE // near)
    parts = [_lines(x, y, centres[at : at + step], lefts[at : at + step], near) for at in range(0, len(centres), step)]
    return np.concatenate(parts)


def _lines(x: FloatArray, y: FloatArray, centres: FloatArray, lefts: IntArray, near: int) -> FloatArray:
    places = lefts[:, None] + np.arange(near)
    own, truth, centre = x[places], y[places], centres[:, None]
    radius = np.maximum(centre - own[:, :1], x[lefts + near - 1][:, None] - centre)
    distance = np.abs(own - centre) / np.where(radius > 0, radius, 1.0)
    weight = np.where(distance <= 0.999, (1 - distance**3) ** 3, 0.0)
    weight[distance <= 0.001] = 1.0
    weight /= weight.sum(axis=1, keepdims=True)
    mean = (weight * own).sum(axis=1, keepdims=True)
    spread = (weight * (own - mean) ** 2).sum(axis=1, keepdims=True)
    flat = spread < 1e-12 * float(x[-1] - x[0]) ** 2
    slope = np.where(flat | (radius <= 0), 0.0, (centre - mean) / np.where(spread > 0, spread, 1.0))
    return np.asarray((weight * (1 + slope * (own - mean)) * truth).sum(axis=1), dtype=np.float64)


def _members(codes: IntArray) -> list[IntArray]:
    order = np.argsort(codes, kind="stable")
    return [part.astype(np.int64) for part in np.split(order, np.flatnonzero(np.diff(codes[order])) + 1)]
