"""The promise over many years: false alerts of null years, and delay and cause of planted failures (slow)."""

from collections.abc import Callable
from pathlib import Path
from statistics import median

import pytest
from campaign import false_alerts, false_alerts_of_real_scans, found
from scipy.stats import chi2
from years import Plant, declined, degraded, preprocessed, retuned, sicker, trusting, unrouted, upgraded, worsened

pytestmark = pytest.mark.slow
YEARS = 80
Record = Callable[[str, object], None]  # `--junitxml` keeps what is measured


def upper_rate(alerts: int, years: int) -> float:
    """Return the exact upper 95 % limit of a Poisson rate a year (Garwood 1936)."""
    return float(chi2.ppf(0.95, 2 * (alerts + 1)) / 2 / years)


@pytest.mark.parametrize(
    ("restless", "memory", "wander"),
    [
        pytest.param(0.0, 0.0, 0.0, id="calm"),
        pytest.param(0.25, 0.3, 0.0, id="restless"),
        pytest.param(0.1, 0.6, 0.0, id="slow"),
        pytest.param(0.15, 0.8, 0.0, id="strong"),
        pytest.param(0.1, 0.3, 0.2, id="wandering"),
    ],
)
def test_null_years_keep_the_promise(
    restless: float, memory: float, wander: float, record_testsuite_property: Record
) -> None:
    alerts = false_alerts(range(1000, 1000 + YEARS), restless=restless, memory=memory, wander=wander)
    record_testsuite_property(f"false alerts, restless {restless}, memory {memory}, wander {wander}", alerts)
    assert upper_rate(alerts, YEARS) <= 1.0


@pytest.mark.shared
def test_real_scans_in_permuted_days_keep_the_promise(shared: Path, record_testsuite_property: Record) -> None:
    alerts = false_alerts_of_real_scans(shared / "data" / "mriqc_abide", range(YEARS))
    record_testsuite_property("false alerts, real scans", alerts)
    assert upper_rate(alerts, YEARS) <= 1.0


@pytest.mark.parametrize(
    ("planted", "kinds", "delay"),
    [
        (upgraded, {"software", "scanner"}, 14),
        (degraded, {"scanner"}, 14),
        (declined, {"subgroup"}, 35),
        (trusting, {"reader"}, 45),
        (preprocessed, {"input"}, 7),
        (unrouted, {"routing"}, 2),
        (sicker, {"prevalence"}, 60),
        (worsened, {"model"}, 35),
        (retuned, {"threshold"}, 3),
    ],
)
def test_a_planted_failure_is_found_in_time_and_named(
    planted: Callable[[int], Plant], kinds: set[str], delay: int, record_testsuite_property: Record
) -> None:
    results = [found(planted, seed) for seed in range(2000, 2020)]
    delays = [one.delay for one in results if one.delay is not None]
    record_testsuite_property(planted.__name__, [tuple(one) for one in results])
    assert len(delays) >= (15 if planted is sicker else 19)  # 30 studies a day: the floor alone is 16 days
    assert median(delays) <= delay
    assert sum(one.kind in kinds for one in results) >= 16
