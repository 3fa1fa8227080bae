"""Rows 8 to 10: intervals in small groups, a table of subgroups, and odds differences with their interval."""

from typing import Any

import numpy as np
from figure_rows.figure import Figure
from scipy.stats import binom
from stopwatch import peer, timed

from validation.statistics.bootstrap import percentile_interval, resampled_means
from validation.statistics.grid import to_grid
from validation.statistics.proportions import Bounds, clustered_from_totals, korn_graubard, wilson
from validation.statistics.subgroups import subgroup_aucs, subgroup_shares
from validation.statistics.units import ScoredUnits

CASES, COMPARISONS, RESAMPLES = 500, 36, 1_000


def group_figures(boots: int, _first: int) -> list[Figure]:
    """Return rows 8 to 10; `boots` is the number of Fairlearn's bootstraps."""
    theirs = peer("fairlearn", 40, boots, program="intervals.py")
    return [*_coverage(theirs), _table(theirs), _odds()]


def _coverage(theirs: dict[str, Any] | None) -> list[Figure]:
    told = "absent"
    if theirs is not None:
        told = f"Fairlearn {theirs['version']}, 12 positives, .90: {theirs['coverage']:.2f} of {theirs['repeats']}"
    found = []
    for name, interval in (("groups' intervals, Korn and Graubard", _of_group), ("beside it, Wilson", wilson)):
        least, at = 1.0, (0, 0.0)
        for n in range(10, 31):
            bounds = [interval(x, n) for x in range(n + 1)]
            for p in np.arange(0.70, 0.981, 0.005).tolist():
                inside = sum(binom.pmf(x, n, p) for x, (low, high) in enumerate(bounds) if low <= p <= high)
                least, at = min((least, at), (float(inside), (n, round(p, 3))))
        ours = interval is _of_group
        what = f"least coverage of 95 % ({name}), 10 to 30 positives, sensitivity .70 to .98"
        words = f"{least:.3f} (at {at[0]} positives, {at[1]})"
        target, held = (">= 0.93 everywhere", least >= 0.93) if ours else ("beside it", None)
        found.append(Figure(8, what, told if ours else "", words, target, held, "exact"))
    return found


def _of_group(hits: int, n: int) -> Bounds:
    """Return the interval that a group's share is given in signals and reports."""
    return korn_graubard(clustered_from_totals([1] * hits + [0] * (n - hits), [1] * n))


def _table(theirs: dict[str, Any] | None) -> Figure:
    rng = np.random.default_rng(1)
    n, groups = 100_000, np.array([f"g{place}" for place in rng.integers(0, 30, 100_000)])
    truth = rng.random(n) < 0.12
    q = to_grid(1 / (1 + np.exp(-rng.normal(1.8 * truth - 1.5))))
    called, patients = q >= 24_000, np.arange(n)
    parts = {
        "sensitivity": (called, truth),
        "specificity": (~called, ~truth),
        "ppv": (truth, called),
        "npv": (~truth, ~called),
        "positive_rate": (called, np.ones(n, dtype=bool)),
    }

    def ours() -> None:
        for name, (hits, kind) in parts.items():
            subgroup_shares(name, hits[kind], patients[kind], groups[kind], 10)
        subgroup_aucs(ScoredUnits(q, truth, patients), groups, 10)

    taken = timed(ours)
    told = (
        "absent"
        if theirs is None
        else f"Fairlearn {theirs['cpu']:.1f} for 10k rows x 6 groups x 2, {theirs['boots']} boots"
    )
    what = "100k rows x 30 groups x 6 metrics, with intervals, differences and q-values: CPU s"
    return Figure(9, what, told, f"{taken.cpu:.2f}", "<= 2", taken.cpu <= 2, "1")


def _odds() -> Figure:
    """Compare 36 groups with the rest by equalised odds differences (greatest and mean), each with its interval."""
    rng = np.random.default_rng(2)
    truth = rng.random(CASES) < 0.4
    called = rng.random(CASES) < np.where(truth, 0.9, 0.2)
    inside = rng.random((COMPARISONS, CASES)) < 0.4

    def ours() -> list[Any]:
        parts = []
        for group in inside:
            for side in (group, ~group):
                for kind in (truth, ~truth):
                    parts += [side & kind & called, side & kind]
        totals = np.array(parts, dtype=np.float64).T
        drawn = resampled_means(totals, np.ones(CASES, dtype=np.int64), RESAMPLES, seed=1)
        rates = (drawn[:, 0::2] / drawn[:, 1::2]).reshape(RESAMPLES, COMPARISONS, 2, 2)
        gap = np.abs(rates[:, :, 0] - rates[:, :, 1])
        return [percentile_interval(one) for form in (gap.max(axis=2), gap.mean(axis=2)) for one in form.T]

    taken = timed(ours)
    what = f"odds differences, {CASES} cases x {COMPARISONS} comparisons, {RESAMPLES:,} resamples: CPU s"
    return Figure(10, what, "MELODY not run; published 44 at 100", f"{taken.cpu:.2f}", "<= 1", taken.cpu <= 1, "1")
