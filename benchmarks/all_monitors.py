"""Every monitor, not only the workload W: rows counted day by day into all families, then all signals and alerts.

Run: python benchmarks/all_monitors.py [--studies N] [ROWS ...]. A study has four rows: acquisition, prediction, read,
outcome; a day holds 7,000 studies, or N. For each size a process of its own prints: CPU seconds to count (drawing the
rows not included), per million rows; the peak of memory while counting, in which only the day at hand is held, the
others being stored; CPU seconds of every monitor on the last day, from the stored days; the peak with them.
"""

import json
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from stopwatch import fresh, peak_mb

from monitors.cut import cut_of
from monitors.daily import daily_records
from monitors.engine.embedded import count_tables
from monitors.engine.tables import Request, Tables, axes_of
from monitors.every_day import every_day_of, joined
from monitors.packing import pack_counts
from monitors.run import Occasion, monitor_run
from registry.domain.columns import TABLES
from registry.domain.joining import Known
from registry.domain.plan import MonitoringPlan
from registry.objects import FileObjects
from registry.segments import segment_schema

MONTH = 30  # days that are kept as one sum
STUDIES, SIZES = 7_000, (10**5, 10**6, 3 * 10**6, 10**7)
FIRST = datetime(2025, 1, 1, 6, tzinfo=UTC)
PLAN = MonitoringPlan()
KNOWN = {"attributes": "{}", "unit": "study", "stage": "final", "status": "scored"}


def day_tables(day: int, n: int = STUDIES) -> Tables:
    """Draw one day of n studies in the four tables, as they are stored."""
    rng = np.random.default_rng(day)
    place = np.arange(n)
    uid = [f"2.25.{10**20 + day * 10**6 + one}" for one in range(n)]
    truth = rng.random(n) < 0.12
    score = 1 / (1 + np.exp(-rng.normal(1.8 * truth - 1.5)))
    called = score >= 0.5
    at = FIRST + timedelta(days=day)
    seconds = place * 40_000 // n
    acquisitions = {
        "series_uid": [f"{one}.1" for one in uid],
        "study_uid": uid,
        "patient": [f"p:{day * 10**6 + one:032x}" for one in range(n)],
        "site": _named("site", rng.integers(0, 4, n)),
        "acquired_at": _instants(at, seconds),
        "modality": ["MR"] * n,
        "scanner": _named("scanner", rng.integers(0, 12, n)),
        "sex": _named("", rng.integers(0, 2, n), ("F", "M")),
        "software_versions": ["1.0"] * n,
        "protocol_name": _named("protocol", rng.integers(0, 3, n)),
        "snr": rng.normal(30, 4, n),
    }
    predictions = {
        "prediction_id": [f"a{one}" for one in uid],
        "model": ["m"] * n,
        "version": ["1"] * n,
        "study_uid": uid,
        "target": ["t"] * n,
        "predicted_at": _instants(at, seconds + 120),
        "score": score,
        "decision": called,
        "threshold": np.full(n, 0.5),
        "mode": ["live"] * n,
    }
    reads = {
        "read_id": [f"r{one}" for one in uid],
        "study_uid": uid,
        "target": ["t"] * n,
        "reader": _named("reader", rng.integers(0, 40, n)),
        "read_at": _instants(at, seconds + 2400),
        "decision": called ^ (rng.random(n) < 0.05),
        "ai_shown": np.ones(n, dtype=bool),
    }
    outcomes = {
        "study_uid": uid,
        "target": ["t"] * n,
        "truth": truth,
        "source": ["pathology"] * n,
        "established_at": _instants(at, seconds + 5 * 86_400),
    }
    columns = (acquisitions, predictions, reads, outcomes)
    names = ("acquisitions", "predictions", "reads", "outcomes")
    return Tables(*(_stored(name, one) for name, one in zip(names, columns, strict=True)))


def _named(stem: str, codes: Any, words: tuple[str, ...] = ()) -> list[str]:
    return [words[code] if words else f"{stem}{code}" for code in codes.tolist()]


def _instants(at: datetime, seconds: Any) -> Any:
    base = pa.scalar(at.replace(tzinfo=None), pa.timestamp("s"))
    return pc.strftime(pc.add(base, pa.array(seconds, pa.duration("s"))), "%Y-%m-%dT%H:%M:%SZ")


def _stored(name: str, columns: dict[str, Any]) -> Any:
    table, found = TABLES[name], {}
    for field in segment_schema(table):
        if field.name in columns:
            found[field.name] = pa.array(columns[field.name]).cast(field.type)
        elif field.name == "unit_uid":
            found[field.name] = pa.array(columns["study_uid"]).cast(field.type)
        else:
            found[field.name] = pa.array([KNOWN.get(field.name)] * len(columns["study_uid"]), field.type)
    return pa.table(found)


def measured(rows: int, studies: int) -> dict[str, float]:
    """Count so many rows, then run every monitor on the last day."""
    request = Request("m", lambda _: "UTC", axes_of(PLAN))
    with tempfile.TemporaryDirectory() as folder:
        objects, digests, spent, stored = FileObjects(Path(folder)), [], 0.0, 0
        for day in range(max(1, rows // (4 * studies))):
            tables = day_tables(day, studies)
            start = time.process_time()
            data = pack_counts(count_tables(tables, request))
            spent += time.process_time() - start
            stored += len(data)
            digests.append(objects.put(data))
        counting = peak_mb()
        start = time.process_time()
        as_of = (FIRST + timedelta(days=len(digests) - 1)).date().isoformat()
        months = (every_day_of(digests[at : at + MONTH], objects.get) for at in range(0, len(digests), MONTH))
        cut = cut_of(joined(months), objects.get, PLAN, as_of)
        run = monitor_run(cut.counts, PLAN, Occasion("m", as_of, Known.ASSUMED, {}))
        shown = daily_records(cut.units, cut.grid, as_of)
        took = time.process_time() - start
    return {
        "rows": len(digests) * 4 * studies,
        "days": len(shown["days"]),
        "count": spent,
        "peak_counting": counting,
        "stored_mb": stored / 2**20,
        "monitors": took,
        "peak": peak_mb(),
        "signals": len(run["signals"]),
    }


def main() -> None:
    """Measure one size in this process where it is asked for, else each in its own."""
    words = sys.argv[1:]
    if words[:1] == ["--one"]:
        print(json.dumps(measured(int(words[1]), int(words[2]))))
        return
    studies = STUDIES
    if words[:1] == ["--studies"]:
        studies, words = int(words[1]), words[2:]
    names = ("rows", "days", "counting, CPU s", "a million rows", "peak MB", "stored MB", "all monitors, CPU s")
    print(f"| {' | '.join(names)} | signals | peak MB with them |")
    print("| --- " * 9 + "|")
    for size in [int(word) for word in words] or SIZES:
        one = fresh("all_monitors.py", "--one", size, studies)
        each = 1e6 * one["count"] / one["rows"]
        cells = (
            f"{one['rows']:,}",
            f"{one['days']:,}",
            f"{one['count']:.1f}",
            f"{each:.2f}",
            f"{one['peak_counting']:.0f}",
            f"{one['stored_mb']:.1f}",
            f"{one['monitors']:.1f}",
            f"{one['signals']}",
            f"{one['peak']:.0f}",
        )
        print("| " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
