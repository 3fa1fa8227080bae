"""Multiplicity: adjusted p-values of a family of tests.

Sources: Bonferroni; Holm, Scand J Stat 1979;6:65; Benjamini & Hochberg, JRSS B 1995;57:289; Benjamini & Yekutieli,
Ann Stat 2001;29:1165. A test is rejected at a rate when its adjusted p-value does not exceed it.
"""

import numpy as np
from numpy.typing import ArrayLike

from validation.statistics.arrays import FloatArray, floats


def bonferroni(p_values: ArrayLike) -> FloatArray:
    """Return p-values float64[n] whose family-wise error is controlled under any dependence."""
    p = _checked(p_values)
    return np.minimum(1.0, p * len(p))


def holm(p_values: ArrayLike) -> FloatArray:
    """Return step-down p-values float64[n]; family-wise error as Bonferroni's, never larger."""
    p = _checked(p_values)
    order = np.argsort(p, kind="stable")
    raised = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    return _put_back(np.minimum(1.0, raised), order)


def benjamini_hochberg(p_values: ArrayLike) -> FloatArray:
    """Return q-values float64[n]: the false discovery rate under independence or positive dependence."""
    p = _checked(p_values)
    order = np.argsort(p, kind="stable")
    raised = p[order] * (len(p) / np.arange(1, len(p) + 1))
    lowered = np.minimum.accumulate(raised[::-1])[::-1]
    return _put_back(np.minimum(1.0, lowered), order)


def benjamini_yekutieli(p_values: ArrayLike) -> FloatArray:
    """Return q-values float64[n]: the false discovery rate under any dependence."""
    p = _checked(p_values)
    return np.minimum(1.0, benjamini_hochberg(p) * float((1 / np.arange(1, len(p) + 1)).sum()))


def _checked(p_values: ArrayLike) -> FloatArray:
    p = floats(p_values)
    if ((p < 0) | (p > 1)).any():
        raise ValueError("a p-value lies in 0..1")
    return p


def _put_back(values: FloatArray, order: ArrayLike) -> FloatArray:
    result = np.empty_like(values)
    result[np.asarray(order)] = values
    return result
