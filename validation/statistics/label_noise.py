"""Labels that a model contradicts: the units to read again first, by where their score falls in the other class."""

import math

import numpy as np
from numpy.typing import NDArray

SHARE = 0.05  # of the units that are flagged at most; what it finds is in docs/explanation/label-noise.md


def contradictions(scores: NDArray[np.float64], truth: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return by how much each unit's score speaks against its label.

    It is the placement of a score in the other class (DeLong et al., Biometrics 1988;44:837): of a negative unit the
    share of positive units that it outranks, of a positive one the share of negative units that outrank it, ties half.
    The mean over either class is 1 less the area under the ROC curve.

    Args:
        scores: float[n], by a model that was not fitted on these units.
        truth: bool[n], the labels as given.

    Returns:
        float[n] in 0..1.

    Raises:
        ValueError: when a class is empty.
    """
    positive, negative = np.sort(scores[truth]), np.sort(scores[~truth])
    if not len(positive) or not len(negative):
        raise ValueError("labels of one class contradict nothing")
    above_positive = _below(positive, scores)
    above_negative = _below(negative, scores)
    found: NDArray[np.float64] = np.where(truth, 1 - above_negative, above_positive)
    return found


def suspects(scores: NDArray[np.float64], truth: NDArray[np.bool_], share: float = SHARE) -> NDArray[np.int64]:
    """Return the units whose label is contradicted most, most first, at most a share of all; none that is not at all.

    Args:
        scores: float[n], by a model that was not fitted on these units.
        truth: bool[n], the labels as given.
        share: of the units, in 0..1.

    Returns:
        int[k] indices, k at most ceil(share n).

    Raises:
        ValueError: when a class is empty.
    """
    found = contradictions(scores, truth)
    order = np.lexsort((np.arange(len(found)), -found))[: math.ceil(share * len(found))]
    chosen: NDArray[np.int64] = order[found[order] > 0]
    return chosen


def _below(ranked: NDArray[np.float64], scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the share of ranked scores that lie below each score, ties half."""
    low, high = np.searchsorted(ranked, scores, "left"), np.searchsorted(ranked, scores, "right")
    found: NDArray[np.float64] = (low + high) / 2 / len(ranked)
    return found
