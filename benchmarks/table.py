"""The rows M1 to M11 and C1 to C3 of speed and exactness in one run, as one table in Markdown.

Run: python benchmarks/table.py [--only PART ...] [--peers NAME ...] [--nulls N] [--powers N]. Parts: workload (M1, M2,
M4, M5), growth (M3), areas (M6 to M8, M11), engines (M9), days (M10), embeddings (C1 to C3). Some ten minutes of CPU,
most of it the peers'. Claims are ratios of CPU time within the run; imports and, for the peers, reading the file are
not counted, our own reading is.
"""

import argparse
import os
import platform
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import version

from table_rows.area_rows import area_lines, engine_lines
from table_rows.day_rows import day_lines
from table_rows.embedding_rows import embedding_lines
from table_rows.line import Line, told
from table_rows.workload_rows import PEERS, growth_lines, workload_lines


def main() -> None:
    """Measure and print."""
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("--only", nargs="*", help="parts to measure")
    words.add_argument("--peers", nargs="*", default=PEERS, help="peers of the workload to run")
    words.add_argument("--nulls", type=int, default=300, help="pairs of embeddings without a drift")
    words.add_argument("--powers", type=int, default=40, help="pairs of embeddings of each change")
    asked = words.parse_args()
    parts: dict[str, Callable[[], list[Line]]] = {
        "workload": lambda: workload_lines(asked.peers),
        "growth": growth_lines,
        "areas": area_lines,
        "engines": engine_lines,
        "days": day_lines,
        "embeddings": lambda: embedding_lines(asked.nulls, asked.powers),
    }
    found: list[Line] = []
    for name, measure in parts.items():
        if not asked.only or name in asked.only:
            print(f"{name} …", file=sys.stderr, flush=True)
            found += measure()
    tools = ", ".join(f"{name} {version(name)}" for name in ("numpy", "scipy", "pyarrow", "scikit-learn"))
    print(f"{datetime.now(UTC).date()}, Python {platform.python_version()}, {tools}, {os.cpu_count()} cores.\n")
    print("\n".join(told(found)))


if __name__ == "__main__":
    main()
