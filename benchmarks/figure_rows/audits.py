"""Row 7: a concept shift from an area of .90 to .80, with 25 diseased and 25 healthy cases audited a month."""

from typing import Any

import numpy as np
from figure_rows.figure import Figure, share
from scipy.special import ndtri
from stopwatch import peer

from validation.statistics.audit_chart import audit_chart, audit_limit, audit_sums

REFERENCE, MONTHLY, MONTHS, PROMISE = 500, 25, 24, 0.045
USUAL, LESS = np.sqrt(2) * ndtri(0.9), np.sqrt(2) * ndtri(0.8)
SHIFTS = {
    "the diseased score lower": (USUAL - LESS, 0.0),
    "the healthy score higher": (0.0, USUAL - LESS),
    "both, by half": ((USUAL - LESS) / 2, (USUAL - LESS) / 2),
}
TARGETS = {4: 0.85, 6: 0.95}


def audit_figures(runs: int, first: int) -> list[Figure]:
    """Return row 7."""
    limit = audit_limit(PROMISE, MONTHS)
    months = np.array([_alarm(first + seed, (0.0, 0.0), MONTHS) for seed in range(runs)])
    false = int((months > 0).sum())
    value, interval = share(false, runs)
    what = "audits of 25 + 25 a month, reference of 500 + 500: P(false alarm within 24 months)"
    promise = f"promised {PROMISE} by ranks, whatever the scores; limit {limit:.2f}"
    found = [Figure(7, what, promise, value, "<= 0.05", false / runs <= 0.05, f"{runs:,}", interval)]
    told, few = _nannyml(), max(200, runs // 12)
    for name, shift in SHIFTS.items():
        months = np.array([_alarm(first + 10_000 + seed, shift, 6) for seed in range(few)])
        for by, least in TARGETS.items():
            hits = int(((months > 0) & (months <= by)).sum())
            value, interval = share(hits, few)
            words = f"area .90 to .80, {name}: found by month {by}"
            peer_told = told if by == 6 and name.startswith("the diseased") else ""
            found.append(Figure(7, words, peer_told, value, f">= {least}", hits / few >= least, f"{few:,}", interval))
    return found


def _alarm(seed: int, shift: tuple[float, float], months: int) -> int:
    """Return the month of the alarm, from 1; 0 without one."""
    rng = np.random.default_rng(seed)
    reference = (rng.normal(USUAL, 1, REFERENCE), rng.normal(0, 1, REFERENCE))
    rows: list[tuple[Any, Any]] = [
        (rng.normal(USUAL - shift[0], 1, MONTHLY), rng.normal(shift[1], 1, MONTHLY)) for _ in range(months)
    ]
    deviates = audit_chart(rows, reference, seed).deviates
    beyond = (audit_sums(deviates[None])[0] > audit_limit(PROMISE, MONTHS)).any(axis=1)
    return int(beyond.argmax()) + 1 if beyond.any() else 0


def _nannyml() -> str:
    theirs = peer("nannyml", program="concept.py")
    if theirs is None:
        return "absent"
    return (
        f"NannyML {theirs['version']}: {theirs['alerts']} of {theirs['chunks']} chunks alert "
        f"(estimate {theirs['estimate']:.3f}, truth {theirs['truth']:.3f})"
    )
