"""Hostile tables through the whole monitor run: nothing crashes, nothing is green by silence, no number is absurd."""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from drawn_rows import counts_of, study_days, tables_of

from monitors.catalogue import CATALOGUE
from monitors.engine.tables import Tables
from monitors.run import Occasion, monitor_json, monitor_run
from registry.domain.joining import Known
from registry.domain.plan import MonitoringPlan, plan_from

DAY, LATE = study_days(5)
N = len(DAY)
PLAN = plan_from({"subgroup_axes": ["sex", "age_band"], "pairs": ["sex*age_band"], "equivalence_margin": 0.1})
VERSIONS = {"reads": {"version": 1, "digest": "sha256:" + "0" * 64}}


def rich(**planted: Any) -> Tables:
    """Return tables in which every optional column is stated."""
    rng = np.random.default_rng(0)
    columns = {
        "snr": rng.normal(20, 3, N),
        "dlp_mgy_cm": rng.lognormal(5, 0.3, N),
        "read_seconds": rng.lognormal(4, 0.4, N),
        "read_action": ["accepted"] * N,
        "read_reported_at": [f"2026-05-{1 + row % 28:02d}T00:00:00.000000Z" for row in range(N)],
    }
    return tables_of(DAY, **(columns | planted))


def spots(score: float | None = 0.5) -> list[dict[str, Any]]:
    """Return a finding a study at the same place, without size."""
    return [
        {"finding_id": f"f{row}", "prediction_id": f"a{row}", "label": "nodule", "score": score, "accepted": True}
        for row in range(N)
    ]


def doubled(tables: Tables) -> Tables:
    """Return every row twice, as a store that lost its keys would."""
    return Tables(*(pa.concat_tables([table, table]) for table in vars(tables).values()))


def without_labels(tables: Tables) -> Tables:
    return replace(tables, outcomes=tables.outcomes.slice(0, 0))


def future(tables: Tables) -> Tables:
    """Return acquisitions and reads of which half carry a date of another century."""
    found = {}
    for name, column in (("acquisitions", "acquired_at"), ("reads", "read_at")):
        table = getattr(tables, name)
        at = table.column_names.index(column)
        times = [f"2126{text[4:]}" if row % 2 else text for row, text in enumerate(table[column].to_pylist())]
        found[name] = table.set_column(at, column, pa.array(times))
    return replace(tables, **found)


CASES: dict[str, Callable[[], Tables]] = {
    "as usual": rich,
    "constant scores": lambda: rich(score=np.full(N, 0.5), decision=np.ones(N, dtype=bool)),
    "only positives": lambda: rich(truth=np.ones(N, dtype=bool)),
    "only negatives": lambda: rich(truth=np.zeros(N, dtype=bool)),
    "all labels missing": lambda: without_labels(rich()),
    "an empty day": lambda: rich(minute=np.where(DAY == 119, -1440, 0)),
    "ten thousand groups": lambda: rich(sex=[f"g{row}" for row in range(N)]),
    "very many scanners": lambda: rich(scanner=[f"s{row % 300}" for row in range(N)]),
    "duplicated rows": lambda: doubled(rich()),
    "future dates": lambda: future(rich()),
    "a reader with two reads": lambda: rich(reader=["dr1"] * 2 + ["dr2"] * (N - 2)),
    "every read its own reader": lambda: rich(reader=[f"dr{row}" for row in range(N)]),
    "one patient": lambda: rich(patient=["p"] * N),
    "no read": lambda: rich(read=[None] * N),
    "infinite and negative numbers": lambda: rich(
        snr=np.where(np.arange(N) % 2, np.inf, -1e300), dlp_mgy_cm=np.full(N, -5.0), read_seconds=np.zeros(N)
    ),
    "findings without place, measurements of nothing": lambda: rich(
        findings=spots(None),
        measurements=[{"subject_id": f"a{row}", "name": "volume", "value": 0.0, "unit": "mL"} for row in range(N)],
        expected=[{"site": "north", "modality": "CT", "hour": "2026-04-20T00:00:00.000000Z", "n": 1e9}],
    ),
    "formulas and markup": lambda: rich(
        sex=['=HYPERLINK("x")', "<script>"] * (N // 2), protocol_name=["{value}; {limit}"] * N
    ),
    "nothing at all": lambda: Tables(*(table.slice(0, 0) for table in vars(rich()).values())),
}


@pytest.mark.parametrize("case", CASES)
def test_hostile_tables_give_sensible_verdicts(case: str) -> None:
    run = monitor_run(counts_of(CASES[case](), PLAN), PLAN, Occasion("m", "2026-04-30", Known.RECORDED, VERSIONS))
    assert b"NaN" not in monitor_json(run)
    for signal in run["signals"]:
        assert _absurd(signal) == "", signal
    fixed = [signal for signal in run["signals"] if signal["statistic"] != "sequential"]
    assert len(fixed) < 500
    assert [alert["code"] for alert in run["alerts"]] == [] or case in {"future dates", "infinite and negative numbers"}


def _absurd(signal: dict[str, Any]) -> str:
    """Say what is absurd in a signal; empty where nothing is."""
    entry, value, bounds = CATALOGUE[signal["code"]], signal["value"], signal["interval"]
    numbers = [number for number in (value, *(bounds or ()), signal["limit"], signal["p_value"]) if number is not None]
    rules = {
        "a number is not finite": all(map(math.isfinite, numbers)),
        "a count is negative": signal["n"] >= 0,
        "not assessed without a reason": (signal["state"] == "not_assessed") is (signal["reason"] is not None)
        or (signal["state"], signal["reason"]) == ("watch", "grid"),
        "judged without a unit": signal["state"] != "ok" or signal["n"] > 0 or entry.code[:3] in {"SEQ", "DAT"},
        "the bounds are turned": bounds is None or bounds[0] <= bounds[1],
        "the value lies outside its interval": bounds is None
        or value is None
        or bounds[0] - 1e-9 <= value <= bounds[1] + 1e-9,
        "a share lies outside 0..1": not entry.share or value is None or -1 <= value <= 1,
        "a test without a number of units": signal["p_value"] is None or 0 <= signal["p_value"] <= 1,
        "no sentence": signal["explains"].endswith("."),
    }
    return "; ".join(rule for rule, holds in rules.items() if not holds)


def test_a_reader_with_two_reads_is_in_no_verdict_of_readers() -> None:
    """Both reads of the newcomer contradict the model; they are too few to say anything of a reader."""
    tables = rich(reader=["dr1"] * (N - 2) + ["new"] * 2)
    plan = MonitoringPlan()
    run = monitor_run(counts_of(tables, plan), plan, Occasion("m", "2026-04-30", Known.RECORDED, VERSIONS))
    readers = {one["code"]: one for one in run["signals"] if one["subject"].get("reader") == "restricted"}
    assert {readers[code]["reason"] for code in ("OVR004", "OVR006", "OVS007")} == {"too_few"}
