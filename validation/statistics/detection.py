"""Detection: free-response ROC, the share of lesions found at fixed false positives a scan.

Sources: Chakraborty, Med Phys 1989;16:561; Setio et al., Med Image Anal 2017;42:1 (LUNA16: a mark hits a lesion within
its radius; further marks on a lesion that was hit count neither way). Intervals are percentiles of the bootstrap by
patient, in which the threshold is chosen anew.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from validation.statistics.arrays import FloatArray, IntArray, Labels, floats, integers, same_length
from validation.statistics.bootstrap import DEFAULT_REPEATS, percentile_interval
from validation.statistics.proportions import Bounds

RATES = (0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)  # false positives a scan of LUNA16's competition metric
MISSED = -np.inf


@dataclass(frozen=True, eq=False)
class Marks:
    """What a detector marked on s scans.

    Attributes:
        patient: code of each scan's patient, int64[s].
        lesion_scan, lesion_score: each lesion's scan, and its best mark's score (minus infinity: none), [l] each.
        false_scan, false_score: each false mark's scan and score, [f] each.
    """

    patient: IntArray
    lesion_scan: IntArray
    lesion_score: FloatArray
    false_scan: IntArray
    false_score: FloatArray

    def __post_init__(self) -> None:
        same_length(self.lesion_scan, self.lesion_score)
        same_length(self.false_scan, self.false_score)


class FrocPoint(NamedTuple):
    """Share of lesions found at no more than so many false positives a scan; `bounds` None below two patients."""

    false_positives: float
    sensitivity: float
    bounds: Bounds | None


def matched(marks: ArrayLike, scores: ArrayLike, lesions: ArrayLike, radii: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Match the marks of one scan to its lesions.

    Args:
        marks: positions float[n, 3], mm.
        scores: float[n].
        lesions: centres float[m, 3], mm.
        radii: float[m], mm.

    Returns:
        The best score on each lesion float64[m] (minus infinity: missed), and the scores of marks on none float64[f].

    Raises:
        ValueError: when lengths differ or a number is not finite.
    """
    at, score = np.asarray(marks, dtype=np.float64).reshape(-1, 3), floats(scores)
    centre, radius = np.asarray(lesions, dtype=np.float64).reshape(-1, 3), floats(radii)
    same_length(at, score)
    same_length(centre, radius)
    inside = np.linalg.norm(at[:, None, :] - centre[None, :, :], axis=2) <= radius[None, :]
    best = np.where(inside, score[:, None], MISSED).max(axis=0, initial=MISSED)
    return best, score[~inside.any(axis=1)]


def marks_of(patients: Labels, lesions: tuple[ArrayLike, ArrayLike], false_marks: tuple[ArrayLike, ArrayLike]) -> Marks:
    """Build from labels of the scans' patients [s], (scan, score) of the lesions, and (scan, score) of false marks.

    Raises:
        ValueError: when a scan's number lies outside 0..s - 1, or lengths differ.
    """
    codes = np.unique(np.asarray(patients), return_inverse=True)[1].astype(np.int64).reshape(-1)
    scans = [integers(part[0]) for part in (lesions, false_marks)]
    if any(len(scan) and not 0 <= scan.min() <= scan.max() < len(codes) for scan in scans):
        raise ValueError(f"a mark names a scan outside 0..{len(codes) - 1}")
    return Marks(codes, scans[0], np.asarray(lesions[1], dtype=np.float64), scans[1], floats(false_marks[1]))


def froc(
    marks: Marks,
    rates: tuple[float, ...] = RATES,
    *,
    repeats: int = DEFAULT_REPEATS,
    seed: int = 0,
    level: float = 0.95,
) -> list[FrocPoint]:
    """Return the share of lesions found at each rate of false positives a scan.

    Args:
        marks: of all scans.
        rates: false positives a scan.
        repeats: bootstrap replicates by patient.
        seed: of the generator (PCG64).
        level: confidence level.

    Raises:
        ValueError: when there is no lesion.
    """
    if not len(marks.lesion_scan):
        raise ValueError("without lesions there is no sensitivity")
    once = np.ones(len(marks.patient))
    found = [_sensitivity(marks, once, rate) for rate in rates]
    patients = int(marks.patient.max()) + 1
    if patients < 2:
        return [FrocPoint(rate, value, None) for rate, value in zip(rates, found, strict=True)]
    generator = np.random.Generator(np.random.PCG64(seed))
    drawn = generator.multinomial(patients, np.full(patients, 1 / patients), size=repeats).astype(np.float64)
    used = [weight[marks.patient] for weight in drawn if weight[marks.patient[marks.lesion_scan]].any()]
    table = np.array([[_sensitivity(marks, weight, rate) for rate in rates] for weight in used])
    return [
        FrocPoint(rate, value, percentile_interval(table[:, place], level))
        for place, (rate, value) in enumerate(zip(rates, found, strict=True))
    ]


def _sensitivity(marks: Marks, weight: FloatArray, rate: float) -> float:
    """Return the weighted share of lesions above the lowest threshold that keeps the rate."""
    order = np.argsort(-marks.false_score, kind="stable")
    score, mass = marks.false_score[order], np.cumsum(weight[marks.false_scan[order]])
    allowed = rate * float(weight.sum())
    over = np.flatnonzero(mass > allowed * (1 + 1e-12))
    limit = float(score[over[0]]) if len(over) else MISSED  # marks of this score would exceed the rate
    hit = (marks.lesion_score > limit) & np.isfinite(marks.lesion_score)
    of_lesion = weight[marks.lesion_scan]
    return float(of_lesion[hit].sum() / of_lesion.sum())
