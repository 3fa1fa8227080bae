"""Whether more or less disease alone explains new scores: a mixture of the two classes of the reference.

The scores of the reference's positives and negatives, weighted by how often the model's answer was verified, are mixed
in another proportion (label shift; Saerens et al. 2002); what was seen must be nearer to that mixture, by its deviance,
than to the reference itself and to the reference with every score moved by one step.
"""

from collections.abc import Mapping

import numpy as np

from monitors.counts import Integers
from monitors.watch.cells import GRID, Cells
from monitors.watch.columns import Those
from monitors.watch.detector import Floats
from validation.statistics.grid import to_values

BINS = 10
LEAST = 10  # labelled units of each class
_ROUNDS = 200
_LEVELS = (0.2, 0.4, 0.55, 0.7, 0.8, 0.87, 0.92, 0.96, 0.985)
_STEPS = tuple(np.round(np.arange(-3.0, 3.05, 0.1), 1).tolist())


def prevalence_explains(cells: Cells, keep: Those, since: int, index: int) -> bool:
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
    if min(cells.n.total(known & (cells.truth == truth)) for truth in (0, 1)) < LEAST or not now.any():
        return False
    reference = cells.histogram(before)
    edges = _edges(reference)
    place = np.searchsorted(edges, np.arange(GRID), side="right")
    weights = _verification_weights(cells, before, known)
    classes = [_shares(place, _stood_for(cells, known & (cells.truth == truth), weights)) for truth in (0, 1)]
    seen = np.bincount(place, cells.histogram(now), minlength=BINS).astype(np.float64)
    against_usual, against_mixture = _deviance(seen, _shares(place, reference)), _deviance(seen, _mixed(seen, classes))
    moved = min(_deviance(seen, _moved(reference, edges, step)) for step in _STEPS)
    return against_mixture < min(moved, against_usual - 2.0)


def _moved(reference: Floats, edges: Integers, step: float) -> Floats:
    """Return the shares of the bins had every score of the reference moved by a step on the logit scale."""
    values = to_values(np.arange(GRID))
    moved = 1 / (1 + np.exp(-(np.log(values / (1 - values)) + step)))
    return _shares(np.searchsorted(to_values(edges), moved, side="right"), reference)


def _edges(reference: Floats) -> Integers:
    """Return the edges of the bins: wide in the reference's lower half, finer towards the top."""
    total = np.cumsum(reference)
    return np.asarray(np.searchsorted(total, np.array(_LEVELS) * total[-1]), dtype=np.int64)


def _verification_weights(cells: Cells, before: Those, known: Those) -> dict[bool, float]:
    """Return the units that each labelled one stands for, by the model's answer."""
    sides = {called: cells.called == called for called in (True, False)}
    return {
        called: cells.n.total(before & mine) / max(cells.n.total(known & mine), 1.0) for called, mine in sides.items()
    }


def _stood_for(cells: Cells, those: Those, weights: Mapping[bool, float]) -> Floats:
    """Return by cell of the score grid the units that some labelled ones stand for."""
    return sum(
        (weight * cells.histogram(those & (cells.called == called)) for called, weight in weights.items()),
        np.zeros(GRID),
    )


def _shares(place: Integers, weights: Floats) -> Floats:
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
