"""The Cramér-von Mises test from counts is scipy's from values."""

import numpy as np
import pytest
from scipy.stats import cramervonmises_2samp

from validation.statistics.cramer_von_mises import cramer_von_mises, limit_tail


@pytest.mark.parametrize(("m", "n", "shift"), [(30, 80, 0.0), (200, 500, 0.3), (60, 60, 1.0)])
def test_statistic_and_p_value_are_those_of_scipy(m: int, n: int, shift: float) -> None:
    rng = np.random.default_rng(m)
    first, second = rng.normal(shift, 1, m), rng.normal(0, 1, n)
    inside = np.isin(np.sort(np.concatenate([first, second])), first).astype(int)
    expected = cramervonmises_2samp(first, second, method="asymptotic")
    found = cramer_von_mises(inside, 1 - inside)
    assert found.statistic == pytest.approx(expected.statistic, rel=1e-9)
    assert found.p_value == pytest.approx(expected.pvalue, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("levels", [2, 5, 40])
def test_ties_make_it_conservative_never_liberal(levels: int) -> None:
    rng = np.random.default_rng(levels)
    draws = [[np.bincount(rng.integers(0, levels, size), minlength=levels) for size in (60, 400)] for _ in range(300)]
    rejected = np.mean([cramer_von_mises(*pair).p_value <= 0.05 for pair in draws])
    assert rejected <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / 300)


def test_the_published_quantiles_of_the_limit_are_met() -> None:
    assert limit_tail(0.34730) == pytest.approx(0.10, abs=2e-5)
    assert limit_tail(0.46136) == pytest.approx(0.05, abs=2e-5)
    assert limit_tail(0.74346) == pytest.approx(0.01, abs=2e-5)


def test_equal_samples_are_no_evidence_and_an_empty_one_is_refused() -> None:
    assert cramer_von_mises([10, 20, 30], [10, 20, 30]).p_value == 1.0
    with pytest.raises(ValueError, match="both samples"):
        cramer_von_mises([0, 0], [1, 2])
