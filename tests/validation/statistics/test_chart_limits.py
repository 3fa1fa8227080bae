"""Limits for estimated baselines: without estimation they are the textbook ones, with it the promise still holds."""

import numpy as np
import pytest

from validation.statistics.chart_limits import cusum_limit, ewma_limit
from validation.statistics.run_length import bernoulli_cusum_arl

BASELINE, K = 30, 0.4191  # the FDA's AIM-CU estimates mean and deviation from 30 points


def run_lengths(limit: float, shift: float, points: int, runs: int = 4000) -> np.ndarray:
    """Return the run lengths of two-sided CUSUMs whose baseline is estimated; `points` where none signals."""
    rng = np.random.default_rng(7)
    base = rng.normal(size=(runs, BASELINE))
    values = rng.normal(shift, 1.0, size=(runs, points))
    z = (values - base.mean(axis=1, keepdims=True)) / base.std(axis=1, ddof=1, keepdims=True)
    up, down, found = np.zeros(runs), np.zeros(runs), np.full(runs, points)
    for at in range(points):
        up, down = np.maximum(0, up + z[:, at] - K), np.maximum(0, down - z[:, at] - K)
        found = np.where((found == points) & (np.maximum(up, down) > limit), at + 1, found)
    return found


def test_with_a_long_baseline_the_limits_are_those_of_known_parameters() -> None:
    assert cusum_limit(465.4435, 0.5, 100_000) == pytest.approx(5.0, abs=0.01)  # R spc: 465.4435 at h 5
    assert ewma_limit(499.735, 0.2, 100_000) == pytest.approx(2.962, abs=0.01)  # R spc: 499.735 at L 2.962


def test_a_short_baseline_costs_a_higher_limit() -> None:
    limits = [cusum_limit(200.0, 0.5, points) for points in (15, 30, 120)]
    assert limits == sorted(limits, reverse=True)
    with pytest.raises(ValueError, match="5 points"):
        cusum_limit(200.0, 0.5, 3)
    with pytest.raises(ValueError, match="run length of 10"):
        ewma_limit(5.0, 0.2, 30)


def test_thirty_points_of_baseline_keep_a_run_length_of_a_hundred_and_find_a_standard_deviation_in_nine() -> None:
    limit = cusum_limit(100.0, K, BASELINE)
    false = run_lengths(limit, 0.0, 400)
    assert (false <= 30).mean() <= 0.27  # AIM-CU: 0.574
    assert false.mean() >= 100  # cut at 400 points, so at least this
    delays = run_lengths(limit, 1.0, 400)
    assert np.median(delays) <= 8
    assert delays.mean() <= 11


@pytest.mark.parametrize(("fall", "days"), [(0.02, 33), (0.03, 19), (0.05, 11)])
def test_discordance_of_a_pulmonary_embolism_model_is_found_sooner_than_by_the_published_rule(
    fall: float, days: int
) -> None:
    """At 29 studies a day, 3.1 % discordant: the rule gives 1,218 days to a false alarm, and 36, 25.6, 17.7 days."""
    usual, m, h, a_day, negative = 0.031, 25, 260, 29, 0.893
    assert bernoulli_cusum_arl(usual, m, h) / a_day >= 1200
    assert bernoulli_cusum_arl(usual + negative * fall, m, h) / a_day <= days
