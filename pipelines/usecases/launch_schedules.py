"""Which schedules are due now, and what each of their ticks starts: a job, a partition, a model, a signed ticket."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from pipelines.bootstrap import Workspace
from registry.domain.instants import instant_text, local_day
from registry.domain.schedule import Schedule, WorkKind

JOBS: Mapping[WorkKind, str] = {
    WorkKind.TRAIN: "retrain",
    WorkKind.REVALIDATE: "revalidate",
    WorkKind.MONITOR: "daily",
    WorkKind.REPORT: "report",
}


@dataclass(frozen=True)
class Launch:
    """One tick that starts a run; the same key never starts a second one."""

    key: str
    job: str
    partition: str | None
    model: str
    schedule: str
    ticket: str


def due_launches(workspace: Workspace, since: datetime | None, now: datetime) -> list[Launch]:
    """Return the runs that are due: at most one a schedule, for its newest tick that was not seen.

    The record is read at each call, so a schedule that was set or paused counts from then on.

    Args:
        workspace: whose schedules.
        since: up to when ticks were seen already.
        now: the present instant.

    Raises:
        LedgerBrokenError: when a schedule is not the one that the ledger tells of.
    """
    due = [(one, one.due(since, now)) for one in workspace.schedules.all()]
    return [_launch(workspace, one, tick) for one, tick in due if tick is not None]


def partition_of(kind: WorkKind, tick: datetime, zone: str) -> str | None:
    """Return the partition that a tick works on: the last whole day for monitors, the last whole month for reports."""
    today = local_day(tick, zone)
    if kind is WorkKind.MONITOR:
        return (today - timedelta(days=1)).isoformat()
    if kind is WorkKind.REPORT:
        return _month_before(today)
    return None


def _month_before(day: date) -> str:
    return (day.replace(day=1) - timedelta(days=1)).strftime("%Y-%m")


def _launch(workspace: Workspace, schedule: Schedule, tick: datetime) -> Launch:
    job = JOBS[schedule.kind]
    return Launch(
        key=f"{schedule.name} {instant_text(tick)}",
        job=job,
        partition=partition_of(schedule.kind, tick, workspace.settings.defaults.time_zone),
        model=schedule.model,
        schedule=schedule.name,
        ticket=workspace.tickets.issue(schedule, job, tick),
    )
