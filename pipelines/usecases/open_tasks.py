"""What asks for work by itself: alerts, strata that were never validated, approvals that come to their end.

Each is a small judgement over the record that opens a task once a cause; Dagster's sensors only call it.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from pipelines.bootstrap import Workspace
from pipelines.usecases.envelope import Stratum, unseen_strata
from registry.database import reading
from registry.domain.display import plain
from registry.domain.errors import LedgerBrokenError
from registry.domain.instants import parse_instant
from registry.domain.lifecycle import VersionState
from registry.domain.model import ModelVersion
from registry.domain.person import SERVICE
from registry.domain.stratum import Stratum as Suspended
from registry.emergencies import stop_if_over
from registry.schema import LedgerEntry
from registry.stop_rules import suspend_unseen
from registry.tasks import RETRAIN, REVALIDATE, Task

# Causes that no retraining mends: they lie with a reader, or with how studies reach the model.
_SUSPENDED_AXES = {"scanner": "scanner", "software": "software_versions", "protocol": "protocol"}
NO_RETRAINING = frozenset({"reader", "routing"})


def ask_for_retraining(workspace: Workspace) -> list[Task]:
    """Ask for a retraining for each alert on record whose cause lies with the model's world; the same cause asks once.

    A later alert of the same cause asks anew once the task was closed.
    """
    opened = []
    for seq in _events(workspace, "alert.opened"):
        payload = workspace.ledger.payload(seq)
        if payload is not None and _kind(payload["cause"]) not in NO_RETRAINING:
            at = workspace.ledger.event(seq).record["at"]
            opened.append(_retraining(workspace, payload, at))
    return [task for task in opened if task is not None]


def ask_for_revalidation(workspace: Workspace, unseen: Sequence[Stratum] | None = None) -> list[Task]:
    """Ask for a revalidation for each scanner, software version or protocol that a running version never met.

    Args:
        workspace: where the tasks are.
        unseen: what `unseen_strata` returned just now; it is looked for unless given.
    """
    asked = [_revalidation(workspace, one) for one in (unseen_strata(workspace) if unseen is None else unseen)]
    return [task for task in asked if task is not None]


def suspend_unseen_strata(workspace: Workspace, unseen: Sequence[Stratum] | None = None) -> list[str]:
    """Suspend pilot and live versions for what they meet outside their envelopes, that stratum alone; return sentences.

    In shadow nothing is suspended: there a new scanner is what one wants to learn about.

    Args:
        workspace: where the deployments are.
        unseen: what `unseen_strata` returned just now; it is looked for unless given.
    """
    said = []
    for one in unseen_strata(workspace) if unseen is None else unseen:
        places = [
            place
            for place in workspace.lifecycle.deployments(one.version.model)
            if (place.version, place.site) == (one.version.version, one.site)
        ]
        stratum = Suspended(_SUSPENDED_AXES[one.axis], one.value)
        if any(suspend_unseen(workspace.lifecycle.record, place.deployment, stratum) for place in places):
            said.append(
                f"{one.version.name} at {one.site} is suspended for {one.axis} {plain(one.value)}: never validated"
            )
    return said


def settle_tasks(workspace: Workspace) -> list[str]:
    """Close what was done: retrainings by a version registered since, revalidations by an envelope that grew."""
    tasks, versions = workspace.tasks.open(), workspace.lifecycle.versions()
    looked = any(task.cause.startswith("unseen ") for task in tasks)
    unseen = {_cause(one) for one in unseen_strata(workspace)} if looked else set()
    closed = []
    for task in tasks:
        outcome = _retrained(task, versions) if task.kind == RETRAIN else _revalidated(task, unseen)
        if outcome:
            workspace.tasks.close(task.task, outcome, SERVICE)
            closed.append(task.task)
    return closed


def watch_approvals(workspace: Workspace) -> list[str]:
    """Put on record which approvals are over, ask for a revalidation where one soon is; return sentences.

    Until when an approval holds was signed with it; nothing waits for this to see that it is over.
    """
    warn, now = timedelta(days=workspace.settings.governance.approval_warn_days), workspace.clock.now()
    said = []
    for version in workspace.lifecycle.versions():
        approval = workspace.lifecycle.approval(version.model, version.version)
        if approval is None:
            continue
        ends = parse_instant(approval.valid_until)
        if version.state is VersionState.LAPSED:
            said += _lapsed(workspace, version)
        elif version.state is VersionState.APPROVED and now >= ends - warn:
            why = f"The approval of {version.name} lapses on {ends.date().isoformat()}."
            cause = f"approval {version.name} {ends.date().isoformat()}"
            task = workspace.tasks.ask(REVALIDATE, version.model, why, cause, SERVICE)
            said += [] if task is None else [task.why]
    return said


def _lapsed(workspace: Workspace, version: ModelVersion) -> list[str]:
    """Put on record that an approval is over, if nobody did; a version that the ledger tells otherwise of is named."""
    try:
        over = workspace.lifecycle.lapse_if_over(version.model, version.version)
    except LedgerBrokenError as broken:
        return [broken.line()]
    return [f"the approval of {version.name} lapsed"] if over else []


def watch_emergencies(workspace: Workspace) -> list[str]:
    """Put on record which emergency uses ended with their time; return sentences. Nothing waits for this to see it."""
    lifecycle = workspace.lifecycle
    over = [one for one in lifecycle.emergencies() if stop_if_over(lifecycle.record, one.deployment)]
    return [f"the emergency use {one.deployment} is over" for one in over]


def watch_stop_rules(workspace: Workspace) -> list[str]:
    """Fire the stop rules whose condition is met today; return sentences."""
    return [one.says for one in workspace.lifecycle.fire_stop_rules(workspace.clock.now().date())]


def _events(workspace: Workspace, kind: str) -> list[int]:
    with reading(workspace.engine) as session:
        return list(session.scalars(select(LedgerEntry.seq).where(LedgerEntry.type == kind).order_by(LedgerEntry.seq)))


def _kind(cause: Any) -> str:
    return str(cause["kind"]) if isinstance(cause, Mapping) else str(cause).partition(" ")[0]


def _spelled(cause: Any) -> str:
    words = f"{cause['kind']} {cause.get('who') or ''}" if isinstance(cause, Mapping) else str(cause)
    return plain(words.strip())


def _retraining(workspace: Workspace, payload: Mapping[str, Any], at: str) -> Task | None:
    model, cause, alert = str(payload["model"]), _spelled(payload["cause"]), str(payload["alert"])
    why = f"Alert {alert} ({payload['code']}) names the cause: {cause}."
    return workspace.tasks.ask(RETRAIN, model, why, f"alert {model}: {cause}", SERVICE, at=at)


def _revalidation(workspace: Workspace, one: Stratum) -> Task | None:
    why = f"{one.version.name} runs at {one.site}, where {one.axis} {one.value} is outside its validated envelope."
    return workspace.tasks.ask(REVALIDATE, one.version.model, why, _cause(one), SERVICE)


def _cause(one: Stratum) -> str:
    return f"unseen {one.version.name} at {one.site}: {one.axis} {one.value}"


def _retrained(task: Task, versions: list[ModelVersion]) -> str:
    later = [one.name for one in versions if one.model == task.model and one.registered_at > task.opened_at]
    return f"registered since: {later[-1]}" if later else ""


def _revalidated(task: Task, unseen: set[str]) -> str:
    met = task.cause.startswith("unseen ") and task.cause not in unseen
    return "within the validated envelope, or no longer in use" if met else ""
