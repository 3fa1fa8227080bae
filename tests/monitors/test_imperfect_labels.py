"""Outcomes that are missing, erring, sampled or absent; prevalence told apart from performance; calibration curves."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from planted import PLAN, VERSIONS, Hospital, only, signals

from monitors.engine.embedded import count_tables
from monitors.engine.tables import Request, Tables, axes_of
from monitors.run import Occasion, monitor_run
from registry.domain.joining import Known

Run = dict[str, Any]
LATE = 90 * 20  # rows of the hospital before its window


def run(tables: Tables) -> Run:
    counts = count_tables(tables, Request("m", lambda _: "UTC", axes_of(PLAN)))
    return monitor_run(counts, PLAN, Occasion("m", "2026-04-30", Known.RECORDED, VERSIONS))


def with_outcomes(hospital: Hospital, change: Callable[[pa.Table, np.ndarray, np.ndarray], pa.Table]) -> Run:
    """Run a hospital whose outcomes were changed, given its scores and a random number a unit."""
    tables = hospital.tables()
    scores = tables.predictions["score"].to_numpy()
    draws = np.random.default_rng(99).random(len(scores))
    return run(replace(tables, outcomes=change(tables.outcomes, scores, draws)))


def column(table: pa.Table, **values: Any) -> pa.Table:
    columns = {name: table[name] for name in table.column_names}
    return pa.table(columns | {name: pa.array(value) for name, value in values.items()})


def rarely_verified(share: float) -> Callable[[pa.Table, np.ndarray, np.ndarray], pa.Table]:
    return lambda outcomes, scores, draws: outcomes.filter(pa.array((scores >= 0.5) | (draws < share)))


@pytest.fixture(scope="module")
def full() -> Run:
    """Return the run of a hospital in which every unit has an outcome and nothing happens."""
    return Hospital().run()


@pytest.fixture(scope="module")
def biased() -> Run:
    """Return the run of a hospital that verifies what was called, and a fifth of the rest."""
    return with_outcomes(Hospital(), rarely_verified(0.2))


def test_who_gets_an_outcome_is_shown_and_plain_shares_are_held_back(biased: Run) -> None:
    gap = only(biased, "PRF005")
    assert gap["value"] == pytest.approx(0.8, abs=0.06)
    assert gap["interval"][0] < gap["value"] < gap["interval"][1]
    assert [only(biased, code)["reason"] for code in ("PRF001", "PRF002", "PRF003")] == ["verification"] * 3


def test_corrected_shares_are_those_of_full_verification_and_the_plain_one_stands_beside(
    biased: Run, full: Run
) -> None:
    for code, plain in (("PRF006", "PRF002"), ("PRF007", "PRF003")):
        signal = only(biased, code)
        assert signal["interval"][0] < only(full, plain)["value"] < signal["interval"][1]
        assert signal["state"] == "ok"
        assert signal["p_value"] is not None
        assert "Without correction it is" in signal["explains"]
        assert "like those without" in signal["assumes"]
    raw = float(only(biased, "PRF006")["explains"].split("Without correction it is ")[1].split(" %")[0]) / 100
    assert raw > only(biased, "PRF006")["value"] + 0.05


def test_where_verification_does_not_depend_on_the_answer_the_corrected_share_is_the_plain_one(full: Run) -> None:
    for code, plain in (("PRF006", "PRF002"), ("PRF007", "PRF003")):
        assert only(full, code)["value"] == pytest.approx(only(full, plain)["value"], abs=1e-9)
        assert only(full, code)["p_value"] is None


def test_a_decline_is_seen_through_biased_verification() -> None:
    found = with_outcomes(Hospital(late_skill=0.8, per_day=30), rarely_verified(0.3))
    assert only(found, "PRF006")["state"] == "watch"


def test_too_few_verified_negatives_leave_accuracy_unassessed() -> None:
    found = with_outcomes(Hospital(), rarely_verified(0.0))
    for code in ("PRF006", "PRF007"):
        assert (only(found, code)["state"], only(found, code)["reason"]) == ("not_assessed", "verification")
        assert only(found, code)["value"] is None


def reported(sensitivity: float, doubly: float) -> Callable[[pa.Table, np.ndarray, np.ndarray], pa.Table]:
    """Report every unit with an error, and give some of them the independent outcome too."""

    def change(outcomes: pa.Table, _: np.ndarray, draws: np.ndarray) -> pa.Table:
        truth = outcomes["truth"].to_numpy(zero_copy_only=False)
        errs = np.random.default_rng(5).random(len(truth))
        said = np.where(truth, errs < sensitivity, errs > 0.97)
        reports = column(outcomes, truth=said, source=["report"] * len(truth))
        return pa.concat_tables([outcomes.filter(pa.array(draws < doubly)), reports])

    return change


def test_reports_are_corrected_for_their_own_error(full: Run) -> None:
    found = with_outcomes(Hospital(), reported(0.7, 0.3))
    for code, plain in (("PRF008", "PRF002"), ("PRF009", "PRF003")):
        signal = only(found, code)
        assert signal["interval"][0] < only(full, plain)["value"] < signal["interval"][1]
        assert signal["n"] == 560
        assert "reports were right in" in signal["explains"].lower()
    assert only(found, "PRF004")["value"] < only(full, "PRF003")["value"] + 0.02


def test_reports_whose_error_is_unknown_give_no_accuracy() -> None:
    assert only(with_outcomes(Hospital(), reported(0.7, 0.0)), "PRF008")["reason"] == "too_few"


def test_reports_that_may_carry_nothing_give_no_accuracy() -> None:
    assert only(with_outcomes(Hospital(), reported(0.1, 0.3)), "PRF008")["reason"] == "verification"


def audited(outcomes: pa.Table, scores: np.ndarray, draws: np.ndarray) -> pa.Table:
    fraction = np.where(scores >= 0.5, 0.6, 0.3)
    marked = column(outcomes, verification=["sampled"] * len(scores), sampling_fraction=fraction)
    return marked.filter(pa.array(draws < fraction))


def test_an_audit_sample_gives_the_accuracy_over_all_units(full: Run) -> None:
    found = with_outcomes(Hospital(), audited)
    for code, plain in (("PRF013", "PRF002"), ("PRF014", "PRF003")):
        signal = only(found, code)
        assert signal["interval"][0] < only(full, plain)["value"] < signal["interval"][1]
        assert (signal["state"], signal["n"]) == ("ok", 560)
        assert signal["p_value"] is not None
    assert only(found, "PRF002")["reason"] == "verification"


def test_outcomes_without_a_sampling_fraction_are_no_audit() -> None:
    found = with_outcomes(Hospital(), lambda rows, *_: column(rows, verification=["sampled"] * len(rows)))
    assert only(found, "PRF013")["reason"] == "no_outcomes"


def test_scores_claim_what_outcomes_show_while_the_calibration_holds(full: Run) -> None:
    for code, labelled in (("PRF010", "PRF001"), ("PRF011", "PRF002"), ("PRF012", "PRF003")):
        claim, truth = only(full, code), only(full, labelled)
        assert claim["interval"][0] < truth["interval"][1]
        assert truth["interval"][0] < claim["interval"][1]
        assert "cannot see" in claim["explains"]


def test_claims_need_no_outcome_of_the_window_and_do_not_see_that_disease_changed(full: Run) -> None:
    none = with_outcomes(Hospital(), lambda rows, *_: rows.slice(0, LATE))
    torn = with_outcomes(Hospital(), lambda rows, *_: column(rows, truth=_changed_late(rows)))
    for found in (none, torn):
        assert only(found, "PRF010")["value"] == only(full, "PRF010")["value"]
    assert only(none, "PRF001")["reason"] == "no_outcomes"
    assert only(torn, "PRF001")["state"] == "watch"


def _changed_late(rows: pa.Table) -> np.ndarray:
    late = (np.arange(len(rows)) >= LATE) & (np.random.default_rng(3).random(len(rows)) < 0.5)
    return rows["truth"].to_numpy(zero_copy_only=False) ^ late


def test_scores_that_a_line_cannot_calibrate_claim_nothing() -> None:
    def tangled(rows: pa.Table, scores: np.ndarray, draws: np.ndarray) -> pa.Table:
        return column(rows, truth=draws < 0.5 + 0.45 * np.sin(9 * scores))

    signal = only(with_outcomes(Hospital(), tangled), "PRF010")
    assert (signal["state"], signal["reason"], signal["value"]) == ("not_assessed", "not_run", None)
    assert "claim nothing" in signal["explains"]


def rarer_health(tables: Tables) -> Tables:
    """Leave out most healthy units of the last month: disease is more common, and looks as before."""
    truth = tables.outcomes["truth"].to_numpy(zero_copy_only=False)
    gone = (np.arange(len(truth)) >= LATE) & ~truth & (np.random.default_rng(4).random(len(truth)) < 0.6)
    keep = pa.array(~gone)
    return Tables(*(table.filter(keep) for table in vars(tables).values()))


def test_more_disease_is_told_apart_from_scores_that_moved() -> None:
    more, moved = run(rarer_health(Hospital(per_day=20).tables())), Hospital(shift=0.8).run()
    assert [only(more, code)["state"] for code in ("SCO002", "SCO004", "SCO005")] == ["watch", "watch", "ok"]
    assert only(more, "SCO004")["value"] == pytest.approx(0.51, abs=0.08)
    assert only(more, "PRF002")["state"] == "ok"
    assert only(moved, "SCO005")["state"] == "watch"


def test_scores_that_became_too_timid_are_seen_by_the_slope() -> None:
    tables = Hospital().tables()
    scores = tables.predictions["score"].to_numpy().copy()
    logit = np.log(scores / (1 - scores))
    scores[LATE:] = 1 / (1 + np.exp(-0.5 * logit[LATE:]))
    found = run(replace(tables, predictions=column(tables.predictions, score=scores)))
    slope = only(found, "CAL003")
    assert slope["state"] == "watch"
    assert slope["value"] > 1.5 * slope["limit"]


def test_the_reliability_groups_hold_every_unit_once_and_give_the_error(full: Run) -> None:
    groups = signals(full, "CAL006")
    assert sum(group["n"] for group in groups) == only(full, "CAL001")["n"]
    error = sum(group["n"] * abs(group["value"] - group["limit"]) for group in groups) / 560
    assert error == pytest.approx(only(full, "CAL002")["value"], abs=1e-9)
    assert only(full, "CAL005")["interval"][0] < only(full, "CAL005")["value"] < only(full, "CAL005")["interval"][1]


def test_an_unripe_window_shows_its_corrected_share_hollow() -> None:
    found = Hospital(late_labelled=0.4).run()
    for code in ("PRF006", "CAL002", "CAL003"):
        signal = only(found, code)
        assert (signal["state"], signal["reason"]) == ("not_assessed", "immature")
        assert signal["value"] is not None


def test_units_of_few_patients_are_judged_by_none_of_these() -> None:
    found = Hospital(repeat=400).run()
    for code in ("SCO004", "PRF006", "PRF010", "CAL002"):
        assert only(found, code)["state"] == "not_assessed"


def test_a_window_inside_the_reference_needs_nothing_of_it() -> None:
    hospital = Hospital(days=40)
    found = hospital.run(as_of="2026-02-05")
    for code in ("SCO004", "SCO005", "PRF010"):
        assert only(found, code)["reason"] == "too_few"
    assert only(found, "CAL002")["value"] is not None
