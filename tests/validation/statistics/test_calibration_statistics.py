"""Calibration: identities, edges, a second oracle and measured coverage."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss

from validation.statistics.bootstrap import percentile_interval, resampled_means
from validation.statistics.calibration import (
    Resampling,
    brier_interval,
    brier_score,
    ece_interval,
    equal_count_ece,
    spiegelhalter,
)
from validation.statistics.cox import NEEDS_BOTH, NEEDS_INSIDE, NEEDS_SPREAD, SEPARATED, cox_line
from validation.statistics.roc import roc_counts
from validation.statistics.score_bins import (
    binned,
    equal_count_edges,
    equal_width_edges,
    graded,
    hosmer_lemeshow,
    score_counts,
)

Sample = tuple[np.ndarray, np.ndarray]


def sample(n: int, slope: float, seed: int) -> Sample:
    """Return scores and truths whose calibration line has the given slope."""
    generator = np.random.default_rng(seed)
    logit = generator.normal(-0.5, 1.5, n)
    truth = generator.random(n) < 1 / (1 + np.exp(-slope * logit))
    return 1 / (1 + np.exp(-logit)), truth


def test_brier_score_is_that_of_scikit_learn() -> None:
    scores, truth = sample(500, 0.7, 1)
    assert brier_score(score_counts(scores, truth)) == pytest.approx(brier_score_loss(truth, scores), rel=1e-12)


def test_cox_line_is_the_unpenalised_logistic_regression_of_scikit_learn() -> None:
    scores, truth = sample(800, 0.6, 2)
    other = LogisticRegression(C=1e12, tol=1e-10, max_iter=1000).fit(np.log(scores / (1 - scores))[:, None], truth)
    line = cox_line(scores, truth)
    assert line.slope == pytest.approx(other.coef_[0, 0], rel=1e-5)
    assert line.intercept == pytest.approx(other.intercept_[0], rel=1e-4)


@pytest.mark.parametrize("bins", [2, 7, 10, 15])
def test_edges_are_numpys_quantiles(bins: int) -> None:
    scores, truth = sample(137, 1.0, 3)
    scores = np.round(scores, 1)  # many ties
    expected = np.quantile(scores, np.arange(1, bins) / bins)
    assert equal_count_edges(score_counts(scores, truth), bins) == pytest.approx(expected)


@given(st.permutations(list(range(12))))
def test_the_order_of_tied_rows_does_not_change_the_error(order: list[int]) -> None:
    scores, truth = np.repeat([0.2, 0.6, 0.9], 4), np.array([1, 0] * 6, dtype=bool)
    error = equal_count_ece(score_counts(scores[order], truth[order]), 3)
    assert error == equal_count_ece(score_counts(scores, truth), 3) == pytest.approx((0.3 + 0.1 + 0.4) / 3)


def test_counts_on_the_grid_and_scores_give_the_same_error() -> None:
    generator = np.random.default_rng(4)
    q, truth = generator.integers(0, 65536, 200), generator.random(200) < 0.5
    assert equal_count_ece(graded(roc_counts(q, truth))) == equal_count_ece(score_counts((q + 0.5) / 65536, truth))


def test_every_unit_doubled_changes_no_calibration_statistic() -> None:
    scores, truth = sample(200, 0.6, 5)
    patients = np.arange(200)
    twice = [np.tile(column, 2) for column in (scores, truth, patients)]
    assert spiegelhalter(*twice).z == pytest.approx(spiegelhalter(scores, truth).z)
    once, doubled = cox_line(scores, truth, patients), cox_line(*twice)
    assert doubled.slope_bounds == pytest.approx(once.slope_bounds)
    assert doubled.intercept_bounds == pytest.approx(once.intercept_bounds)
    drawn = Resampling(repeats=200, seed=1)
    assert brier_interval(*twice, drawn) == pytest.approx(brier_interval(scores, truth, patients, drawn))


def test_the_same_seed_gives_the_same_interval_and_another_seed_another() -> None:
    scores, truth = sample(150, 0.6, 6)
    patients = np.arange(150) // 2
    first, again, other = (
        ece_interval(scores, truth, patients, Resampling(repeats=200, seed=seed)) for seed in (1, 1, 2)
    )
    assert first == again != other


def test_large_bootstraps_are_drawn_in_blocks() -> None:
    totals, sizes = np.ones((30_000, 1)), np.ones(30_000, dtype=np.int64)
    replicates = resampled_means(totals, sizes, 150, seed=0)
    assert replicates.shape == (150, 1)
    assert percentile_interval(replicates[:, 0]) == (1.0, 1.0)


@pytest.mark.parametrize(
    ("scores", "truth", "reason"),
    [
        ([0.2, 0.8], [1, 1], NEEDS_BOTH),
        ([0.4, 0.4], [0, 1], NEEDS_SPREAD),
        ([0.0, 0.5, 0.7], [1, 0, 1], NEEDS_INSIDE),
        ([0.2, 0.3, 0.3, 0.8], [0, 0, 1, 1], SEPARATED),
        ([0.2, 0.3, 0.8], [1, 1, 0], SEPARATED),
    ],
)
def test_a_line_that_does_not_exist_says_why(scores: list[float], truth: list[int], reason: str) -> None:
    line = cox_line(scores, truth)
    assert (line.slope, line.slope_bounds, line.reason) == (None, None, reason)


def test_a_line_on_extreme_scores_converges() -> None:
    q = np.array([0] * 30 + [65535] * 30)
    truth = np.array([False] * 29 + [True] + [True] * 28 + [False] * 2)
    line = cox_line((q + 0.5) / 65536, truth)
    assert line.slope is not None
    assert line.slope_bounds is not None
    share = 1 / (1 + math.exp(-(line.intercept + line.slope * math.log(65535.5 / 0.5))))
    assert share == pytest.approx(28 / 30)


def test_one_patient_gives_a_line_without_an_interval() -> None:
    line = cox_line([0.2, 0.8, 0.6, 0.4], [0, 1, 0, 1], ["p"] * 4)
    assert line.slope is not None
    assert line.slope_bounds is None


def test_statistics_that_do_not_exist_are_refused() -> None:
    with pytest.raises(ValueError, match="does not exist"):
        spiegelhalter([0.5, 0.5], [0, 1])
    with pytest.raises(ValueError, match=r"0\.\.1"):
        score_counts([], [])
    with pytest.raises(ValueError, match=r"0\.\.1"):
        score_counts([1.5], [1])
    with pytest.raises(ValueError, match="strictly inside"):
        hosmer_lemeshow(binned(score_counts([0.0, 0.0], [0, 0]), equal_width_edges(2)))


def test_spiegelhalter_keeps_its_level_for_a_calibrated_model_and_rejects_another() -> None:
    calibrated = [spiegelhalter(*sample(200, 1.0, seed)).p_value < 0.05 for seed in range(400)]
    assert np.mean(calibrated) == pytest.approx(0.05, abs=3 * math.sqrt(0.05 * 0.95 / 400))
    assert np.mean([spiegelhalter(*sample(400, 0.4, seed)).p_value < 0.05 for seed in range(40)]) > 0.9


def test_cox_slope_interval_covers() -> None:
    covered = 0
    for seed in range(300):
        bounds = cox_line(*sample(150, 0.7, seed)).slope_bounds
        covered += bounds is not None and bounds.low <= 0.7 <= bounds.high
    assert covered / 300 >= 0.95 - 3 * math.sqrt(0.95 * 0.05 / 300)


@pytest.mark.parametrize("slope", [1.0, 0.7, 0.4])
def test_the_calibration_error_is_covered_also_where_it_is_zero(slope: float) -> None:
    values, _ = sample(200_000, slope, 99)
    logit = np.log(values / (1 - values))
    order = np.argsort(values)
    chance = 1 / (1 + np.exp(-slope * logit))
    gaps = (values - chance)[order].reshape(10, -1).mean(axis=1)  # over equal-count bins of the population
    true = float(np.abs(gaps).mean())
    covered = 0
    for seed in range(100):
        scores, truth = sample(150, slope, seed)
        bounds = ece_interval(scores, truth, np.arange(150), Resampling(repeats=200, seed=seed))
        covered += bounds.low <= true <= bounds.high
    assert covered / 100 >= 0.92 - 3 * math.sqrt(0.95 * 0.05 / 100)
