"""The workload W: one flat Parquet file of scored studies, as all tools read it (score, truth, site, reader, inputs).

20 sites, 200 readers, prevalence 12 %, ten numeric inputs, a reference of 100,000 rows. Deterministic.
"""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

SITES, READERS, INPUTS = 20, 200, 10
REFERENCE_ROWS = 100_000
ROW_GROUP = 250_000
THRESHOLD = 24_000  # score-grid cell
NAMES = tuple(f"x{place}" for place in range(INPUTS))


def rows(n: int, seed: int, shift: float = 0.0) -> pa.Table:
    """Draw n scored studies; `shift` moves the first input by that many standard deviations."""
    rng = np.random.default_rng(seed)
    truth = rng.random(n) < 0.12
    score = (1 / (1 + np.exp(-rng.normal(1.8 * truth - 1.5)))).astype(np.float64)
    inputs = {name: rng.normal(size=n) + (shift if name == "x0" else 0.0) for name in NAMES}
    override = rng.random(n) < 0.08
    columns = {
        "site": rng.integers(0, SITES, n).astype(np.int32),
        "reader": rng.integers(0, READERS, n).astype(np.int32),
        "truth": truth,
        "score": score,
        "override": override,
    }
    return pa.table(columns | inputs)


def written(folder: Path, n: int) -> tuple[Path, Path]:
    """Write n rows and the reference, unless they are there, and return both files."""
    current, reference = folder / f"w-{n}.parquet", folder / "w-reference.parquet"
    for file, size, seed in ((current, n, 1), (reference, REFERENCE_ROWS, 2)):
        if not file.exists():
            pq.write_table(rows(size, seed), file, row_group_size=ROW_GROUP)
    return current, reference
