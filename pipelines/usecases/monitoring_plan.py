"""The monitoring plan of a run: read, checked, put on record, and what it says of a run beyond its signals."""

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from monitors.sequential import PlanPeriod
from pipelines.bootstrap import Workspace
from pipelines.settings import FILE_NAME
from pipelines.toml_file import read_toml
from registry.domain.errors import UsageError
from registry.domain.event import EventDraft, parse_event
from registry.domain.person import actor_record
from registry.domain.plan import MonitoringPlan, plan_from
from registry.history import told_events
from registry.ledger.store import Transaction
from registry.monitoring_plans import ADOPTED, standing_of, subject_of
from registry.schema import LedgerEntry

Json = Mapping[str, Any]


def read_plan(workspace: Workspace, file: Path | None) -> MonitoringPlan:
    """Return the plan of a TOML file, or of the workspace's settings; the default plan where they say nothing.

    Raises:
        UnreadableFileError: when the file is not there, or is not TOML.
        UsageError: when the plan has an unknown key, a bad value, or a family without action, owner or fallback.
    """
    record = workspace.settings.monitoring if file is None else read_toml(file, "monitoring plan")
    where = FILE_NAME if file is None else str(file)
    try:
        return plan_from(record)
    except ValueError as error:
        raise UsageError(str(error), where=where, mend="see docs/reference/signals.md") from error


def adopt_plan(workspace: Workspace, tx: Transaction, plan: MonitoringPlan, run: Json) -> None:
    """Put on record that a plan begins to hold for a model on the day of a run; signatures are another matter."""
    used = _used(tx.session, run["model"])
    if used and used[-1].plan.digest == plan.digest:
        return
    _put(workspace, tx, plan, {"model": run["model"], "from": run["as_of"]})


def keep_plan(workspace: Workspace, tx: Transaction, plan: MonitoringPlan) -> None:
    """Put a plan on record that one run was made with, where the record does not hold it yet."""
    if plan.digest not in _adopted(tx.session):
        _put(workspace, tx, plan, {})


def _put(workspace: Workspace, tx: Transaction, plan: MonitoringPlan, holds: Json) -> None:
    payload = {"digest": plan.digest, "plan": plan.to_json(), "number": plan.number, **holds}
    tx.append(EventDraft(ADOPTED, actor_record(workspace.actor), (subject_of(plan),), payload))


def earlier_plans(session: Session, model: str, plan: MonitoringPlan, as_of: str) -> tuple[PlanPeriod, ...]:
    """Return the plans that held for a model before the one in force, oldest first, each up to its last day.

    A plan holds from the day of the first run that was made with it; the first plan holds for all days before, too.

    Args:
        session: of the record.
        model: whose.
        plan: the plan in force on the last day.
        as_of: the last day, ISO; later changes of the plan do not count.

    Raises:
        LedgerBrokenError: when an event that tells of a plan is not what was put on record.
    """
    held: list[_Used] = []
    for one in (*_used(session, model), _Used(plan, as_of)):
        day = min(one.day, as_of)
        held = [before for before in held if before.day < day]
        if not held or held[-1].plan.digest != one.plan.digest:
            held.append(_Used(one.plan, day if held else ""))
    pairs = itertools.pairwise(held)
    return tuple(PlanPeriod(one.plan, _day_before(after.day)) for one, after in pairs)


def plan_notes(workspace: Workspace, plan: MonitoringPlan, run: Json) -> list[str]:
    """Return what a person is told beside a run: that the plan is unsigned, and the stop rules that wait for that.

    Rules of a signed plan stop by themselves (`registry.stop_rules`), and need no note.

    Raises:
        SignatureBrokenError: when a signature of the plan does not hold.
    """
    missing = standing_of(workspace.lifecycle.record, plan).missing
    if not missing:
        return []
    notes = [f"{plan.name} is not signed by: {', '.join(missing)} (overread plan sign)"]
    return [*notes, *stops_reached(plan, run)]


def stops_reached(plan: MonitoringPlan, run: Json) -> Iterator[str]:
    """Yield what the stop rules of a plan would stop if it were signed: each alert with rule and clinical fallback.

    Args:
        plan: whose rules.
        run: the run's JSON; an alert that a person took up has reached no rule.
    """
    today = date.fromisoformat(str(run["as_of"]))
    for alert in run["alerts"]:
        reached = [one.rule for one in plan.stops if one.model in {"", run["model"]}]
        for rule in (one for one in reached if one.fires(alert, None, today)):
            yield (
                f"stop rule '{rule.rule}' reached: nobody took up alert {alert['id']} in {rule.days} days; it stops "
                f"nothing, for the plan is not signed: `overread models stop`, then: {rule.fallback}"
            )


@dataclass(frozen=True)
class _Used:
    """A plan, and the day from which it held."""

    plan: MonitoringPlan
    day: str


def _used(session: Session, model: str) -> list[_Used]:
    told = (payload for _, payload in told_events(session, (ADOPTED,)) if payload.get("model") == model)
    return [_Used(plan_from(payload["plan"]), payload["from"]) for payload in told]


def _day_before(day: str) -> str:
    return (date.fromisoformat(day) - timedelta(days=1)).isoformat()


def _adopted(session: Session) -> set[str | None]:
    rows = session.scalars(select(LedgerEntry.data).where(LedgerEntry.type == ADOPTED))
    return {subject["digest"] for data in rows for subject in parse_event(data).record["subjects"]}
