"""Scores without spread, and units of very few patients: what cannot be tested is never green."""

from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from planted import PLAN, VERSIONS, Hospital, only

from monitors.engine.embedded import count_tables
from monitors.engine.tables import Request, Tables, axes_of
from monitors.run import Occasion, monitor_run
from registry.domain.joining import Known
from registry.domain.plan import MonitoringPlan

CALM = Hospital(per_day=12)
LATE = np.repeat(np.arange(CALM.days), CALM.per_day) >= CALM.since
FLOORED = replace(PLAN, auc_floor="0.8")


def run(tables: Tables, plan: MonitoringPlan = PLAN) -> dict[str, Any]:
    counts = count_tables(tables, Request("m", lambda _: "UTC", axes_of(plan)))
    return monitor_run(counts, plan, Occasion("m", "2026-04-30", Known.RECORDED, VERSIONS))


def put(table: pa.Table, **columns: Any) -> pa.Table:
    for name, values in columns.items():
        table = table.set_column(table.schema.get_field_index(name), name, pa.array(values))
    return table


def scored(early: str, late: str) -> Tables:
    """Return the hospital with other scores before and after the change."""
    tables = CALM.tables()
    truth = tables.outcomes["truth"].to_numpy(zero_copy_only=False)
    drawn = tables.predictions["score"].to_numpy()
    kinds = {
        "drawn": drawn,
        "constant": np.full(len(drawn), 0.3),
        "perfect": np.where(truth, 0.8, 0.1) + 0.1 * drawn,
        "reversed": np.where(truth, 0.1, 0.8) + 0.1 * drawn,
    }
    score = np.where(LATE, kinds[late], kinds[early])
    return replace(tables, predictions=put(tables.predictions, score=score, decision=score >= 0.5))


@pytest.mark.parametrize(
    ("early", "late", "plan"),
    [
        ("drawn", "constant", FLOORED),
        ("drawn", "reversed", FLOORED),
        ("drawn", "constant", PLAN),
        ("drawn", "reversed", PLAN),
        ("perfect", "constant", PLAN),
        ("perfect", "reversed", PLAN),
    ],
)
def test_an_area_that_collapsed_is_seen_also_where_it_has_no_variance(
    early: str, late: str, plan: MonitoringPlan
) -> None:
    found = only(run(scored(early, late), plan), "PRF001")
    assert found["state"] == "watch"
    assert found["p_value"] < 1e-6
    assert "lower than the limit" in found["explains"]


@pytest.mark.parametrize("kind", ["constant", "perfect"])
def test_an_area_without_variance_that_did_not_change_is_calm(kind: str) -> None:
    found = only(run(scored(kind, kind)), "PRF001")
    assert (found["state"], found["p_value"]) == ("ok", 0.5)


@pytest.mark.parametrize("kind", ["constant", "perfect"])
def test_groups_whose_areas_have_no_variance_differ_by_nothing_with_an_interval(kind: str) -> None:
    found = only(run(scored(kind, kind)), "SUB001", **{"axis:sex": "F"})
    assert (found["value"], found["p_value"], found["state"]) == (0.0, 1.0, "ok")
    assert found["interval"][0] < 0.0 < found["interval"][1]


@pytest.mark.parametrize("patients", [1, 4])
def test_units_of_very_few_patients_are_never_judged_by_chance(patients: int) -> None:
    tables = CALM.tables()
    few = [f"p{row % patients}" for row in range(len(tables.acquisitions))]
    signals = run(replace(tables, acquisitions=put(tables.acquisitions, patient=few)))["signals"]
    of_days = "SCN007"  # the silence of a scanner is judged by days, not by units
    assert [one["code"] for one in signals if one["p_value"] is not None and one["code"] != of_days] == []
    rates = [one for one in signals if one["code"] in {"PRF001", "SCO001", "SCO002", "COV001", "OVR001", "SCN001"}]
    assert {one["reason"] for one in rates} == {"clustered"}
    assert all("are needed)" in one["explains"] or "two patients" in one["explains"] for one in rates)


def test_a_groups_sensitivity_on_very_few_patients_is_not_good_either() -> None:
    tables = CALM.tables()
    few = [f"p{row % 4}" for row in range(len(tables.acquisitions))]
    found = run(replace(tables, acquisitions=put(tables.acquisitions, patient=few)))
    assert {(one["state"], one["reason"]) for one in found["signals"] if one["code"] == "SUB004"} == {
        ("not_assessed", "clustered")
    }


def test_a_group_of_one_patient_has_no_area_that_counts_as_good() -> None:
    tables = CALM.tables()
    one = ["p"] * len(tables.acquisitions)
    found = only(
        run(replace(tables, acquisitions=put(tables.acquisitions, patient=one))), "SUB003", **{"axis:sex": "F"}
    )
    assert (found["state"], found["reason"], found["interval"]) == ("not_assessed", "clustered", None)


def test_sentences_name_no_limit_that_is_not_there_and_leave_no_gap() -> None:
    tables = CALM.tables()
    one = ["p"] * len(tables.acquisitions)
    degenerate = run(replace(tables, acquisitions=put(tables.acquisitions, patient=one)))
    for signal in [*degenerate["signals"], *run(scored("constant", "constant"))["signals"]]:
        said = signal["explains"]
        assert not any(flaw in said for flaw in ("not known", " ,", "  ", " .", "; .", "1 patients")), said
        assert said.endswith(".")
