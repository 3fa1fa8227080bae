"""Multiplicity, agreement, funnel limits."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom
from sklearn.metrics import cohen_kappa_score

from validation.statistics.agreement import Weights, kappa, mcnemar
from validation.statistics.funnel import FUNNEL_TAILS, funnel_limit, funnel_limits, overdispersion, p_chart_limits
from validation.statistics.gwet import gwet_ac1
from validation.statistics.multiplicity import benjamini_hochberg, benjamini_yekutieli, bonferroni, holm

p_lists = st.lists(st.floats(0, 1), min_size=1, max_size=30)


@given(p_lists)
def test_corrections_keep_the_order_and_never_lower_a_p_value(p_values: list[float]) -> None:
    p = np.array(p_values)
    order = np.argsort(p, kind="stable")
    for correct in (bonferroni, holm, benjamini_hochberg, benjamini_yekutieli):
        adjusted = correct(p)
        assert (adjusted >= p).all()
        assert (np.diff(adjusted[order]) >= 0).all()
        assert (adjusted <= 1).all()
    assert (holm(p) <= bonferroni(p)).all()
    assert (benjamini_hochberg(p) <= holm(p) + 1e-12).all()


def test_adjusted_values_are_those_of_r() -> None:
    p = [0.01, 0.02, 0.03, 0.04]
    assert holm(p) == pytest.approx([0.04, 0.06, 0.06, 0.06])
    assert benjamini_hochberg(p) == pytest.approx([0.04] * 4)
    assert bonferroni(p) == pytest.approx([0.04, 0.08, 0.12, 0.16])
    assert len(benjamini_hochberg([])) == 0


@pytest.mark.parametrize("p_values", [[0.1, np.nan], [-0.1], [1.1]])
def test_what_is_no_p_value_is_refused(p_values: list[float]) -> None:
    with pytest.raises(ValueError, match=r"p-value|finite"):
        holm(p_values)


@pytest.mark.parametrize("weights", list(Weights))
def test_weighted_kappa_is_that_of_scikit_learn(weights: Weights) -> None:
    generator = np.random.default_rng(1)
    first = generator.integers(0, 4, 200)
    second = np.clip(first + generator.integers(-1, 2, 200), 0, 3)
    table = np.bincount(first * 4 + second, minlength=16).reshape(4, 4)
    name = None if weights is Weights.UNWEIGHTED else weights.value
    found = kappa(table, weights)
    assert found.value == pytest.approx(cohen_kappa_score(first, second, weights=name))
    assert found.bounds is not None
    assert found.bounds.low < found.value < found.bounds.high


def test_the_error_of_kappa_is_its_spread_over_samples() -> None:
    generator, share = np.random.default_rng(2), np.array([0.4, 0.1, 0.15, 0.35])
    values = [kappa(generator.multinomial(300, share).reshape(2, 2)).value for _ in range(600)]
    stated = kappa((share * 300).reshape(2, 2)).standard_error
    assert np.std(values) == pytest.approx(stated, rel=0.1)


@pytest.mark.parametrize("measure", [kappa, gwet_ac1])
def test_agreement_by_patient_is_the_classical_one_and_units_repeated_within_patients_add_nothing(measure: Any) -> None:
    cells = np.random.default_rng(3).multinomial(1, [0.5, 0.1, 0.1, 0.3], size=120).reshape(-1, 2, 2)
    classical = measure(cells.sum(axis=0))
    for tables in (cells, 2 * cells):
        found = measure(tables)
        assert found.value == pytest.approx(classical.value)
        assert found.standard_error == pytest.approx(classical.standard_error)
    assert measure(2 * cells.sum(axis=0)).standard_error < 0.8 * classical.standard_error


def test_perfect_agreement_has_no_interval_that_pretends_certainty() -> None:
    found = kappa([[20, 0], [0, 20]])
    assert (found.value, found.bounds) == (1.0, None)


@pytest.mark.parametrize("table", [[[5, 0], [0, 0]], [[1, 2, 3]], [[0, 0], [0, 0]], [[1, -1], [1, 1]]])
def test_tables_without_a_kappa_are_refused(table: list[list[int]]) -> None:
    with pytest.raises(ValueError, match=r"kappa|agreement"):
        kappa(table)


def test_mcnemar_is_exact_on_small_counts() -> None:
    found = mcnemar(8, 1)
    assert found.chi_square == pytest.approx(49 / 9)
    assert found.exact_p_value == pytest.approx(2 * (1 + 9) / 2**9)
    assert mcnemar(3, 3).exact_p_value == 1.0
    with pytest.raises(ValueError, match="discordant"):
        mcnemar(0, 0)


@given(st.floats(0.05, 0.95), st.integers(1, 500))
def test_funnel_limits_ascend_with_the_tail(target: float, n: int) -> None:
    limits = [funnel_limit(target, n, tail) for tail in FUNNEL_TAILS]
    assert limits == sorted(limits)
    assert limits[0] >= 0
    assert limits[-1] <= 1


def test_overdispersion_widens_and_chance_does_not() -> None:
    generator = np.random.default_rng(3)
    sizes = np.full(60, 100)
    plain = overdispersion(generator.binomial(100, 0.2, 60) / 100, sizes, 0.2)
    spread = overdispersion(generator.binomial(100, generator.beta(4, 16, 60)) / 100, sizes, 0.2)
    assert plain.factor == 1.0
    assert spread.factor == spread.phi > 2
    narrow, wide = (funnel_limit(0.2, 100, 0.975, factor) for factor in (1.0, spread.factor))
    assert wide - 0.2 == pytest.approx((narrow - 0.2) * spread.phi**0.5)


def test_one_outlier_does_not_hide_itself_in_the_dispersion() -> None:
    shares = np.append(np.full(30, 0.2), 0.9)
    assert overdispersion(shares, np.full(31, 100), 0.2).factor == 1.0


def test_limits_refuse_arguments_out_of_range() -> None:
    for wrong in (
        lambda: funnel_limit(1.0, 50, 0.025),
        lambda: funnel_limit(0.5, 0, 0.025),
        lambda: funnel_limit(0.5, 10, 0.5, 0.5),
        lambda: p_chart_limits(1.2, 50),
        lambda: overdispersion([0.1], [10], 0.1),
    ):
        with pytest.raises(ValueError, match=r"limit|p-chart|over-dispersion"):
            wrong()


@pytest.mark.parametrize(("target", "n"), [(0.03, 1), (0.03, 17), (0.5, 200), (0.97, 400), (1e-6, 5000)])
@pytest.mark.parametrize("tail", FUNNEL_TAILS)
def test_a_funnels_limit_lies_by_the_smallest_count_beyond_the_tail(target: float, n: int, tail: float) -> None:
    rank = next(count for count in range(n + 1) if binom.cdf(count, n, target) > tail)
    at, before = binom.cdf(rank, n, target), binom.cdf(rank - 1, n, target)
    expected = min(1.0, max(0.0, (rank - (at - tail) / (at - before)) / n))
    assert funnel_limit(target, n, tail) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("tail", FUNNEL_TAILS)
def test_limits_of_several_sizes_are_those_of_each(tail: float) -> None:
    sizes = [1, 2, 17, 300, 5000]
    assert funnel_limits(0.08, sizes, tail).tolist() == pytest.approx([funnel_limit(0.08, n, tail) for n in sizes])
    with pytest.raises(ValueError, match="units"):
        funnel_limits(0.08, [3, 0], tail)
