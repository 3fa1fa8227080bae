"""Clustered ROC: the variance of areas when a patient has several units.

Source: Obuchowski, Biometrics 1997;53:567. With one unit a patient it is DeLong's variance; with every unit doubled it
is the variance of the units before doubling.
"""

from dataclasses import dataclass

from numpy.typing import ArrayLike

from validation.statistics.arrays import (
    FloatArray,
    IntArray,
    Labels,
    codes_of,
    flags,
    integers,
    same_length,
    sums_by,
    tally,
)
from validation.statistics.roc import RocResult, auc_of, placements, roc_counts, tie_loss


@dataclass(frozen=True, eq=False)
class Clusters:
    """Units of each class per patient, int64[m]."""

    positive: IntArray
    negative: IntArray

    @property
    def pairs(self) -> int:
        """The most disjoint pairs of patients, one with a positive and one with a negative unit.

        Patients with both may stand on either side, but only once.
        """
        with_positive, with_negative = int((self.positive > 0).sum()), int((self.negative > 0).sum())
        return min(with_positive, with_negative, len(self.positive) // 2)


@dataclass(frozen=True, eq=False)
class Deviations:
    """How far each patient's placements lie from what the area expects: float64[m] per class."""

    auc: float
    positive: FloatArray
    negative: FloatArray


def clustered_auc(q: ArrayLike, truth: ArrayLike, patients: Labels) -> RocResult:
    """Return the area with Obuchowski's variance by patient.

    Args:
        q: cells int[n], one a unit.
        truth: reference standard bool[n].
        patients: labels [n].

    Raises:
        ValueError: when a class is empty, or the lengths differ.
    """
    cells, positive, codes = integers(q), flags(truth), codes_of(patients)
    clusters = clusters_of(positive, codes)
    deviations = deviations_of(cells, positive, codes)
    counts = roc_counts(cells, positive)
    return RocResult(
        deviations.auc,
        covariance(deviations, deviations, clusters),
        tie_loss(counts),
        counts.n_positive,
        counts.n_negative,
        len(clusters.positive),
        int((clusters.positive > 0).sum()),
        int((clusters.negative > 0).sum()),
        clusters.pairs,
    )


def clusters_of(truth: ArrayLike, codes: ArrayLike) -> Clusters:
    """Count units of each class per patient, from truth bool[n] and patient codes int[n].

    Raises:
        ValueError: when the lengths differ.
    """
    positive, patient = flags(truth), integers(codes)
    same_length(positive, patient)
    patients = int(patient.max(initial=-1)) + 1
    count = [tally(patient[side], patients) for side in (positive, ~positive)]
    return Clusters(*count)


def deviations_of(q: ArrayLike, truth: ArrayLike, codes: ArrayLike) -> Deviations:
    """Return each patient's sum of placements less its units times the area, per class.

    Raises:
        ValueError: when a class is empty, or the lengths differ.
    """
    cells, positive, patient = integers(q), flags(truth), integers(codes)
    same_length(cells, positive, patient)
    counts = roc_counts(cells, positive)
    auc, place = auc_of(counts), placements(counts)
    at = codes_of(cells)
    patients = int(patient.max(initial=-1)) + 1
    return Deviations(
        auc,
        sums_by(patient[positive], place.of_positive[at[positive]] - auc, patients),
        sums_by(patient[~positive], place.of_negative[at[~positive]] - auc, patients),
    )


def covariance(first: Deviations, second: Deviations, clusters: Clusters) -> float | None:
    """Return the covariance of two areas on the same units; None where a class has fewer than two patients."""
    units = (int(clusters.positive.sum()), int(clusters.negative.sum()))
    patients = (int((clusters.positive > 0).sum()), int((clusters.negative > 0).sum()), len(clusters.positive))
    if min(patients) < 2:
        return None
    s10 = _unbiased(patients[0]) * float(first.positive @ second.positive) / units[0] ** 2
    s01 = _unbiased(patients[1]) * float(first.negative @ second.negative) / units[1] ** 2
    crossed = float(first.positive @ second.negative) + float(first.negative @ second.positive)
    return s10 + s01 + _unbiased(patients[2]) * crossed / (units[0] * units[1])


def _unbiased(n: int) -> float:
    return n / (n - 1)
