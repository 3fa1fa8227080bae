"""Estimates of performance and calibration on scored units, and by subgroup."""

import math
import time

import numpy as np
import pytest

from registry.domain.canonical import canonical_bytes
from validation.statistics.calibration import Resampling
from validation.statistics.calibration_estimates import calibration_estimates, reliability_bins
from validation.statistics.performance import SHARES, auc_estimate, share_estimate, tie_loss_estimate
from validation.statistics.proportions import newcombe_difference, wilson
from validation.statistics.subgroups import subgroup_aucs, subgroup_shares
from validation.statistics.units import ScoredUnits

DRAWN = Resampling(repeats=100, seed=1)


def some_units(n: int = 300, seed: int = 1, per_patient: int = 1) -> ScoredUnits:
    generator = np.random.default_rng(seed)
    truth = generator.random(n) < 0.4
    scores = 1 / (1 + np.exp(-(generator.normal(size=n) + 1.5 * truth - 0.7)))
    return ScoredUnits.of_scores(scores, truth, np.arange(n) // per_patient)


def test_shares_count_the_right_units() -> None:
    units = ScoredUnits.of([10, 20, 30, 40, 50, 60], [0, 1, 0, 1, 1, 0], list("abcdef"))
    found = {name: share_estimate(name, units, 30) for name in SHARES}
    assert {name: (estimate.value, estimate.n) for name, estimate in found.items()} == {
        "sensitivity": (pytest.approx(2 / 3), 3),
        "specificity": (pytest.approx(1 / 3), 3),
        "ppv": (0.5, 4),
        "npv": (0.5, 2),
        "prevalence": (0.5, 6),
    }
    assert (found["sensitivity"].low, found["sensitivity"].high) == wilson(2, 3)
    assert found["ppv"].n_positive == 2


def test_a_share_without_units_has_no_value_and_a_reason() -> None:
    units = ScoredUnits.of([10, 20], [0, 0], ["a", "b"])
    for name in ("sensitivity", "ppv"):
        found = share_estimate(name, units, 60000)
        assert (found.value, found.low, found.n) == (None, None, 0)
        assert found.reason.startswith("no_outcomes")


def test_an_area_without_both_classes_has_no_value_and_a_reason() -> None:
    units = ScoredUnits.of([10, 20], [0, 0], ["a", "b"])
    for found in (auc_estimate(units), tie_loss_estimate(units)):
        assert found.value is None
        assert found.reason.startswith("no_outcomes")


def test_scores_too_coarse_for_the_grid_are_said() -> None:
    coarse = ScoredUnits.of([1, 1, 2, 2], [0, 1, 0, 1], list("abcd"))
    assert tie_loss_estimate(coarse).reason.startswith("grid")
    assert tie_loss_estimate(some_units()).value < 0.001


def test_estimates_have_canonical_bytes() -> None:
    units = some_units(per_patient=3)
    for estimate in [auc_estimate(units), *calibration_estimates(units, DRAWN)]:
        assert canonical_bytes(estimate.to_json())
        assert estimate.n_patients == 100


def test_calibration_without_units_or_with_one_patient_gives_reasons() -> None:
    empty = ScoredUnits.of([], [], [])
    assert [estimate.value for estimate in calibration_estimates(empty, DRAWN)] == [None] * 7
    assert all(estimate.reason for estimate in calibration_estimates(empty, DRAWN))
    lone = ScoredUnits.of([10000, 40000, 20000], [0, 0, 1], ["a"] * 3)
    assert [estimate.low for estimate in calibration_estimates(lone, DRAWN)] == [None] * 7
    assert reliability_bins(empty) == []


def test_the_integrated_index_is_named_with_its_interval_and_its_method() -> None:
    found = next(one for one in calibration_estimates(some_units(), DRAWN) if one.name == "ici")
    assert 0 <= found.low <= found.value <= found.high <= 1
    assert "Austin" in found.method


def test_reliability_bins_hold_every_unit_once() -> None:
    units = some_units()
    bins = reliability_bins(units, 10)
    assert sum(each.n for each in bins) == units.n
    assert [each.mean_score for each in bins] == sorted(each.mean_score for each in bins)
    assert all(each.low <= each.observed <= each.high for each in bins)
    assert max(each.n for each in bins) - min(each.n for each in bins) <= 1


def test_a_group_is_compared_with_the_rest() -> None:
    hits = [True] * 56 + [False] * 14 + [True] * 48 + [False] * 32
    groups = ["F"] * 70 + ["M"] * 80
    female, male = subgroup_shares("sensitivity", hits, list(range(150)), groups, 10)
    assert female.bounds == pytest.approx(newcombe_difference((56, 70), (48, 80)))
    z = 0.2 / math.sqrt(104 / 150 * 46 / 150 * (1 / 70 + 1 / 80))
    assert female.p_value == pytest.approx(math.erfc(z / math.sqrt(2)))
    assert (male.difference, male.q_value) == (pytest.approx(-0.2), pytest.approx(female.p_value))


def test_small_groups_are_too_few_and_unknown_is_no_group() -> None:
    hits, groups = [True, False] * 30, ["A"] * 5 + ["B"] * 45 + [""] * 10
    small, large = subgroup_shares("ppv", hits, list(range(60)), groups, 10)
    assert small.estimate.reason == "too_few: 5 patients; needs 10"
    assert small.p_value is None
    assert large.p_value is not None
    units = some_units(60)
    few, _ = subgroup_aucs(units, groups, 10)
    assert few.estimate.value is None
    assert few.estimate.reason.startswith("too_few")


def test_the_only_group_has_no_rest_to_differ_from() -> None:
    (only,) = subgroup_aucs(some_units(), ["S1"] * 300, 10)
    assert only.estimate.value is not None
    assert only.difference is None


def test_a_group_whose_area_is_lost_is_found() -> None:
    generator = np.random.default_rng(4)
    units = some_units(900, seed=5)
    groups = np.repeat(["A", "B", "C"], 300)
    broken = np.where(groups == "B", generator.permutation(units.q), units.q)
    found = {
        r.group: r for r in subgroup_aucs(ScoredUnits.of(broken, units.truth, units.patients), groups.tolist(), 10)
    }
    assert found["B"].q_value < 0.001
    assert found["B"].difference < 0


def test_doubled_units_do_not_make_a_difference_significant() -> None:
    generator = np.random.default_rng(6)
    hits, groups = generator.random(200) < 0.7, np.repeat(["A", "B"], 100)
    once = subgroup_shares("ppv", hits, np.arange(200), groups.tolist(), 10)
    tenfold = subgroup_shares("ppv", np.tile(hits, 10), np.tile(np.arange(200), 10), np.tile(groups, 10).tolist(), 10)
    assert tenfold[0].p_value == pytest.approx(once[0].p_value)
    assert tenfold[0].bounds == pytest.approx(once[0].bounds)


def test_subgroup_tables_are_fast() -> None:
    generator = np.random.default_rng(7)
    hits, patients = generator.random(100_000) < 0.8, generator.integers(0, 60_000, 100_000)
    groups = generator.integers(0, 30, 100_000).astype(str).tolist()
    start = time.process_time()
    found = subgroup_shares("sensitivity", hits, patients, groups, 10)
    assert len(found) == 30
    assert time.process_time() - start < 3.0
