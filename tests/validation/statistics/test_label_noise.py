"""Flipped labels are among the few units that a model contradicts most; how many depends on how well it ranks."""

import math
import re
from pathlib import Path
from statistics import NormalDist

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from validation.statistics.label_noise import contradictions, suspects

PAGE = Path(__file__).parents[3] / "docs/explanation/label-noise.md"


def planted(area: float, n: int = 20_000, flipped: float = 0.02) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return normal scores of an area, labels of which a share was flipped, and which ones were."""
    random = np.random.default_rng(7)
    truth = random.random(n) < 0.3
    scores = random.normal(size=n) + truth * math.sqrt(2) * NormalDist().inv_cdf(area)
    chosen = np.zeros(n, bool)
    chosen[random.choice(n, round(flipped * n), replace=False)] = True
    return scores, truth ^ chosen, chosen


def found_share(area: float) -> float:
    scores, given, flipped = planted(area)
    chosen = suspects(scores, given)
    assert len(chosen) <= math.ceil(0.05 * len(given))
    return float(flipped[chosen].sum() / flipped.sum())


def test_two_per_cent_of_flipped_labels_are_flagged_as_often_as_the_page_says() -> None:
    rows = re.findall(r"^\| (0\.\d+) \| (\d+) % \|", PAGE.read_text(), re.MULTILINE)
    assert len(rows) == 4
    assert {area: round(100 * found_share(float(area))) for area, _ in rows} == {a: int(s) for a, s in rows}


def test_each_class_contradicts_on_average_as_much_as_its_area_lacks() -> None:
    scores, given, _ = planted(0.9)
    found = contradictions(scores, given)
    for chosen in (given, ~given):
        assert found[chosen].mean() == pytest.approx(1 - roc_auc_score(given, scores), abs=1e-12)


def test_a_perfect_ranking_contradicts_nothing_and_ties_count_half() -> None:
    truth = np.array([False, False, True, True])
    assert list(suspects(np.array([0.1, 0.2, 0.8, 0.9]), truth, 1.0)) == []
    assert list(contradictions(np.full(4, 0.5), truth)) == [0.5] * 4
    assert list(suspects(np.array([0.9, 0.1, 0.8, 0.05]), truth, 0.5)) == [0, 3]
    assert list(suspects(np.array([0.9, 0.1, 0.8, 0.05]), truth, 0.25)) == [0]


def test_one_class_is_refused() -> None:
    with pytest.raises(ValueError, match="one class"):
        contradictions(np.array([0.1, 0.2]), np.array([True, True]))
