"""Row M10: a window from the stored counts of 180 days, 1e7 rows, against counting the same rows anew."""

import tempfile
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from kernel import added, counted, drift_slice, fairness_slice, families
from stopwatch import interleaved
from table_rows.line import Line
from workload import rows, written

DAYS, A_DAY = 180, 55_556
SLACK = {7: 10, 30: 30}


def day_lines() -> list[Line]:
    """Measure M10 for 7 and for 30 days."""
    with tempfile.TemporaryDirectory() as folder:
        file, days = Path(folder) / "days.parquet", []
        _, reference = written(Path(folder), 1000)
        base = families(reference)
        with pq.ParquetWriter(file, rows(1, 0).schema) as writer:
            for day in range(DAYS):
                table = rows(A_DAY, 1000 + day)
                writer.write_table(table, row_group_size=A_DAY)
                days.append(counted(table))
        return [_window(file, days, base, n) for n in SLACK]


def _window(file: Path, days: list[Any], base: Any, n: int) -> Line:
    def answers(found: Any) -> None:
        fairness_slice(found)
        drift_slice(found, base)

    def scan() -> None:
        parquet = pq.ParquetFile(file, pre_buffer=False)
        answers(added([counted(parquet.read_row_group(day)) for day in range(DAYS - n, DAYS)]))

    taken = interleaved({"stored": lambda: answers(added(days[-n:])), "scan": scan}, 5)
    stored, ratio = taken["stored"].cpu, taken["scan"].cpu / taken["stored"].cpu
    what = f"{n} of {DAYS} days, {DAYS * A_DAY:.0e} rows: 20 areas with variance, rates, 40 distances"
    cost = f"{1000 * stored:.0f} ms"
    held = stored <= 0.05 and ratio >= SLACK[n]
    other = f"scan of the same rows {1000 * taken['scan'].cpu:.0f} ms"
    return Line("M10", what, cost, other, f"{ratio:.1f}x", f"<= 50 ms, >= {SLACK[n]}x", held)
