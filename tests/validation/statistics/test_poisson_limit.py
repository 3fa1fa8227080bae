"""The upper limit of a Poisson mean."""

import math

import pytest

from validation.statistics.distributions import poisson_upper


@pytest.mark.parametrize("events", [0, 1, 4, 35])
def test_at_the_limit_so_few_events_have_a_chance_of_five_per_cent(events: int) -> None:
    mean = poisson_upper(events)
    assert sum(math.exp(-mean) * mean**k / math.factorial(k) for k in range(events + 1)) == pytest.approx(0.05)


def test_none_seen_leaves_about_three() -> None:
    assert poisson_upper(0) == pytest.approx(-math.log(0.05))


@pytest.mark.parametrize(("events", "level"), [(-1, 0.95), (1, 0.0), (1, 1.0)])
def test_what_is_no_count_or_no_level_is_refused(events: int, level: float) -> None:
    with pytest.raises(ValueError, match="count from 0"):
        poisson_upper(events, level)
