"""Whether more or less disease alone explains new scores: a mixture of the two classes of the reference.

The scores of the reference's positives and negatives, weighted by how often the model's answer was verified, are mixed
in another proportion (label shift; Saerens et al. 2002); the deviance of what was seen from that mixture is compared
with its deviance from the reference itself.
"""

import numpy as np

from monitors.watch.cells import Cells, Mask
from monitors.watch.detector import Floats

BINS = 10
LEAST = 10  # labelled units of each class
EXPLAINED = 0.6  # share of the deviance that the mixture must take away
_ROUNDS = 200


def prevalence_explains(cells: Cells, keep: Mask, since: int, index: int) -> bool:
    """Say whether the scores since a day are those of the reference with another share of positives.

    Args:
        cells: the units of a version.
        keep: those of the site.
        since, index: first and last day of the change.

    Returns:
        False also where the reference has too few labels to tell.
    """
    before = keep & (cells.day < since)
    now = keep & (cells.day >= since) & (cells.day <= index)
    known = before & (cells.truth >= 0) & (cells.day + cells.age <= index)
    if min(cells.n[known & (cells.truth == truth)].sum() for truth in (0, 1)) < LEAST or not now.any():
        return False
    place = _bins(cells, before)
    weights = cells.n * _verification_weights(cells, before, known)
    classes = [_shares(place[known & (cells.truth == t)], weights[known & (cells.truth == t)]) for t in (0, 1)]
    usual, seen = _shares(place[before], cells.n[before]), np.bincount(place[now], cells.n[now], minlength=BINS)
    mixed = _mixed(seen, classes)
    against_usual, against_mixture = _deviance(seen, usual), _deviance(seen, mixed)
    return against_usual > 0 and against_mixture <= (1 - EXPLAINED) * against_usual


def _bins(cells: Cells, before: Mask) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Cut the scores into bins: half of them the reference's lower half, the others finer towards the top."""
    order = np.argsort(cells.q[before], kind="stable")
    total = np.cumsum(cells.n[before][order])
    levels = np.array([0.2, 0.4, 0.55, 0.7, 0.8, 0.87, 0.92, 0.96, 0.985]) * total[-1]
    edges = cells.q[before][order][np.searchsorted(total, levels)]
    return np.searchsorted(edges, cells.q, side="right").astype(np.int64)


def _verification_weights(cells: Cells, before: Mask, known: Mask) -> Floats:
    """Return the units that each labelled one stands for, by the model's answer."""
    weights = np.ones(len(cells.n))
    for called in (True, False):
        mine = cells.called == called
        labelled = cells.n[known & mine].sum()
        weights[mine] = cells.n[before & mine].sum() / max(labelled, 1.0)
    return weights


def _shares(place: np.ndarray[tuple[int], np.dtype[np.int64]], weights: Floats) -> Floats:
    counts = np.bincount(place, weights, minlength=BINS) + 0.5
    return np.asarray(counts / counts.sum())


def _mixed(seen: Floats, classes: list[Floats]) -> Floats:
    """Return the best mixture of the two classes, by expectation and maximisation."""
    prevalence = 0.1
    for _ in range(_ROUNDS):
        positive = prevalence * classes[1] / (prevalence * classes[1] + (1 - prevalence) * classes[0])
        prevalence = float((seen * positive).sum() / seen.sum())
    return prevalence * classes[1] + (1 - prevalence) * classes[0]


def _deviance(seen: Floats, expected: Floats) -> float:
    """Return the deviance of counts from shares, less its mean under chance (the bins less one)."""
    total = seen.sum()
    ratio = np.where(seen > 0, seen / np.maximum(expected * total, 1e-12), 1.0)
    return max(0.0, 2 * float((seen * np.log(ratio)).sum()) - (BINS - 1))
