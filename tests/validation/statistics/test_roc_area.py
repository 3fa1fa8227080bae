"""The area under the ROC curve, its variance and its intervals."""

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score, roc_curve

from validation.statistics.auc_interval import (
    auc_interval,
    interval_gap,
    logit_interval,
    plain_interval,
    separation_bound,
)
from validation.statistics.clustered import clustered_auc
from validation.statistics.comparisons import paired_comparison, unpaired_comparison
from validation.statistics.proportions import wilson
from validation.statistics.roc import (
    RocCounts,
    merged_counts,
    roc_counts,
    roc_from_arrays,
    roc_from_counts,
    roc_points,
)

Rows = list[tuple[int, bool, int]]
rows_of_units = st.lists(st.tuples(st.integers(0, 12), st.booleans(), st.integers(0, 9)), min_size=2, max_size=50)


def columns(rows: Rows) -> tuple[list[int], list[bool], list[int]]:
    q, truth, patients = ([row[at] for row in rows] for at in range(3))
    assume(0 < sum(truth) < len(truth))
    return q, truth, patients


@given(rows_of_units)
def test_area_and_curve_are_those_of_scikit_learn(rows: Rows) -> None:
    q, truth, _ = columns(rows)
    assert roc_from_arrays(q, truth).auc == pytest.approx(roc_auc_score(truth, q), rel=1e-12)
    false, true, cells = roc_curve(truth, q, drop_intermediate=False)
    points = roc_points(roc_counts(q, truth))
    assert [point.k for point in points[1:]] == cells[1:].astype(int).tolist()
    assert [point.false_positive_rate for point in points] == pytest.approx(false.tolist())
    assert [point.true_positive_rate for point in points] == pytest.approx(true.tolist())


@given(rows_of_units)
def test_one_unit_a_patient_is_delong_and_doubling_changes_nothing(rows: Rows) -> None:
    q, truth, patients = columns(rows)
    alone = clustered_auc(q, truth, list(range(len(q))))
    assert alone.variance == pytest.approx(roc_from_arrays(q, truth).variance, abs=1e-15)
    once, twice = clustered_auc(q, truth, patients), clustered_auc(q * 2, truth * 2, patients * 2)
    assert twice.variance == pytest.approx(once.variance, abs=1e-15)
    assert (twice.auc, twice.pairs, twice.tie_loss) == (once.auc, once.pairs, once.tie_loss)


@given(rows_of_units)
def test_turning_scores_or_truth_round_mirrors_the_area(rows: Rows) -> None:
    q, truth, _ = columns(rows)
    found = roc_from_arrays(q, truth)
    for mirrored in (roc_from_arrays([-cell for cell in q], truth), roc_from_arrays(q, [not t for t in truth])):
        assert mirrored.auc == pytest.approx(1 - found.auc)
        assert mirrored.variance == pytest.approx(found.variance, abs=1e-15)


@given(rows_of_units)
def test_intervals_stay_inside_and_hold_the_area(rows: Rows) -> None:
    q, truth, patients = columns(rows)
    found = clustered_auc(q, truth, patients)
    bounds = auc_interval(found)
    if bounds is None:
        assert interval_gap(found)
    else:
        assert 0 <= bounds.low <= found.auc <= bounds.high <= 1
        assert bounds.low < bounds.high


def test_the_variance_is_delongs_by_definition() -> None:
    generator = np.random.default_rng(5)
    q, truth = generator.integers(0, 30, 80), generator.random(80) < 0.4
    wins = (q[truth][:, None] > q[~truth]) + 0.5 * (q[truth][:, None] == q[~truth])
    variance = wins.mean(axis=1).var(ddof=1) / truth.sum() + wins.mean(axis=0).var(ddof=1) / (~truth).sum()
    assert roc_from_arrays(q, truth).variance == pytest.approx(variance, rel=1e-12)


def test_counts_of_windows_add_up() -> None:
    generator = np.random.default_rng(7)
    q, truth = generator.integers(0, 40, 90), generator.random(90) < 0.5
    merged = merged_counts(
        roc_counts(q[:30], truth[:30]), roc_counts(q[30:60], truth[30:60]), roc_counts(q[60:], truth[60:])
    )
    assert roc_from_counts(merged) == roc_from_arrays(q, truth)
    assert len(merged_counts().cells) == 0


def test_tie_loss_is_a_half_when_all_scores_tie_and_0_when_none_do() -> None:
    assert roc_from_arrays([5, 5, 5, 5], [1, 1, 0, 0]).tie_loss == 0.5
    assert roc_from_arrays([1, 2, 3, 4], [0, 1, 0, 1]).tie_loss == 0.0


def test_a_perfect_area_has_a_bound_and_not_a_point() -> None:
    found = roc_from_arrays(range(20), [False] * 10 + [True] * 10)
    assert (found.auc, found.variance) == (1.0, 0.0)
    assert plain_interval(found.auc, found.variance) == (1.0, 1.0)
    assert auc_interval(found) == (pytest.approx(separation_bound(10, 10)), 1.0)
    inverted = roc_from_arrays(range(20), [True] * 10 + [False] * 10)
    assert auc_interval(inverted) == (0.0, pytest.approx(1 - separation_bound(10, 10)))


def test_a_better_area_never_has_a_lower_lower_bound_than_a_perfect_one() -> None:
    truth = [False] * 30 + [True] * 30
    nearly = [*range(29), 30, 29, *range(31, 60)]
    perfect, almost = (auc_interval(roc_from_arrays(q, truth)) for q in (range(60), nearly))
    assert perfect is not None
    assert almost is not None
    assert almost.low <= perfect.low == separation_bound(30, 30)


def test_the_bound_of_one_patient_a_class_is_that_of_one_success_in_one_trial() -> None:
    assert separation_bound(1, 1) == pytest.approx(wilson(1, 1).low)


@pytest.mark.parametrize(("m", "n"), [(5, 5), (11, 11), (10, 40), (60, 3)])
def test_the_bound_lies_z_standard_errors_of_hanley_and_mcneil_below_a_perfect_area(m: int, n: int) -> None:
    area = separation_bound(m, n)
    k = (m + n) / 2 - 1
    variance = area * (1 - area) * (1 + k * (1 - area) / (2 - area) + k * area / (1 + area)) / (m * n)
    assert (1 - area) / math.sqrt(variance) == pytest.approx(1.959963984540054)


def test_a_high_area_of_few_patients_keeps_its_own_interval() -> None:
    """The bound of a perfect area holds a nearly perfect one down, and leaves a good one alone."""
    random = np.random.default_rng(5)
    patients = np.repeat(np.arange(12), 40)
    truth = np.arange(480) % 2 == 0
    q = np.clip(random.normal(30000 + 6500 * truth + random.normal(0, 2500, 12)[patients], 5000), 0, 65535).astype(int)
    found = clustered_auc(q, truth, patients)
    assert 0.75 < found.auc < 0.9
    assert auc_interval(found) == logit_interval(found.auc, float(found.variance or 0))


def test_scores_that_all_tie_have_a_wide_interval_about_a_half() -> None:
    bounds = auc_interval(roc_from_arrays([7] * 20, [True, False] * 10))
    assert bounds == (pytest.approx(0.05**0.1 / 2), pytest.approx(1 - 0.05**0.1 / 2))


def test_a_class_with_one_patient_has_no_interval_and_says_why() -> None:
    found = clustered_auc([1, 5, 3, 4, 9], [0, 0, 1, 1, 1], ["a", "b", "c", "c", "c"])
    assert found.variance is None
    assert auc_interval(found) is None
    assert "two patients" in interval_gap(found)


def test_a_patient_with_both_classes_stands_in_one_pair_only() -> None:
    found = clustered_auc([1, 5, 2, 6, 3, 7], [0, 1, 0, 1, 0, 1], ["a", "a", "b", "b", "c", "c"])
    assert (found.n_patients, found.pairs) == (3, 1)


def test_an_empty_class_and_disordered_cells_are_refused() -> None:
    with pytest.raises(ValueError, match="positive and negative"):
        roc_from_arrays([1, 2], [True, True])
    with pytest.raises(ValueError, match="ascend"):
        RocCounts(np.array([2, 1]), np.array([1, 1]), np.array([1, 1]))
    with pytest.raises(ValueError, match="not negative"):
        RocCounts(np.array([1, 2]), np.array([1, -1]), np.array([1, 1]))
    with pytest.raises(ValueError, match="logit"):
        logit_interval(1.0, 0.1)
    with pytest.raises(ValueError, match="each class"):
        separation_bound(0, 5)


def test_a_model_compared_with_itself_has_no_test() -> None:
    found = paired_comparison([1, 2, 3, 4], [1, 2, 3, 4], [0, 1, 0, 1])
    assert (found.difference, found.p_value) == (0.0, None)
    assert "no variance" in found.reason
    few = paired_comparison([1, 2, 3], [3, 1, 2], [0, 1, 0])
    assert "two patients" in few.reason


def test_unpaired_comparison_says_when_a_class_is_too_small() -> None:
    large, small = roc_from_arrays([1, 3, 2, 4], [0, 0, 1, 1]), roc_from_arrays([1, 2, 3], [0, 1, 0])
    assert unpaired_comparison(large, small).p_value is None


def coverage(separation: float, positive: int, negative: int, repeats: int = 400) -> float:
    """Return how often the interval covers the binormal area, with two units a patient of one class each."""
    generator = np.random.default_rng(11)
    true = 0.5 * math.erfc(-separation / 2)  # Phi(d / sqrt 2)
    truth = np.repeat([True] * positive + [False] * negative, 2)
    patients = np.repeat(np.arange(positive + negative), 2)
    covered = 0
    for _ in range(repeats):
        own = np.repeat(generator.normal(size=positive + negative), 2)
        latent = truth * separation + math.sqrt(0.5) * (own + generator.normal(size=len(truth)))
        bounds = auc_interval(clustered_auc(np.floor(latent * 1e6).astype(int), truth, patients))
        assert bounds is not None
        covered += bounds.low <= true <= bounds.high
    return covered / repeats


@pytest.mark.parametrize(("separation", "positive", "negative"), [(1.2, 25, 60), (2.6, 20, 20), (0.0, 30, 30)])
def test_the_interval_covers_with_clustered_units(separation: float, positive: int, negative: int) -> None:
    assert coverage(separation, positive, negative) >= 0.95 - 3 * math.sqrt(0.95 * 0.05 / 400)


def test_the_paired_test_keeps_its_level() -> None:
    generator, repeats, rejected = np.random.default_rng(13), 400, 0
    truth = np.arange(100) < 40
    for _ in range(repeats):
        shared = truth + generator.normal(size=100)
        first, second = (np.floor((shared + generator.normal(size=100)) * 1e6).astype(int) for _ in range(2))
        p_value = paired_comparison(first, second, truth).p_value
        rejected += p_value is not None and p_value < 0.05
    assert rejected / repeats <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / repeats)
