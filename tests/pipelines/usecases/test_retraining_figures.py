"""Learning, potential and retention of a candidate, from the evaluations that are on record."""

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from pipelines.usecases.retraining_figures import retraining_figures

Json = dict[str, Any]


def area(value: str, low: str | None = None, high: str | None = None) -> Json:
    return {"name": "auc", "value": value, "interval": [low, high], "n": 100}


def record(*rows: Json) -> Json:
    return {"model": "m", "candidate": "2", "deployed": "1", "cohort": "new", "cohort_digest": "n", "metrics": rows}


ROW = {
    "metric": "auc",
    "against": "deployed",
    "other": area("0.80", "0.76", "0.84"),
    "difference": area("0.06", "0.02", "0.10"),
}


@dataclass
class FakeWorkspace:
    """Evaluations by version, as (cohort, area), oldest first; each cohort has two patients of its own."""

    told: dict[str, list[tuple[str, Json]]]
    patients: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def lifecycle(self) -> Any:
        return self

    @property
    def cohorts(self) -> Any:
        return self

    def evaluations(self, _: str, version: str) -> list[Any]:
        order = ("first", "second", "new")
        return [
            SimpleNamespace(
                cohort=name, cohort_digest=name[0], event_seq=order.index(name), record={"metrics": [found]}
            )
            for name, found in self.told.get(version, [])
        ]

    def get(self, name: str) -> Any:
        patients = self.patients.get(name, (f"{name}1", f"{name}2"))
        return SimpleNamespace(units=[SimpleNamespace(patient=one) for one in patients])


def figures(workspace: Any, *rows: Json) -> dict[str, Json]:
    return {one["name"]: one for one in retraining_figures(workspace, record(*rows))}


def test_the_three_figures_come_from_both_versions_on_both_cohorts() -> None:
    first, second = area("0.90", "0.87", "0.93"), area("0.88", "0.84", "0.92")
    told = {"1": [("first", area("0.89", "0.85", "0.93"))], "2": [("first", first), ("second", second)]}
    found = figures(FakeWorkspace(told), ROW)
    assert found["learning"] | {"cohorts": [], "why": ""} == {"name": "learning", "cohorts": [], "why": ""} | {
        "value": "0.06",
        "interval": ["0.02", "0.10"],
        "n": 100,
    }
    assert float(found["potential"]["value"]) == pytest.approx(0.89 - 0.80)
    low, high = map(float, found["potential"]["interval"])
    assert (high - low) / 2 == pytest.approx((0.04**2 + 0.04**2) ** 0.5)
    assert found["potential"]["cohorts"] == ["first", "new"]
    older = 2.718281828459045**-0.5
    assert float(found["retention"]["value"]) == pytest.approx((older * 0.90 + 0.88) / (older + 1))
    assert found["retention"]["n"] == 200


def test_a_patient_in_two_cohorts_leaves_no_interval() -> None:
    told = {"1": [("first", area("0.89", "0.85", "0.93"))]}
    found = figures(FakeWorkspace(told, {"first": ("new1", "b")}), ROW)
    assert found["potential"]["interval"] == [None, None]
    assert "patients are in two" in found["potential"]["why"]


def test_what_is_not_on_record_is_not_assessed_with_the_reason() -> None:
    found = figures(FakeWorkspace({"1": [("new", area("0.8"))]}), ROW)
    assert [found[name]["value"] for name in ("potential", "retention")] == [None, None]
    assert "on no earlier cohort" in found["potential"]["why"]
    assert "on no earlier cohort" in found["retention"]["why"]
    assert {one["why"] for one in figures(FakeWorkspace({})).values()} == {"the change plan does not compare auc"}
