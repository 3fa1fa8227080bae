"""Rows C1 to C3: drift of embeddings, 512 numbers each, against alibi-detect and an exact kernel test."""

import math
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from stopwatch import interleaved, peer
from table_rows.line import Line

from validation.statistics.embedding_drift import embedding_drift
from validation.statistics.mmd import mmd_test

ROWS, FACTORS, DIMENSIONS = 500, 32, 512


class World:
    """Rows of 512 numbers of unit variance from 32 factors and noise."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.loadings = self.rng.normal(size=(FACTORS, DIMENSIONS)) / np.sqrt(FACTORS)

    def rows(self, n: int = ROWS) -> Any:
        """Draw n rows."""
        factors = self.rng.normal(size=(n, FACTORS)) @ self.loadings
        return np.sqrt(0.5) * factors + np.sqrt(0.5) * self.rng.normal(size=(n, DIMENSIONS))


def embedding_lines(nulls: int, powers: int) -> list[Line]:
    """Measure C1 to C3: `nulls` pairs without a drift, `powers` of each change."""
    world = World(1)
    sides = {n: (world.rows(n), world.rows(n)) for n in (5_000, 50_000)}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "rows.npz"
        np.savez(file, window=sides[5_000][0], reference=sides[5_000][1])
        theirs = peer("alibi", file)
    taken = interleaved({"small": lambda: embedding_drift(*sides[5_000], 1)}, 3)
    taken |= interleaved({"large": lambda: embedding_drift(*sides[50_000], 1)}, 1)
    small, large = taken["small"].cpu, taken["large"].cpu
    what = "5,000 + 5,000 embeddings of 512, both tests"
    first = Line("C1", what, f"{small:.2f} CPU s", "alibi-detect: absent", "", ">= 300x", None)
    if theirs is not None:
        ratio = theirs["cpu"] / small
        told = f"alibi-detect {theirs['version']}, 100 permutations, from 10 and 20: {theirs['cpu']:.0f}"
        first = Line("C1", what, f"{small:.2f} CPU s", told, f"{ratio:.0f}x", ">= 300x", ratio >= 300)
    growth = math.log10(large / small)
    second = Line(
        "C2",
        "5e3 to 5e4 rows",
        f"{small:.2f}, {large:.2f} CPU s",
        "itself",
        f"exponent {growth:.2f}",
        "<= 1.1",
        growth <= 1.1,
    )
    return [first, second, *_alarms(nulls, powers)]


def _rates(change: Callable[[Any], Any], runs: int, *, exact: bool) -> tuple[float, float]:
    """Return how often ours and the exact kernel test (200 permutations) alarm at 5 %."""
    ours, theirs = 0, 0
    for seed in range(runs):
        world = World(seed)
        now, base = change(world.rows()), world.rows()
        ours += embedding_drift(now, base, seed).p_value <= 0.05
        theirs += exact and mmd_test(now, base, seed).p_value <= 0.05
    return ours / runs, theirs / runs


def _alarms(nulls: int, powers: int) -> list[Line]:
    rate, _ = _rates(lambda rows: rows, nulls, exact=False)
    low, high = 0.03, 0.07
    found = [
        Line("C3", f"false alarms, 500 + 500, {nulls} nulls", f"{rate:.3f}", "", "", ".03 to .07", low <= rate <= high)
    ]
    ten, direction = np.zeros(DIMENSIONS), np.random.default_rng(1).normal(size=DIMENSIONS)
    ten[:10] = 0.35
    direction *= 0.9 / np.linalg.norm(direction)
    changes: dict[str, Callable[[Any], Any]] = {
        "mean +.06 in all": lambda rows: rows + 0.06,
        "mean +.35 in ten": lambda rows: rows + ten,
        "mean .9 along one direction": lambda rows: rows + direction,
        "scale x1.035 (known to be weaker)": lambda rows: rows * 1.035,
    }
    for name, change in changes.items():
        ours, theirs = _rates(change, powers, exact=True)
        mean = name.startswith("mean")
        target = ">= MMD - .05" if mean else "reported"
        held = ours >= theirs - 0.05 if mean else True
        found.append(Line("C3", f"power: {name}, {powers} runs", f"{ours:.2f}", f"MMD {theirs:.2f}", "", target, held))
    return found
