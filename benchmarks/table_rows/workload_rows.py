"""Rows M1 to M5: the monitoring workload against Evidently, a bare read, its own growth, Fairlearn and NannyML."""

import math
import tempfile
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from kernel import drift_slice, fairness_slice, families, statistics_of
from stopwatch import Taken, fresh, interleaved, peer
from table_rows.line import Line
from workload import NAMES, written

ROWS, MORE = 10**6, 10**7
PEERS = ("evidently", "fairlearn", "nannyml")


def workload_lines(peers: Collection[str] = PEERS) -> list[Line]:
    """Measure M1, M2, M4 and M5; the peers run between two rounds of our own work, whose medians count."""
    with tempfile.TemporaryDirectory() as folder:
        file, reference = written(Path(folder), ROWS)
        base = families(reference)
        works = {
            "read": lambda: pq.read_table(file),
            "whole": lambda: statistics_of(families(file), base),
            "drift": lambda: drift_slice(families(file, NAMES), base),
            "fairness": lambda: fairness_slice(families(file, ("site", "truth", "score"))),
        }
        before = interleaved(works, 5)
        theirs = {name: peer(name, file, reference) if name in peers else None for name in PEERS}
        ours = {name: _middle(before[name], after) for name, after in interleaved(works, 5).items()}
    whole, read = ours["whole"].cpu, ours["read"].cpu
    ratio = whole / read
    scan = Line("M2", "W, 1e6", f"{whole:.3f} CPU s", f"bare read {read:.3f}", f"{ratio:.2f}x", "<= 2.5x", ratio <= 2.5)
    return [
        _against("M1", "W, 1e6 (drift of 10 inputs, performance)", ours["whole"], theirs["evidently"], 75),
        scan,
        _against("M4", "20 groups: AUC, sensitivity, specificity, 1e6", ours["fairness"], theirs["fairlearn"], 50),
        _against("M5", "drift of 10 inputs, 1e6", ours["drift"], theirs["nannyml"], 5),
    ]


def _middle(first: Taken, second: Taken) -> Taken:
    return Taken((first.cpu + second.cpu) / 2, (first.wall + second.wall) / 2)


def _against(row: str, what: str, ours: Taken, theirs: dict[str, Any] | None, least: float) -> Line:
    name = {"M1": "Evidently", "M4": "Fairlearn, no interval", "M5": "NannyML"}[row]
    if theirs is None:
        return Line(row, what, f"{ours.cpu:.3f} CPU s", f"{name}: absent", "", f">= {least}x CPU", None)
    ratio = theirs["cpu"] / ours.cpu
    told = f"{name} {theirs['version']}: {theirs['cpu']:.1f}"
    words = f"{ratio:.0f}x CPU, {theirs['wall'] / ours.wall:.0f}x wall"
    return Line(row, what, f"{ours.cpu:.3f} CPU s", told, words, f">= {least}x CPU", ratio >= least)


def growth_lines() -> list[Line]:
    """Measure M3: count and judge 1e6 and 1e7 rows in fresh processes, in turn."""
    with tempfile.TemporaryDirectory() as folder:
        file, reference = written(Path(folder), ROWS)
        large, _ = written(Path(folder), MORE)
        runs = [(fresh("kernel.py", file, reference), fresh("kernel.py", large, reference)) for _ in range(3)]
    small, big = (min(run[at]["cpu"] for run in runs) for at in (0, 1))
    exponent = math.log10(big / small)
    peaks = [max(run[at]["peak_mb"] for run in runs) for at in (0, 1)]
    memory = peaks[1] / peaks[0]
    ours = f"{small:.2f} and {big:.2f} CPU s; {peaks[0]:.0f} and {peaks[1]:.0f} MB"
    words = f"exponent {exponent:.2f}, memory {memory:.2f}x"
    held = exponent <= 1.15 and memory <= 1.2
    return [Line("M3", "W, 1e6 to 1e7", ours, "itself", words, "<= 1.15, <= 1.2x", held)]
