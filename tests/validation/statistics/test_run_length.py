"""Run lengths of sequential charts, against R `spc`, an exact chain, and simulation."""

import numpy as np
import pytest

from validation.statistics.run_length import bernoulli_cusum_arl, cusum_arl, glr_limit, two_sided_cusum_arl


@pytest.mark.parametrize(
    ("h", "shift", "expected"),
    [
        (4, 0.0, 167.6837888),
        (4, 0.25, 74.22402789),
        (4, 1.0, 8.38313187),
        (4, 4.0, 1.708457163),
        (5, 0.0, 465.443506),
        (5, 0.5, 37.99614319),
        (5, 1.0, 10.37596992),
    ],
)
def test_a_two_sided_cusum_has_the_run_length_of_spc(h: float, shift: float, expected: float) -> None:
    assert two_sided_cusum_arl(0.5, h, shift) == pytest.approx(expected, rel=1e-6)


def test_a_one_sided_cusum_has_the_run_length_of_spc() -> None:
    assert cusum_arl(0.5, 4) == pytest.approx(335.3675776, rel=1e-6)
    assert cusum_arl(0.5, 5) == pytest.approx(930.8870121, rel=1e-6)


@pytest.mark.parametrize(
    ("k", "expected"), [(0.2995736179, 50), (0.419108512, 100), (0.5264113442, 200), (0.7497216879, 1000)]
)
def test_the_reference_value_of_a_two_sided_chart_gives_its_nominal_run_length(k: float, expected: float) -> None:
    assert two_sided_cusum_arl(k, 4) == pytest.approx(expected, rel=1e-6)


def test_a_bernoulli_cusum_is_exact() -> None:
    assert bernoulli_cusum_arl(0.03, 25, 60) == pytest.approx(379.6778242499908, rel=1e-9)
    assert bernoulli_cusum_arl(0.06, 25, 60) == pytest.approx(86.7349952987784, rel=1e-9)
    assert bernoulli_cusum_arl(0.03, 25, 90) == pytest.approx(1083.2143041015258, rel=1e-9)
    assert bernoulli_cusum_arl(0.1, 8, 24) == pytest.approx(197.96954924425685, rel=1e-9)


@pytest.mark.parametrize("bad", [(0.0, 25, 60), (0.03, 0, 60), (0.03, 25, 0)])
def test_a_chart_that_is_none_is_refused(bad: tuple[float, int, int]) -> None:
    with pytest.raises(ValueError, match="Bernoulli"):
        bernoulli_cusum_arl(*bad)
    with pytest.raises(ValueError, match="positive"):
        cusum_arl(0.5, 0)
    with pytest.raises(ValueError, match="at least 10"):
        glr_limit(5)


def test_a_longer_run_length_takes_a_higher_limit_and_one_side_a_lower_one() -> None:
    assert glr_limit(1000) < glr_limit(30_000) < glr_limit(300_000)
    assert glr_limit(30_000, two_sided=False) < glr_limit(30_000)


@pytest.mark.parametrize("two_sided", [True, False])
def test_a_generalised_likelihood_ratio_keeps_its_run_length(two_sided: bool) -> None:  # noqa: FBT001 - parametrised
    limit, runs, days = glr_limit(400, two_sided=two_sided), 1500, 120
    values = np.random.default_rng(5).normal(size=(runs, days)).cumsum(axis=1)
    sums = np.concatenate([np.zeros((runs, 1)), values], axis=1)
    crossed = np.zeros(runs, dtype=np.bool_)
    for last in range(1, days + 1):
        length = np.arange(last, 0, -1)
        rise = sums[:, [last]] - sums[:, :last]
        heard = np.abs(rise) if two_sided else np.maximum(rise, 0.0)
        crossed |= (heard**2 / (2 * length)).max(axis=1) > limit
    share = 1 - np.exp(-days / 400)
    assert 0.6 * share <= crossed.mean() <= 1.15 * share
