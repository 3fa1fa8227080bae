"""The inputs that are counted: every stated quantity and category of the acquisitions reaches the input monitor."""

import numpy as np
from drawn_rows import run_of, study_days, tables_of
from planted import signals

DAY, LATE = study_days(20)
N = len(DAY)


def test_every_stated_column_is_a_feature_and_no_other() -> None:
    rng = np.random.default_rng(0)
    run = run_of(
        tables_of(DAY, snr=rng.normal(20, 3, N), kvp=rng.choice([100.0, 120.0], N), protocol_name=["head"] * N)
    )
    quantities, categories = (
        {one["subject"]["feature"] for one in signals(run, code) if one["state"] != "not_assessed"}
        for code in ("INP001", "INP002")
    )
    assert quantities == {"age_years", "snr", "kvp"}
    assert categories == {"modality", "scanner", "protocol_name", "sex"}
    found = [one for one in run["signals"] if one["monitor"] == "input"]
    assert [one["subject"] for one in found if one["state"] == "watch"] == []


def test_a_protocol_change_is_seen_in_the_quantity_that_changed() -> None:
    rng = np.random.default_rng(1)
    echo = rng.choice([80.0, 90.0], N) + 10.0 * LATE
    run = run_of(tables_of(DAY, echo_time_ms=echo, snr=rng.normal(20, 3, N)))
    raised = {one["subject"]["feature"] for one in signals(run, "INP001") if one["state"] == "watch"}
    assert raised == {"echo_time_ms"}
