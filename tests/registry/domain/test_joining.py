"""The joining rules a to g of the contract."""

from datetime import UTC, date, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.domain.instants import instant_text
from registry.domain.joining import (
    Known,
    Override,
    Row,
    Shown,
    analysed_outcome,
    analysed_outcomes,
    analysed_predictions,
    analysed_read,
    analysed_reads,
    clusters,
    day_of,
    end_of_day,
    independence,
    known_at,
    known_by,
    mode_of,
    override_of,
    prediction_of_read,
    scanner_of_study,
    study_predictions,
    study_score,
)
from registry.domain.vocabulary import SOURCES

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def at(hours: float = 0) -> str:
    return instant_text(NOON + timedelta(hours=hours))


def prediction(name: str = "p1", hours: float = 0, **other: Any) -> dict[str, Any]:
    row = {
        "prediction_id": name, "model": "m", "version": "1", "target": "t", "mode": "live", "status": "scored",
        "unit": "study", "unit_uid": "u1", "study_uid": "u1", "predicted_at": at(hours), "score": 0.5, "decision": True,
    }  # fmt: skip
    return {**row, **other}


def read(name: str = "r1", hours: float = 1, **other: Any) -> dict[str, Any]:
    row = {
        "read_id": name, "target": "t", "unit": "study", "unit_uid": "u1", "reader": "p:a", "read_at": at(hours),
        "decision": False, "stage": "final", "ai_shown": True,
    }  # fmt: skip
    return {**row, **other}


def outcome(source: str = "consensus", hours: float = 24, **other: Any) -> dict[str, Any]:
    row = {
        "target": "t",
        "unit": "study",
        "unit_uid": "u1",
        "source": source,
        "established_at": at(hours),
        "truth": True,
    }
    return {**row, **other}


# a


def test_the_day_is_the_sites_not_utcs() -> None:
    late = "2026-03-02T23:30:00.000000Z"
    assert day_of(late, "Europe/Vienna") == date(2026, 3, 3)
    assert day_of(late, "America/New_York") == date(2026, 3, 2)


@pytest.mark.parametrize(
    ("instant", "day"),
    [("2026-03-28T22:59:59.999999Z", 28), ("2026-03-28T23:00:00.000000Z", 29), ("2026-03-29T22:00:00.000000Z", 30)],
)
def test_the_day_of_the_clock_change_has_23_hours(instant: str, day: int) -> None:
    assert day_of(instant, "Europe/Vienna") == date(2026, 3, day)


# b


def test_the_first_scored_prediction_is_analysed_and_later_ones_are_reruns() -> None:
    rows = [prediction("p3", 3), prediction("p1", 1, status="failed"), prediction("p2", 2)]
    found = analysed_predictions(rows)
    assert [row["prediction_id"] for row in found.rows] == ["p2"]
    assert (found.reruns, found.not_scored) == (1, 1)


@pytest.mark.parametrize("name", ["unit", "unit_uid", "target", "model", "version", "mode"])
def test_each_unit_target_version_and_mode_has_its_own_first(name: str) -> None:
    found = analysed_predictions(
        [prediction("p1"), prediction("p2", 1, **{name: "series" if name == "unit" else "other"})]
    )
    assert len(found.rows) == 2


def test_equal_times_are_settled_by_the_prediction_id() -> None:
    assert analysed_predictions([prediction("b"), prediction("a")]).rows[0]["prediction_id"] == "a"


@given(
    st.lists(
        st.builds(
            prediction,
            st.text("abc", min_size=1, max_size=4),
            st.integers(0, 5),
            status=st.sampled_from(["scored", "skipped", "failed"]),
            unit_uid=st.sampled_from(["u1", "u2"]),
            mode=st.sampled_from(["live", "shadow"]),
        ),
        max_size=8,
    ),
    st.randoms(use_true_random=False),
)
def test_analysis_counts_every_row_once_in_any_order(rows: list[Row], order: Any) -> None:
    found = analysed_predictions(rows)
    assert len(found.rows) + found.reruns + found.not_scored == len(rows)
    shuffled = list(rows)
    order.shuffle(shuffled)
    again = analysed_predictions(shuffled)
    assert (again.reruns, again.not_scored) == (found.reruns, found.not_scored)
    assert {row["predicted_at"] for row in again.rows} == {row["predicted_at"] for row in found.rows}


@pytest.mark.parametrize(
    ("stated", "days", "mode"),
    [
        (None, 30, "live"),
        (None, 30.001, "retrospective"),
        ("live", 900, "live"),
        ("shadow", 0, "shadow"),
        (None, -1, "live"),
    ],
)
def test_scoring_a_study_older_than_30_days_is_retrospective_unless_stated(
    stated: str | None, days: float, mode: str
) -> None:
    assert mode_of(stated, at(), at(-24 * days)) == mode


def test_without_an_acquisition_time_the_mode_is_live() -> None:
    assert mode_of(None, at(), None) == "live"


# c


@pytest.mark.parametrize(("rule", "score"), [("max", 0.75), ("mean", 0.5), ("first", 0.25)])
def test_study_rules(rule: str, score: float) -> None:
    assert study_score([0.25, 0.75, 0.5], rule) == score


@pytest.mark.parametrize(("scores", "rule"), [([0.5], "median"), ([], "max")])
def test_study_scores_need_a_known_rule_and_scores(scores: list[float], rule: str) -> None:
    with pytest.raises(ValueError, match="max, mean, first"):
        study_score(scores, rule)


@given(st.lists(st.floats(0, 1), min_size=1))
def test_a_study_score_lies_within_its_series_scores(scores: list[float]) -> None:
    for rule in ("max", "mean", "first"):
        assert min(scores) - 1e-12 <= study_score(scores, rule) <= max(scores) + 1e-12


def parts(*scores: float, **other: Any) -> list[dict[str, Any]]:
    return [
        prediction(f"p{n}", n, unit="series", unit_uid=f"s{n}", score=score, decision=score >= 0.5, **other)
        for n, score in enumerate(scores)
    ]


@pytest.mark.parametrize(("rule", "decision"), [("max", True), ("first", False), ("mean", None)])
def test_parts_become_one_study_row_and_whole_studies_stay(rule: str, *, decision: bool | None) -> None:
    whole = prediction("w", study_uid="u9", unit_uid="u9")
    rows = study_predictions([*parts(0.25, 0.5), whole], rule)
    assert [row["unit_uid"] for row in rows] == ["u9", "u1"]
    assert rows[1]["unit"] == "study"
    assert rows[1]["decision"] is decision
    assert rows[1]["predicted_at"] == at(1)


def test_the_mean_decides_by_the_common_threshold() -> None:
    assert study_predictions(parts(0.25, 0.5, threshold=0.375), "mean")[0]["decision"] is True
    assert study_predictions(parts(0.25, 0.5, threshold=0.5), "mean")[0]["decision"] is False


@pytest.mark.parametrize(
    ("scanners", "series", "expected"),
    [
        (["a", "b"], "s1", "b"), (["a", "a"], None, "a"), (["a", "b"], None, "mixed"), (["a", None], "s1", "a"),
        ([None, None], None, None), ([], None, None), (["a", "b"], "elsewhere", "mixed"),
    ],
)  # fmt: skip
def test_scanner_of_a_study(scanners: list[str | None], series: str | None, expected: str | None) -> None:
    rows = [{"series_uid": f"s{n}", "scanner": scanner} for n, scanner in enumerate(scanners)]
    assert scanner_of_study(rows, series) == expected


# d


def test_the_last_final_read_before_any_addendum_is_analysed() -> None:
    rows = [
        read("r1", 1), read("r2", 2), read("r3", 3, stage="addendum"), read("r4", 4),
        read("r0", 0, stage="preliminary"),
    ]  # fmt: skip
    for order in permutations(rows):
        found = analysed_read(order)
        assert found is not None
        assert found["read_id"] == "r2"


def test_without_a_final_read_before_the_addendum_none_is_analysed() -> None:
    assert analysed_read([read("r1", 1, stage="addendum"), read("r2", 2)]) is None
    assert analysed_read([read(stage="preliminary")]) is None


def test_each_unit_and_target_has_its_own_analysed_read() -> None:
    assert len(analysed_reads([read("r1"), read("r2", 2), read("r3", unit_uid="u2"), read("r4", target="t2")])) == 3


def test_a_read_reacts_to_the_prediction_it_names_and_to_no_other() -> None:
    rows = [prediction("p1"), prediction("p2", 0.5)]
    named = prediction_of_read(read(prediction_id="p1"), rows)
    assert named is rows[0]
    assert prediction_of_read(read(prediction_id="p9"), rows) is None


def test_a_read_that_names_none_reacts_to_the_newest_live_one_before_it() -> None:
    rows = [
        prediction("p1", -2), prediction("p2", 0), prediction("p3", 2), prediction("p4", 0.5, mode="shadow"),
        prediction("p5", 0.5, unit_uid="u2"),
    ]  # fmt: skip
    found = prediction_of_read(read(hours=1), rows)
    assert found is rows[1]
    assert prediction_of_read(read(hours=-3), rows) is None


@pytest.mark.parametrize(
    ("shown", "hours", "decision", "expected"),
    [
        (True, 1, False, Override(Shown.SHOWN, overridden=True, action_disagrees=False)),
        (True, 0, True, Override(Shown.SHOWN, overridden=False, action_disagrees=False)),
        (True, -1, False, Override(Shown.SHOWN, overridden=None, action_disagrees=False)),
        (False, 1, False, Override(Shown.HIDDEN, overridden=None, action_disagrees=False)),
        (None, 1, False, Override(Shown.UNKNOWN, overridden=None, action_disagrees=False)),
    ],
)
def test_an_override_needs_a_prediction_that_was_shown_and_came_before(
    *,
    shown: bool | None,
    hours: float,
    decision: bool,
    expected: Override,
) -> None:
    assert override_of(read(hours=hours, ai_shown=shown, decision=decision), prediction()) == expected


def test_nothing_is_overridden_without_a_prediction_or_its_decision() -> None:
    assert override_of(read(), None).overridden is None
    assert override_of(read(), prediction(status="failed", decision=None)).overridden is None


@pytest.mark.parametrize(
    ("action", "decision", "disagrees"),
    [
        ("accepted", False, True), ("accepted", True, False), ("rejected", True, True), ("rejected", False, False),
        ("ignored", False, False), ("unknown", True, False), (None, False, False),
    ],
)  # fmt: skip
def test_a_click_that_contradicts_the_decisions_is_flagged(
    action: str | None, *, decision: bool, disagrees: bool
) -> None:
    assert override_of(read(action=action, decision=decision), prediction()).action_disagrees is disagrees


# e


def test_the_best_source_wins_then_the_latest() -> None:
    rows = [outcome("report", 9), outcome("consensus", 8), outcome("follow-up", 1), outcome("follow-up", 2)]
    for order in permutations(rows):
        found = analysed_outcome(order).row
        assert found is rows[3]


def test_indeterminate_outcomes_are_counted_not_analysed() -> None:
    found = analysed_outcome([outcome("pathology", indeterminate=True), outcome("report")])
    assert (found.row, found.indeterminate) == (outcome("report"), 1)
    assert analysed_outcome([]).row is None


@given(st.lists(st.tuples(st.sampled_from(SOURCES), st.integers(0, 9), st.booleans()), max_size=8))
def test_no_outcome_of_a_better_source_is_passed_over(drawn: list[tuple[str, int, bool]]) -> None:
    found = analysed_outcome([outcome(source, hours, indeterminate=vague) for source, hours, vague in drawn])
    ranks = [(SOURCES.index(source), -hours) for source, hours, vague in drawn if not vague]
    assert found.indeterminate + len(ranks) == len(drawn)
    if found.row is not None:
        assert (SOURCES.index(found.row["source"]), found.row["established_at"]) == (min(ranks)[0], at(-min(ranks)[1]))


def test_outcomes_are_analysed_by_unit_and_target() -> None:
    rows, vague = analysed_outcomes(
        [outcome(), outcome("report"), outcome(unit_uid="u2", indeterminate=True), outcome(target="t2")]
    )
    assert ([row["target"] for row in rows], vague) == (["t", "t2"], 1)


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (outcome("pathology"), (True, True)),
        (outcome("pathology", ai_blinded=True), (True, False)),
        (outcome("follow-up", established_by=["p:a"]), (True, True)),
        (outcome("consensus"), (True, True)),
        (outcome("consensus", ai_blinded=True), (True, True)),
        (outcome("consensus", ai_blinded=True, established_by=["p:b"]), (True, False)),
        (outcome("consensus", ai_blinded=True, established_by=["p:b", "p:a"]), (False, False)),
        (outcome("consensus", ai_blinded=False, established_by=["p:b"]), (False, False)),
        (outcome("consensus", established_by=["p:a"]), (False, False)),
        (outcome("report"), (False, False)),
        (outcome("report", ai_blinded=True), (False, False)),
    ],
)
def test_independence_of_the_read_is_judged_or_assumed_and_said_so(row: Row, expected: tuple[bool, bool]) -> None:
    found = independence(row, read(reader="p:a"))
    assert (found.independent, found.assumed) == expected


# f


def test_known_time_is_recorded_or_assumed_from_the_event() -> None:
    row = {"available_at": at(9), "taken_in_at": at(9), "read_at": at(1)}
    assert known_at(row, "read_at") == at(9)
    assert known_at(row, "read_at", Known.ASSUMED) == at(1)
    assert known_at({**row, "available_at": at(5)}, "read_at", Known.ASSUMED) == at(5)
    assert known_at({"available_at": None, "taken_in_at": at(9)}, "", Known.ASSUMED) == at(9)


def test_rows_are_known_to_the_last_microsecond_of_the_day() -> None:
    rows = [
        {"available_at": stamp, "taken_in_at": stamp}
        for stamp in ("2026-03-02T23:59:59.999999Z", "2026-03-03T00:00:00.000000Z")
    ]
    assert end_of_day(date(2026, 3, 2)) == "2026-03-02T23:59:59.999999Z"
    assert known_by(rows, date(2026, 3, 2), "") == (rows[0],)
    assert known_by(rows, date(2026, 3, 3), "") == tuple(rows)


# g


def test_variance_is_clustered_whenever_a_patient_has_several_units() -> None:
    assert clusters(["a", "b"]).clustered is False
    found = clusters(["a", "b", "a"])
    assert (found.n_units, found.n_patients, found.largest, found.clustered) == (3, 2, 2, True)
    assert clusters([]).clustered is False
