"""The night of one model at a large site: the new day's rows are counted, every monitor is run on all days."""

import tempfile
from datetime import timedelta
from pathlib import Path

import daily_update as daily
from stopwatch import Taken, timed

from monitors.engine.tables import axes_of
from monitors.run import Occasion, monitor_run
from pipelines.bootstrap import init_workspace
from pipelines.counting.known_rows import Source
from pipelines.usecases.count_days import count_days, update_days
from registry.domain.joining import Known
from registry.domain.plan import MonitoringPlan

MODELS, CASES_A_NIGHT, DAYS = 17, 1_430, 90
PLAN = MonitoringPlan()


def night(days: int = DAYS) -> Taken:
    """Return what a night takes after so many days: 60 of reference, the rest watched."""
    before, daily.PER_DAY = daily.PER_DAY, CASES_A_NIGHT
    clock = daily.Clock()
    try:
        with tempfile.TemporaryDirectory() as folder:
            workspace = init_workspace(Path(folder) / "w", clock)
            for first in range(0, days, 30):
                daily.take_days(workspace, first, min(first + 30, days))
            clock.at = daily.START + timedelta(days=days + 1)
            request = daily.REQUEST.__class__("m", daily.REQUEST.zone_of, axes_of(PLAN))
            source = Source(workspace, request, clock.at.date().isoformat(), Known.RECORDED)
            update_days(source)
            daily.take_days(workspace, days, days + 1)

            def tonight() -> None:
                counts = count_days(source, keep=True).counts
                monitor_run(counts, PLAN, Occasion("m", source.as_of, Known.RECORDED, {}))

            return timed(tonight)
    finally:
        daily.PER_DAY = before
