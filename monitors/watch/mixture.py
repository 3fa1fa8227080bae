"""Whether more or less disease alone explains new scores: a mixture of the two classes of the reference.

The scores of the reference's positives and negatives, weighted by how often the model's answer was verified, are mixed
in another proportion (label shift; Saerens et al. 2002); what was seen must be nearer to that mixture, by its deviance,
than to the reference itself and to the reference with every score moved by one step.
"""

import numpy as np

from monitors.counts import Integers
from monitors.watch.cells import Cells, Mask, Whole
from monitors.watch.detector import Floats
from validation.statistics.grid import to_values

BINS = 10
LEAST = 10  # labelled units of each class
_ROUNDS = 200
_LEVELS = (0.2, 0.4, 0.55, 0.7, 0.8, 0.87, 0.92, 0.96, 0.985)
_STEPS = tuple(np.round(np.arange(-3.0, 3.05, 0.1), 1).tolist())


def prevalence_explains(cells: Cells, keep: Mask, since: int, index: int) -> bool:
    """Say whether the scores since a day are those of the reference with another share of positives.

    Args:
        cells: the units of a version.
        keep: those of the site.
        since: index of the first day of the change.
        index: index of its last day.

    Returns:
        False also where the reference has too few labels to tell.
    """
    before = keep & (cells.day < since)
    now = keep & (cells.day >= since) & (cells.day <= index)
    known = before & (cells.truth >= 0) & (cells.day + cells.age <= index)
    if min(cells.n[known & (cells.truth == truth)].sum() for truth in (0, 1)) < LEAST or not now.any():
        return False
    edges = _edges(cells, before)
    place = np.searchsorted(edges, cells.q, side="right")
    weights = cells.n * _verification_weights(cells, before, known)
    classes = [_shares(place[known & (cells.truth == t)], weights[known & (cells.truth == t)]) for t in (0, 1)]
    usual = _shares(place[before], cells.n[before])
    seen: Floats = np.bincount(place[now], cells.n[now], minlength=BINS).astype(np.float64)
    against_usual, against_mixture = _deviance(seen, usual), _deviance(seen, _mixed(seen, classes))
    moved = min(_deviance(seen, _moved(cells, before, edges, step)) for step in _STEPS)
    return against_mixture < min(moved, against_usual - 2.0)


def _moved(cells: Cells, before: Mask, edges: Integers, step: float) -> Floats:
    """Return the shares of the bins had every score of the reference moved by a step on the logit scale."""
    values = cells.values[before]
    moved = 1 / (1 + np.exp(-(np.log(values / (1 - values)) + step)))
    return _shares(np.searchsorted(to_values(edges), moved, side="right"), cells.n[before])


def _edges(cells: Cells, before: Mask) -> Integers:
    """Return the edges of the bins: wide in the reference's lower half, finer towards the top."""
    order = np.argsort(cells.q[before], kind="stable")
    total = np.cumsum(cells.n[before][order])
    edges: Integers = cells.q[before][order][np.searchsorted(total, np.array(_LEVELS) * total[-1])]
    return edges


def _verification_weights(cells: Cells, before: Mask, known: Mask) -> Floats:
    """Return the units that each labelled one stands for, by the model's answer."""
    weights = np.ones(len(cells.n))
    for called in (True, False):
        mine = cells.called == called
        labelled = cells.n[known & mine].sum()
        weights[mine] = cells.n[before & mine].sum() / max(labelled, 1.0)
    return weights


def _shares(place: Integers, weights: Floats | Whole) -> Floats:
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
    """Return the deviance of counts from shares."""
    ratio = np.where(seen > 0, seen / np.maximum(expected * seen.sum(), 1e-12), 1.0)
    return 2 * float((seen * np.log(ratio)).sum())
