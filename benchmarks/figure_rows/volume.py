"""Rows 11 and 12, and the peer of row 14: fifty columns of 100,000 rows, and 20,000 + 20,000 embeddings."""

import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from figure_rows.figure import Figure
from stopwatch import fresh, peer
from volume_work import DIMENSIONS, EMBEDDINGS, PERMUTATIONS

COLUMNS, ROWS, GROUP = 50, 100_000, 20_000


def volume_figures(_: int, _first: int) -> list[Figure]:
    """Return rows 11 and 12, each in a process of its own, so that its peak of memory is its own."""
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / name for name in ("now.parquet", "base.parquet")]
        for seed, file in enumerate(files):
            rng = np.random.default_rng(seed)
            table = pa.table({f"x{place}": rng.normal(size=ROWS) for place in range(COLUMNS)})
            pq.write_table(table, file, row_group_size=GROUP)
        ours = fresh("volume_work.py", *files)
        theirs = peer("evidently", *files, program="columns.py")
    told, page = "absent", "absent"
    if theirs is not None:
        told = f"Evidently {theirs['version']}: {theirs['cpu']:.1f} CPU s, {theirs['peak_mb']:.0f} MB"
        page = f"Evidently's page of 50 features: {theirs['page_mb']:.1f} MB"
    drift = f"{ours['cpu']:.2f} CPU s, {ours['peak_mb']:.0f} MB"
    held = ours["cpu"] <= 6 and ours["peak_mb"] <= 400
    embedded = fresh("volume_work.py")
    words = f"{embedded['cpu']:.1f} CPU s, {embedded['peak_mb']:.0f} MB"
    good = embedded["cpu"] <= 120 and embedded["peak_mb"] <= 2048
    size = f"MMD of {EMBEDDINGS:,} + {EMBEDDINGS:,} x {DIMENSIONS}, {PERMUTATIONS} permutations (random features)"
    return [
        Figure(11, "drift of 100k x 2 x 50, reading included", told, drift, "<= 6 CPU s, <= 400 MB", held, "1"),
        Figure(12, size, "alibi-detect: out of memory (published)", words, "<= 2 GB, <= 120 CPU s", good, "1"),
        Figure(14, "the peer of row 14", page, "", "", None, "1"),
    ]
