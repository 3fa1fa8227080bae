"""Non-inferiority under a change plan: judged on bounds, at the error of one look, against two versions."""

import math
import shutil
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from statistics import NormalDist

import numpy as np
import pytest

from registry.domain.plan_criteria import Acceptance, NonInferiority
from registry.domain.vocabulary import Verdict
from validation.protocol.code import metric_code
from validation.protocol.comparison import Arm, compare, level_of
from validation.statistics.units import ScoredUnits

REPOSITORY = Path(__file__).parents[3]
K = 32768
N = 200_000
SHARES = tuple(NonInferiority(metric, "0.01", "0.01") for metric in ("sensitivity", "specificity"))
RULES = Acceptance("test", "1", "0.025", 5, SHARES)


def arm(version: str, q: np.ndarray, truth: np.ndarray, patients: np.ndarray | None = None) -> Arm:
    return Arm(version, ScoredUnits.of(q, truth, np.arange(len(q)) if patients is None else patients), K)


def updates(n: int = N, step: float = 0.009) -> list[Arm]:
    """Return six versions, each of which loses another 0.9 % of the positive units and of the negative ones."""
    truth = np.arange(n) % 2 == 0
    place = (np.arange(n) // 2) / (n / 2)
    found = []
    for number in range(6):
        wrong = place < 0.05 + number * step
        q = np.where(truth ^ wrong, 50_000, 10_000)
        found.append(arm(str(number + 1), q, truth))
    return found


def test_five_updates_of_less_than_one_per_cent_inside_a_margin_of_one_are_stopped_by_the_floor() -> None:
    versions = updates()
    verdicts = []
    for before, after in pairwise(versions):
        rows, verdict, _ = compare(after, before, versions[0], RULES)
        assert {row.result.verdict for row in rows if row.against == "deployed"} == {Verdict.PASSED}
        verdicts.append(verdict)
    assert verdicts == [Verdict.PASSED, *[Verdict.FAILED] * 4]


def drawn_updates(n: int = 60_000, updates: int = 5, step: float = 0.009) -> list[Arm]:
    """Return six versions whose scores are drawn: each finds 0.9 % of area less in the same noise than the one before.

    Areas are those of normal scores, Phi(d / sqrt(2)), with d chosen for 0.95, 0.941, ...
    """
    random = np.random.default_rng(20261125)
    truth, noise = np.arange(n) % 2 == 0, random.normal(size=n)
    found = []
    for number in range(updates + 1):
        signal = math.sqrt(2) * NormalDist().inv_cdf(0.95 - number * step)
        scores = 1 / (1 + np.exp(-(noise + np.where(truth, signal, 0.0))))
        found.append(arm(str(number + 1), np.minimum(65535, (scores * 65536).astype(int)), truth))
    return found


def test_five_drawn_updates_each_of_which_its_predecessor_would_let_pass_are_stopped_by_the_floor() -> None:
    versions = drawn_updates()
    rules = replace(RULES, criteria=(NonInferiority("auc", "0.01", "0.01"),))
    judged = [compare(after, before, versions[0], rules)[0] for before, after in pairwise(versions)]
    by_arm = {
        against: [row.result.verdict for rows in judged for row in rows if row.against == against]
        for against in ("deployed", "original")
    }
    assert by_arm["deployed"] == [Verdict.PASSED] * 5
    assert by_arm["original"] == [Verdict.PASSED, *[Verdict.FAILED] * 4]
    falls = [row.result.estimate.value for rows in judged for row in rows if row.against == "deployed"]
    assert falls == pytest.approx([-0.009] * 5, abs=0.001)


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """Return a copy of the packages."""
    for package in ("validation", "registry"):
        shutil.copytree(REPOSITORY / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


JUDGES = (
    "validation/protocol/comparison.py",
    "validation/protocol/acceptance.py",
    "validation/statistics/paired.py",
    "validation/statistics/performance.py",
    "validation/statistics/roc.py",
    "registry/domain/estimate.py",
)


@pytest.mark.parametrize("file", JUDGES)
def test_a_byte_of_the_code_that_judges_gives_another_digest(sources: Path, file: str) -> None:
    before = metric_code(sources)
    assert before == metric_code()
    (sources / file).write_bytes((sources / file).read_bytes() + b"#")
    assert metric_code(sources) != before


def test_code_that_judges_nothing_gives_the_same_digest(sources: Path) -> None:
    (sources / "validation/statistics/another.py").write_text("x = 1")
    (sources / "validation/contracts/check.py").write_text("x = 1")
    assert metric_code(sources) == metric_code()


def test_a_loss_beyond_the_margin_fails_and_names_the_criterion() -> None:
    versions = updates()
    _, verdict, why = compare(versions[3], versions[0], versions[0], RULES)
    assert verdict is Verdict.FAILED
    assert "sensitivity against deployed>-0.01: lower bound -0.02" in why


def test_the_verdict_is_on_the_bound_and_not_on_the_estimate() -> None:
    small = updates(4000)
    rows, verdict, _ = compare(small[1], small[0], small[0], RULES)
    assert all(row.result.estimate.value > -0.01 > row.result.estimate.low for row in rows)
    assert verdict is Verdict.FAILED


def test_more_looks_leave_each_a_wider_interval() -> None:
    versions = updates(4000)
    lows = [
        compare(versions[1], versions[0], versions[0], replace(RULES, looks=looks))[0][0].result.estimate.low
        for looks in (1, 5, 20)
    ]
    assert lows == sorted(lows, reverse=True)
    assert len(set(lows)) == 3
    assert level_of(replace(RULES, looks=1)) == pytest.approx(0.95)
    assert level_of(RULES) == pytest.approx(0.99)


def test_too_few_patients_of_a_class_are_not_assessed_however_many_units_they_have() -> None:
    truth, patients = np.arange(4000) % 2 == 0, np.arange(4000) % 18
    one = arm("1", np.where(truth, 50_000, 10_000), truth, patients)
    rows, verdict, why = compare(replace(one, version="2"), one, one, RULES)
    assert verdict is Verdict.NOT_ASSESSED
    assert "9 patients of a class" in why
    assert {row.result.verdict for row in rows} == {Verdict.NOT_ASSESSED}


def test_the_area_is_compared_by_delong_and_a_random_candidate_fails() -> None:
    rng = np.random.default_rng(0)
    truth = rng.random(400) < 0.4
    good = arm("1", np.clip(30_000 + 9000 * rng.normal(size=400) + 15_000 * truth, 0, 65_535).astype(int), truth)
    bad = arm("2", rng.integers(0, 65_536, 400), truth)
    rules = replace(RULES, criteria=(NonInferiority("auc", "0.05", "0.05"),))
    rows, verdict, _ = compare(bad, good, good, rules)
    assert (verdict, len(rows)) == (Verdict.FAILED, 2)
    assert "DeLong" in rows[0].result.estimate.method


def test_other_units_are_refused() -> None:
    first, second = updates(400)[0], updates(402)[0]
    with pytest.raises(ValueError, match="same units"):
        compare(first, second, first, RULES)
