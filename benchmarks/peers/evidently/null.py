"""Evidently's default drift preset without any drift: 20 features, a reference of 5,000, windows of 100."""

import json
import sys

import evidently
import numpy as np
import pandas as pd
from evidently import Report
from evidently.presets import DataDriftPreset


def main() -> None:
    """Print the share of features and of data sets that are called drifted."""
    features, whole, runs = 0.0, 0, int(sys.argv[1])
    for seed in range(runs):
        rng = np.random.default_rng(seed)
        base, now = (pd.DataFrame(rng.normal(size=(n, 20))).rename(columns="x{}".format) for n in (5_000, 100))
        metrics = Report([DataDriftPreset()]).run(now, base).dict()["metrics"]
        drifted = next(one["value"] for one in metrics if "DriftedColumnsCount" in str(one))
        features += drifted["share"]
        whole += drifted["share"] >= 0.5
    print(json.dumps({"version": evidently.__version__, "feature": features / runs, "whole": whole / runs}))


if __name__ == "__main__":
    main()
