"""Mixed models, pooling, harmonisation and reader studies: what they refuse, and what must hold of them."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import binom, norm

from validation.statistics.combat import apply_combat, fit_combat, unseen_scanners
from validation.statistics.gwet import gwet_ac1
from validation.statistics.intraclass import intraclass
from validation.statistics.meta_analysis import Between, pooled
from validation.statistics.multireader import multireader
from validation.statistics.random_intercept import _data, _log_likelihood, random_intercept
from validation.statistics.retraining import retraining
from validation.statistics.stratified import mantel_haenszel


def test_many_nodes_give_the_integral_of_the_likelihood() -> None:
    x, n, group = [3, 1, 9, 4], [10, 4, 12, 9], [0, 0, 1, 2]
    data = _data(x, n, group, None, 25)

    def contribution(one: int) -> float:
        rows = [at for at, code in enumerate(group) if code == one]
        share = lambda u: 1 / (1 + np.exp(0.4 - 0.8 * u))  # noqa: E731
        return quad(lambda u: norm.pdf(u) * np.prod([binom.pmf(x[r], n[r], share(u)) for r in rows]), -9, 9)[0]

    expected = sum(np.log(contribution(one)) for one in range(3))
    assert _log_likelihood(np.array([-0.4]), 0.8, data) == pytest.approx(expected, abs=1e-8)


def test_groups_that_do_not_differ_have_no_deviation_and_no_evidence() -> None:
    found = random_intercept([5, 5, 5, 5], [20] * 4, ["a", "b", "c", "d"])
    assert (found.deviation, found.p_value, found.bounds.low) == (0.0, 1.0, 0.0)
    assert found.bounds.high > 0
    assert found.coefficients[0] == pytest.approx(np.log(1 / 3), abs=1e-6)


def test_rates_that_cannot_vary_are_refused() -> None:
    with pytest.raises(ValueError, match="three groups"):
        random_intercept([1, 2], [4, 4], ["a", "b"])
    with pytest.raises(ValueError, match="one result"):
        random_intercept([4, 4, 4], [4, 4, 4], ["a", "b", "c"])


def test_sites_that_agree_have_no_variance_between_and_two_have_no_prediction() -> None:
    for between in Between:
        found = pooled([0.5, 0.5, 0.5], [0.1, 0.2, 0.1], between)
        assert (found.tau2, found.mean) == (0.0, pytest.approx(0.5))
    assert pooled([0.1, 0.9], [0.1, 0.1]).prediction is None
    with pytest.raises(ValueError, match="positive variance"):
        pooled([0.1, 0.9], [0.1, 0.0])


def test_a_scanner_that_the_fit_did_not_see_is_refused_by_name() -> None:
    rng = np.random.default_rng(3)
    values, scanners = rng.normal(size=(20, 4)), ["a"] * 10 + ["b"] * 10
    fitted = fit_combat(values, scanners)
    with pytest.raises(ValueError, match="did not see: c"):
        apply_combat(fitted, values[:2], ["a", "c"])
    assert unseen_scanners(fitted, ["c", "a", "z"]) == ("c", "z")


def test_harmonised_rows_do_not_depend_on_the_other_rows_that_are_harmonised() -> None:
    rng = np.random.default_rng(4)
    values, scanners = rng.normal(size=(30, 5)), ["a", "b", "c"] * 10
    fitted = fit_combat(values, scanners)
    whole = apply_combat(fitted, values, scanners)
    assert np.array_equal(apply_combat(fitted, values[7:8], scanners[7:8]), whole[7:8])


def test_a_difference_between_scanners_is_taken_out_and_one_by_covariate_is_kept() -> None:
    rng = np.random.default_rng(5)
    scanner, old = np.arange(400) % 2, (np.arange(400) // 2) % 2
    values = rng.normal(size=(400, 6)) + 3.0 * scanner[:, None] + 1.0 * old[:, None]
    found = apply_combat(fit_combat(values, scanner, old[:, None]), values, scanner, old[:, None])
    assert abs(found[scanner == 1].mean() - found[scanner == 0].mean()) < 0.05
    assert found[old == 1].mean() - found[old == 0].mean() == pytest.approx(1.0, abs=0.15)


@pytest.mark.parametrize(
    ("scanners", "covariates", "match"),
    [
        (["a"] * 6, None, "two scanners"),
        (["a"] * 5 + ["b"], None, "two units of each"),
        (["a"] * 3 + ["b"] * 3, [[0]] * 3 + [[1]] * 3, "cannot be told apart"),
    ],
)
def test_what_cannot_be_harmonised_is_refused(scanners: list[str], covariates: list[list[int]], match: str) -> None:
    with pytest.raises(ValueError, match=match):
        fit_combat(np.random.default_rng(1).normal(size=(6, 3)), scanners, covariates)


def test_a_reader_who_missed_a_study_or_a_lone_modality_is_refused() -> None:
    scores, truth = np.random.default_rng(2).random((2, 3, 12)), np.arange(12) < 5
    with pytest.raises(ValueError, match="two of the first two"):
        multireader(scores[:1], truth)
    scores[0, 1, 4] = np.nan
    with pytest.raises(ValueError, match="missing"):
        multireader(scores, truth)


def test_perfect_agreement_is_one_and_constant_ratings_are_refused() -> None:
    assert intraclass([[1, 1], [2, 2], [5, 5]]).two_way_random == 1.0
    assert gwet_ac1([[5, 0], [0, 0]]).value == 1.0
    with pytest.raises(ValueError, match="equal"):
        intraclass([[3, 3], [3, 3]])
    with pytest.raises(ValueError, match="two categories"):
        gwet_ac1([[5]])


def test_a_table_that_says_nothing_adds_nothing_to_the_strata() -> None:
    tables = [[[10, 5], [3, 9]], [[8, 4], [5, 6]]]
    assert mantel_haenszel([*tables, [[7, 2], [0, 0]]]) == mantel_haenszel(tables)
    with pytest.raises(ValueError, match="no stratum"):
        mantel_haenszel([[[7, 2], [0, 0]]])


def test_a_version_that_was_not_judged_on_the_next_test_set_is_refused() -> None:
    with pytest.raises(ValueError, match="missing"):
        retraining([[0.5, np.nan], [0.4, 0.7]])
