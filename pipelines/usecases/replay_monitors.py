"""Replay the monitors over past days, each with what was known by then; nothing goes on record."""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from monitors.beside import periods_beside
from monitors.engine.tables import Request, axes_of
from monitors.run import Occasion, monitor_run
from monitors.sequential import sequence_of
from monitors.watch.kept import InMemory
from pipelines.bootstrap import Workspace
from pipelines.counting.engines import runner_of
from pipelines.counting.known_rows import Source
from pipelines.counting.recounting import Shelf
from pipelines.usecases.count_days import count_days
from pipelines.usecases.known_beside import beside_known
from pipelines.usecases.known_embeddings import embeddings_known
from pipelines.usecases.run_monitors import check_watched, day_of, versions_of
from registry.domain.errors import UsageError
from registry.domain.joining import Known
from registry.domain.plan import MonitoringPlan
from registry.domain.ports import Progress

_EVERY = re.compile(r"([1-9][0-9]{0,2})d")


@dataclass(frozen=True)
class Replay:
    """What is replayed.

    Attributes:
        model, target: whose predictions; every target unless one is named.
        days: the dates, ISO, in order.
        known: which known time selects the rows.
        windows: whether the fixed windows are judged on each date too; the rows are then counted anew for each.
    """

    model: str
    target: str | None
    days: tuple[str, ...]
    known: Known
    windows: bool


def days_between(workspace: Workspace, first: str, last: str, every: str) -> tuple[str, ...]:
    """Return the dates of a replay: the first, and one each step up to the last.

    Raises:
        UsageError: for a date that is none or lies in the future, dates out of order, or a step that is none.
    """
    start, end = (date.fromisoformat(day_of(workspace, day)) for day in (first, last))
    found = _EVERY.fullmatch(every)
    if found is None:
        raise UsageError("not a step", where=every[:20], mend="write a number of days such as 1d or 7d")
    if end < start:
        raise UsageError("the replay ends before it begins", where=f"{first} to {last}", mend="swap the two dates")
    step = int(found[1])
    return tuple((start + timedelta(days=at)).isoformat() for at in range(0, (end - start).days + 1, step))


def replay_monitors(workspace: Workspace, asked: Replay, plan: MonitoringPlan, progress: Progress) -> dict[str, Any]:
    """Return `{"runs": one a date, "alerts": each once}` (contract, section 9).

    With assumed known times, and without fixed windows, the rows are counted once: a unit enters the watch on the day
    by whose end it was acquired and scored, so that the watch up to the last date answers for every earlier one. What
    is judged from rows is judged with the fixed windows, from the rows that were known on the date.

    Raises:
        UnknownNameError: when the model is neither registered nor named by a prediction.
        IncompleteError: when nothing is known by the last date that could be monitored.
    """
    last, versions = asked.days[-1], versions_of(workspace)
    request = Request(asked.model, workspace.settings.time_zone, axes_of(plan), asked.target, pairs=plan.pairs)
    shelf, runner = Shelf(), runner_of(workspace.settings.counting)
    counts = count_days(Source(workspace, request, last, asked.known, runner), keep=False, shelf=shelf).counts
    check_watched(workspace, (asked.model, asked.target), counts, last)
    once = asked.known is Known.ASSUMED and not asked.windows
    found = InMemory()
    sequence = sequence_of(asked.model, counts, plan, last, shelf=found)
    runs = []
    for day in asked.days:
        if not once:
            source = Source(workspace, request, day, asked.known, runner)
            counts = count_days(source, keep=False, shelf=shelf).counts
            sequence = sequence_of(asked.model, counts, plan, day, shelf=found)
        occasion = Occasion(asked.model, day, asked.known, versions)
        if asked.windows:
            about = (workspace, request, day, asked.known, periods_beside(counts, plan, day))
            beside, embeddings = beside_known(*about), embeddings_known(*about)
            runs.append(monitor_run(counts, plan, occasion, sequence, embeddings=embeddings, beside=beside))
        else:
            runs.append(monitor_run(counts, plan, occasion, sequence, windows=False))
        progress.advance()
    return {"runs": runs, "alerts": _each_once(runs)}


def _each_once(runs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return every alert of the runs as it stood last."""
    found = {alert["id"]: alert for run in runs for alert in run["alerts"]}
    return sorted(found.values(), key=lambda alert: (alert["opened"], alert["id"]))
