"""Overrides and oversight: who follows the model blindly, who finds its errors, and what is not said of anybody."""

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from drawn_rows import counts_of, run_of, study_days, tables_of
from planted import only, signals

from monitors.counts import Family
from monitors.families import REACTIONS
from monitors.reactions import accepted, apart, compared, judged_by_outcome
from registry.domain.plan import MonitoringPlan

PLAN = MonitoringPlan()


def reading(
    per_day: int = 40,
    seed: int = 0,
    *,
    follows: Any = None,
    distrusts: Any = None,
    error: float = 0.2,
    **planted: Any,
) -> Any:
    """Return tables: the model errs in `error` of its answers; per reader (of four) and period it is followed or not.

    Args:
        per_day: studies a day.
        seed: of the draw.
        follows: P(follows | model wrong) of each reader, before and within the window, float[4, 2].
        distrusts: P(overrides | model right), likewise.
        error: share of wrong answers.
        planted: further columns.
    """
    day, late = study_days(per_day)
    rng, n = np.random.default_rng(seed), len(day)
    truth, wrong, reader = rng.random(n) < 0.5, rng.random(n) < error, rng.integers(0, 4, n)
    blind = np.array(follows if follows is not None else [[0.3, 0.3]] * 4)[reader, late.astype(int)]
    wary = np.array(distrusts if distrusts is not None else [[0.05, 0.05]] * 4)[reader, late.astype(int)]
    decision = truth ^ wrong
    overridden = rng.random(n) < np.where(wrong, 1 - blind, wary)
    score = np.where(decision, rng.uniform(0.5, 1, n), rng.uniform(0, 0.5, n))
    names = [f"dr{one}" for one in reader]
    columns = {"truth": truth, "decision": decision, "score": score, "reader": names, "read": decision ^ overridden}
    return tables_of(day, **(columns | planted))


@pytest.fixture(scope="module")
def calm() -> dict[str, Any]:
    """Return a run in which readers do as they always did."""
    rng = np.random.default_rng(9)
    n = len(study_days(40)[0])
    return run_of(reading(read_seconds=rng.lognormal(4, 0.4, n), read_action=["accepted"] * n))


def final(tables: Any) -> Family:
    return counts_of(tables, PLAN)[REACTIONS].where(stage="final")


def test_readers_who_do_as_before_raise_nothing(calm: dict[str, Any]) -> None:
    found = [signal for signal in calm["signals"] if signal["monitor"] in {"override", "oversight"}]
    assert [signal["code"] for signal in found if signal["state"] == "watch"] == []
    assert {signal["code"] for signal in found if signal["state"] == "not_assessed"} == {"OVS003"}


def test_rates_given_the_truth_are_what_was_planted(calm: dict[str, Any]) -> None:
    for code, planted in (("OVS001", 0.05), ("OVS002", 0.3), ("OVS005", 0.65)):
        signal = only(calm, code)
        assert signal["interval"][0] < planted < signal["interval"][1]
        assert "independence" in signal["assumes"]


def test_blind_acceptance_is_seen_though_it_lowers_the_override_rate_only_a_little() -> None:
    run = run_of(reading(follows=[[0.3, 0.9]] * 4))
    assert [only(run, code)["state"] for code in ("OVS001", "OVS002", "OVS005")] == ["ok", "watch", "watch"]


def test_distrust_of_a_right_model_is_seen() -> None:
    run = run_of(reading(distrusts=[[0.05, 0.25]] * 4))
    assert [only(run, code)["state"] for code in ("OVS001", "OVS002")] == ["watch", "ok"]


def test_two_readers_with_equal_raw_rates_are_told_apart() -> None:
    """One overrides at random, so that wrong answers pass; the other overrides the wrong ones. Both override 18 %."""
    rates = [[0.82, 0.82], [0.26, 0.26], [0.82, 0.82], [0.26, 0.26]]
    wary = [[0.18, 0.18], [0.04, 0.04], [0.18, 0.18], [0.04, 0.04]]
    tables = reading(60, follows=rates, distrusts=wary)
    run = run_of(tables)
    assert [only(run, code)["state"] for code in ("OVR004", "OVR006")] == ["ok", "ok"]
    assert only(run, "OVS004")["state"] == "watch"
    wrong = judged_by_outcome(compared(final(tables)), right=False)
    found = apart(wrong, "reader", accepted, PLAN.min_positive)
    assert {name for name, one in found.items() if one.difference > 0} == {"dr0", "dr2"}
    assert all(one.p_value < 1e-6 for one in found.values())


def test_no_signal_says_who_a_reader_is() -> None:
    data = json.dumps(run_of(reading(follows=[[0.3, 0.95], [0.3, 0.3], [0.3, 0.3], [0.3, 0.3]])))
    assert "dr0" not in data
    assert '"reader": "restricted"' in data


def test_seeing_the_wrong_answer_is_compared_with_not_seeing_it() -> None:
    day, _ = study_days(40)
    n, rng = len(day), np.random.default_rng(3)
    truth, wrong, shown = rng.random(n) < 0.5, rng.random(n) < 0.3, rng.random(n) < 0.7
    decision = truth ^ wrong
    err = rng.random(n) < np.where(shown & wrong, 0.6, 0.15)
    score = np.where(decision, 0.8, 0.2)
    columns = {"truth": truth, "decision": decision, "score": score, "read": truth ^ err, "read_ai_shown": shown}
    anchored = only(run_of(tables_of(day, **columns)), "OVS003")
    assert anchored["state"] == "watch"
    assert anchored["interval"][0] < 0.45 < anchored["interval"][1]
    fair = columns | {"read": truth ^ (rng.random(n) < 0.15)}
    assert only(run_of(tables_of(day, **fair)), "OVS003")["state"] == "ok"


def test_an_opinion_committed_before_the_answer_counts_as_independent() -> None:
    day, _ = study_days(40)
    n, rng = len(day), np.random.default_rng(4)
    truth, wrong, before = rng.random(n) < 0.5, rng.random(n) < 0.3, rng.random(n) < 0.5
    decision = truth ^ wrong
    err = rng.random(n) < np.where(wrong & ~before, 0.6, 0.2)
    columns = {"truth": truth, "decision": decision, "score": np.where(decision, 0.8, 0.2), "read": truth ^ err}
    signal = only(run_of(tables_of(day, **columns, read_opened_before_ai=before)), "OVS003")
    assert (signal["state"], signal["value"] > 0.3) == ("watch", True)


def test_outcomes_that_follow_the_override_hold_the_rates_back() -> None:
    """Who contradicts the model gets a biopsy: the plain shares would be biased."""
    tables = reading()
    decided = dict(
        zip(tables.predictions["study_uid"].to_pylist(), tables.predictions["decision"].to_pylist(), strict=True)
    )
    contradicted = {
        row["study_uid"] for row in tables.reads.to_pylist() if row["decision"] != decided[row["study_uid"]]
    }
    kept = [row["study_uid"] in contradicted or place % 3 == 0 for place, row in enumerate(tables.outcomes.to_pylist())]
    run = run_of(replace(tables, outcomes=tables.outcomes.filter(kept)))
    for code in ("OVS001", "OVS002", "OVS004", "OVS005"):
        assert (code, only(run, code)["reason"], only(run, code)["value"]) == (code, "verification", None)


def test_reading_time_that_collapses_is_seen_against_each_readers_own() -> None:
    """A slow reader stays slow; one reader of four halves the time."""
    day, late = study_days(40)
    rng, n = np.random.default_rng(5), len(day)
    names = [f"dr{row % 4}" for row in range(n)]
    pace = np.array([1.0, 3.0, 0.5, 1.0])[np.arange(n) % 4]
    own = rng.lognormal(4, 0.4, n) * pace
    calm = run_of(tables_of(day, reader=names, read_seconds=own))
    assert [only(calm, code)["state"] for code in ("OVS006", "OVS007")] == ["ok", "ok"]
    fast = own * np.where(late & (np.arange(n) % 4 == 3), 0.4, 1.0)
    run = run_of(tables_of(day, reader=names, read_seconds=fast))
    assert [only(run, code)["state"] for code in ("OVS006", "OVS007")] == ["watch", "watch"]
    assert only(run, "OVS007")["value"] == 0.25
    assert only(run, "OVS006")["value"] == pytest.approx(0.4**0.25, abs=0.05)


def test_a_scanner_with_harder_cases_is_not_blamed_for_its_overrides() -> None:
    """Readers override what lies near the threshold; scanner `s0` has more of that, and no other difference."""
    day, _ = study_days(60)
    rng, n = np.random.default_rng(6), len(day)
    hard = rng.random(n) < np.where(np.arange(n) % 2, 0.2, 0.6)
    score = np.where(hard, rng.uniform(0.5, 0.62, n), rng.uniform(0.9, 1.0, n))
    decision = np.ones(n, dtype=bool)
    read = decision ^ (rng.random(n) < np.where(hard, 0.4, 0.05))
    columns = {"scanner": [f"s{row % 2}" for row in range(n)], "score": score, "decision": decision}
    run = run_of(tables_of(day, **columns, read=read))
    assert {signal["state"] for signal in signals(run, "OVR005")} == {"ok"}
    more = read ^ (rng.random(n) < np.where(np.arange(n) % 2, 0.0, 0.2))
    run = run_of(tables_of(day, **columns, read=more))
    assert only(run, "OVR005", scanner="s0")["state"] == "watch"


def test_clicks_that_contradict_the_decision_are_counted_when_they_grow() -> None:
    day, late = study_days(40)
    rng, n = np.random.default_rng(7), len(day)
    said = np.where(rng.random(n) < 0.02 + 0.2 * late, "rejected", "accepted")
    decision = rng.random(n) < 0.5
    columns = {"decision": decision, "score": np.where(decision, 0.8, 0.2), "read": decision}
    signal = only(run_of(tables_of(day, **columns, read_action=said)), "OVR008")
    assert (signal["state"], signal["limit"]) == ("watch", pytest.approx(0.02, abs=0.01))
    calm = only(run_of(tables_of(day, **columns, read_action=["accepted"] * n)), "OVR008")
    assert (calm["state"], calm["value"]) == ("ok", 0.0)
    assert only(run_of(tables_of(day, **columns)), "OVR008")["reason"] == "attribute_missing"


def test_agreement_beyond_chance_is_that_of_the_published_formula_and_repeated_patients_add_no_certainty() -> None:
    day, _ = study_days(40)
    rng, n = np.random.default_rng(11), len(day)
    decision = rng.random(n) < 0.1
    columns = {"decision": decision, "score": np.where(decision, 0.8, 0.2), "read": decision ^ (rng.random(n) < 0.08)}
    one = only(run_of(tables_of(day, **columns)), "OVR009")
    assert (one["state"], one["limit"], one["p_value"]) == ("ok", None, None)
    assert one["interval"][0] < one["value"] < one["interval"][1]
    assert "Kappa 0." in one["explains"]
    assert "McNemar" in one["explains"]
    pairs = only(run_of(tables_of(day, **columns, patient=[f"p{row // 2}" for row in range(n)])), "OVR009")
    assert pairs["value"] == one["value"]
    assert pairs["n_patients"] < one["n_patients"]
    assert "McNemar" not in pairs["explains"]


def test_findings_are_rejected_more_often_by_label() -> None:
    day, late = study_days(20)
    rng = np.random.default_rng(8)
    accept = {"nodule": 0.9 - 0.5 * late, "mass": np.full(len(day), 0.8)}
    findings = [
        {
            "finding_id": f"f{row}{label}",
            "prediction_id": f"a{row}",
            "label": label,
            "accepted": bool(rng.random() < p[row]),
        }
        for label, p in accept.items()
        for row in range(len(day))
    ]
    run = run_of(tables_of(day, findings=findings))
    assert {one["subject"]["label"]: one["state"] for one in signals(run, "OVR007")} == {
        "nodule": "watch",
        "mass": "ok",
    }
    assert signals(run_of(tables_of(day)), "OVR007") == []
