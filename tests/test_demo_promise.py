"""The demo's years at ten seeds: its three failures are found and named, its null years keep the promise (slow)."""

from pathlib import Path

import pytest
from demo_years import FIRST, alerts_of, demo_year
from scipy.stats import chi2

from pipelines.demo.setting import failures

pytestmark = pytest.mark.slow
SEEDS = range(1, 11)
RIGHT = {
    "scanner-upgrade": {"software", "scanner"},
    "subgroup-decline": {"subgroup"},
    "reader-accepts": {"reader"},
}


def test_the_thirty_failures_of_ten_seeds_are_found_and_named(tmp_path: Path) -> None:
    missed, named, others = [], 0, 0
    for seed in SEEDS:
        alerts = alerts_of(tmp_path / str(seed), seed, demo_year(seed, planted=True))
        for failure in failures(seed, FIRST):
            later = [alert for alert in alerts if alert.opened >= failure.since]
            mine = [alert for alert in later if alert.cause["kind"] in RIGHT[failure.kind]]
            named += bool(mine)
            missed += [] if mine else [(seed, failure.kind, [dict(alert.cause) for alert in alerts])]
        others += max(len(alerts) - 3, 0)
    assert named == 3 * len(SEEDS), missed
    assert others <= 2


@pytest.mark.parametrize("generator", ["steady", "regimes"])
def test_null_years_of_the_demo_keep_the_promise(tmp_path: Path, generator: str) -> None:
    found = [
        len(alerts_of(tmp_path / str(seed), seed, demo_year(seed, planted=False, generator=generator)))
        for seed in SEEDS
    ]
    assert chi2.ppf(0.95, 2 * (sum(found) + 1)) / 2 / len(SEEDS) <= 1.0, found
