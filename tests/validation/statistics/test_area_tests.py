"""Tests of areas: Wald where there is a variance, the inverted interval elsewhere, and the two agree in kind."""

import numpy as np
import pytest

from validation.statistics.area_tests import SMALLEST_TAIL, below_p, decline_p, independent_areas
from validation.statistics.auc_interval import auc_interval
from validation.statistics.comparisons import unpaired_comparison
from validation.statistics.roc import RocResult, roc_from_arrays


def area(positive: list[int], negative: list[int]) -> RocResult:
    return roc_from_arrays([*positive, *negative], [True] * len(positive) + [False] * len(negative))


PERFECT = area([9] * 12, [1] * 15)
REVERSED = area([1] * 12, [9] * 15)
TIED = area([5] * 12, [5] * 15)
MIXED = area([3, 5, 6, 7, 8, 9, 4, 8, 9, 7, 2, 6], [1, 2, 3, 4, 5, 6, 2, 3, 1, 4, 8, 2, 3, 1, 5])


@pytest.mark.parametrize("found", [REVERSED, TIED])
def test_the_p_value_says_the_same_as_the_interval(found: RocResult) -> None:
    high = auc_interval(found).high
    assert below_p(found, high) == pytest.approx(0.025, rel=1e-6)
    assert below_p(found, high + 0.01) < 0.025 < below_p(found, high - 0.01)


def test_the_lower_bound_is_the_other_tail() -> None:
    low = auc_interval(PERFECT).low
    assert below_p(PERFECT, low) == pytest.approx(0.975, rel=1e-6)
    assert below_p(PERFECT, 1.0) == 0.5


def test_a_p_value_is_never_below_what_binary64_resolves() -> None:
    many = area([1] * 400, [9] * 400)
    assert below_p(many, 0.9) == SMALLEST_TAIL


def test_nothing_lies_below_a_limit_of_zero() -> None:
    assert below_p(REVERSED, 0.0) == 1.0


def test_two_areas_with_a_variance_are_compared_by_the_t_test() -> None:
    other = area([4, 5, 6, 7, 8, 9], [1, 2, 3, 4, 5, 6])
    assert independent_areas(MIXED, other) == unpaired_comparison(MIXED, other)


@pytest.mark.parametrize("found", [PERFECT, REVERSED, TIED])
def test_an_area_does_not_differ_from_its_like(found: RocResult) -> None:
    same = independent_areas(found, found)
    assert (same.difference, same.p_value) == (0.0, 1.0)
    assert same.bounds.low < 0.0 < same.bounds.high


@pytest.mark.parametrize(("first", "second"), [(TIED, PERFECT), (REVERSED, TIED), (TIED, MIXED), (MIXED, PERFECT)])
def test_interval_and_p_value_of_a_difference_agree(first: RocResult, second: RocResult) -> None:
    found = independent_areas(first, second)
    assert found.difference < 0
    assert (found.bounds.high < 0) == (found.p_value < 0.05)
    assert decline_p(first, second) == pytest.approx(found.p_value / 2)
    back = independent_areas(second, first)
    assert back.p_value == pytest.approx(found.p_value)
    assert back.bounds == pytest.approx((-found.bounds.high, -found.bounds.low))


def test_one_patient_of_a_class_gives_no_test() -> None:
    lonely = area([9], [1, 2, 3])
    assert lonely.variance is None
    found = independent_areas(area([5, 5], [5, 5]), RocResult(0.7, None, 0.0, 3, 3, 1, 1, 1, 0))
    assert (found.p_value, found.bounds) == (None, None)
    assert "two patients" in found.reason
    assert below_p(RocResult(0.7, None, 0.0, 3, 3, 1, 1, 1, 0), 0.8) is None


def test_the_test_of_tied_scores_keeps_its_level_under_the_null() -> None:
    rng = np.random.default_rng(1)
    rejected = 0
    for _ in range(200):
        truth = rng.random(60) < 0.4
        cells = rng.integers(0, 2, 60)
        found = below_p(roc_from_arrays(cells, truth), 0.5)
        rejected += found is not None and found <= 0.05
    assert rejected / 200 <= 0.09
