"""AUC with DeLong's variance on the score grid, against scikit-learn's AUC alone, in one run.

Run: python benchmarks/roc.py. Prints CPU seconds (median of five, interleaved) and the ratio; the ratio is the claim.
"""

import statistics
import time
from collections.abc import Callable

import numpy as np
from sklearn.metrics import roc_auc_score

from validation.statistics.auc_interval import auc_interval
from validation.statistics.grid import to_grid
from validation.statistics.roc import roc_from_arrays

REPEATS = 5


def cpu_seconds(work: Callable[[], object]) -> float:
    """Return the CPU time of one call."""
    start = time.process_time()
    work()
    return time.process_time() - start


def main() -> None:
    """Print one row a size."""
    random = np.random.default_rng(1)
    print("| n | ours: AUC, variance, interval (CPU s) | scikit-learn: AUC alone (CPU s) | ratio | difference |")
    print("| --- | --- | --- | --- | --- |")
    for n in (10**4, 10**5, 10**6):
        truth = random.random(n) < 0.12
        scores = 1 / (1 + np.exp(-random.normal(1.8 * truth - 1.5)))
        q = to_grid(scores)
        ours, theirs = [], []
        for _ in range(REPEATS):
            ours.append(cpu_seconds(lambda q=q, truth=truth: auc_interval(roc_from_arrays(q, truth))))
            theirs.append(cpu_seconds(lambda scores=scores, truth=truth: roc_auc_score(truth, scores)))
        mine, peer = statistics.median(ours), statistics.median(theirs)
        gap = abs(roc_from_arrays(q, truth).auc - roc_auc_score(truth, scores))
        print(f"| {n:.0e} | {mine:.4f} | {peer:.4f} | {peer / mine:.1f} | {gap:.1e} |")


if __name__ == "__main__":
    main()
