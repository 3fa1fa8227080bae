"""Drift of one feature: categories and quantities, against scipy, with the null of the window's own size."""

import numpy as np
import pytest
from scipy.stats import chi2_contingency, cramervonmises_2samp, fisher_exact

from validation.statistics.categorical import category_test
from validation.statistics.histogram_drift import histogram_drift
from validation.statistics.multiplicity import holm

GRID = np.linspace(-4, 4, 161)


def histogram(rng: np.random.Generator, n: int, shift: float = 0.0) -> np.ndarray:
    places = np.clip(np.rint((rng.normal(shift, 1, n) + 4) / 0.05), 0, len(GRID) - 1).astype(int)
    return np.bincount(places, minlength=len(GRID))


def test_the_g_test_is_scipys() -> None:
    now, base = [40, 30, 30, 0], [50, 90, 60, 0]
    expected = chi2_contingency([now[:3], base[:3]], correction=False, lambda_="log-likelihood")
    found = category_test(now, base, seed=1)
    assert (found.statistic, found.p_value) == (pytest.approx(expected[0]), pytest.approx(expected[1]))
    assert (found.df, found.exact) == (2, False)
    assert found.distance == pytest.approx(0.15)


def test_two_rare_levels_are_tested_by_fisher() -> None:
    found = category_test([9, 3], [200, 4], seed=1)
    assert found.exact
    assert found.p_value == pytest.approx(fisher_exact([[9, 3], [200, 4]])[1])


def test_rare_levels_are_tested_given_the_totals() -> None:
    found = category_test([8, 1, 1], [80, 12, 2], seed=1)
    assert found.exact
    assert 0.1 < found.p_value <= 1.0
    assert found == category_test([8, 1, 1], [80, 12, 2], seed=1)


def test_a_level_that_the_reference_lacks_is_named_with_its_share() -> None:
    found = category_test([10, 0, 5, 5], [30, 10, 0, 0], seed=1)
    assert (found.new_levels, found.new_share) == ((2, 3), 0.5)


def test_one_level_alone_has_not_changed() -> None:
    assert category_test([10, 0], [30, 0], seed=1).p_value == 1.0
    with pytest.raises(ValueError, match="one unit at least"):
        category_test([0, 0], [3, 4], seed=1)


def test_the_permutation_of_counts_agrees_with_the_permutation_of_values() -> None:
    rng = np.random.default_rng(3)
    first, second = rng.integers(0, 8, 60), rng.integers(1, 9, 150)
    now, base = np.bincount(first, minlength=9), np.bincount(second, minlength=9)
    found = histogram_drift(np.arange(9), now, base, seed=1, draws=4999)
    untied = cramervonmises_2samp(first + 1e-6 * rng.random(60), second + 1e-6 * rng.random(150)).pvalue
    assert found.cvm_p_value == pytest.approx(untied, abs=0.02)
    mean = (np.arange(9) * base).sum() / 150
    spread = np.sqrt((base * (np.arange(9) - mean) ** 2).sum() / 150)
    gap = np.abs(np.cumsum(now) / 60 - np.cumsum(base) / 150)
    assert found.effect == pytest.approx(gap[:-1].sum() / spread)


def test_chance_alone_gives_a_larger_effect_in_a_smaller_window() -> None:
    rng = np.random.default_rng(4)
    base = histogram(rng, 3000)
    small, large = (histogram_drift(GRID, histogram(rng, n), base, seed=1) for n in (40, 1000))
    assert small.chance_effect > 0.2
    assert large.chance_effect < 0.1
    assert min(small.effect_p_value, large.effect_p_value) > 0.01


def test_a_constant_reference_has_no_effect_size_and_values_must_ascend() -> None:
    assert histogram_drift([0.0, 1.0], [5, 5], [10, 0], seed=1).effect is None
    with pytest.raises(ValueError, match="ascend"):
        histogram_drift([1.0, 0.0], [5, 5], [10, 0], seed=1)


@pytest.mark.slow
def test_twenty_features_without_drift_raise_one_alarm_in_twenty_windows_at_most() -> None:
    runs, alarms = 30, {}
    for n in (30, 50, 100, 200, 300, 500, 1000):
        rng = np.random.default_rng(n)
        alarms[n] = sum(bool(_corrected(rng, n, [0.0] * 20).min() <= 0.05) for _ in range(runs))
        print(f"n {n}: {alarms[n]} of {runs} windows", flush=True)  # noqa: T201 - the figure goes into the note
    windows = runs * len(alarms)
    assert sum(alarms.values()) / windows <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / windows)


@pytest.mark.slow
def test_a_shift_of_a_fifth_of_a_deviation_in_one_of_twenty_is_found() -> None:
    rng, runs = np.random.default_rng(1), 50
    found = sum(bool(_corrected(rng, 500, [0.2, *[0.0] * 19])[0] <= 0.05) for _ in range(runs))
    print(f"power {found / runs:.3f}", flush=True)  # noqa: T201 - the figure goes into the note
    assert found / runs >= 0.75


def _corrected(rng: np.random.Generator, n: int, shifts: list[float]) -> np.ndarray:
    """Return the corrected p-values of features with these shifts, reference 5,000."""
    tests = [histogram_drift(GRID, histogram(rng, n, by), histogram(rng, 5000), 1, 1) for by in shifts]
    return holm([test.ks_p_value for test in tests])
