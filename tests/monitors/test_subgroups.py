"""Subgroups: what must be said of a group, and what must not."""

import math
from typing import Any

import numpy as np
import pytest
from drawn_rows import run_of, study_days, tables_of
from planted import only, signals
from scipy.integrate import quad

from monitors.between import _likelihood, between, shrunken
from monitors.gaps import SEEN
from monitors.groups import LISTED
from monitors.stratified import stratified_difference
from registry.domain.plan import MonitoringPlan, plan_from
from validation.statistics.proportions import ClusteredShare, clustered_from_totals

MARGIN = MonitoringPlan(equivalence_margin="0.1")


def share(successes: int, n: int) -> ClusteredShare:
    hits = np.zeros(n, dtype=int)
    hits[:successes] = 1
    return clustered_from_totals(hits, np.ones(n, dtype=int))


def hospital(
    per_day: int = 40, seed: int = 0, *, women_on_bad: float = 0.5, bad: float = 0.0, women: float = 0.0
) -> Any:
    """Return a run: scanner `bad` misses positives, women are examined there more often, or are missed themselves."""
    day, late = study_days(per_day)
    rng = np.random.default_rng(seed)
    female, truth = rng.random(len(day)) < 0.5, rng.random(len(day)) < 0.5
    on_bad = rng.random(len(day)) < np.where(female, women_on_bad, 1 - women_on_bad)
    missed = rng.random(len(day)) < 0.1 + late * (bad * on_bad + women * female)
    decision = np.where(truth, ~missed, rng.random(len(day)) < 0.1)
    score = np.where(decision, rng.uniform(0.5, 1, len(day)), rng.uniform(0, 0.5, len(day)))
    return tables_of(
        day,
        sex=np.where(female, "F", "M"),
        scanner=np.where(on_bad, "bad", "good"),
        truth=truth,
        decision=decision,
        score=score,
    )


def test_a_scanner_that_explains_a_gap_is_told_from_the_group() -> None:
    """Simpson's paradox: women are examined on the bad scanner; on each scanner they are seen as well as men."""
    run = run_of(hospital(women_on_bad=0.85, bad=0.4))
    raw = only(run, "SUB002", **{"axis:sex": "F"})
    within = only(run, "SUB011", **{"axis:sex": "F", "measure": "sensitivity"})
    assert (raw["state"], within["state"]) == ("watch", "ok")
    assert raw["interval"][1] < -0.1
    assert within["interval"][0] < 0 < within["interval"][1]
    assert f"over all together the difference is {raw['value']:.3f}" in within["explains"]


def test_a_gap_of_the_group_itself_is_there_within_scanners_too() -> None:
    run = run_of(hospital(women=0.3))
    within = only(run, "SUB011", **{"axis:sex": "F", "measure": "sensitivity"})
    assert within["state"] == "watch"
    assert within["value"] == pytest.approx(-0.3, abs=0.1)
    assert only(run, "SUB011", **{"axis:sex": "F", "measure": "specificity"})["state"] == "ok"


def test_without_a_plant_no_gap_is_raised() -> None:
    run = run_of(hospital(), MARGIN)
    assert [signal["code"] for signal in run["signals"] if signal["state"] == "watch"] == []


def test_no_gap_is_a_claim_that_needs_evidence() -> None:
    large, small = (run_of(hospital(per_day), MARGIN) for per_day in (60, 6))
    wanted = {"axis:sex": "F", "measure": "sensitivity"}
    assert only(large, "SUB009", **wanted)["state"] == "ok"
    assert "ruled out" in only(large, "SUB009", **wanted)["explains"]
    unsure = only(small, "SUB009", **wanted)
    assert (unsure["state"], unsure["reason"], unsure["limit"]) == ("not_assessed", "too_few", 0.1)
    assert only(small, "SUB002", **{"axis:sex": "F"})["state"] == "ok"
    assert "no evidence that there is none" in only(small, "SUB002", **{"axis:sex": "F"})["explains"]


def test_a_gap_beyond_the_margin_is_raised_by_the_claim_too() -> None:
    run = run_of(hospital(60, women=0.4), MARGIN)
    assert only(run, "SUB009", **{"axis:sex": "F", "measure": "sensitivity"})["state"] == "watch"


def test_without_a_margin_nothing_is_said_to_be_equal() -> None:
    run = run_of(hospital(20))
    assert {signal["reason"] for signal in signals(run, "SUB009")} == {"not_run"}


def test_a_gap_says_what_these_numbers_could_have_shown() -> None:
    run = run_of(hospital(40))
    signal = only(run, "SUB002", **{"axis:sex": "F"})
    words = signal["explains"].split(
        "a difference of " if "a difference of " in signal["explains"] else "A difference of "
    )
    half = (signal["interval"][1] - signal["interval"][0]) / 2
    assert float(words[1].split(" ")[0]) == pytest.approx(SEEN * half / 1.96, rel=0.1)


def test_a_false_positive_rate_that_rises_in_a_group_is_seen_in_its_specificity_and_predictive_value() -> None:
    day, late = study_days(40)
    rng = np.random.default_rng(1)
    female, truth = rng.random(len(day)) < 0.5, rng.random(len(day)) < 0.4
    decision = np.where(truth, rng.random(len(day)) < 0.9, rng.random(len(day)) < 0.1 + 0.25 * (late & female))
    score = np.where(decision, 0.9, 0.1) + rng.uniform(-0.1, 0.1, len(day))
    run = run_of(tables_of(day, sex=np.where(female, "F", "M"), truth=truth, decision=decision, score=score))
    for code in ("SUB006", "SUB007", "SUB008"):
        signal = only(run, code, **{"axis:sex": "F"})
        assert (code, signal["state"], signal["value"] < 0) == (code, "watch", True)
    assert only(run, "SUB002", **{"axis:sex": "F"})["state"] == "ok"


def test_an_intersection_is_seen_that_neither_axis_shows() -> None:
    day, late = study_days(60)
    rng = np.random.default_rng(2)
    female, old, truth = (rng.random(len(day)) < 0.5 for _ in range(3))
    missed = rng.random(len(day)) < 0.1 + 0.35 * late * (female ^ old)
    decision = np.where(truth, ~missed, rng.random(len(day)) < 0.1)
    tables = tables_of(
        day,
        sex=np.where(female, "F", "M"),
        age_years=np.where(old, 70.0, 30.0),
        truth=truth,
        decision=decision,
        score=np.where(decision, 0.8, 0.2),
    )
    plan = plan_from({"subgroup_axes": ["sex", "age_band"], "pairs": ["sex*age_band"]})
    run = run_of(tables, plan)
    wanted = {"axis:sex": "F", "axis:age_band": "18-39"}
    assert only(run, "SUB002", **wanted)["state"] == "watch"
    alone = [one for one in signals(run, "SUB002") if len(one["subject"]) == 1]
    assert {one["state"] for one in alone} == {"ok"}


def test_a_tiny_group_is_drawn_to_the_mean_of_all() -> None:
    day, _ = study_days(40)
    rng = np.random.default_rng(3)
    band = rng.choice([25.0, 50.0, 70.0, 85.0, 5.0], len(day), p=[0.3, 0.3, 0.2, 0.195, 0.005])
    truth = rng.random(len(day)) < 0.5
    decision = np.where(truth, (rng.random(len(day)) < np.where(band > 60, 0.8, 0.95)) & (band > 10), np.False_)
    tables = tables_of(day, age_years=band, truth=truth, decision=decision, score=np.where(decision, 0.8, 0.2))
    run = run_of(tables, MonitoringPlan(subgroup_axes=("age_band",)))
    tiny = only(run, "SUB010", **{"axis:age_band": "0-17"})
    assert tiny["n"] < 10
    assert only(run, "SUB004", **{"axis:age_band": "0-17"})["reason"] == "too_few"
    assert 0.1 < tiny["value"] < 0.8
    large = only(run, "SUB010", **{"axis:age_band": "40-64"})
    assert large["value"] == pytest.approx(only(run, "SUB004", **{"axis:age_band": "40-64"})["value"], abs=0.02)


def test_very_many_small_groups_share_one_row() -> None:
    day, _ = study_days(20)
    run = run_of(tables_of(day, sex=[f"g{row}" for row in range(len(day))]))
    rows = signals(run, "SUB001")
    assert len(rows) < LISTED
    assert rows[0]["subject"]["groups"] == "1760 small ones"


@pytest.mark.parametrize("pairs", [["sex"], ["sex*sex"], "sex*age_band", [""]])
def test_a_plan_with_a_pair_that_is_none_is_refused(pairs: Any) -> None:
    with pytest.raises(ValueError, match="pairs of the monitoring plan"):
        plan_from({"pairs": pairs})


def test_a_difference_within_one_stratum_is_the_plain_one() -> None:
    found = stratified_difference([(share(40, 50), share(45, 60)), (share(1, 3), None)])
    assert found is not None
    assert found.difference == pytest.approx(40 / 50 - 45 / 60)
    assert found.strata == 1


def test_the_stratified_test_is_that_of_r_on_the_berkeley_admissions() -> None:
    """R's mantelhaen.test on UCBAdmissions: X-squared 1.4269 with the correction, p-value 0.2323."""
    men = [(512, 825), (353, 560), (120, 325), (138, 417), (53, 191), (22, 373)]
    women = [(89, 108), (17, 25), (202, 593), (131, 375), (94, 393), (24, 341)]
    pairs: list[tuple[ClusteredShare | None, ClusteredShare | None]] = [
        (share(*first), share(*second)) for first, second in zip(men, women, strict=True)
    ]
    found = stratified_difference(pairs)
    assert found is not None
    assert found.p_value == pytest.approx(0.2323, abs=5e-5)
    assert found.difference < 0


def test_the_stratified_difference_covers_the_truth() -> None:
    """A constant difference of .15 in eight strata of other levels: 95 % intervals, 400 draws."""
    rng, hits = np.random.default_rng(4), 0
    base = np.linspace(0.1, 0.8, 8)
    for _ in range(400):
        pairs: list[tuple[ClusteredShare | None, ClusteredShare | None]] = [
            (share(int(rng.binomial(20, p + 0.15)), 20), share(int(rng.binomial(35, p)), 35)) for p in base
        ]
        found = stratified_difference(pairs)
        assert found is not None
        hits += found.bounds.low <= 0.15 <= found.bounds.high
    assert 0.92 <= hits / 400 <= 0.98


def brute(x: Any, n: Any, mean: float, sd: float) -> float:
    def integrand(t: float, xi: float, ni: float) -> float:
        log = xi * t - ni * math.log1p(math.exp(t)) - (t - mean) ** 2 / 2 / sd**2
        return math.exp(log) / sd / math.sqrt(2 * math.pi)

    pieces = [
        quad(integrand, mean - 9 * sd, mean + 9 * sd, (xi, ni), epsabs=0, limit=200)[0]
        for xi, ni in zip(x, n, strict=True)
    ]
    return sum(map(math.log, pieces))


@pytest.mark.parametrize(("mean", "sd"), [(-1.0, 0.5), (0.5, 1.5), (-1.0, 0.01)])
def test_the_likelihood_of_the_spread_is_the_integral(mean: float, sd: float) -> None:
    x, n = np.array([3.0, 10, 5, 0, 7.5]), np.array([20.0, 30, 15, 12, 9.25])
    assert _likelihood(x, n, mean, sd) == pytest.approx(brute(x, n, mean, sd), rel=1e-6)


def test_the_spread_of_equal_members_is_none_and_of_unlike_ones_is_found() -> None:
    none = between([20, 20, 20, 20], [100] * 4)
    assert none is not None
    assert (none.sd, none.p_value, none.bounds.low) == (0.0, 1.0, 0.0)
    rng = np.random.default_rng(5)
    sizes = np.full(40, 300)
    found = between(rng.binomial(sizes, 1 / (1 + np.exp(-rng.normal(0, 0.8, 40)))), sizes)
    assert found is not None
    assert found.bounds.low < 0.8 < found.bounds.high
    assert found.p_value < 1e-6
    assert 0.05 < found.icc < 0.35
    assert found.median_odds_ratio == pytest.approx(math.exp(0.9539 * found.sd), rel=1e-3)
    assert shrunken(found, 0, 2).value > 0.1
    assert between([1, 2], [3, 3]) is None
    assert between([0, 0, 0], [9, 9, 9]) is None
