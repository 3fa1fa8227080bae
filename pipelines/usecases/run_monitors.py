"""Run the monitors on what was known at the end of a day; store the run once, put it on record."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from monitors.beside import periods_beside
from monitors.counts import Counts
from monitors.daily import daily_records
from monitors.engine.tables import Request, axes_of
from monitors.run import Occasion, monitor_json, monitor_run
from monitors.scope import MONITORED_MODES
from monitors.sequential import PlanPeriod, sequence_of
from pipelines.bootstrap import Workspace
from pipelines.counting.engines import runner_of
from pipelines.counting.kept_evidence import StoredEvidence
from pipelines.counting.known_rows import Source
from pipelines.usecases.cut_days import CutDays, cut_days
from pipelines.usecases.known_beside import beside_known
from pipelines.usecases.known_embeddings import embeddings_known
from pipelines.usecases.monitoring_plan import adopt_plan, earlier_plans, keep_plan, read_plan
from registry.alerts import not_raised, overlaid, remember
from registry.database import reading
from registry.day_counts import Whose
from registry.domain.errors import IncompleteError, UnknownNameError, UsageError
from registry.domain.event import EventDraft, Subject
from registry.domain.instants import instant_text
from registry.domain.joining import Known
from registry.domain.person import actor_record
from registry.domain.plan import MonitoringPlan
from registry.domain.ports import Progress
from registry.domain.signal import Alert
from registry.ledger.store import Transaction
from registry.schema import MonitorRunRow

TABLES = ("acquisitions", "predictions", "reads", "outcomes", "findings", "measurements", "expected")
Json = Mapping[str, Any]


@dataclass(frozen=True)
class MonitorRun:
    """A run of the monitors: its JSON, its bytes and their digest; `fresh` says whether it was new.

    `counted` says which days were counted from rows, and which of them because a stored count did not hold; `mended`
    which blocks of evidence were looked for anew because what was stored of them did not hold.
    """

    json: dict[str, Any]
    digest: str
    data: bytes
    fresh: bool
    counted: CutDays
    mended: tuple[str, ...]


@dataclass(frozen=True)
class _Plans:
    """The plan of a run, those that held before it, the question asked for, and whether it is the workspace's own."""

    plan: MonitoringPlan
    earlier: tuple[PlanPeriod, ...]
    target: str | None
    adopted: bool


def run_monitors(
    workspace: Workspace,
    model: str,
    *,
    target: str | None = None,
    as_of: str | None = None,
    plan: MonitoringPlan | None = None,
    known: Known = Known.RECORDED,
    engine: str | None = None,
    progress: Progress,
) -> MonitorRun:
    """Compute every signal of a model as of a day and put the run on record; the same content is stored once.

    Args:
        workspace: where the observations are.
        model: whose predictions.
        target: only this clinical question.
        as_of: the last day that counts, ISO; today in UTC unless given.
        plan: a monitoring plan that holds for all days, as if there had been no other; unless given, the workspace's,
            which holds from the day of the first run that was made with it: earlier plans hold for the days before.
        known: which known time selects the rows.
        engine: what counts the rows; that of the settings unless given.
        progress: told of each step.

    Raises:
        UsageError: for a day that is none, or lies in the future.
        UnknownNameError: when the model is neither registered nor named by a prediction.
        IncompleteError: when nothing is known by that day that could be monitored.
    """
    day = day_of(workspace, as_of)
    used = _plans(workspace, (model, target), plan, day)
    plan = used.plan
    runner = runner_of(workspace.settings.counting, engine)
    suspended = workspace.lifecycle.suspensions(model)
    axes = axes_of(plan, *(period.plan for period in used.earlier))
    asked = Request(model, workspace.settings.time_zone, axes, target, suspended, plan.pairs)
    counted = cut_days(Source(workspace, asked, day, known, runner), plan)
    counts = counted.cut.counts
    progress.advance()
    check_watched(workspace, (model, target), counts, day)
    occasion = Occasion(model, day, known, versions_of(workspace))
    numbers = {name: int(version["version"]) for name, version in occasion.tables.items()}
    shelf = StoredEvidence(workspace, Whose(model, target or ""), numbers)
    sequence = sequence_of(model, counts, plan, day, used.earlier, shelf)
    periods = periods_beside(counts, plan, day)
    embeddings = embeddings_known(workspace, asked, day, known, periods)
    beside = beside_known(workspace, asked, day, known, periods)
    run = monitor_run(counts, plan, occasion, sequence, embeddings=embeddings, beside=beside)
    progress.advance()
    return _stored(workspace, run, sequence.alerts(day), used, (counted, tuple(shelf.mended)))


def stored_run(workspace: Workspace, row: MonitorRunRow) -> tuple[Json, Json]:
    """Return a stored run and the daily series that was stored with it.

    Raises:
        ArtifactChangedError: when one of them is missing or has other bytes.
        IncompleteError: when the event's payload was erased.
    """
    payload = workspace.ledger.payload(row.event_seq)
    if payload is None:
        raise IncompleteError("the payload of a monitor run was erased", where=f"event {row.event_seq}")
    return json.loads(workspace.objects.get(row.digest)), json.loads(workspace.objects.get(payload["series"]))


def day_of(workspace: Workspace, as_of: str | None) -> str:
    """Return a day as ISO text; today in UTC where none is given.

    Raises:
        UsageError: for a day that is none, or lies in the future.
    """
    today = workspace.clock.now().date()
    try:
        day = today if as_of is None else date.fromisoformat(as_of)
    except ValueError as error:
        raise UsageError("not a day", where=str(as_of)[:20], mend="write YYYY-MM-DD") from error
    if day > today + timedelta(days=1):  # a site may be a day ahead of UTC
        raise UsageError("the day lies in the future", where=day.isoformat(), mend="name today or an earlier day")
    return day.isoformat()


def versions_of(workspace: Workspace) -> dict[str, dict[str, Any]]:
    """Return number and digest of each observation table that is read."""
    versions = {name: workspace.tables.version(name) for name in TABLES}
    return {name: {"version": one.number, "digest": one.digest} for name, one in versions.items()}


def check_watched(workspace: Workspace, asked: tuple[str, str | None], counts: Counts, day: str) -> None:
    """Refuse a run that would be silent.

    Raises:
        UnknownNameError: for an unknown model or target.
        IncompleteError: when nothing was live or in shadow by that day.
    """
    if any(counts["FQ"].where(mode=mode).total for mode in MONITORED_MODES):
        return
    model, target = asked
    rows = workspace.tables.read("predictions", columns=["model", "target"])
    scored = set(zip(rows["model"].to_pylist(), rows["target"].to_pylist(), strict=True))
    known = {(version.model, version.target) for version in workspace.lifecycle.versions()} | scored
    if model not in {name for name, _ in known}:
        raise UnknownNameError.of(
            "model", model, {name for name, _ in known}, mend="" if known else "take its predictions in first"
        )
    if target is not None and (model, target) not in known:
        raise UnknownNameError.of("target", target, {of for name, of in known if name == model})
    there = any(name == model and target in (None, of) for name, of in scored)
    later = "some became known later: name a later day" if there else "score studies with: overread predict"
    raise IncompleteError(f"no live or shadow prediction of '{model}' was known by {day}", mend=later)


def _plans(workspace: Workspace, asked: tuple[str, str | None], plan: MonitoringPlan | None, day: str) -> _Plans:
    model, target = asked
    if plan is not None:
        return _Plans(plan, (), target, adopted=False)
    found = read_plan(workspace, None)
    with reading(workspace.engine) as session:
        return _Plans(found, earlier_plans(session, model, found, day), target, adopted=True)


def _stored(
    workspace: Workspace,
    run: dict[str, Any],
    alerts: list[Alert],
    used: _Plans,
    known: tuple[CutDays, tuple[str, ...]],
) -> MonitorRun:
    """Store the run and its daily series, then name them, and what its alerts came to, in one transaction."""
    with reading(workspace.engine) as session:
        kept = not_raised(workspace.lifecycle.record, session, run, used.target) if used.adopted else []
        run = run | {"alerts": overlaid(session, alerts) + kept}
    counted, mended = known
    data, series = monitor_json(run), daily_records(counted.cut.units, counted.cut.grid, run["as_of"])
    digest, beside = workspace.objects.put(data), workspace.objects.put(monitor_json(series))
    with workspace.ledger.transaction() as tx:
        fresh = tx.session.get(MonitorRunRow, digest) is None
        if used.adopted:
            adopt_plan(workspace, tx, used.plan, run)
        else:
            keep_plan(workspace, tx, used.plan)
        if fresh:
            _record(workspace, tx, run, digest, beside)
        remember(tx, workspace.lifecycle.record, run["model"], alerts, actor_record(workspace.actor))
    return MonitorRun(run, digest, data, fresh, counted, mended)


def _record(workspace: Workspace, tx: Transaction, run: Json, digest: str, series: str) -> None:
    payload = {"model": run["model"], "as_of": run["as_of"], "digest": digest, "series": series, "plan": run["plan"]}
    subjects = (Subject("monitor run", f"{run['model']} {run['as_of']}", digest),)
    event = tx.append(EventDraft("monitor.completed", actor_record(workspace.actor), subjects, payload))
    tx.session.add(
        MonitorRunRow(
            digest=digest,
            model=run["model"],
            as_of=run["as_of"],
            plan_digest=run["plan"],
            completed_at=instant_text(workspace.clock.now()),
            event_seq=event.seq,
        )
    )
