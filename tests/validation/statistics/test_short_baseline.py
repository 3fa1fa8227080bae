"""Charts on a baseline of thirty points: the promise, its price, and what correlated days do to it."""

import numpy as np
import pytest

from validation.statistics.cusum import steady_state_delay
from validation.statistics.short_baseline import (
    baselines,
    limit_within,
    short_baseline_chart,
    standardised,
    sums_of,
)

BASELINE, K, ARL = 30, 0.3, 100.0


def drawn(seed: int, points: int, correlation: float = 0.0, runs: int = 20_000) -> np.ndarray:
    """Draw series of unit variance in which neighbours are so much alike."""
    rows = np.random.default_rng(seed).normal(size=(runs, points))
    for at in range(1, points):
        rows[:, at] = correlation * rows[:, at - 1] + np.sqrt(1 - correlation**2) * rows[:, at]
    return rows


def greatest(rows: np.ndarray) -> np.ndarray:
    return np.maximum(*sums_of(standardised(rows, BASELINE), K))


def test_no_more_false_alarms_within_thirty_points_than_with_known_parameters() -> None:
    beyond = greatest(drawn(1, 60)).max(axis=1) > limit_within(ARL, K, BASELINE)
    assert beyond.mean() == pytest.approx(1 - np.exp(-30 / ARL), abs=0.011)


def test_days_that_follow_one_another_alike_are_paid_for() -> None:
    rows = drawn(2, 60, correlation=0.2)
    assert (greatest(rows).max(axis=1) > limit_within(ARL, K, BASELINE)).mean() <= 0.35


def test_a_late_change_of_one_deviation_is_found_within_nine_points_on_average() -> None:
    rows = drawn(3, 260)
    rows[:, 60:] += 1.0
    sums, limit = greatest(rows), limit_within(ARL, K, BASELINE)
    quiet = sums[(sums[:, :30] <= limit).all(axis=1), 30:]
    delays = (quiet > limit).argmax(axis=1) + 1
    assert delays.mean() <= 9.2
    assert np.median(delays) == 7
    assert steady_state_delay(0.4191, 4, 1.0) == pytest.approx(6.70, abs=0.01)  # had the parameters been known


def test_a_long_baseline_needs_the_limit_of_known_parameters() -> None:
    z = np.random.default_rng(4).normal(size=(20_000, 30))
    known = np.quantile(np.maximum(*sums_of(z, K)).max(axis=1), np.exp(-30 / ARL))
    assert limit_within(ARL, K, 300) == pytest.approx(known, rel=0.05)
    assert limit_within(ARL, K, 300) < limit_within(ARL, K, 60) < limit_within(ARL, K, BASELINE)


def test_mean_and_deviation_are_those_of_numpy_where_neighbours_are_not_alike() -> None:
    rows = np.tile([1.0, -1.0], 15)[None] + 5.0
    mean, deviation = baselines(rows)
    assert (mean[0], deviation[0]) == (pytest.approx(5.0), pytest.approx(rows.std(ddof=1)))


def test_the_chart_begins_after_its_baseline_and_alarms_after_the_change() -> None:
    series = np.random.default_rng(5).normal(size=120)
    series[60:] += 3.0
    chart = short_baseline_chart(series, BASELINE, K, ARL)
    assert len(chart.up) == 90
    assert chart.limit == limit_within(ARL, K, BASELINE)
    assert chart.alarm is not None
    assert 60 <= chart.alarm <= 65
    assert short_baseline_chart(series[:60], BASELINE, K, 10_000.0).alarm is None


def test_what_no_chart_can_stand_on_is_refused() -> None:
    with pytest.raises(ValueError, match="are equal"):
        short_baseline_chart([1.0] * 40, BASELINE, K, ARL)
    with pytest.raises(ValueError, match="10 to 20 values"):
        short_baseline_chart([1.0] * 20, BASELINE, K, ARL)
    with pytest.raises(ValueError, match="run length of 10"):
        limit_within(5.0, K, BASELINE)
