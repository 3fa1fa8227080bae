"""AUC with DeLong's variance on the score grid, against scikit-learn's AUC alone, in one run.

Run: python benchmarks/roc.py. Prints CPU seconds (median of five, interleaved) and the ratio; the ratio is the claim.
"""

import numpy as np
from sklearn.metrics import roc_auc_score
from stopwatch import interleaved

from validation.statistics.auc_interval import auc_interval
from validation.statistics.grid import to_grid
from validation.statistics.roc import roc_from_arrays


def main() -> None:
    """Print one row a size."""
    random = np.random.default_rng(1)
    print("| n | ours: AUC, variance, interval (CPU s) | scikit-learn: AUC alone (CPU s) | ratio | difference |")
    print("| --- | --- | --- | --- | --- |")
    for n in (10**4, 10**5, 10**6):
        truth = random.random(n) < 0.12
        scores = 1 / (1 + np.exp(-random.normal(1.8 * truth - 1.5)))
        q = to_grid(scores)
        taken = interleaved(
            {
                "ours": lambda q=q, truth=truth: auc_interval(roc_from_arrays(q, truth)),
                "theirs": lambda scores=scores, truth=truth: roc_auc_score(truth, scores),
            }
        )
        mine, peer = taken["ours"].cpu, taken["theirs"].cpu
        gap = abs(roc_from_arrays(q, truth).auc - roc_auc_score(truth, scores))
        print(f"| {n:.0e} | {mine:.4f} | {peer:.4f} | {peer / mine:.1f} | {gap:.1e} |")


if __name__ == "__main__":
    main()
