"""Every estimator against the answers of R packages, regulators' tools and papers (shared oracles)."""

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from validation.statistics.agreement import Weights, kappa, mcnemar
from validation.statistics.arrays import BoolArray, FloatArray
from validation.statistics.auc_interval import plain_interval
from validation.statistics.calibration import equal_count_ece, spiegelhalter
from validation.statistics.clustered import clustered_auc, clusters_of, covariance, deviations_of
from validation.statistics.comparisons import paired_comparison, unpaired_comparison
from validation.statistics.cox import cox_line
from validation.statistics.distributions import chi_square_tail
from validation.statistics.funnel import funnel_limit, p_chart_limits
from validation.statistics.multiplicity import benjamini_hochberg, benjamini_yekutieli, bonferroni, holm
from validation.statistics.proportions import clopper_pearson, newcombe_difference, wilson
from validation.statistics.roc import RocCounts, roc_from_arrays, roc_from_counts
from validation.statistics.score_bins import (
    binned,
    equal_count_edges,
    equal_width_edges,
    expected_calibration_error,
    hosmer_lemeshow,
    score_counts,
)
from validation.statistics.subgroups import subgroup_shares

pytestmark = pytest.mark.shared
Oracles = dict[str, Any]
Cells = dict[str, np.ndarray]
MARKERS = ("s100b", "ndka", "wfns")


def close(expected: float, rel: float = 1e-6) -> Any:
    return pytest.approx(expected, rel=rel, abs=0)


@pytest.fixture(scope="module")
def oracles(shared: Path) -> Oracles:
    return json.loads((shared / "oracles" / "oracles.json").read_text())


@pytest.fixture(scope="module")
def asah(shared: Path) -> Cells:
    """Return the cells (ranks) of each marker, the truth and the sex of the aSAH patients."""
    with (shared / "oracles" / "aSAH.csv").open() as file:
        rows = list(csv.DictReader(file))
    cells = {name: np.unique([float(row[name]) for row in rows], return_inverse=True)[1] for name in MARKERS}
    truth = np.array([row["outcome"] == "Poor" for row in rows])
    return cells | {"truth": truth, "male": np.array([row["gender"] == "Male" for row in rows])}


@pytest.fixture(scope="module", params=["well", "mis"])
def calzone(request: pytest.FixtureRequest, shared: Path) -> tuple[str, FloatArray, BoolArray]:
    """Return the name, scores and truth of a file of the calibration tool."""
    table = np.genfromtxt(shared / "oracles" / f"calzone_{request.param}data.csv", delimiter=",", names=True)
    return request.param, table["proba_1"], table["label"].astype(bool)


@pytest.mark.parametrize("marker", MARKERS)
def test_auc_variance_and_interval_are_those_of_proc(oracles: Oracles, asah: Cells, marker: str) -> None:
    expected, found = oracles["delong_aSAH"][marker], roc_from_arrays(asah[marker], asah["truth"])
    assert found.auc == close(expected["auc"], 1e-9)
    assert found.variance == close(expected["var"], 1e-9)
    assert plain_interval(found.auc, found.variance) == close(expected["ci"], 1e-9)


@pytest.mark.parametrize("marker", MARKERS)
def test_every_row_twice_with_one_patient_id_gives_the_estimate_and_the_original_standard_error(
    oracles: Oracles, asah: Cells, marker: str
) -> None:
    cells, truth = np.tile(asah[marker], 2), np.tile(asah["truth"], 2)
    found = clustered_auc(cells, truth, np.tile(np.arange(113), 2))
    expected = oracles["delong_aSAH"][marker]
    assert (found.auc, found.variance) == (close(expected["auc"], 1e-9), close(expected["var"], 1e-9))
    assert roc_from_arrays(cells, truth).variance < 0.6 * expected["var"]


def test_covariance_of_two_markers_is_that_of_proc(oracles: Oracles, asah: Cells) -> None:
    truth, codes = asah["truth"], np.arange(113)
    first, second = (deviations_of(asah[name], truth, codes) for name in ("s100b", "wfns"))
    found = covariance(first, second, clusters_of(truth, codes))
    assert found == close(oracles["delong_aSAH"]["cov_s100b_wfns"], 1e-9)


@pytest.mark.parametrize("copies", [1, 2])
@pytest.mark.parametrize("pair", ["s100b_wfns", "s100b_ndka", "wfns_ndka"])
def test_paired_comparison_is_that_of_proc_and_survives_doubling(
    oracles: Oracles, asah: Cells, pair: str, copies: int
) -> None:
    expected = oracles["delong_aSAH"]["paired"][pair]
    first, second = (np.tile(asah[name], copies) for name in pair.split("_"))
    patients = np.tile(np.arange(113), copies)
    found = paired_comparison(first, second, np.tile(asah["truth"], copies), patients)
    assert found.statistic == close(expected["z"], 1e-9)
    assert found.p_value == close(expected["p"], 1e-9)
    if "diff_ci" in expected:
        assert found.bounds == close(expected["diff_ci"], 1e-9)


def test_unpaired_comparison_is_that_of_proc(oracles: Oracles, asah: Cells) -> None:
    expected = oracles["delong_aSAH"]["unpaired_male_female_s100b"]
    sides = [roc_from_arrays(asah["s100b"][side], asah["truth"][side]) for side in (asah["male"], ~asah["male"])]
    found = unpaired_comparison(*sides)
    assert [side.auc for side in sides] == close(expected["auc"], 1e-9)
    assert found.statistic == close(expected["D"], 2e-8)  # the oracle has eight digits
    assert found.df == close(expected["df"], 2e-8)
    assert found.p_value == close(expected["p"], 1e-7)


def test_proportions_are_those_of_r(oracles: Oracles) -> None:
    expected = oracles["proportions"]
    assert wilson(81, 263) == close(expected["wilson_81_263"])
    assert clopper_pearson(81, 263) == close(expected["clopper_pearson_81_263"])
    assert newcombe_difference((56, 70), (48, 80)) == close(expected["newcombe10_56_70_vs_48_80"])


def test_funnel_and_p_chart_limits_are_those_of_r(oracles: Oracles) -> None:
    expected = oracles["proportions"]
    assert p_chart_limits(0.2313, 50) == close(expected["p_chart_0.2313_n50"])
    for tail, limit in expected["funnel_target0.9_spiegelhalter_n50"].items():
        assert funnel_limit(0.9, 50, float(tail)) == close(limit)


def test_multiplicity_rejects_as_many_as_published(oracles: Oracles) -> None:
    expected = oracles["bh_1995"]
    corrections = {
        "BH_rejects_at_.05": benjamini_hochberg,
        "Bonferroni": bonferroni,
        "Holm": holm,
        "BY": benjamini_yekutieli,
    }
    rejected = {name: int((correct(expected["p"]) <= 0.05).sum()) for name, correct in corrections.items()}
    assert rejected == {name: expected[name] for name in corrections}


def test_kappa_and_mcnemar_are_those_of_r(oracles: Oracles) -> None:
    assert kappa([[20, 10], [5, 15]]).value == close(0.4) == oracles["kappa"]["table_20_10_5_15"]
    agresti = kappa([[794, 86], [150, 570]])
    assert agresti.value == close(oracles["kappa"]["agresti_794_86_150_570"])
    assert agresti.standard_error == pytest.approx(0.018, abs=5e-4)  # Agresti, Categorical Data Analysis, 10.5.4
    expected = oracles["proportions"]["mcnemar_150_86"]
    assert mcnemar(150, 86).chi_square == close(expected["nocc"])
    assert mcnemar(150, 86, corrected=True).chi_square == close(expected["cc"])


def melody(shared: Path) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """Return the truth, sexes and the models' scores of the MELODY demonstration, by case."""
    with (shared / "oracles" / "melody_demo_truth.csv").open() as file:
        truth = list(csv.DictReader(file))
    with (shared / "oracles" / "melody_demo_scores.csv").open() as file:
        scores = {row["case_name"]: row for row in csv.DictReader(file)}
    return truth, [scores[row["case_name"]] for row in truth]


@pytest.mark.parametrize("model", ["ai_model_1", "ai_model_2", "ai_model_3"])
def test_quadratic_kappa_is_that_of_melody(oracles: Oracles, shared: Path, model: str) -> None:
    truth, scores = melody(shared)
    grades = [int(row["truth"]) for row in truth] + [int(score[model]) for score in scores]
    used, rank = np.unique(grades, return_inverse=True)  # the tool weights by rank among the grades in use
    k, n = len(used), len(truth)
    table = np.bincount(rank[:n] * k + rank[n:], minlength=k * k).reshape(k, k)
    assert kappa(table, Weights.QUADRATIC).value == close(oracles["kappa"]["melody_demo_qwk"][model])


def test_calibration_statistics_are_those_of_calzone(
    oracles: Oracles, calzone: tuple[str, FloatArray, BoolArray]
) -> None:
    name, scores, truth = calzone
    expected = oracles["calibration_calzone"]
    published = expected["bins10"] if name == "well" else expected["mis"]
    z = expected["spiegelhalter_z"] if name == "well" else expected["mis"]["spiegelhalter_z"]
    line = cox_line(np.clip(scores, 1e-7, 1 - 1e-7), truth)  # the tool clips there
    assert spiegelhalter(scores, truth).z == close(z)
    assert line.slope == close(published["cox_slope"])
    assert line.intercept == close(published["cox_intercept"])
    # The tool leaves the greatest score outside its last bin, so its divisor is n - 1.
    found = equal_count_ece(score_counts(scores, truth)) * len(scores) / (len(scores) - 1)
    assert found == close(published["ECE_C"])


def test_bins_of_equal_width_and_hosmer_lemeshow_are_those_of_calzone(oracles: Oracles, shared: Path) -> None:
    table = np.genfromtxt(shared / "oracles" / "calzone_welldata.csv", delimiter=",", names=True)
    counts = score_counts(table["proba_1"], table["label"])
    expected = oracles["calibration_calzone"]
    fifteen = binned(counts, equal_count_edges(counts, 15))
    test, fitted = hosmer_lemeshow(fifteen), hosmer_lemeshow(fifteen, fitted_here=True)
    assert test.chi_square == close(expected["HL_equal_count_15bins"]["chi2"])
    assert (test.df, fitted.df) == (15, 13)
    assert test.p_value == close(expected["HL_equal_count_15bins"]["p_df15"])
    assert fitted.p_value == pytest.approx(expected["HL_equal_count_15bins"]["p_df13"], abs=5e-5)
    ten = binned(counts, equal_count_edges(counts, 10))
    assert hosmer_lemeshow(ten).chi_square == close(expected["bins10"]["HL_C"])
    width = binned(counts, equal_width_edges(10))
    assert expected_calibration_error(width) == close(expected["bins10"]["ECE_H"])


def test_chi_square_tail_reaches_the_far_tail(oracles: Oracles) -> None:
    assert chi_square_tail(oracles["proportions"]["mcnemar_150_86"]["nocc"], 1) == pytest.approx(3.1e-5, rel=0.01)


def test_counts_and_units_give_the_same_bits(asah: Cells) -> None:
    cells = asah["s100b"]
    occupied = np.unique(cells)
    positive = np.array([((cells == at) & asah["truth"]).sum() for at in occupied])
    negative = np.array([((cells == at) & ~asah["truth"]).sum() for at in occupied])
    assert roc_from_counts(RocCounts(occupied, positive, negative)) == roc_from_arrays(cells, asah["truth"])


@pytest.mark.parametrize(
    ("name", "men", "women"),
    [
        ("sensitivity", 0.927928, 0.889908),
        ("false-positive rate", 0.241667, 0.143750),
    ],
)
def test_subgroup_shares_are_those_of_melody(shared: Path, name: str, men: float, women: float) -> None:
    truth, scores = melody(shared)
    domain = np.array([(int(row["truth"]) >= 4) == (name == "sensitivity") for row in truth])
    called = np.array([int(score["ai_model_1"]) >= 4 for score in scores])
    sexes = np.array([row["sex"] for row in truth])
    found = subgroup_shares(name, called[domain], np.flatnonzero(domain), sexes[domain].tolist(), 10)
    assert {result.group: round(result.estimate.value, 6) for result in found} == {"Male": men, "Female": women}
    # Two groups and one unit a patient: Newcombe's interval of the one difference, and one p-value.
    counts = [(round(result.estimate.value * result.estimate.n), result.estimate.n) for result in found]
    assert found[0].bounds == close(newcombe_difference(*counts))
    assert found[0].p_value == close(found[1].p_value, 1e-12)


def test_paired_delong_of_s100b_and_wfns_is_that_of_proc(asah: Cells) -> None:
    found = paired_comparison(asah["s100b"], asah["wfns"], asah["truth"])
    assert found.statistic == pytest.approx(-2.208983591, abs=5e-10)
    assert found.p_value == pytest.approx(0.02717578, abs=5e-9)
