"""Row M10: a window from the stored counts of 180 days, 1e7 rows, against counting the same rows anew.

Beside each day the sums of 2, 4, 8, ... days are kept that begin at a multiple of their length (a day's new version
makes one new sum of each length). Any window is then a sum of few; its last day runs over sixteen days in a row, since
how many they are depends on it.
"""

import tempfile
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from kernel import added, counted, drift_slice, fairness_slice, families
from stopwatch import Taken, interleaved, middle
from table_rows.line import Line
from workload import rows, written

DAYS, A_DAY = 180, 55_556
SLACK = {7: 10, 30: 30}
ENDS = 16  # last days that a window is asked for
Ladder = list[list[Any]]


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
        return [_window(file, _ladder(days), base, n) for n in SLACK]


def _ladder(days: list[Any]) -> Ladder:
    """Return the days, and above them the sums of each two neighbours of the step below."""
    steps = [days]
    while len(steps[-1]) > 1:
        below = steps[-1]
        steps.append([added(below[at : at + 2]) for at in range(0, len(below) - 1, 2)])
    return steps


def _parts(ladder: Ladder, first: int, last: int) -> list[Any]:
    """Return the fewest sums that hold the days from `first` up to `last`, both included."""
    found, step = [], 0
    while first <= last:
        if first % 2:
            found.append(ladder[step][first])
            first += 1
        if first <= last and not last % 2:
            found.append(ladder[step][last])
            last -= 1
        step, first, last = step + 1, first // 2, last // 2
    return found


def _window(file: Path, ladder: Ladder, base: Any, n: int) -> Line:
    def answers(found: Any) -> None:
        fairness_slice(found)
        drift_slice(found, base)

    def stored(last: int) -> None:
        answers(added(_parts(ladder, last - n + 1, last)))

    def scan(last: int) -> None:
        parquet = pq.ParquetFile(file, pre_buffer=False)
        answers(added([counted(parquet.read_row_group(day)) for day in range(last - n + 1, last + 1)]))

    taken: dict[str, list[Taken]] = {"stored": [], "scan": []}
    for last in range(DAYS - ENDS, DAYS):
        found = interleaved({"stored": lambda last=last: stored(last), "scan": lambda last=last: scan(last)}, 1)
        for name, one in found.items():
            taken[name].append(one)
    cpu, other = middle(taken["stored"]).cpu, middle(taken["scan"]).cpu
    what = f"{n} of {DAYS} days, {DAYS * A_DAY:.0e} rows: 20 areas with variance, rates, 40 distances"
    held = cpu <= 0.05 and other / cpu >= SLACK[n]
    against = f"scan of the same rows {1000 * other:.0f} ms"
    target = f"<= 50 ms, >= {SLACK[n]}x"
    return Line("M10", what, f"{1000 * cpu:.0f} ms", against, f"{other / cpu:.1f}x", target, held)
