"""Labels that are missing, erring or few: corrections against published figures, identities and simulated truth."""

from statistics import NormalDist

import numpy as np
import pytest

from validation.statistics.audit_sample import audited_share, horvitz_thompson_total, prediction_powered_mean
from validation.statistics.label_error import NO_BETTER, rogan_gladen, rogan_gladen_bounds, surrogate_accuracy
from validation.statistics.label_free import calibrator, claimed_performance
from validation.statistics.label_shift import black_box_prevalence, label_shift, reweighted_prevalence
from validation.statistics.proportions import Bounds, ClusteredShare, newcombe_difference, wilson, wilson_of_share
from validation.statistics.recovered import recovered_bounds
from validation.statistics.roc import roc_from_arrays
from validation.statistics.verification import corrected_accuracy

PHI = NormalDist().cdf
SEPARATION = 1.8


def share(hits: int, n: int) -> ClusteredShare:
    return ClusteredShare(hits / n, wilson(hits, n), hits, n, n, float(n))


def sure(value: float) -> ClusteredShare:
    return ClusteredShare(value, Bounds(value, value), 0, 1, 1, 1e15)


def binormal(n: int, prevalence: float, seed: int, prior: float = 0.1) -> tuple[np.ndarray, np.ndarray]:
    """Return truth and scores that are calibrated at the prior; the area is that of two normals 1.8 apart."""
    rng = np.random.default_rng(seed)
    truth = rng.random(n) < prevalence
    z = rng.normal(size=n) + SEPARATION * truth
    eta = np.log(prior / (1 - prior)) + SEPARATION * z - SEPARATION**2 / 2
    return truth, 1 / (1 + np.exp(-eta))


def binned(scores: np.ndarray, edges: np.ndarray) -> np.ndarray:
    return np.bincount(np.searchsorted(edges, scores, side="right"), minlength=len(edges) + 1).astype(float)


def test_a_recovered_interval_of_a_difference_is_newcombes() -> None:
    found = recovered_bounds(lambda p: p[0] - p[1], [56 / 70, 48 / 80], [wilson(56, 70), wilson(48, 80)])
    assert found == pytest.approx(newcombe_difference((56, 70), (48, 80)), abs=1e-15)


def test_the_scintigraphy_study_is_corrected_as_published() -> None:
    # Drum & Christacopoulos 1972, in Begg & Greenes 1983: 429 of 650 called; 231 of 263 and 27 of 81 verified diseased.
    found = corrected_accuracy(share(429, 650), share(231, 263), share(27, 81))
    assert (found.sensitivity, found.specificity) == (pytest.approx(0.836, abs=1e-3), pytest.approx(0.738, abs=1e-3))
    assert found.sensitivity < 231 / (231 + 27)
    assert found.specificity > 54 / (54 + 32)


def test_where_everything_is_verified_the_correction_changes_nothing() -> None:
    found = corrected_accuracy(share(100, 1000), share(80, 100), share(20, 900))
    assert (found.sensitivity, found.specificity) == (pytest.approx(80 / 100), pytest.approx(880 / 900))


def test_a_missed_share_of_zero_still_leaves_room_below() -> None:
    found = corrected_accuracy(share(100, 1000), share(80, 100), share(0, 40))
    assert found.sensitivity == 1.0
    assert found.sensitivity_bounds.low < 0.7
    with pytest.raises(ValueError, match="no sensitivity"):
        corrected_accuracy(share(100, 1000), share(0, 100), share(0, 40))


def test_corrected_sensitivity_covers_the_truth_where_few_negatives_are_verified() -> None:
    rng, covered, runs, truth = np.random.default_rng(8), 0, 400, 0.8
    for _ in range(runs):
        called, others = rng.binomial(1000, 0.1), 0
        others = 1000 - called
        verified = (rng.binomial(called, 0.9), max(1, rng.binomial(others, 0.2)))
        hits = (rng.binomial(verified[0], 0.8), rng.binomial(verified[1], 0.02 / 0.9))
        found = corrected_accuracy(share(called, 1000), share(hits[0], verified[0]), share(hits[1], verified[1]))
        covered += found.sensitivity_bounds.low <= truth <= found.sensitivity_bounds.high
    assert covered / runs > 0.925


def test_a_perfect_labeller_leaves_agresti_and_coulls_interval() -> None:
    assert rogan_gladen(0.25, 1.0, 1.0) == 0.25
    found = rogan_gladen_bounds(share(60, 200), sure(1.0), sure(1.0))
    z = NormalDist().inv_cdf(0.975)
    p, n = (60 + z * z / 2) / (200 + z * z), 200 + z * z
    half = z * np.sqrt(p * (1 - p) / n)
    assert found == pytest.approx((p - half, p + half), abs=1e-9)


def test_the_true_share_is_covered_with_an_uncertain_labeller() -> None:
    rng, covered, runs = np.random.default_rng(9), 0, 400
    for _ in range(runs):
        seen = share(rng.binomial(300, 0.2 * 0.85 + 0.8 * 0.08), 300)
        quality = share(rng.binomial(60, 0.85), 60), share(rng.binomial(80, 0.92), 80)
        bounds = rogan_gladen_bounds(seen, *quality)
        covered += bounds.low <= 0.2 <= bounds.high
    assert covered / runs > 0.925


def test_accuracy_from_erring_labels_is_the_truth_and_not_the_agreement() -> None:
    # 100 of 1000 called, 80 of them diseased; 20 of the others diseased; the labeller has 0.9 and 0.98.
    labelled = [round(1000 * (p * 0.9 + (1 - p) * 0.02)) for p in (0.8, 20 / 900)]
    found = surrogate_accuracy(
        share(100, 1000), share(labelled[0], 1000), share(labelled[1], 1000), share(180, 200), share(392, 400)
    )
    assert found.sensitivity == pytest.approx(0.8, abs=0.02)
    assert found.specificity == pytest.approx(880 / 900, abs=0.002)
    assert found.sensitivity_bounds.low < 0.8 < found.sensitivity_bounds.high


def test_a_labeller_that_may_be_no_better_than_chance_is_refused() -> None:
    with pytest.raises(ValueError, match="carry nothing"):
        surrogate_accuracy(share(10, 100), share(5, 10), share(9, 90), share(6, 10), share(6, 10))
    with pytest.raises(ValueError, match=NO_BETTER[:20]):
        rogan_gladen(0.4, 0.5, 0.5)


def test_without_strength_prediction_powered_inference_is_the_classical_mean() -> None:
    y, f, g = np.arange(10) % 2, np.linspace(0, 1, 10), np.linspace(0, 1, 100)
    found = prediction_powered_mean(y, f, g, strength=0.0)
    assert found.value == y.mean()
    assert found.error == pytest.approx(y.std() / np.sqrt(10), rel=1e-12)


def test_good_predictions_shrink_the_interval_and_bad_ones_cost_nothing() -> None:
    truth, scores = binormal(4000, 0.3, seed=1, prior=0.3)
    alone = prediction_powered_mean(truth[:300], scores[:300], scores[300:], strength=0.0)
    helped = prediction_powered_mean(truth[:300], scores[:300], scores[300:])
    noise = np.random.default_rng(2).random(4000)
    useless = prediction_powered_mean(truth[:300], noise[:300], noise[300:])
    assert helped.error < 0.85 * alone.error
    assert useless.error <= alone.error * (1 + 1e-9)
    assert helped.strength > 0.5 > useless.strength


def test_a_full_sample_has_the_total_without_error() -> None:
    found = horvitz_thompson_total([1, 0, 1, 1], [1, 1, 1, 1])
    assert (found.value, found.error) == (3.0, 0.0)
    assert horvitz_thompson_total([1, 1], [0.5, 0.25]).value == 6.0
    with pytest.raises(ValueError, match="up to 1"):
        horvitz_thompson_total([1.0], [1.5])


@pytest.mark.parametrize("strength", [None, 0.0])
def test_audited_sensitivity_covers_the_truth_under_unequal_sampling(strength: float | None) -> None:
    covered, runs, found = 0, 250, []
    for seed in range(runs):
        truth, scores = binormal(2000, 0.1, seed)
        called = scores > 0.1
        fractions = np.where(called, 0.5, 0.2)
        sampled = np.random.default_rng(10_000 + seed).random(2000) < fractions
        one = audited_share(called, truth, scores, sampled, fractions, np.arange(2000), strength)
        covered += one.bounds.low <= PHI(SEPARATION / 2) <= one.bounds.high
        found.append(one.value)
    assert covered / runs > 0.92
    assert np.mean(found) == pytest.approx(PHI(SEPARATION / 2), abs=0.012)


def test_an_audit_of_everything_is_the_plain_share_whatever_the_scores_say() -> None:
    truth, scores = binormal(500, 0.2, seed=5)
    called = scores > 0.1
    one = audited_share(called, truth, 1 - scores, np.ones(500), np.ones(500), np.arange(500))
    assert one.value == pytest.approx(called[truth].mean(), abs=1e-12)
    assert one.effective_n == pytest.approx(truth.sum() - 1, rel=0.01)


def test_every_unit_twice_gives_the_standard_error_of_the_units_once() -> None:
    truth, scores = binormal(800, 0.2, seed=6)
    sampled = np.random.default_rng(1).random(800) < 0.4
    rows = (scores > 0.1, truth, scores, sampled, np.full(800, 0.4))
    once = audited_share(*rows, np.arange(800))
    twice = audited_share(*(np.repeat(row, 2) for row in rows), np.repeat(np.arange(800), 2))
    assert (twice.value, twice.error) == (pytest.approx(once.value, abs=1e-12), pytest.approx(once.error, rel=1e-12))


def test_a_share_of_one_in_an_audit_that_looked_at_few_others_stays_uncertain() -> None:
    called = np.arange(100) < 50
    fractions = np.where(called, 1.0, 0.1)
    one = audited_share(called, called, np.full(100, 0.5), called, fractions, np.arange(100), strength=0.0)
    assert one.value == 1.0
    assert one.bounds == wilson_of_share(1.0, 50.0)
    mixed = np.concatenate([np.ones(50), [1.0], np.zeros(49)]).astype(bool)
    two = audited_share(called, called, np.full(100, 0.5), mixed, fractions, np.arange(100), strength=0.0)
    assert two.bounds.low < 0.6


def test_more_disease_is_estimated_and_is_no_movement_of_scores() -> None:
    covered = moved = 0
    for seed in range(150):
        truth, scores = binormal(1500, 0.1, seed)
        edges = np.quantile(scores, np.arange(1, 10) / 10)
        window = binormal(800, 0.2, 7000 + seed)[1]
        found = label_shift(binned(window, edges), binned(scores[truth], edges), binned(scores[~truth], edges))
        covered += found.bounds.low <= 0.2 <= found.bounds.high
        moved += found.p_value < 0.05
    assert covered / 150 > 0.91
    assert moved / 150 < 0.05 + 3 * np.sqrt(0.05 * 0.95 / 150)


def test_scores_that_all_moved_are_no_mixture() -> None:
    truth, scores = binormal(3000, 0.1, seed=3)
    edges = np.quantile(scores, np.arange(1, 10) / 10)
    window = binormal(1500, 0.1, seed=4)[1]
    moved = 1 / (1 + np.exp(-(np.log(window / (1 - window)) * 0.5)))
    counts = binned(scores[truth], edges), binned(scores[~truth], edges)
    assert label_shift(binned(moved, edges), *counts).p_value < 1e-6
    assert label_shift(binned(window, edges), *counts).p_value > 0.01


def test_a_window_without_disease_is_bounded_from_above() -> None:
    found = label_shift([200, 100, 0], [1, 10, 100], [200, 100, 1])
    assert found.prevalence < 0.02
    assert 0.0 <= found.bounds.low <= found.prevalence < found.bounds.high < 0.2


def test_reweighting_and_the_black_box_agree_with_the_truth() -> None:
    scores = binormal(40_000, 0.3, seed=8)[1]
    assert reweighted_prevalence(scores, np.ones(40_000), 0.1) == pytest.approx(0.3, abs=0.01)
    called = (scores > 0.1).mean()
    assert black_box_prevalence(called, PHI(0.9), PHI(0.9)) == pytest.approx(0.3, abs=0.02)


def test_calibrated_scores_claim_the_area_of_the_two_normals() -> None:
    truth, scores = binormal(20_000, 0.1, seed=11)
    fitted = calibrator(scores, truth, np.arange(20_000))
    claimed = claimed_performance(fitted, scores, scores > 0.1, np.arange(20_000))
    assert fitted.check.p_value > 0.01
    assert claimed.auc.value == pytest.approx(PHI(SEPARATION / np.sqrt(2)), abs=0.012)
    assert claimed.sensitivity.value == pytest.approx(PHI(SEPARATION / 2), abs=0.02)
    assert claimed.specificity.value == pytest.approx(PHI(SEPARATION / 2), abs=0.01)
    for one in claimed:
        assert one.bounds.low < one.value < one.bounds.high


def test_claims_cover_the_truth_while_the_case_mix_moves_and_miss_it_when_disease_changes() -> None:
    covered = missed = 0
    for seed in range(60):
        truth, scores = binormal(3000, 0.1, seed)
        fitted = calibrator(scores, truth, np.arange(3000))
        rng = np.random.default_rng(seed)
        # Case mix: extreme scores come more often, and the chance of disease at each score stays.
        late = binormal(6000, 0.1, 900 + seed)
        kept = rng.random(6000) < np.where(np.abs(late[1] - 0.15) > 0.1, 1.0, 0.4)
        late = late[0][kept], late[1][kept]
        claim = claimed_performance(fitted, late[1], late[1] > 0.1, np.arange(len(late[1]))).auc
        area = roc_from_arrays(np.unique(late[1], return_inverse=True)[1], late[0])
        half = 1.96 * np.sqrt(area.variance)
        covered += claim.bounds.low - half <= area.auc <= claim.bounds.high + half
        worse = rng.permuted(late[0])  # the scores stay, and disease no longer follows them
        missed += claim.bounds.low > roc_from_arrays(np.unique(late[1], return_inverse=True)[1], worse).auc
    assert covered >= 56
    assert missed == 60


def test_scores_that_a_line_cannot_calibrate_fail_the_check() -> None:
    rng = np.random.default_rng(13)
    scores = rng.uniform(0.02, 0.98, 4000)
    truth = rng.random(4000) < 0.5 + 0.4 * np.sin(6 * scores)
    assert calibrator(scores, truth, np.arange(4000)).check.p_value < 1e-6
    with pytest.raises(ValueError, match="both classes"):
        calibrator([0.2, 0.4], [True, True], [1, 2])
