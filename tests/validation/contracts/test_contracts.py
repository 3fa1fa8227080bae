"""The contracts of the tables: what breaks them is counted and never shown."""

import json
import subprocess
import sys
from dataclasses import asdict
from datetime import datetime
from typing import Any

import pandas as pd
import pytest

from registry.domain.columns import TABLES
from registry.domain.errors import UnknownNameError
from validation.contracts import CONTRACTS, ContractResult, check_rows, check_table

NOW = datetime.fromisoformat("2026-03-02T09:00:00Z")
AT = "2026-03-02T08:00:00.000000Z"
UNIT = {"study_uid": "2.25.1", "target": "t", "unit": "study", "unit_uid": "2.25.1"}
GOOD: dict[str, dict[str, Any]] = {
    "acquisitions": {
        "series_uid": "2.25.2", "study_uid": "2.25.1", "patient": "p:a", "site": "general", "acquired_at": AT,
        "modality": "MR",
    },
    "predictions": {
        **UNIT, "prediction_id": "p1", "model": "m", "version": "1", "predicted_at": AT, "status": "scored",
        "mode": "live", "score": 0.5, "decision": True,
    },
    "reads": {**UNIT, "read_id": "r1", "reader": "p:b", "read_at": AT, "decision": False, "stage": "final"},
    "outcomes": {**UNIT, "truth": True, "source": "pathology", "established_at": AT},
    "findings": {"finding_id": "f1", "label": "nodule", "unit": "study"},
    "measurements": {"subject_id": "p1", "name": "dice", "value": 0.5, "unit": "1"},
    "expected": {"site": "general", "modality": "MR", "hour": AT, "n": 4.0},
}  # fmt: skip


def check(table: str, *changes: dict[str, Any]) -> ContractResult:
    return check_rows(table, [{**GOOD[table], **change} for change in changes], NOW)


def broken(table: str, *changes: dict[str, Any]) -> set[tuple[str, int]]:
    return {(failure.columns[0], failure.count) for failure in check(table, *changes).failures}


def test_every_table_has_a_contract() -> None:
    assert set(CONTRACTS) == set(TABLES)
    assert all(len(contract) >= 3 for contract in CONTRACTS.values()), "an empty contract would hold trivially"


@pytest.mark.parametrize("table", sorted(GOOD))
def test_a_good_row_holds_every_expectation(table: str) -> None:
    result = check(table, {})
    assert (result.success, result.rows, result.checked) == (True, 1, len(CONTRACTS[table]))


@pytest.mark.parametrize("table", sorted(GOOD))
def test_each_required_value_is_expected(table: str) -> None:
    for name in TABLES[table].required:
        assert (name, 1) in broken(table, {name: None})


@pytest.mark.parametrize("table", sorted(GOOD))
def test_a_key_twice_is_broken_unless_one_row_corrects_the_other(table: str) -> None:
    assert not check(table, {}, {}).success
    assert check(table, {}, {"supersedes": "0" * 32}).success


@pytest.mark.parametrize(
    ("table", "change", "column"),
    [
        ("predictions", {"score": 1.5}, "score"),
        ("predictions", {"score": None}, "score"),
        ("predictions", {"decision": None}, "decision"),
        ("predictions", {"mode": "often"}, "mode"),
        ("predictions", {"predicted_at": "2026-03-02"}, "predicted_at"),
        ("predictions", {"predicted_at": "2026-03-03T09:00:01.000000Z"}, "predicted_at"),
        ("predictions", {"latency_ms": -1.0}, "latency_ms"),
        ("outcomes", {"source": "hearsay"}, "source"),
        ("outcomes", {"established_at": "2027-01-01T00:00:00.000000Z"}, "established_at"),
        ("outcomes", {"sampling_fraction": 2.0}, "sampling_fraction"),
        ("reads", {"action": "shrugged"}, "action"),
        ("reads", {"supersedes": "row 7"}, "supersedes"),
        ("acquisitions", {"age_years": 200.0}, "age_years"),
        ("acquisitions", {"sex": "X"}, "sex"),
        ("expected", {"n": -1.0}, "n"),
    ],
)
def test_what_breaks_a_contract(table: str, change: dict[str, Any], column: str) -> None:
    assert broken(table, change) == {(column, 1)}


def test_a_skipped_prediction_needs_no_score() -> None:
    assert check("predictions", {"status": "skipped", "score": None, "decision": None}).success


def test_a_day_after_the_take_in_is_allowed() -> None:
    assert check("predictions", {"predicted_at": "2026-03-03T09:00:00.000000Z"}).success


def test_a_study_has_one_patient_and_one_site_and_a_target_one_unit() -> None:
    assert broken("acquisitions", {}, {"series_uid": "2", "patient": "p:c"}) == {("patient", 2)}
    assert broken("acquisitions", {}, {"series_uid": "2", "site": "coast"}) == {("site", 2)}
    assert broken("outcomes", {}, {"unit": "series", "unit_uid": "2.25.2"}) == {("unit", 2)}
    assert broken("measurements", {}, {"subject_id": "p2", "unit": "mm"}) == {("unit", 2)}


def test_results_hold_counts_and_never_values() -> None:
    result = check("reads", {"action": "Miller^Anna"}, {"read_id": "r2", "action": "Miller^Anna"})
    assert "Miller" not in json.dumps(asdict(result)) + "".join(result.lines())
    assert result.lines() == ["action: 2 row(s) break 'in the vocabulary'"]
    assert result.failures[0].to_json() == {"expectation": "in the vocabulary", "columns": ["action"], "count": 2}


def test_a_frame_that_lacks_a_column_breaks_its_contract_and_is_not_changed() -> None:
    frame = pd.DataFrame([{name: value for name, value in GOOD["reads"].items() if name != "reader"}])
    before = frame.copy()
    result = check_table("reads", frame)
    failed = {failure.columns: failure.count for failure in result.failures}
    assert failed["reader",] == 1
    assert failed["read_at", "taken_in_at"] == 1, "without a take-in time the future cannot be judged"
    pd.testing.assert_frame_equal(frame, before)


def test_no_rows_hold_and_unknown_tables_do_not() -> None:
    assert check_rows("reads", [], NOW) == ContractResult("reads", success=True, rows=0, checked=0, failures=())
    with pytest.raises(UnknownNameError, match="did you mean 'reads'"):
        check_table("read", pd.DataFrame())


def test_importing_the_contracts_loads_no_framework() -> None:
    code = "import sys, validation.contracts; print([n for n in ('great_expectations', 'pandas') if n in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
