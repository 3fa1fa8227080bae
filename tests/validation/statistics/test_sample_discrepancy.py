"""Two samples of vectors, charts of a mean: error rates, refusals, identities."""

import numpy as np
import pytest

from validation.statistics.calibration import Resampling
from validation.statistics.classifier_test import classifier_test, discriminant
from validation.statistics.cusum import cusum_chart, reference_value
from validation.statistics.ewma import two_sided_ewma_arl
from validation.statistics.mmd import discrepancy, mmd_test, squared_distances
from validation.statistics.random_features import feature_map, feature_test, mean_features
from validation.statistics.smoothed_calibration import calibration_index, calibration_index_interval


def samples(seed: int, shift: float = 0.0, n: int = 60, d: int = 6) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, d)), rng.normal(size=(n, d)) + shift


def test_the_permutation_statistic_is_the_unbiased_discrepancy() -> None:
    first, second = samples(1)
    found = mmd_test(first, second[:40], seed=2)
    assert found.statistic == pytest.approx(discrepancy(first, second[:40], found.bandwidth).unbiased, abs=1e-12)


def test_a_shift_is_seen_and_the_same_seed_gives_the_same_p_value() -> None:
    first, second = samples(3, shift=0.6)
    mapping = feature_map(first, seed=1)
    assert mmd_test(first, second, 5) == mmd_test(first, second, 5)
    assert mmd_test(first, second, 5).p_value < 0.01
    assert feature_test(first, second, mapping, 5).p_value < 0.01
    assert classifier_test(first, second, 5).p_value < 0.01


def test_false_alarms_of_the_three_tests_stay_near_their_level() -> None:
    runs, alarms = 120, np.zeros(3)
    for seed in range(runs):
        first, second = samples(1000 + seed, n=40)
        mapping = feature_map(first, seed=1, features=64)
        p_values = (
            mmd_test(first, second, seed, 99).p_value,
            feature_test(first, second, mapping, seed, 99).p_value,
            classifier_test(first, second, seed).p_value,
        )
        alarms += np.array(p_values) <= 0.1
    assert (alarms / runs < 0.1 + 3 * np.sqrt(0.09 / runs)).all()


def test_permuting_rows_in_blocks_keeps_the_level_and_sees_a_shift() -> None:
    """From 1,000 rows on, neighbours change sides together; sizes that no block divides are among them."""
    runs, alarms = 80, 0
    for seed in range(runs):
        first, second = samples(3000 + seed, n=2_303, d=2)
        mapping = feature_map(first[:50], seed=1, features=16)
        alarms += feature_test(first[:2_101], second, mapping, seed, 49).p_value <= 0.1
    assert 0 < alarms < runs * 0.1 + 3 * np.sqrt(0.09 * runs)
    first, second = samples(1, shift=0.15, n=2_303, d=2)
    assert feature_test(first, second, feature_map(first, 1, 64), 1).p_value < 0.01


def test_feature_means_of_parts_add_up_and_their_products_are_the_kernel() -> None:
    first, second = samples(7, n=50, d=3)
    mapping = feature_map(first, seed=2, features=20_000)
    whole = mean_features(mapping, np.concatenate([first, second]))
    assert np.allclose(whole, (mean_features(mapping, first) + mean_features(mapping, second)) / 2, atol=1e-6)
    kernel = np.exp(-squared_distances(first, second) / (2 * mapping.bandwidth**2))
    assert np.abs(mapping(first) @ mapping(second).T - kernel).max() < 0.05


def test_the_discriminant_is_the_same_in_either_dimension() -> None:
    first, second = samples(9, shift=0.5, n=20, d=12)
    wide = discriminant(np.pad(first, ((0, 0), (0, 40))), np.pad(second, ((0, 0), (0, 40))))[:12]
    narrow = discriminant(first, second)
    assert np.corrcoef(wide, narrow)[0, 1] > 0.95


@pytest.mark.parametrize("bad", [(np.zeros((1, 2)), np.zeros((5, 2))), (np.zeros((5, 2)), np.zeros((5, 3)))])
def test_samples_that_cannot_be_compared_are_refused(bad: tuple[np.ndarray, np.ndarray]) -> None:
    with pytest.raises(ValueError, match=r"two rows|one dimension"):
        mmd_test(*bad, seed=1)
    with pytest.raises(ValueError, match="8 rows"):
        classifier_test(np.eye(5), np.eye(5), seed=1)


def test_a_chart_refuses_a_flat_baseline_and_limits_that_give_no_run_length() -> None:
    with pytest.raises(ValueError, match="no spread"):
        cusum_chart([1, 1, 1, 5], 3, 0.5, 4)
    with pytest.raises(ValueError, match="2 to 4 values"):
        cusum_chart([1, 2, 1, 5], 9, 0.5, 4)
    with pytest.raises(ValueError, match="no chart"):
        reference_value(1.0, 4)
    with pytest.raises(ValueError, match="weight"):
        two_sided_ewma_arl(0.0, 3)


def test_a_series_that_stays_put_raises_no_alarm() -> None:
    chart = cusum_chart([0.0, 1.0] * 30, 20, 0.5, 4)
    assert chart.alarm is None
    assert chart.up.max() <= 4


def test_scores_on_a_curve_that_is_right_have_a_small_index_and_shifted_ones_the_shift() -> None:
    rng = np.random.default_rng(11)
    scores = rng.uniform(0.2, 0.7, 3000)
    truth = rng.random(3000) < scores
    assert calibration_index(scores, truth).ici < 0.03
    assert calibration_index(scores + 0.2, truth).ici == pytest.approx(0.2, abs=0.03)


def test_the_interval_of_the_index_covers_the_shift_and_needs_two_patients() -> None:
    rng = np.random.default_rng(12)
    scores = rng.uniform(0.2, 0.6, 400)
    truth = rng.random(400) < scores
    bounds = calibration_index_interval(scores + 0.2, truth, np.arange(400) // 2, Resampling(repeats=60, seed=1))
    assert bounds.low < 0.2 < bounds.high
    with pytest.raises(ValueError, match="two patients"):
        calibration_index_interval(scores, truth, np.zeros(400), Resampling(repeats=5, seed=1))
