"""Row 18: River's FriedmanDrift, ADWIN beside our bets on ranks, on the same residuals of the same model."""

import tempfile
from pathlib import Path

import numpy as np
from figure_rows.figure import Figure, share
from stopwatch import peer

from validation.statistics.exchangeability import conformal_p_values, order_evidence, order_limit

STABLE, WITHIN, PROMISE = 2_500, 5_000, 0.05
PUBLISHED = {"gra": ("abrupt, global", 27, 77), "gsg": ("gradual, global", 27, 189), "lea": ("local", 115, 1919)}


def order_figures(runs: int, first: int) -> list[Figure]:
    """Return row 18: `runs` streams without a drift, a twentieth of it of each drift."""
    few = max(60, runs // 20)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "residuals.npz"
        theirs = peer("river", file, few, runs, first)
        if theirs is None:
            return [Figure(18, "River FriedmanDrift", "absent", "not run: River draws the streams", "", None, "0")]
        rows = dict(np.load(file))
    reference = np.abs(rows.pop("reference"))
    limit = order_limit(WITHIN, PROMISE)
    alarms = {}
    for kind, residuals in rows.items():
        p = [conformal_p_values(reference, row, first + seed) for seed, row in enumerate(np.abs(residuals))]
        beyond = order_evidence(np.stack(p)) > limit
        alarms[kind] = np.where(beyond.any(axis=1), beyond.argmax(axis=1), -1)
    adwin = {kind: np.array(one) for kind, one in theirs["alarms"].items()}
    false = int((alarms["null"] >= 0).sum())
    value, interval = share(false, runs)
    found = [
        Figure(
            18,
            "River FriedmanDrift: P(false alarm in 2,500 stable points)",
            f"ADWIN (River {theirs['version']}) {(adwin['null'] >= 0).mean():.3f}",
            value,
            "<= 0.05 proven: Doob's inequality, 0.05 in 5,000",
            false / runs <= 0.05,
            f"{runs:,}",
            interval,
        )
    ]
    return found + [_delay(kind, alarms[kind], adwin[kind]) for kind in PUBLISHED]


def _delay(kind: str, ours: np.ndarray, adwin: np.ndarray) -> Figure:
    name, least, most = PUBLISHED[kind]
    mine, theirs = (one[one >= STABLE] - STABLE for one in (ours, adwin))
    half = 1.96 * mine.std() / np.sqrt(len(mine))
    missed = f", {len(ours) - len(mine)} not found or false" if len(mine) < len(ours) else ""
    return Figure(
        18,
        f"points until the drift is found: {name}",
        f"ADWIN {theirs.mean():.0f}; published ADWIN {least}, PITMonitor {most}",
        f"{mine.mean():.0f}{missed}",
        f"<= {most}, PITMonitor's",
        bool(mine.mean() <= most and len(mine) >= 0.95 * len(ours)),
        f"{len(ours)}",
        f"{mine.mean() - half:.0f} to {mine.mean() + half:.0f}",
    )
