"""Charts over time, discrepancies of samples, calibration curves, retrained models."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from validation.statistics.cusum import cusum_chart, reference_value, steady_state_delay
from validation.statistics.ewma import two_sided_ewma_arl
from validation.statistics.mmd import discrepancy
from validation.statistics.retraining import retraining
from validation.statistics.run_length import bernoulli_cusum_arl, cusum_arl, two_sided_cusum_arl
from validation.statistics.smoothed_calibration import calibration_index

pytestmark = pytest.mark.shared
Answers = dict[str, Any]


def close(expected: float, rel: float = 1e-6) -> Any:
    return pytest.approx(expected, rel=rel, abs=0)


@pytest.mark.parametrize("limit", [4, 5])
def test_run_lengths_of_a_cusum_are_those_of_spc(answers: Answers, limit: int) -> None:
    expected = answers["cusum_arl"]
    table = expected["zero_state_two_sided_k0.5"][f"h{limit}"]
    assert {shift: two_sided_cusum_arl(0.5, limit, float(shift)) for shift in table} == close(table)
    assert cusum_arl(0.5, limit) == close(expected["one_sided_k0.5"][f"h{limit}_0"])


def test_reference_values_of_a_two_sided_chart_are_those_of_spc(answers: Answers) -> None:
    expected = answers["cusum_arl"]["k_for_two_sided_ARL0_h4"]
    assert {arl: reference_value(float(arl), 4) for arl in expected} == close(expected)


def test_the_steady_state_delay_is_that_of_spc(answers: Answers) -> None:
    expected = answers["cusum_arl"]["steady_state_two_sided"]["k0.2996_h4_mu1.2"]
    assert steady_state_delay(0.2996, 4, 1.2, states=20) == close(expected)
    assert steady_state_delay(0.2996, 4, 1.2) == pytest.approx(expected, rel=1e-3)


def test_run_lengths_of_an_ewma_are_those_of_spc(answers: Answers) -> None:
    for row in answers["ewma_arl_two_sided"]:
        for name, shift in {"ARL0": 0.0, "ARL_0.5": 0.5, "ARL_1": 1.0}.items():
            assert name not in row or two_sided_ewma_arl(row["lambda"], row["L"], shift) == close(row[name])


def test_run_lengths_of_a_bernoulli_cusum_are_exact(answers: Answers) -> None:
    for row in answers["bernoulli_cusum_exact"]:
        assert bernoulli_cusum_arl(row["p0"], row["m"], row["H"]) == close(row["ARL0"], 1e-9)
        assert bernoulli_cusum_arl(2 * row["p0"], row["m"], row["H"]) == close(row["ARL_2p0"], 1e-9)


def test_the_chart_of_the_fdas_example_alarms_after_the_change_and_not_before(answers: Answers, shared: Path) -> None:
    expected = answers["aimcu_example"]
    series = np.genfromtxt(shared / "oracles" / expected["file"], delimiter=",", names=True)["y"]
    chart = cusum_chart(series, expected["baseline"], expected["k"], expected["h"])
    assert (chart.mean, chart.deviation) == (close(expected["mu"]), close(expected["sd_ddof0"]))
    assert chart.down[-1] * chart.deviation == close(expected["S_lo_last"])
    assert chart.alarm == expected["alarm_index_unrounded"] == 63
    assert chart.alarm > expected["nominal_change"] > expected["alarm_index_FDA_code"]


def test_the_discrepancy_is_that_of_kernlab(answers: Answers) -> None:
    expected = answers["mmd_rbf"]
    found = discrepancy(expected["x"], expected["y"], 1.0)
    assert found == close([expected["mmd2_biased"], expected["mmd2_unbiased"]], 1e-8)


def test_the_calibration_index_is_that_of_calzone(answers: Answers, shared: Path) -> None:
    table = np.genfromtxt(shared / "oracles" / "calzone_welldata.csv", delimiter=",", names=True)
    found = calibration_index(table["proba_1"], table["label"])
    assert found.ici == close(answers["calibration_calzone"]["bins10"]["ICI_loess"])


def test_retrained_models_are_judged_as_by_vigilant(answers: Answers, shared: Path) -> None:
    for case in json.loads((shared / "oracles" / answers["vigilant"]["file"]).read_text()):
        versions = max(row["model"] for row in case["input"])
        table = np.zeros((versions, versions))
        for row in case["input"]:
            table[row["model"] - 1, row["dataset"] - 1] = row["performance"]
        for found, expected in zip(retraining(table), case["output"], strict=True):
            assert found._asdict() == pytest.approx(expected, abs=5e-5)
