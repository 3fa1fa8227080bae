"""Two samples: distances and the exact test under ties."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.spatial.distance import jensenshannon

from validation.statistics.two_sample import (
    EXACT_UNITS,
    TwoSamples,
    aligned,
    counts_on_common_cells,
    jensen_shannon_of_bins,
    ks_test,
    stability_index,
    wasserstein_distance,
)

short = st.lists(st.integers(0, 5), min_size=1, max_size=6)


def brute_force(first: list[int], second: list[int]) -> float:
    """Return the exact permutation p-value of the KS distance by enumeration."""
    pooled = np.array(first + second)

    def distance(chosen: tuple[int, ...]) -> int:
        inside = np.isin(np.arange(len(pooled)), chosen)
        gaps = [
            (pooled[inside] <= at).sum() * (~inside).sum() - (pooled[~inside] <= at).sum() * inside.sum()
            for at in np.unique(pooled)
        ]
        return int(np.abs(gaps).max())

    observed = distance(tuple(range(len(first))))
    all_of = [distance(chosen) >= observed for chosen in combinations(range(len(pooled)), len(first))]
    return float(np.mean(all_of))


@settings(max_examples=40, deadline=None)
@given(short, short)
def test_the_exact_p_value_is_that_of_enumeration_with_ties(first: list[int], second: list[int]) -> None:
    _, one, other = counts_on_common_cells(first, second)
    found = ks_test(one, other)
    assert found.exact
    assert found.p_value == pytest.approx(brute_force(first, second))
    steps = [abs(np.mean(np.array(first) <= at) - np.mean(np.array(second) <= at)) for at in range(6)]
    assert found.statistic == pytest.approx(max(steps))


def test_without_ties_the_test_is_scipys_far_into_the_tail() -> None:
    generator = np.random.default_rng(1)
    pooled = generator.permutation(400)
    first, second = pooled[:150], pooled[150:]
    for moved in (0, 60, 200):
        _, one, other = counts_on_common_cells(first, second + moved * 1000 // 10)
        oracle = stats.ks_2samp(first, second + moved * 1000 // 10, method="exact")
        found = ks_test(one, other)
        assert (found.statistic, found.p_value) == pytest.approx((oracle.statistic, oracle.pvalue), rel=1e-9)


def test_large_samples_use_kolmogorovs_limit() -> None:
    generator = np.random.default_rng(2)
    _, one, other = counts_on_common_cells(generator.integers(0, 65536, EXACT_UNITS), generator.integers(0, 65536, 900))
    found = ks_test(one, other)
    assert not found.exact
    assert found.p_value == pytest.approx(stats.kstwobign.sf(found.statistic * np.sqrt(1e4 * 900 / 10900)), rel=1e-6)


def test_the_test_keeps_its_level_on_tied_scores() -> None:
    generator, rejected = np.random.default_rng(3), 0
    for _ in range(400):
        _, one, other = counts_on_common_cells(generator.integers(0, 8, 60), generator.integers(0, 8, 40))
        rejected += ks_test(one, other).p_value <= 0.05
    assert rejected / 400 <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 400)


@given(short, short)
def test_wasserstein_is_that_of_scipy_and_a_distance(first: list[int], second: list[int]) -> None:
    cells, one, other = counts_on_common_cells(first, second)
    found = wasserstein_distance(cells, one, other)
    assert found == pytest.approx(stats.wasserstein_distance(first, second), abs=1e-12)
    assert found == pytest.approx(wasserstein_distance(cells, other, one))


@given(short, short)
def test_the_stability_index_is_0_for_equal_shares_and_never_negative(first: list[int], second: list[int]) -> None:
    _, one, other = counts_on_common_cells(first, second)
    assert stability_index(one, one) == 0.0
    assert stability_index(one, other) >= 0.0


def test_the_stability_index_is_its_formula_on_two_bins() -> None:
    found = stability_index([50, 50], [80, 20], bins=2)
    r, c = np.array([50.5, 50.5]) / 101, np.array([80.5, 20.5]) / 101
    assert found == pytest.approx(float(((c - r) * np.log(c / r)).sum()))


def test_an_empty_sample_is_refused() -> None:
    for statistic in (ks_test, stability_index):
        with pytest.raises(ValueError, match="two samples"):
            statistic([0, 0], [1, 2])
    with pytest.raises(ValueError, match="two samples"):
        wasserstein_distance([1, 2], [1, 1], [-1, 2])
    with pytest.raises(ValueError, match="different lengths"):
        ks_test([1], [1, 2])


@given(short, short)
def test_counted_samples_are_aligned_like_their_units(first: list[int], second: list[int]) -> None:
    sides = [np.unique(units, return_counts=True) for units in (first, second)]
    found = aligned(*sides[0], *sides[1])
    for one, expected in zip(found, counts_on_common_cells(first, second), strict=True):
        assert one.tolist() == expected.tolist()


def test_cells_out_of_order_are_not_aligned() -> None:
    with pytest.raises(ValueError, match="ascend"):
        aligned([2, 1], [1, 1], [1], [1])
    with pytest.raises(ValueError, match="different lengths"):
        aligned([1, 2], [1], [1], [1])


@given(short, short)
def test_the_jensen_shannon_distance_is_scipys(first: list[int], second: list[int]) -> None:
    _, one, other = counts_on_common_cells(first, second)
    expected = jensenshannon(one / one.sum(), other / other.sum(), base=2)
    assert jensen_shannon_of_bins(one, other) == pytest.approx(float(expected), abs=1e-7)


def test_bins_of_the_first_sample_hold_about_equal_counts_of_it() -> None:
    rng = np.random.default_rng(3)
    first, second = rng.integers(1, 5, 400), rng.integers(0, 5, 400)
    bins = TwoSamples(first, second).bins_of_first(8)
    assert len(bins[0]) == 8
    assert np.abs(bins[0] - first.sum() / 8).max() <= 8
    assert (bins[0].sum(), bins[1].sum()) == (first.sum(), second.sum())
