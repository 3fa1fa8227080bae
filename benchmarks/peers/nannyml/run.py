"""NannyML on the workload W: three univariate drift methods of each input. Its usage reports are switched off."""

import json
import os
import sys
import time

os.environ["NML_DISABLE_USAGE_LOGGING"] = "1"

import nannyml
import pandas as pd

INPUTS = [f"x{place}" for place in range(10)]
METHODS = ["kolmogorov_smirnov", "wasserstein", "jensen_shannon"]


def main() -> None:
    """Time fit and calculate, the whole window one chunk."""
    current, reference = (pd.read_parquet(file, columns=INPUTS) for file in sys.argv[1:3])
    wall, cpu = time.perf_counter(), time.process_time()
    calculator = nannyml.UnivariateDriftCalculator(
        column_names=INPUTS, continuous_methods=METHODS, chunk_size=len(current)
    )
    calculator.fit(reference)
    calculator.calculate(current).to_df()
    taken = {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall}
    print(json.dumps(taken | {"version": nannyml.__version__}))


if __name__ == "__main__":
    main()
