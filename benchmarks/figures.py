"""The figures that are promised, measured beside the peers in one run, printed as one table in Markdown.

Run: python benchmarks/figures.py [--runs N] [--only ROW …] [--seed S]. N scales the simulations (1: some ten minutes
of CPU); a row whose peer has no environment says so. Row 15 (headers and image quality) is not of this table.
"""

import argparse
import importlib
import platform
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from figure_rows.figure import Figure, told

ROWS: dict[tuple[int, ...], tuple[str, str, int]] = {
    (1, 2): ("drift", "drift_figures", 200),
    (3, 4, 5, 6): ("charts", "chart_figures", 20_000),
    (7,): ("audits", "audit_figures", 6_000),
    (8, 9, 10): ("groups", "group_figures", 100),
    (11, 12): ("volume", "volume_figures", 1),
    (13, 14, 16, 17): ("work", "work_figures", 1),
    (18,): ("order", "order_figures", 2_000),
}


def main() -> None:
    """Measure and print."""
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("--runs", type=float, default=1.0, help="scale of the simulations")
    words.add_argument("--only", type=int, nargs="*", help="rows to measure")
    words.add_argument("--seed", type=int, default=0, help="added to the seeds of rows 1 to 7 and 18")
    asked = words.parse_args()
    found: list[Figure] = []
    for rows, (module, name, runs) in ROWS.items():
        if asked.only and not set(rows) & set(asked.only):
            continue
        print(f"rows {', '.join(map(str, rows))} …", file=sys.stderr, flush=True)
        measure: Callable[[int, int], list[Figure]] = getattr(importlib.import_module(f"figure_rows.{module}"), name)
        found += measure(max(1, round(runs * asked.runs)), asked.seed)
    tools = ", ".join(f"{name} {version(name)}" for name in ("numpy", "scipy", "pyarrow"))
    print(f"{datetime.now(UTC).date()}, Python {platform.python_version()}, {tools}, {platform.machine()}.\n")
    print("\n".join(told(sorted(found, key=lambda one: one.row))))


if __name__ == "__main__":
    main()
