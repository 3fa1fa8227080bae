"""The monitoring plan of a run: read, checked, put on record, and what it says of a run beyond its signals."""

from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from pipelines.bootstrap import Workspace
from pipelines.settings import FILE_NAME
from pipelines.toml_file import read_toml
from registry.domain.errors import UsageError
from registry.domain.event import EventDraft, parse_event
from registry.domain.person import actor_record
from registry.domain.plan import MonitoringPlan, plan_from
from registry.ledger.store import Transaction
from registry.monitoring_plans import ADOPTED, standing_of, subject_of
from registry.schema import LedgerEntry


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


def adopt_plan(workspace: Workspace, tx: Transaction, plan: MonitoringPlan) -> None:
    """Put a plan on record when it is used for the first time; signatures are another matter."""
    if plan.digest in _adopted(tx.session):
        return
    payload = {"digest": plan.digest, "plan": plan.to_json(), "number": plan.number}
    tx.append(EventDraft(ADOPTED, actor_record(workspace.actor), (subject_of(plan),), payload))


def plan_notes(workspace: Workspace, plan: MonitoringPlan, run: Mapping[str, Any]) -> list[str]:
    """Return what a person is told beside a run: that the plan is unsigned, and the stop rules that were reached.

    Raises:
        SignatureBrokenError: when a signature of the plan does not hold.
    """
    missing = standing_of(workspace.lifecycle.record, plan).missing
    notes = [f"{plan.name} is not signed by: {', '.join(missing)} (overread plan sign)"] if missing else []
    return [*notes, *_stops(plan, run["alerts"], str(run["as_of"]))]


def _stops(plan: MonitoringPlan, alerts: Iterable[Mapping[str, Any]], as_of: str) -> Iterable[str]:
    for alert in alerts:
        response = next((key for key, text in plan.actions.items() if text == alert["action"]), "")
        rule = plan.stop_rules.get(response)
        waited = (date.fromisoformat(as_of) - date.fromisoformat(alert["opened"])).days
        if rule is not None and alert["state"] == "open" and waited >= int(rule):
            yield (
                f"stop rule reached: nobody took up alert {alert['id']} in {waited} days (rule: {rule}): "
                f"`overread models stop`, then: {plan.fallbacks[response]}"
            )


def _adopted(session: Session) -> set[str | None]:
    rows = session.scalars(select(LedgerEntry.data).where(LedgerEntry.type == ADOPTED))
    return {subject["digest"] for data in rows for subject in parse_event(data).record["subjects"]}
