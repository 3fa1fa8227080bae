"""Shares of a family's units, clustered by patient, and the tests that compare them.

A clustered share is worth `effective_n` independent units (validation.statistics.proportions); tests use that size.
"""

import math

import numpy as np
import numpy.typing as npt

from monitors.counts import Family, Integers
from validation.statistics.arrays import codes_of
from validation.statistics.distributions import normal_two_sided
from validation.statistics.proportions import ClusteredShare, clustered_from_totals

Mask = npt.NDArray[np.bool_]
LEAST_PATIENTS = 10  # below some ten patients a design effect is itself uncertain (validation.statistics.proportions)


def patients_of(family: Family) -> int:
    """Return the number of patients in a family that has the patient as an axis."""
    return len(np.unique(family.codes_of("patient")))


def thin(units: int, patients: int) -> str:
    """Say why a variance by patient cannot be relied on; empty where it can, or each unit has its own patient."""
    if units <= patients or patients >= LEAST_PATIENTS:
        return ""
    of = "1 patient" if patients == 1 else f"{patients} patients"
    return f"{units} units come from {of}, at least {LEAST_PATIENTS} are needed"


def sums_of_patients(units: Family, rows: Family, weights: Integers) -> tuple[Integers, Integers]:
    """Return for each patient of some units their number, and the sum of the weights of that patient's rows.

    Args:
        units: with the patient as an axis; at least one unit.
        rows: another family with the patient as an axis; rows of other patients are left out.
        weights: int64[cells of `rows`].
    """
    kept, place = np.unique(_patients(units, units), return_inverse=True)
    theirs = _patients(rows, units)
    known = np.isin(theirs, kept)
    sums = np.bincount(np.searchsorted(kept, theirs[known]), weights[known], len(kept))
    return np.bincount(place, units.counts).astype(np.int64), sums.astype(np.int64)


def _patients(family: Family, of: Family) -> Integers:
    """Return a family's patients as numbers that another family's patients have too; -1 for one that is not there."""
    if "patient" not in family.levels:
        return family.codes_of("patient")
    places = {name: place for place, name in enumerate(of.levels["patient"])}
    table = np.array([places.get(name, -1) for name in family.levels["patient"]] or [-1], dtype=np.int64)
    return table[family.codes_of("patient")]


def share_of(family: Family, success: Mask) -> ClusteredShare | None:
    """Return the share of a family's units in the cells of a mask, clustered by patient; None without units."""
    if family.total == 0:
        return None
    patient = codes_of(family.codes_of("patient"))
    sizes = np.bincount(patient, family.counts).astype(np.int64)
    hits = np.bincount(patient, np.where(success, family.counts, 0), len(sizes)).astype(np.int64)
    return clustered_from_totals(hits, sizes)


def difference_p(first: ClusteredShare, second: ClusteredShare) -> float:
    """Return the two-sided p-value of a difference of two independent shares (Agresti & Caffo 2000 adjustment)."""
    return normal_two_sided(_z(first, second))


def decline_p(now: ClusteredShare, base: ClusteredShare) -> float:
    """Return the one-sided p-value that a share fell below that of the reference."""
    return _lower_tail(_z(now, base))


def rise_p(now: ClusteredShare, base: ClusteredShare) -> float:
    """Return the one-sided p-value that a share rose above that of the reference."""
    return _lower_tail(-_z(now, base))


def below_p(share: ClusteredShare, limit: float) -> float:
    """Return the exact binomial p-value P(X <= x) of a share under a fixed limit, at its effective size."""
    return binomial_tails(share.value, share.effective_n, limit)[0]


def two_sided_p(share: float, n: float, target: float) -> float:
    """Return twice the smaller exact binomial tail of a share of n units, at most 1; n need not be whole."""
    return min(1.0, 2 * min(binomial_tails(share, n, target)))


def binomial_tails(share: float, n: float, target: float) -> tuple[float, float]:
    """Return P(X <= x) and P(X >= x) for x = share n, by the incomplete beta function; n need not be whole."""
    from scipy.special import betainc  # noqa: PLC0415 - lazy: scipy is slow to import

    x = share * n
    low = 1.0 if n - x < 1e-9 else float(betainc(n - x, x + 1, 1 - target))
    high = 1.0 if x < 1e-9 else float(betainc(x, n - x + 1, target))
    return low, high


def _z(first: ClusteredShare, second: ClusteredShare) -> float:
    (p1, n1), (p2, n2) = _adjusted(first), _adjusted(second)
    return (p1 - p2) / math.sqrt(p1 * (1 - p1) / n1 + p2 * (1 - p2) / n2)


def _adjusted(share: ClusteredShare) -> tuple[float, float]:
    n = share.effective_n + 2
    return (share.value * share.effective_n + 1) / n, n


def _lower_tail(z: float) -> float:
    return 0.5 * math.erfc(-z / math.sqrt(2))
