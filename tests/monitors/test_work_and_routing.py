"""Work with its case mix, and arrivals against what was expected."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from drawn_rows import FIRST, counts_of, run_of, study_days, tables_of
from planted import only, signals

from monitors.engine.work import sums_of
from monitors.routing import _silent
from registry.domain.plan import MonitoringPlan

DAY, LATE = study_days(30)
N = len(DAY)
WORK = ("WRK001", "WRK002", "WRK003", "WRK004", "WRK005")


def work(seed: int = 0, **planted: Any) -> dict[str, Any]:
    """Return a run in which chest takes less dose than heart, with further columns."""
    rng = np.random.default_rng(seed)
    heart = rng.random(N) < 0.3
    columns: dict[str, Any] = {
        "protocol_name": np.where(heart, "heart", "chest"),
        "dlp_mgy_cm": rng.lognormal(np.where(heart, 6.5, 5.0), 0.3),
        "contrast_volume_ml": rng.normal(80, 10, N),
        "repeat_of": np.where(rng.random(N) < 0.05, "2.25.1", ""),
        "read_seconds": rng.lognormal(4, 0.4, N),
        "read_reported_at": _told(rng.lognormal(4, 0.5, N)),
    }
    return run_of(tables_of(DAY, **(columns | planted)))


def _told(minutes: Any) -> list[str]:
    at = FIRST + DAY * np.timedelta64(1, "D") + (minutes * 60).astype(int) * np.timedelta64(1, "s")
    return [f"{time}Z" for time in at]


def hourly(expected: float, days: int = 120) -> list[dict[str, Any]]:
    """Return what is expected at noon of each day."""
    hours = [FIRST + day * np.timedelta64(1, "D") for day in range(days)]
    return [{"site": "north", "modality": "CT", "hour": f"{hour}Z", "n": expected} for hour in hours]


def test_work_as_before_raises_nothing_and_is_measured() -> None:
    run = work(8)
    assert {code: only(run, code)["state"] for code in WORK} == dict.fromkeys(WORK, "ok")
    assert only(run, "WRK001")["interval"][0] < 1 < only(run, "WRK001")["interval"][1]


def test_another_mix_of_protocols_is_not_another_dose() -> None:
    """Twice as many hearts in the window: the plain mean dose rises by a third, the adjusted one stays."""
    rng = np.random.default_rng(1)
    heart = rng.random(N) < np.where(LATE, 0.6, 0.3)
    dose = rng.lognormal(np.where(heart, 6.5, 5.0), 0.3)
    run = work(protocol_name=np.where(heart, "heart", "chest"), dlp_mgy_cm=dose)
    assert dose[LATE].mean() / dose[DAY < 60].mean() > 1.3
    assert only(run, "WRK003")["state"] == "ok"
    assert only(run, "WRK003")["value"] == pytest.approx(1.0, abs=0.05)


def test_a_dose_that_rises_on_every_protocol_is_seen() -> None:
    rng = np.random.default_rng(12)
    signal = only(work(dlp_mgy_cm=rng.lognormal(5, 0.3, N) * np.where(LATE, 1.2, 1.0)), "WRK003")
    assert signal["state"] == "watch"
    assert signal["interval"][0] < 1.2 < signal["interval"][1]


def test_slower_reports_and_more_contrast_and_repeats_are_seen() -> None:
    rng = np.random.default_rng(3)
    run = work(
        read_reported_at=_told(rng.lognormal(4, 0.5, N) * np.where(LATE, 1.5, 1)),
        contrast_volume_ml=rng.normal(80, 10, N) * np.where(LATE, 1.1, 1),
        repeat_of=np.where(rng.random(N) < np.where(LATE, 0.15, 0.05), "2.25.1", ""),
        read_seconds=rng.lognormal(4, 0.4, N) * np.where(LATE, 0.8, 1),
    )
    assert {code: only(run, code)["state"] for code in WORK if code != "WRK003"} == dict.fromkeys(
        ("WRK001", "WRK002", "WRK004", "WRK005"), "watch"
    )


def test_what_nobody_states_is_said_to_be_missing() -> None:
    run = run_of(tables_of(DAY))
    assert {only(run, code)["reason"] for code in WORK} == {"attribute_missing"}
    assert {only(run, code)["reason"] for code in ("RTG001", "RTG002")} == {"attribute_missing"}


def test_values_of_one_patient_count_as_one() -> None:
    """Every study four times with one patient: the interval does not shrink."""
    rng = np.random.default_rng(4)
    dose = rng.lognormal(5, 0.3, N)
    once = only(run_of(tables_of(DAY, dlp_mgy_cm=dose)), "WRK003")
    again = np.repeat(np.arange(N), 4)
    tables = tables_of(DAY[again], dlp_mgy_cm=dose[again], patient=[f"p{row}" for row in again])
    four = only(run_of(tables), "WRK003")
    assert four["value"] == pytest.approx(once["value"], rel=1e-9)
    assert four["interval"] == pytest.approx(once["interval"], rel=1e-3)


def test_arrivals_as_expected_raise_nothing() -> None:
    rng = np.random.default_rng(5)
    day = np.repeat(np.arange(120), rng.poisson(30, 120))
    run = run_of(tables_of(day, expected=hourly(30)))
    assert {code: only(run, code)["state"] for code in ("RTG001", "RTG002")} == {"RTG001": "ok", "RTG002": "ok"}
    assert only(run, "RTG001")["subject"] == {"modality": "CT"}


def test_studies_that_go_missing_are_seen_and_so_is_a_silence() -> None:
    rng = np.random.default_rng(6)
    day = np.repeat(np.arange(120), rng.poisson(30, 120))
    lost = (day >= 92) & (rng.random(len(day)) < 0.2)
    run = run_of(tables_of(day[~lost], expected=hourly(30)))
    assert only(run, "RTG001")["state"] == "watch"
    assert only(run, "RTG001")["value"] == pytest.approx(0.8, abs=0.08)
    assert only(run, "RTG002")["state"] == "ok"
    broken = run_of(tables_of(day[(day < 110) | (day > 111)], expected=hourly(30)))
    assert only(broken, "RTG002")["state"] == "watch"
    assert only(broken, "RTG002")["value"] == 60.0


def test_a_site_that_sends_nothing_at_all_is_silent() -> None:
    tables = tables_of(DAY, expected=hourly(30))
    kept = (DAY < 80).tolist()
    run = run_of(replace(tables, acquisitions=tables.acquisitions.filter(kept)))
    assert {only(run, code)["state"] for code in ("RTG001", "RTG002")} == {"watch"}
    assert only(run, "RTG001")["value"] == 0.0


def test_the_longest_silence_is_measured_by_what_was_expected() -> None:
    planned, came = np.array([3.0, 1, 2, 5, 1, 1]), np.array([1.0, 0, 0, 4, 0, 2])
    assert _silent(planned, came) == (3.0, 4)
    assert _silent(planned, np.ones(6)) == (0.0, 7)


def test_sums_of_work_add_up_over_sites() -> None:
    rng = np.random.default_rng(7)
    sites = np.where(np.arange(N) % 2, "north", "south")
    work_rows = counts_of(tables_of(DAY, site=sites, dlp_mgy_cm=rng.lognormal(5, 0.3, N)), MonitoringPlan())
    whole, parts = work_rows["FS"], [sums_of(work_rows["work_patients"].where(site=one)) for one in ("north", "south")]
    totals = [part.where(moment="sum").total for part in (*parts, whole)]
    assert totals[0] + totals[1] == totals[2] > 0
    assert signals(run_of(tables_of(DAY, site=sites)), "WRK003", site=None)[0]["reason"] == "attribute_missing"
