"""Campaigns over many years: false alerts of null years, delay and cause of planted ones. Run by the slow tests."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import NamedTuple

from real_years import real_year
from years import FIRST, Plant, year

from monitors.sequential import sequence_of
from registry.domain.plan import MonitoringPlan

LAST = "2026-12-31"
PLAN = MonitoringPlan()
SINCE = 200


class Found(NamedTuple):
    """The first alert after a planted failure: its delay in days, its cause, and how many others there were."""

    delay: int | None
    kind: str
    who: str
    others: int


def false_alerts(seeds: range, *, restless: float = 0.0, memory: float = 0.0, wander: float = 0.0) -> int:
    """Return the alerts of null years."""
    counts = (year(seed, restless=restless, memory=memory, wander=wander) for seed in seeds)
    return sum(len(sequence_of("m", one, PLAN, LAST).alerts(LAST)) for one in counts)


def false_alerts_of_real_scans(folder: Path, seeds: range) -> int:
    """Return the alerts of null years of real scans in permuted days."""
    return sum(len(sequence_of("m", real_year(folder, seed), PLAN, LAST).alerts(LAST)) for seed in seeds)


def found(plant: Callable[[int], Plant], seed: int) -> Found:
    """Return what became of a failure on day 200."""
    alerts = sequence_of("m", year(seed, plant(SINCE)), PLAN, LAST).alerts(LAST)
    start = date.fromisoformat(FIRST).toordinal() + SINCE
    later = [alert for alert in alerts if date.fromisoformat(alert.opened).toordinal() >= start]
    if not later:
        return Found(None, "", "", len(alerts))
    first = later[0]
    delay = date.fromisoformat(first.opened).toordinal() - start
    return Found(delay, first.cause["kind"], first.cause["who"], len(alerts) - 1)
