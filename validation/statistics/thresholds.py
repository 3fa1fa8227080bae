"""Operating points: a threshold k/65536 chosen on a tune cohort by a stated rule.

Rules: `youden` (the greatest sensitivity + specificity), `sensitivity>=0.90` (the highest threshold that reaches it),
`specificity>=0.90` (the lowest threshold that reaches it). The rule speaks of the tune cohort's point estimates; what
the operating point is worth is judged on a test cohort. Everything is decided in whole numbers. All thresholds between
two neighbouring occupied cells decide alike there, so k is the middle of that gap.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from registry.domain.display import plain
from registry.domain.score_grid import CELLS
from validation.statistics.roc import RocCounts

YOUDEN = "youden"
_BOUND = re.compile(r"(sensitivity|specificity)>=([01](?:\.[0-9]{1,6})?)")


@dataclass(frozen=True)
class Cut:
    """A distinct threshold on the counts: positive means q >= k."""

    k: int
    true_positive: int
    true_negative: int


@dataclass(frozen=True)
class ChosenThreshold:
    """The chosen k with its rule, and what it reaches on the counts it was chosen on."""

    k: int
    rule: str
    sensitivity: float
    specificity: float
    n_positive: int
    n_negative: int


def choose_threshold(counts: RocCounts, rule: str) -> ChosenThreshold:
    """Choose an operating point on the counts of a tune cohort.

    Args:
        counts: positives and negatives per occupied cell of the score grid.
        rule: `youden`, `sensitivity>=D` or `specificity>=D` with D a decimal in 0..1. Of equal Youden indices the
            one with the higher sensitivity is taken.

    Raises:
        ValueError: when the rule is unknown or a class is empty.
    """
    if not counts.n_positive or not counts.n_negative:
        raise ValueError("an operating point needs positive and negative units")
    cut = _chosen(counts, rule)
    return ChosenThreshold(
        cut.k,
        rule,
        cut.true_positive / counts.n_positive,
        cut.true_negative / counts.n_negative,
        counts.n_positive,
        counts.n_negative,
    )


def cuts(counts: RocCounts) -> list[Cut]:
    """Return every distinct threshold from the lowest (all positive) to the highest (none positive)."""
    edges = [-1, *counts.cells.tolist(), CELLS]
    positive, negative = counts.n_positive, 0
    found = [Cut(_between(edges[0], edges[1]), positive, negative)]
    rows = zip(edges[1:], edges[2:], counts.positive.tolist(), counts.negative.tolist(), strict=False)
    for cell, following, positives, negatives in rows:
        positive, negative = positive - positives, negative + negatives
        found.append(Cut(_between(cell, following), positive, negative))
    return found


def check_rule(rule: str) -> None:
    """Refuse a rule that `choose_threshold` does not know.

    Raises:
        ValueError: with the rules that exist.
    """
    if rule != YOUDEN:
        _parsed(rule)


def _chosen(counts: RocCounts, rule: str) -> Cut:
    candidates = cuts(counts)
    if rule == YOUDEN:
        return max(candidates, key=_youden(counts))
    metric, least = _parsed(rule)
    if metric == "sensitivity":
        return [cut for cut in candidates if cut.true_positive >= least * counts.n_positive][-1]
    return next(cut for cut in candidates if cut.true_negative >= least * counts.n_negative)


def _parsed(rule: str) -> tuple[str, Fraction]:
    match = _BOUND.fullmatch(rule)
    if match is None or Fraction(match[2]) > 1:
        raise ValueError(f"unknown rule '{plain(rule, 60)}': youden, sensitivity>=0.90 or specificity>=0.90")
    return match[1], Fraction(match[2])


def _youden(counts: RocCounts) -> Callable[[Cut], tuple[int, int]]:
    """Return the order of cuts: Youden's index times P N, then sensitivity."""
    p, n = counts.n_positive, counts.n_negative
    return lambda cut: (cut.true_positive * n + cut.true_negative * p, cut.true_positive)


def _between(cell: int, following: int) -> int:
    """Return the middle k of those with cell < k <= following."""
    return (cell + following + 1) // 2
