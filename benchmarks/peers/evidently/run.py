"""Evidently on the workload W: four drift methods of each input, and the classification preset. Current comes first."""

import json
import sys
import time

import evidently
import pandas as pd
from evidently import BinaryClassification, DataDefinition, Dataset, Report
from evidently.metrics import ValueDrift
from evidently.presets import ClassificationPreset

INPUTS = [f"x{place}" for place in range(10)]
METHODS = ("psi", "ks", "wasserstein", "jensenshannon")
THRESHOLD = 24_000 / 65_536


def main() -> None:
    """Time both reports."""
    frames = [pd.read_parquet(file) for file in sys.argv[1:3]]
    for frame in frames:
        frame["truth"] = frame["truth"].astype(int)
        frame["label"] = (frame["score"] >= THRESHOLD).astype(int)
    kind = BinaryClassification(target="truth", prediction_labels="label", prediction_probas="score", pos_label=1)
    definition = DataDefinition(numerical_columns=INPUTS, classification=[kind], categorical_columns=["truth", "label"])
    wall, cpu = time.perf_counter(), time.process_time()
    current, reference = (Dataset.from_pandas(frame, data_definition=definition) for frame in frames)
    drift = [ValueDrift(column=name, method=method) for name in INPUTS for method in METHODS]
    Report(drift).run(current, reference).dict()
    Report([ClassificationPreset()]).run(current, reference).dict()
    taken = {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall}
    print(json.dumps(taken | {"version": evidently.__version__}))


if __name__ == "__main__":
    main()
