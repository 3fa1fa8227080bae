"""Differences of two models on the same units."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar

from validation.statistics.distributions import critical_value
from validation.statistics.paired import PAIRED_DELONG, WITHOUT_VARIANCE, paired_areas, paired_shares, tango

COUNTS = st.tuples(st.integers(0, 30), st.integers(0, 30), st.integers(1, 60)).map(lambda c: (c[0], c[1], sum(c)))


def score(gained: int, lost: int, n: int, t: float) -> float:
    """Return the score statistic of a difference t, its likelihood maximised by brute force."""
    rest = n - gained - lost

    def minus_likelihood(q: float) -> float:
        cells = ((gained, q + t), (lost, q), (rest, 1 - 2 * q - t))
        return -sum(count * math.log(max(share, 1e-300)) for count, share in cells if count)

    low, high = max(0.0, -t), (1 - t) / 2
    found = minimize_scalar(minus_likelihood, bounds=(low, high), method="bounded", options={"xatol": 1e-12})
    return (gained - lost - n * t) / math.sqrt(n * (2 * found.x + t * (1 - t)))


@pytest.mark.parametrize("counts", [(9, 3, 40), (0, 1, 44), (12, 21, 100), (1, 1, 10), (5, 0, 25)])
@pytest.mark.parametrize("level", [0.9, 0.95, 0.99])
def test_tangos_bounds_are_where_the_score_statistic_reaches_its_critical_value(
    counts: tuple[int, int, int], level: float
) -> None:
    low, high = tango(*counts, level)
    z = critical_value(level)
    assert score(*counts, low) == pytest.approx(z, abs=1e-3)
    assert score(*counts, high) == pytest.approx(-z, abs=1e-3)


@given(COUNTS)
def test_exchanging_the_models_mirrors_the_interval(counts: tuple[int, int, int]) -> None:
    gained, lost, n = counts
    low, high = tango(gained, lost, n)
    assert (low, high) == pytest.approx([-bound for bound in reversed(tango(lost, gained, n))], abs=1e-12)
    assert -1 <= low <= (gained - lost) / n <= high <= 1


def test_no_discordant_unit_still_has_an_interval() -> None:
    z2 = critical_value(0.95) ** 2
    assert tango(0, 0, 50) == pytest.approx((-z2 / (50 + z2), z2 / (50 + z2)), abs=1e-9)


@pytest.mark.parametrize("counts", [(1, 1, 0), (3, 3, 5), (-1, 0, 5)])
def test_counts_that_do_not_fit_are_refused(counts: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="units"):
        tango(*counts)


def drawn(seed: int, n: int = 80) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    first = rng.random(n) < 0.8
    return first, np.where(rng.random(n) < 0.15, ~first, first)


@pytest.mark.parametrize("seed", range(5))
def test_one_unit_a_patient_gives_tango_and_doubling_every_unit_changes_nothing(seed: int) -> None:
    first, second = drawn(seed)
    found = paired_shares(first, second, np.arange(80))
    gained, lost = int((first & ~second).sum()), int((second & ~first).sum())
    assert found.bounds == pytest.approx(tango(gained, lost, 80), abs=1e-12)
    twice = paired_shares(np.tile(first, 2), np.tile(second, 2), np.tile(np.arange(80), 2))
    assert twice.difference == found.difference
    assert twice.bounds == pytest.approx(found.bounds, abs=1e-12)


def test_units_that_cluster_widen_the_interval() -> None:
    first, second = drawn(1)
    plain = paired_shares(np.repeat(first, 4), np.repeat(second, 4), np.arange(320))
    clustered = paired_shares(np.repeat(first, 4), np.repeat(second, 4), np.repeat(np.arange(80), 4))
    assert clustered.bounds is not None
    assert plain.bounds is not None
    assert clustered.bounds.low < plain.bounds.low


def test_two_perfect_areas_have_a_wide_interval_and_not_none() -> None:
    truth = np.arange(60) >= 30
    found = paired_areas(np.arange(60), np.arange(60) * 2, truth, np.arange(60))
    assert found.method == WITHOUT_VARIANCE
    assert found.bounds is not None
    assert found.bounds.low < -0.02 < 0 == found.difference


def test_areas_with_a_variance_are_delongs() -> None:
    rng = np.random.default_rng(0)
    truth = rng.random(100) < 0.4
    q = [np.round((rng.normal(size=100) + truth) * 100).astype(int) for _ in range(2)]
    assert paired_areas(*q, truth, np.arange(100)).method == PAIRED_DELONG
