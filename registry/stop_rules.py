"""Stop rules of deployments: set by signature, fired by Overread itself, resumed by the named role alone (MON-06).

A rule is set for one deployment, or stands in the signed monitoring plan and is then a rule of each deployment of the
models that it names; from there on there is no difference. What counts is what the ledger tells. An alert stops the
same thing once, whatever rules it meets: when the named role lets it run again, that alert stops it no second time.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from registry.alerts import listed
from registry.database import reading
from registry.deployments import MODES, get, resumer_subject, today
from registry.domain.digest import digest_value
from registry.domain.event import EventDraft, Subject
from registry.domain.lifecycle import DeploymentState
from registry.domain.person import SERVICE, Act, actor_record
from registry.domain.stop_rule import ANY, StopRule
from registry.domain.stratum import Stratum, stratum_digest
from registry.history import told_events
from registry.keys import Signer
from registry.ledger.store import Transaction
from registry.monitoring_plans import signed_plan
from registry.record import Record, keep_signature, refusals_kept, sign_now, signing
from registry.schema import DeploymentRow, SuspensionRow
from registry.signatures import Intent
from registry.suspended import SUSPENDED, suspensions

SET = "stop_rule.set"
_STOPPED = "deployment.stopped"
_CLINICAL = frozenset({DeploymentState.PILOT, DeploymentState.LIVE})
# The states of a deployment whose predictions an alert of a mode speaks of.
_MODES_OF: Mapping[str, frozenset[str]] = {
    "live": frozenset(one.value for one in _CLINICAL),
    "shadow": frozenset({DeploymentState.SHADOW.value}),
}
UNSEEN_FALLBACK = "outside the validated envelope: read without AI until it is revalidated"


@dataclass(frozen=True)
class Fired:
    """A rule that fired: by which alert, what it stopped, and what is done instead."""

    rule: StopRule
    alert: str
    stratum: Stratum | None

    @property
    def says(self) -> str:
        """One sentence for a person."""
        what = self.rule.deployment if self.stratum is None else f"{self.stratum.text} of {self.rule.deployment}"
        return (
            f"stop rule '{self.rule.rule}' stopped {what} by alert {self.alert}: {self.rule.fallback}; "
            f"only a {self.rule.resumer} resumes it"
        )


def set_stop_rule(record: Record, rule: StopRule, signer: Signer, reason: str) -> StopRule:
    """Sign a rule for a deployment; one of the same name takes its place, one not in force ends it.

    Raises:
        UnknownNameError: when there is no such deployment, cause or scope.
        UsageError: when a part of the rule cannot be kept.
        NotAllowedError: when the key or role forbids it.
    """
    rule = rule.checked()
    found = get(record, rule.deployment)
    name = f"{found.model}@{found.version}"
    with refusals_kept(record, name, Act.SET_STOP_RULE, signer), record.ledger.transaction() as tx:
        who = signing(record, signer, Act.SET_STOP_RULE, reason)
        subject = Subject("stop-rule", rule.rule, digest_value(rule.to_json()))
        scope = {"deployment": rule.deployment, "site": found.site}
        intent = Intent(Act.SET_STOP_RULE, found.model, found.version, (subject,), scope)
        signature = sign_now(record, who, intent)
        subjects = (
            Subject("deployment", rule.deployment, found.artifact_digest),
            subject,
            Subject("signature", Act.SET_STOP_RULE.value, signature.digest),
        )
        payload = rule.to_json() | {"signature": signature.digest}
        event = tx.append(EventDraft(SET, who.actor, subjects, payload, who.reason))
        keep_signature(tx, signature, intent, event.seq)
    return rule


def stop_rules(record: Record, deployment: str | None = None) -> tuple[StopRule, ...]:
    """Return the rules in force (of a deployment): those set for one, as they were set first, then the signed plan's.

    Raises:
        LedgerBrokenError: when an event that tells of a rule or of the plan is not what was signed.
    """
    with reading(record.ledger.engine) as session:
        rules = (*_rules(session), *_planned(session))
        return tuple(one for one in rules if deployment in {None, one.deployment})


def fire_stop_rules(record: Record, on: date) -> tuple[Fired, ...]:
    """Fire every rule in force whose condition is met on a day; each stop is one event of its own.

    Args:
        record: the record.
        on: the day on which alerts are looked at.

    Raises:
        ArtifactChangedError: when the stored record of an alert is missing or has other bytes.
    """
    found = []
    for rule in stop_rules(record):
        place = get(record, rule.deployment)
        alerts = [one for one in listed(record, place.model) if one.version in {"", place.version}]
        for alert in sorted(alerts, key=lambda one: one.event_seq):
            if place.state in _MODES_OF.get(alert.mode, MODES) and rule.fires(alert.record, place.site, on):
                found += _fire(record, rule, alert.record)
    return tuple(found)


def suspend_unseen(record: Record, deployment: str, stratum: Stratum) -> bool:
    """Suspend a clinical deployment for a stratum on which its version was never validated; say whether it is so now.

    A stratum that was suspended before is left to whoever let it back (contract, section 5; VAL-05).

    Raises:
        UnknownNameError: when there is no such deployment.
    """
    get(record, deployment)
    with record.ledger.transaction() as tx:
        row = tx.session.get_one(DeploymentRow, deployment)
        before = {one.stratum for one in suspensions(tx.session, row.model) if one.deployment == deployment}
        if stratum in before or today(tx.session, row, record.clock.now()).state not in _CLINICAL:
            return False
        rule = StopRule(deployment, "validated-envelope", ANY, 0, UNSEEN_FALLBACK, scope="stratum")
        return _suspend(tx, rule, "", row, stratum)


def _rules(session: Session) -> list[StopRule]:
    known: dict[tuple[str, str], StopRule] = {}
    for _, payload in told_events(session, (SET,)):
        rule = StopRule(**{name: payload[name] for name in StopRule.__dataclass_fields__})
        known[rule.deployment, rule.rule] = rule
    return [rule for rule in known.values() if rule.in_force]


def _planned(session: Session) -> Iterator[StopRule]:
    """Yield the rules of the signed monitoring plan, for each deployment that has not ended."""
    plan = signed_plan(session)
    if plan is None:
        return
    ended = DeploymentState.ENDED.value
    rows = session.scalars(select(DeploymentRow).where(DeploymentRow.state != ended).order_by(DeploymentRow.deployment))
    places = rows.all()
    for stop in plan.stops:
        yield from (stop.at(row.deployment, plan.number) for row in places if stop.model in {"", row.model})


def _fire(record: Record, rule: StopRule, alert: Mapping[str, Any]) -> list[Fired]:
    """Stop what a rule stops, unless that alert did so before or it does not run."""
    stratum, known = rule.stratum(alert), str(alert["id"])
    with record.ledger.transaction() as tx:
        row = tx.session.get_one(DeploymentRow, rule.deployment)
        if (
            _fired_before(tx.session, rule, stratum, known)
            or today(tx.session, row, record.clock.now()).state not in MODES
        ):
            return []
        if stratum is not None and not _suspend(tx, rule, known, row, stratum):
            return []
        if stratum is None:
            row.state = DeploymentState.STOPPED.value
            payload = {"deployment": row.deployment, "fallback": rule.fallback, "rule": rule.rule, "alert": known}
            _append(tx, _STOPPED, (), rule, row, payload)
    return [Fired(replace(rule), known, stratum)]


def _suspend(tx: Transaction, rule: StopRule, alert: str, row: DeploymentRow, stratum: Stratum) -> bool:
    """Suspend a stratum by a rule; say whether it was not suspended before."""
    told = [one for one in suspensions(tx.session, row.model) if one.in_force]
    if any((one.deployment, one.stratum) == (row.deployment, stratum) for one in told):
        return False
    own = {"deployment": row.deployment, "axis": stratum.axis, "value": stratum.value, "fallback": rule.fallback}
    first = (Subject("stratum", stratum.axis, stratum_digest(row.deployment, stratum)),)
    event = _append(tx, SUSPENDED, first, rule, row, own | {"rule": rule.rule, "alert": alert})
    kept = SuspensionRow(
        deployment=row.deployment,
        axis=stratum.axis,
        value=stratum.value,
        fallback=rule.fallback,
        state="suspended",
        since=event.record["at"],
        event_seq=event.seq,
    )
    tx.session.merge(kept)
    return True


def _append(
    tx: Transaction,
    kind: str,
    first: tuple[Subject, ...],
    rule: StopRule,
    row: DeploymentRow,
    payload: Mapping[str, Any],
) -> Any:
    subjects = (
        *first,
        Subject("deployment", row.deployment, row.artifact_digest),
        Subject("version", f"{row.model}@{row.version}", row.artifact_digest),
        Subject("stop-rule", rule.rule),
        *resumer_subject(rule.resumer),
    )
    reason = f"stop rule '{rule.rule}'" + f", alert {payload['alert']}" * bool(payload["alert"])
    return tx.append(EventDraft(kind, actor_record(SERVICE), subjects, payload, reason))


def _fired_before(session: Session, rule: StopRule, stratum: Stratum | None, alert: str) -> bool:
    """Say whether an alert stopped the same thing before, by this rule or another."""
    if stratum is None:
        told = told_events(session, (_STOPPED,))
        return any((payload["deployment"], payload.get("alert")) == (rule.deployment, alert) for _, payload in told)
    mine = (rule.deployment, stratum.axis, stratum.value, alert)
    return any(
        (payload["deployment"], payload["axis"], payload["value"], payload.get("alert")) == mine
        for _, payload in told_events(session, (SUSPENDED,))
    )
