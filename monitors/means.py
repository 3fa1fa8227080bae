"""Means of a family's rows, clustered by patient: the ratio estimator and its standard error."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from monitors.counts import Family
from monitors.shares import LEAST_PATIENTS

_Floats = npt.NDArray[np.float64]


class Mean(NamedTuple):
    """A mean over n rows of some patients; `error` is None where no variance by patient can be relied on."""

    value: float
    error: float | None
    n: int
    patients: int


def mean_of(family: Family, numbers: _Floats) -> Mean | None:
    """Return the mean of one number a cell; None without rows."""
    if family.total == 0:
        return None
    _, place = np.unique(family.codes_of("patient"), return_inverse=True)
    sums, sizes = (
        np.bincount(place, weights).astype(np.float64) for weights in (numbers * family.counts, family.counts)
    )
    return mean_of_patients(sums, sizes)


def mean_of_patients(sums: _Floats, sizes: _Floats) -> Mean | None:
    """Return the mean over all rows from each patient's sum and number of rows, float64[m]; None without rows.

    The error is that of a ratio estimator: m / (m - 1) times the sum over m patients of (S - mean n)^2, over N^2; it
    takes ten patients.
    """
    total, m = float(sizes.sum()), int((sizes > 0).sum())
    if total == 0:
        return None
    value = float(sums.sum()) / total
    if m < LEAST_PATIENTS:
        return Mean(value, None, round(total), m)
    error = math.sqrt(m / (m - 1) * float(((sums - value * sizes) ** 2).sum())) / total
    return Mean(value, error, round(total), m)


def pooled(differences: Sequence[tuple[float, float, float]]) -> tuple[float, float]:
    """Return the weighted mean of differences, each with its error and weight, and the error of that mean."""
    weight = sum(each[2] for each in differences)
    value = sum(difference * w for difference, _, w in differences) / weight
    return value, math.sqrt(sum((error * w) ** 2 for _, error, w in differences)) / weight
