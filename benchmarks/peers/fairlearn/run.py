"""Fairlearn on the workload W: sensitivity, specificity, count and AUC of each site, without any interval."""

import json
import sys
import time

import fairlearn
import pandas as pd
from fairlearn.metrics import MetricFrame, count, true_negative_rate, true_positive_rate
from sklearn.metrics import roc_auc_score

THRESHOLD = 24_000 / 65_536


def main() -> None:
    """Time both frames."""
    frame = pd.read_parquet(sys.argv[1], columns=["site", "truth", "score"])
    truth, score = frame["truth"].astype(int), frame["score"]
    wall, cpu = time.perf_counter(), time.process_time()
    rates = {"sensitivity": true_positive_rate, "specificity": true_negative_rate, "n": count}
    called = (score >= THRESHOLD).astype(int)
    _ = MetricFrame(metrics=rates, y_true=truth, y_pred=called, sensitive_features=frame["site"]).by_group
    _ = MetricFrame(metrics=roc_auc_score, y_true=truth, y_pred=score, sensitive_features=frame["site"]).by_group
    taken = {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall}
    print(json.dumps(taken | {"version": fairlearn.__version__}))


if __name__ == "__main__":
    main()
