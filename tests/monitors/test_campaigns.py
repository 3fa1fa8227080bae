"""The promise over many years: false alerts of null years, and delay and cause of planted failures (slow)."""

from collections.abc import Callable
from statistics import median

import pytest
from campaign import false_alerts, found
from scipy.stats import chi2
from years import Plant, declined, degraded, preprocessed, retuned, sicker, trusting, unrouted, upgraded

pytestmark = pytest.mark.slow
YEARS = 120


def upper_rate(alerts: int, years: int) -> float:
    """Return the exact upper 95 % limit of a Poisson rate a year (Garwood 1936)."""
    return float(chi2.ppf(0.95, 2 * (alerts + 1)) / 2 / years)


def test_null_years_of_two_generators_keep_the_promise() -> None:
    calm = false_alerts(range(1000, 1000 + YEARS))
    restless = false_alerts(range(1000, 1000 + YEARS), restless=0.25, memory=0.3)
    assert upper_rate(calm, YEARS) <= 1.0
    assert upper_rate(restless, YEARS) <= 1.0
    assert upper_rate(calm + restless, 2 * YEARS) <= 1.0


@pytest.mark.parametrize(
    ("planted", "kinds", "delay"),
    [
        (upgraded, {"software", "scanner"}, 14),
        (degraded, {"scanner"}, 14),
        (declined, {"subgroup"}, 60),
        (trusting, {"reader"}, 45),
        (preprocessed, {"input"}, 7),
        (unrouted, {"routing"}, 2),
        (sicker, {"prevalence"}, 45),
        (retuned, {"threshold"}, 3),
    ],
)
def test_a_planted_failure_is_found_in_time_and_named(
    planted: Callable[[int], Plant], kinds: set[str], delay: int
) -> None:
    results = [found(planted, seed) for seed in range(2000, 2020)]
    delays = [one.delay for one in results if one.delay is not None]
    assert len(delays) >= 19
    assert median(delays) <= delay
    assert sum(one.kind in kinds for one in results) >= 16
