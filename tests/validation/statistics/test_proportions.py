"""Intervals of proportions: identities, edges and measured coverage."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from validation.statistics.proportions import (
    Bounds,
    clopper_pearson,
    clustered_from_totals,
    clustered_proportion,
    difference_bounds,
    korn_graubard,
    newcombe_difference,
    wilson,
)

Units = list[tuple[bool, int]]
some_units = st.lists(st.tuples(st.booleans(), st.integers(0, 8)), min_size=1, max_size=40)


@given(st.lists(st.booleans(), min_size=1, max_size=60))
def test_one_unit_a_patient_gives_wilson_exactly(success: list[bool]) -> None:
    found = clustered_proportion(success, list(range(len(success))))
    if 0 < sum(success) < len(success):
        assert found.bounds == wilson(sum(success), len(success))
    assert found.effective_n == len(success)


@given(some_units)
def test_every_unit_doubled_gives_the_interval_of_the_units_before(units: Units) -> None:
    success, patients = [hit for hit, _ in units], [patient for _, patient in units]
    once, twice = clustered_proportion(success, patients), clustered_proportion(success * 2, patients * 2)
    assert twice.n == 2 * once.n
    if once.effective_n < once.n or once.n == once.patients:  # a design effect below 1 is not taken
        assert twice.bounds == pytest.approx(once.bounds)


@given(some_units)
def test_clustering_never_narrows_and_bounds_hold_the_share(units: Units) -> None:
    found = clustered_proportion([hit for hit, _ in units], [patient for _, patient in units])
    assert found.effective_n <= found.n
    assert 0 <= found.bounds.low <= found.value <= found.bounds.high <= 1


def test_ten_of_ten_is_not_a_hundred_percent() -> None:
    assert wilson(10, 10) == (pytest.approx(0.7225, abs=1e-4), 1.0)
    assert clopper_pearson(10, 10).low == pytest.approx(0.025 ** (1 / 10))
    assert clopper_pearson(0, 10).high == pytest.approx(1 - 0.025 ** (1 / 10))
    assert wilson(0, 10).low == 0.0


def test_a_patient_with_fifty_hits_counts_once() -> None:
    found = clustered_proportion([True] * 50, ["p:1"] * 50)
    assert (found.patients, found.effective_n) == (1, 1.0)
    assert found.bounds == wilson(1, 1)


def test_patients_without_units_do_not_count() -> None:
    assert clustered_from_totals([1, 0, 2], [2, 0, 3]) == clustered_from_totals([1, 2], [2, 3])


def test_millions_of_units_are_counted_without_overflow() -> None:
    found = clustered_from_totals([10**6, 10**6], [2 * 10**6, 2 * 10**6])
    assert found.value == 0.5
    assert found.effective_n == 4 * 10**6


def test_no_units_have_no_interval() -> None:
    for nothing in (lambda: wilson(0, 0), lambda: clustered_proportion([], []), lambda: clopper_pearson(3, 2)):
        with pytest.raises(ValueError, match=r"no units|successes"):
            nothing()
    with pytest.raises(ValueError, match="between 0 and its units"):
        clustered_from_totals([3], [2])
    with pytest.raises(ValueError, match="level"):
        wilson(1, 2, level=1.0)


def test_newcombe_is_the_combination_of_two_wilson_intervals() -> None:
    combined = difference_bounds(0.8, wilson(56, 70), 0.6, wilson(48, 80))
    assert newcombe_difference((56, 70), (48, 80)) == pytest.approx(combined)
    swapped = newcombe_difference((48, 80), (56, 70))
    assert Bounds(-swapped.high, -swapped.low) == pytest.approx(combined)


@pytest.mark.parametrize("share", [0.7, 0.9, 0.98])
def test_wilson_covers_as_exact_summation_says(share: float) -> None:
    for n in (12, 30):
        chance = [math.comb(n, x) * share**x * (1 - share) ** (n - x) for x in range(n + 1)]
        inside = [bounds.low <= share <= bounds.high for bounds in (wilson(x, n) for x in range(n + 1))]
        exact = [bounds.low <= share <= bounds.high for bounds in (clopper_pearson(x, n) for x in range(n + 1))]
        assert sum(c for c, within in zip(chance, inside, strict=True) if within) >= 0.88
        assert sum(c for c, within in zip(chance, exact, strict=True) if within) >= 0.95


def test_clustered_interval_covers_and_the_naive_one_does_not() -> None:
    generator, repeats, covered, naive = np.random.default_rng(3), 400, 0, 0
    for _ in range(repeats):
        sizes = generator.integers(1, 9, size=60)
        rate = generator.beta(1.6, 0.4, size=60)  # mean .8, correlation within a patient .33
        hits = generator.binomial(sizes, rate)
        found = clustered_from_totals(hits, sizes)
        covered += found.bounds.low <= 0.8 <= found.bounds.high
        bounds = wilson(int(hits.sum()), int(sizes.sum()))
        naive += bounds.low <= 0.8 <= bounds.high
    error = 3 * math.sqrt(0.95 * 0.05 / repeats)
    assert covered / repeats >= 0.93 - error
    assert naive / repeats < 0.85


@pytest.mark.parametrize(("successes", "n"), [(0, 14), (7, 14), (13, 14), (14, 14)])
def test_the_exact_interval_of_single_units_is_clopper_and_pearsons(successes: int, n: int) -> None:
    share = clustered_proportion([row < successes for row in range(n)], list(range(n)))
    assert korn_graubard(share) == pytest.approx(clopper_pearson(successes, n), abs=1e-12)


def test_the_exact_interval_of_doubled_units_is_that_before_doubling() -> None:
    hits, patients = [row < 9 for row in range(12)] * 2, list(range(12)) * 2
    assert korn_graubard(clustered_proportion(hits, patients)) == pytest.approx(clopper_pearson(9, 12), abs=1e-12)


def test_in_groups_of_ten_to_thirty_positives_the_exact_interval_covers_at_least_its_level() -> None:

    for n in range(10, 31):
        bounds = np.array([clopper_pearson(found, n) for found in range(n + 1)])
        for rate in np.arange(0.70, 0.9801, 0.01):
            inside = (bounds[:, 0] <= rate) & (rate <= bounds[:, 1])
            assert binom.pmf(np.arange(n + 1), n, rate)[inside].sum() >= 0.95
