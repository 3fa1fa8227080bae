"""Operating points chosen on a tune cohort."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from validation.statistics.roc import RocCounts, roc_counts
from validation.statistics.thresholds import check_rule, choose_threshold, cuts

rows_of_units = st.lists(st.tuples(st.integers(0, 65535), st.booleans()), min_size=2, max_size=60)


def rates(counts: RocCounts, k: int) -> tuple[float, float]:
    """Return sensitivity and specificity of the decision q >= k."""
    called = counts.cells >= k
    return (
        int(counts.positive[called].sum()) / counts.n_positive,
        int(counts.negative[~called].sum()) / counts.n_negative,
    )


def counts_of(rows: list[tuple[int, bool]]) -> RocCounts:
    truth = [positive for _, positive in rows]
    assume(0 < sum(truth) < len(truth))
    return roc_counts([q for q, _ in rows], truth)


@given(rows_of_units)
def test_the_chosen_threshold_does_what_it_says_on_the_tune_cohort(rows: list[tuple[int, bool]]) -> None:
    counts = counts_of(rows)
    for rule in ("youden", "sensitivity>=0.90", "specificity>=0.90"):
        chosen = choose_threshold(counts, rule)
        assert 0 <= chosen.k <= 65536
        assert rates(counts, chosen.k) == (chosen.sensitivity, chosen.specificity)


@given(rows_of_units, st.integers(0, 65536))
def test_no_other_threshold_is_better_by_the_rule(rows: list[tuple[int, bool]], k: int) -> None:
    counts = counts_of(rows)
    sensitivity, specificity = rates(counts, k)
    youden = choose_threshold(counts, "youden")
    assert youden.sensitivity + youden.specificity >= sensitivity + specificity - 1e-12
    if sensitivity >= 0.9:
        assert choose_threshold(counts, "sensitivity>=0.90").specificity >= specificity
    if specificity >= 0.9:
        assert choose_threshold(counts, "specificity>=0.90").sensitivity >= sensitivity


def test_the_threshold_lies_in_the_middle_of_its_gap() -> None:
    counts = roc_counts([100, 200, 300, 400], [0, 0, 1, 1])
    assert choose_threshold(counts, "youden").k == 250
    assert [cut.k for cut in cuts(counts)] == [50, 150, 250, 350, 32968]


def test_neighbouring_cells_and_the_ends_of_the_grid_stay_apart() -> None:
    counts = roc_counts([0, 1, 65535], [0, 1, 1])
    assert [cut.k for cut in cuts(counts)] == [0, 1, 32768, 65536]


def test_equal_youden_indices_take_the_higher_sensitivity() -> None:
    chosen = choose_threshold(roc_counts([10, 20, 30, 40], [0, 1, 0, 1]), "youden")
    assert (chosen.sensitivity, chosen.specificity) == (1.0, 0.5)


def test_a_sensitivity_that_is_just_reached_is_not_missed_by_rounding() -> None:
    counts = roc_counts(list(range(11)), [0] + [1] * 10)
    assert choose_threshold(counts, "sensitivity>=0.9").sensitivity == 0.9
    assert choose_threshold(counts, "sensitivity>=0.900001").sensitivity == 1.0


@pytest.mark.parametrize("rule", ["", "best", "sensitivity>=1.5", "sensitivity>0.9", "auc>=0.9", "sensitivity>=.9"])
def test_an_unknown_rule_is_refused(rule: str) -> None:
    with pytest.raises(ValueError, match="unknown rule"):
        choose_threshold(roc_counts([1, 2], [0, 1]), rule)


@pytest.mark.parametrize("rule", ["youden", "sensitivity>=0.90", "specificity>=1", "sensitivity>=0.5"])
def test_known_rules_pass_the_check(rule: str) -> None:
    check_rule(rule)


def test_one_class_has_no_operating_point() -> None:
    choose: Callable[[], object] = lambda: choose_threshold(roc_counts([1, 2], [1, 1]), "youden")  # noqa: E731
    with pytest.raises(ValueError, match="positive and negative"):
        choose()


def test_the_choice_is_the_best_over_the_whole_grid() -> None:
    generator = np.random.default_rng(1)
    counts = roc_counts(generator.integers(0, 300, 80), generator.random(80) < 0.4)
    best = max(sum(rates(counts, k)) for k in range(302))
    chosen = choose_threshold(counts, "youden")
    assert chosen.sensitivity + chosen.specificity == pytest.approx(best)
