"""Planning a pilot and judging whether it is over: so many units, so many days, stop rules in force (VAL-03)."""

import base64
from collections.abc import Mapping
from typing import Any

from registry.database import reading
from registry.deployments import get
from registry.domain.errors import AnswerIsNoError, EvidenceMissingError, NotAllowedError, UsageError
from registry.domain.event import Event, EventDraft, Subject
from registry.domain.instants import instant_text, parse_instant
from registry.domain.lifecycle import DeploymentState
from registry.domain.person import Actor, PersonRole, actor_record
from registry.dsse import REPORT, seal_envelope
from registry.history import last_event
from registry.keys import Signer
from registry.pilot_told import JUDGED, PLANNED, PilotPlan, pilot_plan
from registry.record import Record
from registry.stop_rules import stop_rules

MEANING = "responsibility: this pilot is over only after so many units and days, under these stop rules"


def plan_pilot(record: Record, deployment: str, units: int, days: int, signer: Signer) -> Event:
    """Plan the pilot of a deployment before it begins.

    Args:
        record: the record.
        deployment: one that runs in shadow, with a stop rule of its own or of the monitoring plan.
        units: how many units it scores at least.
        days: how many days it lasts at least.
        signer: a clinical lead; their key was unlocked for this.

    Raises:
        UnknownNameError: when there is no such deployment.
        UsageError: for less than one unit or day.
        NotAllowedError: when the signer is no clinical lead, or their key no longer counts.
        AnswerIsNoError: when it does not run in shadow.
        EvidenceMissingError: when it has no stop rule.
    """
    record.people.check_signer(signer)
    if PersonRole.CLINICAL_LEAD not in signer.person.roles or signer.urgent:
        raise NotAllowedError(f"{signer.person.person} plans no pilot", mend="it takes a clinical lead")
    if units < 1 or days < 1:
        raise UsageError(f"a pilot of {units} units and {days} days", mend="at least 1 of each")
    place = get(record, deployment)
    if place.state != DeploymentState.SHADOW:
        raise AnswerIsNoError(f"the deployment is {place.state}: a pilot is planned before it begins, in shadow")
    rules = sorted(one.rule for one in stop_rules(record, deployment) if one.in_force)
    if not rules:
        raise EvidenceMissingError("a pilot has a stop rule, and this one has none", mend="overread models stop-rule")
    told: dict[str, Any] = {"deployment": deployment, "units": units, "days": days, "rules": rules}
    statement = told | {
        "kind": PLANNED,
        "person": signer.person.person,
        "printed_name": signer.person.printed_name,
        "role": PersonRole.CLINICAL_LEAD.value,
        "meaning": MEANING,
        "signed_at": instant_text(record.clock.now()),
        "proof": dict(signer.proof),
    }
    envelope = base64.b64encode(seal_envelope(REPORT, statement, signer)).decode("ascii")
    actor = actor_record(signer.actor(PersonRole.CLINICAL_LEAD))
    subjects = (Subject("deployment", deployment, place.artifact_digest),)
    with record.ledger.transaction() as tx:
        return tx.append(EventDraft(PLANNED, actor, subjects, told | {"envelope": envelope}))


def pilot_of(record: Record, deployment: str) -> tuple[PilotPlan, str] | None:
    """Return a pilot's plan and when the pilot began (UTC text, empty: not yet); None where nobody planned it."""
    with reading(record.ledger.engine) as session:
        plan = pilot_plan(session, deployment)
        started = last_event(session, ("deployment.started",), "deployment", deployment)
    if plan is None:
        return None
    began = started is not None and get(record, deployment).mode == DeploymentState.PILOT
    return plan, str(started.record["at"]) if began and started is not None else ""


def judge_pilot(record: Record, deployment: str, units: int, actor: Actor) -> Mapping[str, Any]:
    """Judge whether a planned pilot is over, and put the judgement on record.

    Args:
        record: the record.
        deployment: whose pilot.
        units: units that it scored since it began.
        actor: who asks.

    Raises:
        EvidenceMissingError: when it was not planned, or has not begun.
    """
    found = pilot_of(record, deployment)
    if found is None or not found[1]:
        why = "was not planned" if found is None else "has not begun"
        raise EvidenceMissingError(f"the pilot {why}", mend="overread models pilot, then deploy --mode pilot")
    plan, began = found
    days = max(0, (record.clock.now() - parse_instant(began)).days)  # a clock that was set back undoes no day
    lacks = [f"{units} of {plan.units} units"] if units < plan.units else []
    lacks += [f"{days} of {plan.days} days"] if days < plan.days else []
    told = {
        "deployment": deployment,
        "plan": plan.event_seq,
        "units": units,
        "days": days,
        "met": not lacks,
        "why": ", ".join(lacks) or f"{units} units in {days} days",
    }
    subjects = (Subject("deployment", deployment, get(record, deployment).artifact_digest),)
    outcome = "done" if not lacks else "not met"
    with record.ledger.transaction() as tx:
        tx.append(EventDraft(JUDGED, actor_record(actor), subjects, told, outcome=outcome))
    return told
