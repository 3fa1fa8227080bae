"""A change plan has its three parts and no empty cell."""

from collections.abc import Callable
from typing import Any

import pytest
from change_plans import AREAS, plan_record
from hypothesis import given
from hypothesis import strategies as st

from registry.domain.canonical import canonical_bytes, parse_canonical
from registry.domain.change_plan import change_plan_from, plan_faults
from registry.domain.errors import AnswerIsNoError

Json = dict[str, Any]
PARTS = ("description_of_modifications", "modification_protocol", "impact_assessment", "acceptance")


def plan() -> Json:
    return plan_record("nodule", "plan-test")


def test_a_complete_plan_has_no_fault_and_survives_its_canonical_bytes() -> None:
    read = change_plan_from(plan())
    again = change_plan_from(parse_canonical(canonical_bytes(read.record)))
    assert (again.digest, again.name) == (read.digest, "nodule plan 1")
    assert read.acceptance.alpha_per_look == pytest.approx(0.025 / 3)
    assert [name for name, _ in read.matrix] == ["retrain", "new-scanner"]


@pytest.mark.parametrize("part", [*PARTS, "model", "title", "intended_use", "number"])
def test_a_plan_without_a_part_is_refused(part: str) -> None:
    record = plan()
    del record[part]
    assert plan_faults(record)
    with pytest.raises(AnswerIsNoError, match="not complete"):
        change_plan_from(record)


NAMES, EMPTY = ("retrain", "new-scanner"), ("", "  ", None, "N/A", "n/a: ")


@given(st.sampled_from(NAMES), st.sampled_from(AREAS), st.sampled_from(EMPTY))
def test_an_empty_cell_is_named(name: str, area: str, cell: str | None) -> None:
    record = plan()
    record["modification_protocol"][name][area] = cell
    (fault,) = plan_faults(record)
    assert f"{name} x {area}" in fault


def test_not_applicable_needs_a_reason() -> None:
    record = plan()
    record["modification_protocol"]["retrain"]["retraining"] = "N/A: only the threshold moves"
    assert plan_faults(record) == ()


def change(key: str, value: Any) -> Callable[[Json], None]:
    return lambda record: record["description_of_modifications"][0].update({key: value})


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (change("implementation_mode", "sometimes"), "implementation_mode"),
        (change("roll_out", None), "roll_out"),
        (change("rationale", ""), "rationale"),
        (change("within_intended_use", "no"), "within_intended_use"),
        (change("colour", "red"), "unknown key"),
        (change("id", "new-scanner"), "two modifications"),
        (lambda record: record["modification_protocol"].update(ghost={}), "unknown modification"),
        (lambda record: record["impact_assessment"].pop("cumulative"), "cumulative"),
        (lambda record: record["acceptance"].update(looks=0), "looks"),
        (lambda record: record["acceptance"].update(alpha=0.5), "alpha"),
        (lambda record: record["acceptance"].update(criteria=[]), "criteria"),
        (lambda record: record["acceptance"]["criteria"][0].update(margin_to_original=0), "margin_to_original"),
        (lambda record: record["acceptance"]["criteria"][0].update(metric="speed"), "metric"),
        (lambda record: record.update(title="e\u0301"), "NFC"),
        (lambda record: record.update(number=True), "number"),
    ],
)
def test_what_has_another_form_is_named(spoil: Callable[[Json], Any], said: str) -> None:
    record = plan()
    spoil(record)
    assert any(said in fault for fault in plan_faults(record))
