"""Rows 3 to 6: charts with an estimated baseline against AIM-CU's rule, its example file, discordance of a model."""

import os
from pathlib import Path
from typing import Any

import numpy as np
from figure_rows.figure import Figure, share

from validation.statistics.cusum import cusum_chart
from validation.statistics.run_length import bernoulli_cusum_arl
from validation.statistics.short_baseline import limit_within, short_baseline_chart, standardised, sums_of

BASELINE, K, ARL = 30, 0.3, 100.0
AIMCU_K, AIMCU_H = 0.2996, 4.0  # of the R package `spc` for one side; the chart that runs has two
USUAL, A_DAY, NEGATIVE = 0.031, 29, 0.893
M, H = 25, 260  # the Bernoulli chart on whole numbers


def chart_figures(runs: int, first: int) -> list[Figure]:
    """Return rows 3 to 6; `runs` scales the simulations (20,000 by default)."""
    few = max(400, runs // 20)
    return [*_false_alarms(runs, first), *_delay(runs, first), _example(), *_discordance(few, first)]


def _drawn(seed: int, runs: int, points: int, correlation: float = 0.0) -> Any:
    rows = np.random.default_rng(seed).normal(size=(runs, points))
    for at in range(1, points if correlation else 0):
        rows[:, at] = correlation * rows[:, at - 1] + np.sqrt(1 - correlation**2) * rows[:, at]
    return rows


def _greatest(rows: Any) -> Any:
    """Return the larger of our two sums after each point that follows the baseline."""
    return np.maximum(*sums_of(standardised(rows, BASELINE), K))


def _aimcu(rows: Any) -> Any:
    """Return AIM-CU's: plain mean and standard deviation (divisor n), sums rounded to two decimals."""
    base = rows[:, :BASELINE]
    z = (rows[:, BASELINE:] - base.mean(axis=1, keepdims=True)) / base.std(axis=1, keepdims=True)
    return np.round(np.maximum(*sums_of(z, AIMCU_K)), 2)


def _first(sums: Any, limit: float) -> Any:
    """Return the first point beyond a limit, counted from 1; the number of points where none is."""
    beyond = sums > limit
    return np.where(beyond.any(axis=1), beyond.argmax(axis=1) + 1, sums.shape[1])


def _false_alarms(runs: int, first: int) -> list[Figure]:
    limit, found = limit_within(ARL, K, BASELINE), []
    for correlation, most, seed in ((0.0, 0.27, 1), (0.2, 0.35, 2)):
        rows = _drawn(first + seed, runs, BASELINE + 30, correlation)
        ours, theirs = (_greatest(rows).max(axis=1) > limit).sum(), (_aimcu(rows).max(axis=1) > AIMCU_H).sum()
        value, interval = share(int(ours), runs)
        what = f"P(false alarm within 30 points), baseline of 30, correlation of neighbours {correlation:g}"
        peer = f"AIM-CU's rule {theirs / runs:.3f}"
        found.append(Figure(3, what, peer, value, f"<= {most}", ours / runs <= most, f"{runs:,}", interval))
    rows = _drawn(first + 3, max(1000, runs // 8), BASELINE + 2500)
    lengths, theirs = _first(_greatest(rows), limit), _first(_aimcu(rows), AIMCU_H)
    half = 1.96 * lengths.std() / np.sqrt(len(lengths))
    found.append(
        Figure(
            3,
            "points to a false alarm, mean and median (cut at 2,500)",
            f"AIM-CU's rule {theirs.mean():.1f}, {np.median(theirs):.0f}",
            f"{lengths.mean():.0f}, {np.median(lengths):.0f}",
            "mean >= 100",
            bool(lengths.mean() >= 100),
            f"{len(rows):,}",
            f"{lengths.mean() - half:.0f} to {lengths.mean() + half:.0f}",
        )
    )
    return found


def _delay(runs: int, first: int) -> list[Figure]:
    limit, found = limit_within(ARL, K, BASELINE), []
    for late, target in ((30, "mean <= 9.2, median <= 7"), (0, "")):
        rows = _drawn(first + 4 + late, runs, BASELINE + late + 200)
        rows[:, BASELINE + late :] += 1.0
        sums = _greatest(rows)
        delays = _first(sums[(sums[:, :late] <= limit).all(axis=1)][:, late:], limit)
        half = 1.96 * delays.std() / np.sqrt(len(delays))
        when = "a late change (30 quiet points first, as in the peer's steady state)" if late else "a change at once"
        reached = bool(delays.mean() <= 9.2 and np.median(delays) <= 7) if target else None
        found.append(
            Figure(
                4,
                f"delay to {when} of 1 standard deviation, the chart of row 3: mean, median",
                "6.70 with known parameters" if late else "7.46 with known parameters",
                f"{delays.mean():.2f}, {np.median(delays):.0f}",
                target or "beside it",
                reached,
                f"{len(delays):,}",
                f"{delays.mean() - half:.2f} to {delays.mean() + half:.2f}",
            )
        )
    return found


def _example() -> Figure:
    shared = Path(os.environ.get("OVERREAD_SHARED", "../shared"))
    file = shared / "oracles" / "aimcu_spec-60-60.csv"
    what = "AIM-CU's example file, change at 60: alarm at"
    if not file.exists():
        return Figure(5, what, "53", "the file is absent", "60 to 65", reached=None, n="0")
    series = np.genfromtxt(file, delimiter=",", names=True)["y"]
    plain = cusum_chart(series, BASELINE, 0.5, 4.0).alarm or 0
    ours = short_baseline_chart(series, BASELINE, K, ARL).alarm or 0
    reached = 60 <= plain <= 65 and 60 <= ours <= 65
    words = f"{plain} (its own k and h, unrounded); {ours} (row 3's chart)"
    return Figure(5, what, "53 (its own code, published)", words, "60 to 65", reached, "1 file")


def _discordance(runs: int, first: int) -> list[Figure]:
    """Compare the rule (60-day rate above its upper limit on seven days running) with a Bernoulli CUSUM."""
    quiet = bernoulli_cusum_arl(USUAL, M, H) / A_DAY
    theirs = _rule(runs, 0.0, first)
    what = "discordance, 29 studies a day: days to a false alarm"
    peer = f"the rule {theirs.mean():.0f} (published 1,218)"
    found = [Figure(6, what, peer, f"{quiet:.0f}", ">= 1,200", quiet >= 1200, "exact")]
    for fall, most, published in ((0.01, None, 77), (0.02, 33, 36), (0.03, 19, 25.6), (0.05, 11, 17.7)):
        ours = bernoulli_cusum_arl(USUAL + NEGATIVE * fall, M, H) / A_DAY
        delay = _rule(runs, fall, first)
        peer = f"the rule {delay.mean():.1f} (published {published:g})"
        target, reached = (f"<= {most}", ours <= most) if most else ("shown", None)
        words = f"days until {100 * fall:.0f} points of specificity less are found"
        found.append(Figure(6, words, peer, f"{ours:.1f}", target, reached, "exact"))
    return found


def _rule(runs: int, fall: float, first: int) -> Any:
    """Simulate the published rule: days from the change (after 60 quiet days) to the seventh day above the limit."""
    days, window, rng = (7000 if fall == 0 else 600), 60, np.random.default_rng(first + 5)
    counts = rng.binomial(A_DAY, USUAL, size=(runs, window + days)).astype(np.int16)
    if fall:
        counts[:, window:] = rng.binomial(A_DAY, USUAL + NEGATIVE * fall, size=(runs, days))
    total = np.cumsum(counts, axis=1, dtype=np.int32)
    rolling = total[:, window:] - total[:, :-window]
    n = window * A_DAY
    above = rolling / n > USUAL + 1.96 * np.sqrt(USUAL * (1 - USUAL) / n)
    seven = np.cumsum(np.concatenate([np.zeros((runs, 1)), above], axis=1), axis=1)
    return _first(seven[:, 7:] - seven[:, :-7], 6.5) + 6
