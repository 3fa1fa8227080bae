"""Charts of a site's history: audited cases by the month, the first weeks' scores; what another scanner may expect."""

from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from planted import PLAN, VERSIONS, Hospital, only, signals

from monitors.beside import Beside
from monitors.engine.audited import audited_units
from monitors.engine.embedded import count_tables
from monitors.engine.tables import Request, Tables, axes_of
from monitors.run import Occasion, monitor_run
from registry.domain.joining import Known

Run = dict[str, Any]
YEAR = Hospital(days=270, since=120, per_day=12, labelled=0.4, late_labelled=0.4)
LAST = "2026-09-27"


def audited(tables: Tables) -> Tables:
    """Say of all outcomes that an audit of a fixed share chose their units."""
    n = tables.outcomes.num_rows
    columns = {name: tables.outcomes[name] for name in tables.outcomes.column_names}
    marked = {"verification": pa.array(["sampled"] * n), "sampling_fraction": pa.array([0.4] * n)}
    return replace(tables, outcomes=pa.table(columns | marked))


def run(tables: Tables, as_of: str = LAST) -> Run:
    request = Request("m", lambda _: "UTC", axes_of(PLAN))
    beside = Beside(audited=audited_units(tables, request))
    return monitor_run(
        count_tables(tables, request), PLAN, Occasion("m", as_of, Known.RECORDED, VERSIONS), beside=beside
    )


def test_cases_that_come_to_look_other_than_before_are_seen_by_the_audit_and_named_with_their_month() -> None:
    signal = only(run(audited(YEAR.with_(late_skill=1.2).tables())), "PRF015")
    assert signal["state"] == "watch"
    assert signal["value"] > signal["limit"]
    assert "beyond the limit in the month from 2026-0" in signal["explains"]
    assert "iseased cases rank lower" in signal["explains"]
    assert "case by case the evidence of a change is" in signal["explains"]
    assert "chose units by chance" in signal["assumes"]


def test_an_audit_under_which_nothing_changes_is_calm_whatever_the_prevalence() -> None:
    tables = audited(YEAR.tables())
    truth = tables.outcomes["truth"].to_numpy(zero_copy_only=False)
    thinned = truth | (np.arange(len(truth)) < len(truth) // 2) | (np.random.default_rng(3).random(len(truth)) < 0.3)
    for outcomes in (tables.outcomes, tables.outcomes.filter(pa.array(thinned))):
        signal = only(run(replace(tables, outcomes=outcomes)), "PRF015")
        assert (signal["state"], signal["reason"]) == ("ok", None)
        assert 0 <= signal["value"] < signal["limit"]


def test_without_an_audit_or_a_month_after_the_reference_there_is_no_chart() -> None:
    assert signals(run(Hospital().tables(), "2026-04-30"), "PRF015") == []
    assert only(run(audited(Hospital().tables()), "2026-03-20"), "PRF015")["reason"] == "too_few"


def test_scores_that_move_in_the_first_weeks_are_seen_before_there_is_a_reference() -> None:
    calm, moved = Hospital(days=60), Hospital(days=60, since=35, shift=0.6)
    assert only(run(calm.tables(), "2026-03-01"), "SCO006")["state"] == "ok"
    signal = only(run(moved.tables(), "2026-03-01"), "SCO006")
    assert signal["state"] == "watch"
    assert "became higher" in signal["explains"]
    assert only(run(calm.tables(), "2026-01-20"), "SCO006")["reason"] == "too_few"


def test_the_early_chart_is_silent_once_the_reference_is_whole() -> None:
    assert signals(run(Hospital().tables(), "2026-04-30"), "SCO006") == []


@pytest.mark.slow
def test_the_early_chart_keeps_its_promise_over_two_hundred_quiet_starts() -> None:
    """One in twenty passes its limit; above 21 of 200 has a chance of 1 in 2,000 under that."""
    found = [
        only(run(Hospital(seed=seed, days=88, per_day=8).tables(), "2026-03-28"), "SCO006")["state"]
        for seed in range(200)
    ]
    assert found.count("watch") <= 21


def test_the_area_of_scanners_has_an_interval_for_another_scanner() -> None:
    signal = only(run(Hospital(per_day=60).tables(), "2026-04-30"), "SCN008")
    assert signal["state"] == "ok"
    assert signal["interval"][0] < signal["value"] < signal["interval"][1]
    low, high = (float(part) for part in signal["explains"].split("may expect ")[1].split(";")[0].split(" to "))
    assert low <= signal["value"] <= high
    assert only(run(Hospital(per_day=2).tables(), "2026-04-30"), "SCN008")["reason"] == "too_few"
