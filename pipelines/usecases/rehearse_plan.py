"""Rehearse the monitoring plan at a workspace's own volumes; nothing goes on record."""

from datetime import date, timedelta
from typing import Any

from monitors.counts import WATCH, Counts, day_number
from monitors.engine.tables import Request, axes_of
from monitors.rehearsal import Asked, rehearse
from monitors.rehearsal_failures import FAILURES
from monitors.rehearsal_source import LEAST_WEEKS, scope_of, source_of
from monitors.sequential import sequence_of
from pipelines.bootstrap import Workspace
from pipelines.counting.engines import runner_of
from pipelines.counting.known_rows import Source
from pipelines.usecases.count_days import count_days
from pipelines.usecases.run_monitors import check_watched, day_of
from registry.domain.errors import IncompleteError, UnknownNameError, UsageError
from registry.domain.joining import Known
from registry.domain.plan import MonitoringPlan
from registry.domain.ports import Progress

MOST_YEARS = 1000
RIPE = 28  # days before the last one, whose labels are still to come


def rehearse_plan(
    workspace: Workspace, asked: Asked, target: str | None, plan: MonitoringPlan, progress: Progress
) -> dict[str, Any]:
    """Return the table of a rehearsal.

    What is resampled ends before the first change that an alert found, so that no failure is taken for the rule.

    Raises:
        UnknownNameError: for an unknown model or failure.
        UsageError: for no years, or too many.
        IncompleteError: when fewer than eight whole weeks can be resampled.
    """
    _check(asked)
    today = day_of(workspace, None)
    request = Request(asked.model, workspace.settings.time_zone, axes_of(plan), target, pairs=plan.pairs)
    runner = runner_of(workspace.settings.counting)
    counts = count_days(Source(workspace, request, today, Known.ASSUMED, runner), keep=False).counts
    check_watched(workspace, (asked.model, target), counts, today)
    scope = scope_of(counts, target)
    last = _last_day(counts)
    source = None if scope is None else source_of(counts, scope, _until(asked.model, counts, plan, last))
    if source is None:
        raise IncompleteError(
            f"fewer than {LEAST_WEEKS} whole weeks of '{asked.model}' lie before the first change",
            mend="rehearse once the model ran for longer",
        )
    return rehearse(source, plan, asked, progress)


def _check(asked: Asked) -> None:
    if not 1 <= asked.years <= MOST_YEARS:
        raise UsageError(f"{asked.years} years", mend=f"rehearse 1 to {MOST_YEARS} years")
    if asked.seed < 0:
        raise UsageError(f"a seed of {asked.seed}", mend="give a whole number from 0")
    for name in asked.failures:
        if name not in FAILURES:
            raise UnknownNameError.of("failure", name, FAILURES)


def _last_day(counts: Counts) -> str:
    return date.fromordinal(int(counts[WATCH].codes_of("day").max())).isoformat()


def _until(model: str, counts: Counts, plan: MonitoringPlan, last: str) -> int:
    """Return the ordinal of the day after the last that is resampled."""
    found = sequence_of(model, counts, plan, last).alerts(last)
    ripe = date.fromisoformat(last) - timedelta(days=RIPE)
    changes = [date.fromisoformat(alert.since["interval"][0]) for alert in found]
    return min([ripe.toordinal() + 1, *(day_number(day.isoformat()) for day in changes)])
