"""The information floor: the six figures that were computed by hand, and its laws."""

import math

import numpy as np
import pytest
from scipy.stats import entropy

from validation.statistics.information_floor import (
    bernoulli_divergence,
    growing_floor,
    histogram_divergence,
    information_floor,
)

STUDIES, POSITIVE, STREAMS = 110, 0.10, 300


@pytest.mark.parametrize(
    ("per_day", "before", "now", "days"),
    [
        pytest.param(STUDIES * POSITIVE, 0.90, 0.80, 24, id="sensitivity"),
        pytest.param(STUDIES * POSITIVE, 0.90, 0.85, 86, id="small fall of sensitivity"),
        pytest.param(STUDIES * POSITIVE * 0.1, 0.90, 0.75, 114, id="group with a tenth of the positives"),
        pytest.param(STUDIES * POSITIVE / 6, 0.90, 0.70, 41, id="one scanner of six"),
        pytest.param(STUDIES * (1 - POSITIVE), 0.90, 0.85, 10, id="specificity"),
        pytest.param(STUDIES / 8 * 0.1, 0.3, 0.9, 11, id="one reader of eight, where the model is wrong"),
    ],
)
def test_the_six_figures_of_the_design(per_day: float, before: float, now: float, days: int) -> None:
    assert round(information_floor(per_day, bernoulli_divergence(now, before), STREAMS)) == days


def test_divergences_agree_with_an_independent_entropy() -> None:
    assert bernoulli_divergence(0.3, 0.7) == pytest.approx(entropy([0.3, 0.7], [0.7, 0.3]))
    assert bernoulli_divergence(0.0, 0.2) == pytest.approx(-math.log(0.8))
    now, before = np.array([10.0, 30.0, 0.0]), np.array([20.0, 20.0, 5.0])
    assert histogram_divergence(now, before) == pytest.approx(entropy(now + 0.5, before + 0.5))


def test_more_streams_and_a_smaller_budget_take_longer_and_no_change_is_never_found() -> None:
    few, many = (information_floor(11, 0.04, streams) for streams in (10, 1000))
    assert few < many < information_floor(11, 0.04, 1000, 0.1)
    assert information_floor(11, 0.0, 10) == math.inf
    assert information_floor(0, 0.1, 10) == math.inf


def test_a_steady_change_has_one_floor_however_it_is_told_and_a_growing_one_takes_longer() -> None:
    steady = information_floor(10, 0.05, 300)
    assert growing_floor([0.5] * 100, 300) == pytest.approx(steady)
    assert growing_floor([0.5 * day / 30 for day in range(1, 31)] + [0.5] * 100, 300) > steady
    assert growing_floor([0.5] * 5, 300) == math.inf


@pytest.mark.parametrize("wrong", [(1.2, 0.5), (0.5, 0.0), (0.5, 1.0)])
def test_shares_outside_their_range_are_refused(wrong: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="share"):
        bernoulli_divergence(*wrong)


def test_a_floor_without_streams_budget_or_bins_is_refused() -> None:
    for refused in (lambda: information_floor(1, 1, 0), lambda: information_floor(1, 1, 1, 0)):
        with pytest.raises(ValueError, match="floor"):
            refused()
    with pytest.raises(ValueError, match="bins"):
        histogram_divergence([1.0], [1.0, 2.0])
    with pytest.raises(ValueError, match="at least 0"):
        information_floor(-1, 1, 1)
