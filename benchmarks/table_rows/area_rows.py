"""Rows M6 to M9 and M11: areas under the ROC curve against scikit-learn and a sort; engines; merging in any order."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
from kernel import counted
from scipy.stats import rankdata
from sklearn.metrics import roc_auc_score
from stopwatch import interleaved
from table_rows.line import Line
from workload import rows

from monitors.counts import merged
from validation.statistics.auc_interval import auc_interval
from validation.statistics.grid import to_grid
from validation.statistics.roc import roc_counts, roc_from_arrays, tie_loss
from validation.statistics.roc_groups import areas_of_groups

N, GROUPS, BOOTSTRAPS = 10**6, 200, 1000


def area_lines() -> list[Line]:
    """Measure M6 to M8, and M11."""
    rng = np.random.default_rng(1)
    truth, groups = rng.random(N) < 0.12, rng.integers(0, GROUPS, N)
    scores = 1 / (1 + np.exp(-rng.normal(1.8 * truth - 1.5)))
    q, narrow = to_grid(scores), scores.astype(np.float32)
    one = interleaved(
        {
            "ours": lambda: auc_interval(roc_from_arrays(q, truth)),
            "sklearn": lambda: roc_auc_score(truth, scores),
            "midrank": lambda: _midrank(scores, truth),
        }
    )
    several = interleaved(
        {
            "ours": lambda: areas_of_groups(q, truth, groups, GROUPS),
            "sklearn": lambda: [roc_auc_score(truth[groups == g], scores[groups == g]) for g in range(GROUPS)],
            "sort": lambda: np.sort(narrow),
        },
        3,
    )
    return [*_one(one), *_several(several), _binned(scores, truth), _merging()]


def _midrank(scores: Any, truth: Any) -> float:
    """Return DeLong's variance by mid-ranks (Sun & Xu): three rankings."""
    positive, negative = scores[truth], scores[~truth]
    both = rankdata(np.concatenate([positive, negative]))
    m, n = len(positive), len(negative)
    up = (both[:m] - rankdata(positive)) / n
    down = 1 - (both[m:] - rankdata(negative)) / m
    return float(up.var(ddof=1) / m + down.var(ddof=1) / n)


def _one(taken: dict[str, Any]) -> list[Line]:
    ours = taken["ours"].cpu
    boots, ranks = BOOTSTRAPS * taken["sklearn"].cpu / ours, taken["midrank"].cpu / ours
    what, cost = "AUC with interval, 1e6 on the score grid", f"{ours:.4f} CPU s"
    told = f"scikit-learn {taken['sklearn'].cpu:.2f}, times {BOOTSTRAPS:,} bootstraps"
    return [
        Line("M6", what, cost, told, f"{boots:,.0f}x", ">= 5,000x", boots >= 5000),
        Line("M6", what, cost, f"mid-rank DeLong {taken['midrank'].cpu:.2f}", f"{ranks:.0f}x", ">= 15x", ranks >= 15),
    ]


def _several(taken: dict[str, Any]) -> list[Line]:
    ours = taken["ours"].cpu
    loop, sort = taken["sklearn"].cpu / ours, ours / taken["sort"].cpu
    what, cost = f"AUC and DeLong's variance of {GROUPS} groups, 1e6", f"{ours:.3f} CPU s"
    return [
        Line(
            "M7", what, cost, f"scikit-learn, a loop {taken['sklearn'].cpu:.2f}", f"{loop:.0f}x", ">= 30x", loop >= 30
        ),
        Line("M7", what, cost, f"np.sort of float32 {taken['sort'].cpu:.3f}", f"{sort:.1f}x", "<= 5x", sort <= 5),
    ]


def _binned(scores: Any, truth: Any) -> Line:
    """Compare 4,096 bins with exact sums on 20 draws of 1e5 and one of 1e6."""
    draws = [(scores, truth)]
    for seed in range(20):
        rng = np.random.default_rng(100 + seed)
        side = rng.random(10**5) < 0.12
        draws.append((1 / (1 + np.exp(-rng.normal(1.8 * side - 1.5))), side))
    held, bounds, spreads = True, [], []
    for values, side in draws:
        ranks = np.unique(values, return_inverse=True)[1]
        exact, coarse = roc_from_arrays(ranks, side), roc_counts(to_grid(values) >> 4, side)
        found, bound = roc_from_arrays(to_grid(values) >> 4, side), tie_loss(coarse)
        held &= abs(found.auc - exact.auc) <= bound
        bounds.append(bound)
        spreads.append(abs((found.variance or 0.0) / (exact.variance or 1.0) - 1))
    good = held and max(bounds) <= 1e-4 and max(spreads) <= 1e-4
    words = f"error within the bound {'always' if held else 'not always'}, bound {max(bounds):.1e}"
    return Line(
        "M8",
        f"AUC of 4,096 bins, {len(draws)} draws",
        words,
        "exact",
        f"variance within {max(spreads):.1e}",
        "bound and variance <= 1e-4",
        good,
    )


def engine_lines() -> list[Line]:
    """Measure M9 by the tests that hold the engines' counts against each other; what is not installed is skipped."""
    files = ["tests/monitors/test_runners.py", "tests/monitors/test_in_database.py"]
    command = [sys.executable, "-m", "pytest", "-q", "-n0", "-p", "no:randomly", *files]
    root = Path(__file__).parents[2]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    last = done.stdout.strip().splitlines()[-1]
    what = "counts of threads, Dask, Spark, DuckDB, PostgreSQL by SHA-256"
    return [Line("M9", what, last.strip("= "), "each other", "identical", "identical", done.returncode == 0)]


def _merging() -> Line:
    """Cut rows at random places, some parts empty, and add the parts up in random order."""
    table, rng, same = rows(20_000, 3), np.random.default_rng(4), True
    whole = {name: family.digest for name, family in counted(table).items()}
    for _ in range(20):
        cuts = np.sort(rng.integers(0, len(table) + 1, 6)).tolist()
        parts = [counted(table.slice(a, b - a)) for a, b in zip([0, *cuts], [*cuts, len(table)], strict=True) if b > a]
        order = rng.permutation(len(parts))
        for name, digest in whole.items():
            same &= merged([parts[at][name] for at in order]).digest == digest
    return Line("M11", "20 random splits and orders", "equal" if same else "differ", "one pass", "exact", "exact", same)
