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
from validation.statistics.proportions import Bounds

SPAN = 0.5  # share of the units that each local line sees
GAP = 0.001  # scores closer than this share one line; between them the curve is a chord


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


def calibration_index_interval(
    values: ArrayLike, truth: ArrayLike, patients: Labels, repeats: int, seed: int, level: float = 0.95
) -> Bounds:
    """Return the percentile interval of the ICI under the bootstrap by patient, biased upwards near calibration.

    Args:
        values: scores float[n].
        truth: reference standard bool[n].
        patients: labels [n].
        repeats: replicates.
        seed: of the generator (PCG64).
        level: confidence level.

    Raises:
        ValueError: as `calibration_index`, or with fewer than two patients.
    """
    scores, positive, codes = floats(values), flags(truth), codes_of(patients)
    same_length(scores, positive, codes)
    members = _members(codes)
    if len(members) < 2:
        raise ValueError("an interval needs two patients")
    generator = np.random.Generator(np.random.PCG64(seed))
    found = []
    for _ in range(repeats):
        rows = np.concatenate([members[at] for at in generator.integers(0, len(members), len(members)).tolist()])
        found.append(calibration_index(scores[rows], positive[rows]).ici)
    return percentile_interval(np.array(found), level)


def smoothed(scores: FloatArray, truth: BoolArray, span: float = SPAN, gap: float = GAP) -> FloatArray:
    """Return the local regression at the sorted scores, float64[n].

    Raises:
        ValueError: when there are fewer than ten units, or the span does not lie in 0..1.
    """
    n = len(scores)
    if n < 10 or not 0 < span <= 1:
        raise ValueError("a local regression needs ten units at least, and a span above 0 and up to 1")
    order = np.argsort(scores, kind="stable")
    x, y = scores[order], truth[order].astype(np.float64)
    near = max(2, int(span * n + 1e-10))
    at = _anchors(x, gap)
    heights = np.array([_local_line(x, y, place, near) for place in at.tolist()])
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


def _local_line(x: FloatArray, y: FloatArray, place: int, near: int) -> float:
    """Return the value at one unit of the tricube-weighted line through its nearest units."""
    centre, n = float(x[place]), len(x)
    left = _window_start(x, centre, near)
    inside = slice(left, left + near)
    radius = max(centre - float(x[left]), float(x[min(left + near, n) - 1]) - centre)
    if radius <= 0:
        return float(y[inside].mean())
    distance = np.abs(x[inside] - centre) / radius
    weight = np.where(distance <= 0.999, (1 - distance**3) ** 3, 0.0)
    weight = np.where(distance <= 0.001, 1.0, weight)
    weight = weight / weight.sum()
    mean = float(weight @ x[inside])
    spread = float(weight @ (x[inside] - mean) ** 2)
    if spread < 1e-12 * float(x[-1] - x[0]) ** 2:
        return float(weight @ y[inside])
    return float((weight * (1 + (centre - mean) * (x[inside] - mean) / spread)) @ y[inside])


def _window_start(x: FloatArray, centre: float, near: int) -> int:
    """Return the start of the `near` sorted units that lie nearest to a centre."""
    low, high = 0, len(x) - near
    while low < high:
        middle = (low + high) // 2
        if float(x[middle + near]) - centre < centre - float(x[middle]):
            low = middle + 1
        else:
            high = middle
    return low


def _members(codes: IntArray) -> list[IntArray]:
    order = np.argsort(codes, kind="stable")
    return [part.astype(np.int64) for part in np.split(order, np.flatnonzero(np.diff(codes[order])) + 1)]
