"""Readers, sites, scanners: multi-reader analysis, mixed models, meta-analysis, agreement, harmonisation."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from monitors.daily_blocks import between_members
from validation.statistics.combat import apply_combat, fit_combat
from validation.statistics.comparisons import paired_comparison
from validation.statistics.gwet import gwet_ac1
from validation.statistics.intraclass import intraclass
from validation.statistics.meta_analysis import Between, pooled
from validation.statistics.multireader import Covariance, multireader
from validation.statistics.random_intercept import random_intercept
from validation.statistics.stratified import mantel_haenszel

pytestmark = pytest.mark.shared
Answers = dict[str, Any]
Rows = Callable[[str], list[dict[str, str]]]
# Trials of BCG vaccine (Colditz et al., JAMA 1994;271:698): cases and others, vaccinated and not.
BCG = np.array(
    [
        [4, 119, 11, 128],
        [6, 300, 29, 274],
        [3, 228, 11, 209],
        [62, 13536, 248, 12619],
        [33, 5036, 47, 5761],
        [180, 1361, 372, 1079],
        [8, 2537, 10, 619],
        [505, 87886, 499, 87892],
        [29, 7470, 45, 7232],
        [17, 1699, 65, 1600],
        [186, 50448, 141, 27197],
        [5, 2493, 3, 2338],
        [27, 16886, 29, 17825],
    ]
)
# Admitted and rejected, men then women, of six departments (Bickel et al., Science 1975;187:398).
BERKELEY = [
    [[512, 313], [89, 19]],
    [[353, 207], [17, 8]],
    [[120, 205], [202, 391]],
    [[138, 279], [131, 244]],
    [[53, 138], [94, 299]],
    [[22, 351], [24, 317]],
]
RATINGS = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]  # Shrout & Fleiss 1979


def close(expected: float, rel: float = 1e-6) -> Any:
    return pytest.approx(expected, rel=rel, abs=0)


@pytest.fixture(scope="module")
def van_dyke(oracle_rows: Rows) -> tuple[np.ndarray, np.ndarray]:
    """Return the ratings (modality, reader, patient) and the truth."""
    scores, truth = np.zeros((2, 5, 114)), np.zeros(114, dtype=bool)
    for row in oracle_rows("VanDyke.csv"):
        at = int(row["case"]) - 1
        scores[int(row["treatment"]) - 1, int(row["reader"]) - 1, at] = float(row["rating"])
        truth[at] = row["truth"] == "1"
    return scores, truth


@pytest.mark.parametrize(("kind", "key"), [(Covariance.DELONG, "DeLong"), (Covariance.JACKKNIFE, "jackknife")])
def test_readers_are_analysed_as_by_or_dbm_and_mrmcaov(
    answers: Answers, van_dyke: tuple[np.ndarray, np.ndarray], kind: Covariance, key: str
) -> None:
    expected = answers["obuchowski_rockette_VanDyke"]
    found = multireader(*van_dyke, kind)
    assert found.means.tolist() == close(expected["auc_means"], 1e-8)
    assert found.ms_modality == close(expected["MS_T"], 2e-7)
    assert found.ms_interaction == close(expected["MS_TR"], 1e-7)
    means = [expected[key][name] for name in ("err", "cov1", "cov2", "cov3")]
    assert list(found.covariance) == close(means, 3e-7)
    assert found.random_both.statistic == close(expected[key]["F"], 1e-7)
    assert found.random_both.df2 == close(expected[key]["df2"], 2e-7)
    assert found.random_both.p_value == close(expected[key]["p"], 1e-6)
    value, bounds = found.difference(0, 1)
    assert value == close(expected["diff"], 1e-6)
    assert bounds == pytest.approx(expected[key]["ci"], rel=0, abs=5e-9)


def test_readers_or_studies_held_fixed_are_analysed_as_by_or_dbm(
    answers: Answers, van_dyke: tuple[np.ndarray, np.ndarray]
) -> None:
    expected, found = answers["obuchowski_rockette_VanDyke"], multireader(*van_dyke, Covariance.JACKKNIFE)
    assert found.fixed_readers.statistic == close(expected["fixed_readers"]["X2"], 1e-7)
    assert found.fixed_readers.p_value == close(expected["fixed_readers"]["p"], 1e-6)
    assert [found.fixed_cases.df1, found.fixed_cases.df2] == expected["fixed_cases"]["df"]
    assert found.fixed_cases.statistic == pytest.approx(expected["fixed_cases"]["F"], abs=0.05)  # one digit is printed
    assert found.fixed_cases.p_value == pytest.approx(expected["fixed_cases"]["p"], abs=5e-4)


def test_the_covariance_of_two_modalities_of_one_reader_is_delongs(van_dyke: tuple[np.ndarray, np.ndarray]) -> None:
    scores, truth = van_dyke
    found = multireader(scores[:, :2], truth)
    pairs = [paired_comparison(scores[0, at], scores[1, at], truth) for at in range(2)]
    assert found.covariance.same_reader == close(sum(pair.covariance for pair in pairs) / 2, 1e-9)
    differences = [pair.difference for pair in pairs]
    assert found.difference_of_these_readers(0, 1)[0] == close(sum(differences) / 2, 1e-9)


def test_a_rate_that_varies_over_herds_is_fitted_no_worse_than_by_lme4(answers: Answers, oracle_rows: Rows) -> None:
    rows = oracle_rows("cbpp.csv")
    design = np.array([[1.0, *(row["period"] == at for at in "234")] for row in rows])
    sizes = ([float(row[name]) for row in rows] for name in ("incidence", "size"))
    found = random_intercept(*sizes, [row["herd"] for row in rows], design)
    expected = answers["mixed_models"]["cbpp_glmer"]
    # lme4 stops its inner rounds early: its own estimate has the likelihood -92.02629, and a higher one exists.
    assert expected["logLik"] < found.log_likelihood < expected["logLik"] + 5e-4
    assert found.log_likelihood == pytest.approx(-92.0262819, abs=1e-6)
    assert found.deviation == close(expected["sd_herd"], 5e-4)
    assert found.coefficients.tolist() == close(expected["fixef"], 5e-4)
    assert found.intraclass_correlation == close(expected["latent_ICC"], 1e-3)
    assert found.median_odds_ratio == close(expected["MOR"], 5e-4)
    assert found.bounds.low < found.deviation < found.bounds.high


def test_the_share_of_a_quantity_between_batches_is_that_of_lme4(answers: Answers, oracle_rows: Rows) -> None:
    rows = oracle_rows("Dyestuff.csv")
    batches = sorted({row["Batch"] for row in rows})
    parts = [np.array([float(row["Yield"]) for row in rows if row["Batch"] == one]) for one in batches]
    found = between_members(parts, least=5)
    assert found is not None
    expected = answers["mixed_models"]["Dyestuff_lmer_REML"]
    assert found.value == close(expected["sd_batch"] ** 2 / (expected["sd_batch"] ** 2 + expected["sd_resid"] ** 2))
    assert found.value == close(expected["ICC"])


def test_intraclass_correlations_are_those_of_psych(answers: Answers) -> None:
    found, expected = intraclass(RATINGS), answers["icc_shrout_fleiss_1979"]
    single = (found.one_way, found.two_way_random, found.two_way_mixed)
    means = (found.one_way_mean, found.two_way_random_mean, found.two_way_mixed_mean)
    assert list(single) == close([expected[name] for name in ("ICC1", "ICC2", "ICC3")])
    assert list(means) == close([expected[name] for name in ("ICC1k", "ICC2k", "ICC3k")])
    # Intervals as psych prints them.
    assert [round(bound, 2) for bound in found.one_way_bounds] == [-0.13, 0.72]
    assert [round(bound, 2) for bound in found.two_way_random_bounds] == [0.02, 0.76]
    assert [round(bound, 2) for bound in found.two_way_mixed_bounds] == [0.34, 0.95]


@pytest.mark.parametrize("key", ["DL", "REML", "FE"])
def test_sites_are_pooled_as_by_metafor(answers: Answers, key: str) -> None:
    a, b, c, d = BCG.T
    estimates, variances = np.log(a / (a + b) / (c / (c + d))), 1 / a - 1 / (a + b) + 1 / c - 1 / (c + d)
    kinds = {"DL": Between.DERSIMONIAN_LAIRD, "REML": Between.REML, "FE": Between.FIXED}
    found, expected = pooled(estimates, variances, kinds[key]), answers["meta_bcg"][key]
    assert found.mean == close(expected["mu"])
    assert found.error == close(expected["se"])
    for name, value in {
        "tau2": found.tau2,
        "Q": found.q,
        "I2": 100 * found.i2,
        "HKSJ_se": found.adjusted_error,
    }.items():
        assert name not in expected or value == close(expected[name])
    if key == "DL":
        assert found.adjusted_bounds == close(expected["HKSJ_ci"])
    if key == "REML":
        assert found.normal_prediction() == close(expected["pred_int"])
        assert found.prediction.low < expected["pred_int"][0]


def test_strata_are_tested_as_by_mantelhaen_test(answers: Answers) -> None:
    found, expected = mantel_haenszel(BERKELEY), answers["proportions"]["cmh_UCBAdmissions"]
    assert found[:3] == close([expected["X2"], expected["p"], expected["OR"]])
    assert found.bounds == close([0.7719074, 1.0603298])  # R's mantelhaen.test


def test_features_are_harmonised_as_by_three_implementations(answers: Answers, shared: Path) -> None:
    values = np.genfromtxt(shared / "oracles" / answers["combat"]["file"], delimiter=",", skip_header=1).T
    expected = np.genfromtxt(shared / "oracles" / answers["combat"]["expected"], delimiter=",", skip_header=1).T
    scanners, kept = answers["combat"]["batch"], np.array(answers["combat"]["pheno"], dtype=float)[:, None]
    found = apply_combat(fit_combat(values, scanners, kept), values, scanners, kept)
    assert np.abs(found - expected).max() < 1e-12
    assert found.sum() == close(answers["combat"]["sum"], 1e-12)
    assert (found**2).sum() == close(answers["combat"]["sumsq"], 1e-12)


def test_gwets_coefficient_is_that_of_its_paper() -> None:
    found = gwet_ac1([[118, 5], [2, 0]])  # Gwet 2008, table 3: AC1 0.94 where kappa is -0.02
    assert found.value == pytest.approx(0.9408, abs=5e-5)


def test_gwets_variance_is_that_of_the_multinomial() -> None:
    table, step = np.array([[40.0, 9, 2], [6, 30, 5], [1, 4, 20]]), 1e-5
    share = table / table.sum()
    slope = np.zeros(9)
    for at in range(9):
        values = [gwet_ac1(1e6 * (share.ravel() + sign * step * np.eye(9)[at]).reshape(3, 3)).value for sign in (1, -1)]
        slope[at] = (values[0] - values[1]) / (2 * step)
    weight = share.ravel()
    variance = (weight @ slope**2 - (weight @ slope) ** 2) / table.sum()
    assert gwet_ac1(table).standard_error == close(math.sqrt(variance), 1e-6)
