"""Work for a process of its own: drift of all columns of two files, or of two sets of embeddings."""

import json
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from stopwatch import peak_mb, timed

from monitors.counts import Family, count, merge
from monitors.value_grid import to_cells, to_numbers
from validation.statistics.histogram_drift import histogram_drift
from validation.statistics.random_features import feature_map, feature_test

EMBEDDINGS, DIMENSIONS, PERMUTATIONS = 20_000, 512, 100


def _families(file: Path) -> dict[str, Family]:
    parquet = pq.ParquetFile(file, pre_buffer=False)
    found: dict[str, Family] = {}
    for group in range(parquet.num_row_groups):
        part = parquet.read_row_group(group)
        for name in part.column_names:
            one = count(name, {"cell": to_cells(part[name].to_numpy())})
            found[name] = merge(found[name], one) if name in found else one
    return found


def _drift(files: list[Path]) -> None:
    now, base = (_families(file) for file in files)
    for name, family in now.items():
        cells = np.unique(np.concatenate([family.codes_of("cell"), base[name].codes_of("cell")]))
        sides = np.zeros((2, len(cells)), dtype=np.int64)
        for side, one in zip(sides, (family, base[name]), strict=True):
            side[np.searchsorted(cells, one.codes_of("cell"))] = one.counts
        histogram_drift(to_numbers(cells), sides[0], sides[1], seed=1, draws=99)


def _embeddings() -> None:
    rng = np.random.default_rng(1)
    sides = [rng.normal(size=(EMBEDDINGS, DIMENSIONS)) for _ in range(2)]
    feature_test(sides[0], sides[1], feature_map(sides[1], 1), 1, PERMUTATIONS)


def main() -> None:
    """Do one of the two in this process and print CPU seconds and the peak of memory."""
    files = [Path(word) for word in sys.argv[1:]]
    taken = timed(lambda: _drift(files) if files else _embeddings())
    print(json.dumps({"cpu": taken.cpu, "peak_mb": peak_mb()}))


if __name__ == "__main__":
    main()
