"""Fairlearn's bootstrap intervals: what they cost, and how often they hold a sensitivity of .90 of 12 positives.

Run: intervals.py REPEATS BOOTSTRAPS.
"""

import json
import sys
import time

import fairlearn
import numpy as np
from fairlearn.metrics import MetricFrame, true_negative_rate, true_positive_rate

RATES = {"sensitivity": true_positive_rate, "specificity": true_negative_rate}


def covers(seed: int, boots: int) -> bool:
    """Say whether one 95 % interval holds the truth."""
    rng = np.random.default_rng(seed)
    truth = np.concatenate([np.ones(12, int), np.zeros(60, int)])
    called = np.where(truth == 1, rng.random(72) < 0.9, rng.random(72) < 0.1).astype(int)
    frame = MetricFrame(
        metrics=true_positive_rate,
        y_true=truth,
        y_pred=called,
        sensitive_features=np.zeros(72, int),
        n_boot=boots,
        ci_quantiles=[0.025, 0.975],
        random_state=seed,
    )
    low, high = (float(np.ravel(one)[0]) for one in frame.overall_ci)
    return low <= 0.9 <= high


def main() -> None:
    """Print coverage and CPU seconds."""
    repeats, boots = int(sys.argv[1]), int(sys.argv[2])
    rng = np.random.default_rng(1)
    truth, called, group = rng.integers(0, 2, 10_000), rng.integers(0, 2, 10_000), rng.integers(0, 6, 10_000)
    cpu = time.process_time()
    _ = MetricFrame(
        metrics=RATES,
        y_true=truth,
        y_pred=called,
        sensitive_features=group,
        n_boot=boots,
        ci_quantiles=[0.025, 0.975],
        random_state=1,
    ).by_group_ci
    cpu = time.process_time() - cpu
    coverage = sum(covers(seed, boots) for seed in range(repeats)) / repeats
    print(
        json.dumps(
            {"version": fairlearn.__version__, "cpu": cpu, "coverage": coverage, "repeats": repeats, "boots": boots}
        )
    )


if __name__ == "__main__":
    main()
