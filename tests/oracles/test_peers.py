"""Estimators against peers that live in an environment of their own: OVERREAD_PEERS names its Python.

It holds nannyml 0.13.1 with statsmodels, ppi-python 0.2.3 and irrCAC 0.4.4. Run by hand.
"""

import json
import os
import subprocess
from typing import Any

import numpy as np
import pytest

from validation.statistics.audit_sample import prediction_powered_mean
from validation.statistics.cox import fit_line
from validation.statistics.gwet import gwet_ac1
from validation.statistics.label_free import CalibrationCheck, Calibrator, claimed_performance
from validation.statistics.score_bins import score_counts

PEERS = os.environ.get("OVERREAD_PEERS", "")
pytestmark = [pytest.mark.slow, pytest.mark.skipif(not PEERS, reason="OVERREAD_PEERS names no Python")]
CHUNK = 4000
NANNYML = """
import json, sys
import nannyml as nml, pandas as pd
from nannyml.calibration import Calibrator
rows = json.load(sys.stdin)
class Same(Calibrator):
    def fit(self, y_pred_proba, y_true, *args, **kwargs):
        return None
    def calibrate(self, y_pred_proba, *args, **kwargs):
        return y_pred_proba
reference, analysis = (pd.DataFrame(rows[name]) for name in ("reference", "analysis"))
estimator = nml.CBPE(
    problem_type="classification_binary", y_true="truth", y_pred="called", y_pred_proba="score",
    metrics=["roc_auc", "recall", "specificity"], chunk_size=rows["chunk"],
    **({"calibrator": Same()} if rows["same"] else {}),
)
estimator.fit(reference)
found = estimator.estimate(analysis).filter(period="analysis").to_df()
print(json.dumps({name: found[(name, "value")].tolist() for name in ("roc_auc", "recall", "specificity")}))
"""
PPI = """
import json, sys
sys.modules["coverage"] = None  # numba looks for one that it does not know
import numpy as np
from ppi_py import ppi_mean_ci, ppi_mean_pointestimate
rows = json.load(sys.stdin)
y, f, g = (np.array(rows[name], dtype=float) for name in ("y", "f", "g"))
found = {}
for name, lam in (("plain", 1.0), ("classical", 0.0), ("tuned", None)):
    low, high = ppi_mean_ci(y, f, g, alpha=0.05, lam=lam)
    found[name] = [float(np.ravel(x)[0]) for x in (ppi_mean_pointestimate(y, f, g, lam=lam), low, high)]
print(json.dumps(found))
"""
IRRCAC = """
import json, sys
import pandas as pd
from irrCAC.table import CAC
from irrCAC.raw import CAC as Raw
rows = json.load(sys.stdin)
table = rows["table"]
pairs = [(i, j) for i, row in enumerate(table) for j, count in enumerate(row) for _ in range(count)]
found = Raw(pd.DataFrame(pairs, columns=["a", "b"]), digits=12).gwet()["est"]
print(json.dumps([found["coefficient_value"], found["se"]]))
"""


def asked(script: str, rows: dict[str, Any]) -> Any:
    """Run a script of the peers on rows and return what it prints last."""
    environment = {"NML_DISABLE_USAGE_LOGGING": "1", "PATH": os.environ["PATH"], "HOME": "/nonexistent"}
    done = subprocess.run(
        [PEERS, "-c", script], input=json.dumps(rows), capture_output=True, text=True, check=True, env=environment
    )
    return json.loads(done.stdout.strip().splitlines()[-1])


def drawn(n: int, seed: int, slope: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    truth = rng.random(n) < 0.11
    eta = np.log(0.11 / 0.89) + 1.8 * (rng.normal(size=n) + 1.8 * truth) - 1.62
    return truth, 1 / (1 + np.exp(-eta * slope))


def frame(truth: np.ndarray, scores: np.ndarray) -> dict[str, list[Any]]:
    called = (scores >= 0.2).astype(int).tolist()
    return {"truth": truth.astype(int).tolist(), "score": scores.tolist(), "called": called}


def test_claims_of_calibrated_scores_are_those_of_nannyml() -> None:
    reference, analysis = drawn(20_000, 1), drawn(5 * CHUNK, 2)
    rows = {"reference": frame(*reference), "analysis": frame(*analysis), "chunk": CHUNK, "same": True}
    found = asked(NANNYML, rows)
    # Nothing is recalibrated on either side: the identity stands for the calibration.
    identity = Calibrator(np.array([0.0, 1.0]), np.zeros((2, 2)), CalibrationCheck(0.0, 1, 1.0), 0)
    for chunk in range(5):
        scores = analysis[1][chunk * CHUNK : (chunk + 1) * CHUNK]
        claimed = claimed_performance(identity, scores, scores >= 0.2, np.arange(CHUNK))
        peers = [found[name][chunk] for name in ("roc_auc", "recall", "specificity")]
        assert [one.value for one in claimed] == pytest.approx(peers, abs=1e-7)


def test_claims_of_uncalibrated_scores_agree_with_nannymls_within_the_interval() -> None:
    reference, analysis = drawn(20_000, 3, slope=0.5), drawn(5 * CHUNK, 4, slope=0.5)
    rows = {"reference": frame(*reference), "analysis": frame(*analysis), "chunk": CHUNK, "same": False}
    found = asked(NANNYML, rows)
    line = fit_line(score_counts(reference[1], reference[0]))
    fitted = Calibrator(line, np.zeros((2, 2)), CalibrationCheck(0.0, 1, 1.0), 0)
    for chunk in range(5):
        scores = analysis[1][chunk * CHUNK : (chunk + 1) * CHUNK]
        claimed = claimed_performance(fitted, scores, scores >= 0.2, np.arange(CHUNK))
        peers = [found[name][chunk] for name in ("roc_auc", "recall", "specificity")]
        assert [one.value for one in claimed] == pytest.approx(peers, abs=0.015)


def test_prediction_powered_means_are_those_of_ppi_python() -> None:
    truth, scores = drawn(3000, 5)
    rows = {"y": truth[:300].astype(float).tolist(), "f": scores[:300].tolist(), "g": scores[300:].tolist()}
    found = asked(PPI, rows)
    for name, strength in (("plain", 1.0), ("classical", 0.0)):
        mine = prediction_powered_mean(rows["y"], rows["f"], rows["g"], strength)
        assert [mine.value, *mine.bounds] == pytest.approx(found[name], rel=1e-9)
    tuned = prediction_powered_mean(rows["y"], rows["f"], rows["g"])
    assert [tuned.value, *tuned.bounds] == pytest.approx(found["tuned"], rel=2e-3)


def test_gwets_coefficient_and_its_error_are_those_of_irrcac() -> None:
    table = [[40, 9, 2], [6, 30, 5], [1, 4, 20]]
    value, error = asked(IRRCAC, {"table": table})
    mine = gwet_ac1(table)
    assert mine.value == pytest.approx(value, abs=1e-9)
    assert mine.standard_error == pytest.approx(error, rel=0.01)  # the peer divides by n - 1
