"""What the ledger told of people, versions, alerts and evidence: rows count only as far as an event told the same.

Whoever can write the database can edit a row; an event cannot be put in without the log's key.
"""

from collections.abc import Iterator, Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from registry.alert_record import told_of
from registry.credential_rows import credential_faults
from registry.domain.digest import digest_bytes
from registry.domain.errors import LedgerBrokenError
from registry.domain.event import Subject
from registry.domain.lifecycle import DeploymentState, VersionState
from registry.domain.roster import PERSON_EVENTS, Roster
from registry.history import VERIFY, event_of, last_event, payload_told, told_events
from registry.schema import (
    AlertRow,
    CohortRow,
    DeploymentRow,
    EvaluationRow,
    LedgerEntry,
    LedgerPayload,
    ModelVersionRow,
    PersonKeyRow,
    PersonRoleRow,
    PersonRow,
)
from registry.suspended import suspension_faults

_RUNS = ("deployment.started", "deployment.resumed")
_ENDS: Mapping[str, str] = {
    "deployment.stopped": DeploymentState.STOPPED.value,
    "deployment.ended": DeploymentState.ENDED.value,
}
_ALERTS = ("alert.opened", "alert.acknowledged", "alert.resolved", "alert.cleared")
_PLACED = ("model", "version", "site", "mode", "artifact_digest", "signature")


def roster(session: Session) -> Roster:
    """Return what the ledger told of everybody.

    Raises:
        LedgerBrokenError: when an event or a payload that tells of people is not what was signed.
    """
    return Roster((event.record, payload) for event, payload in told_events(session, PERSON_EVENTS))


def require_told(session: Session, row: ModelVersionRow) -> None:
    """Refuse a version whose state or trainer is not what the ledger told last.

    Raises:
        LedgerBrokenError: saying which.
    """
    why = _version_fault(session, row)
    if why:
        raise LedgerBrokenError(why, mend=VERIFY)


def require_place_told(session: Session, row: DeploymentRow) -> None:
    """Refuse a deployment whose place, mode or state is not what the ledger told last.

    Raises:
        LedgerBrokenError: saying which.
    """
    why = _deployment_fault(session, row)
    if why:
        raise LedgerBrokenError(why, mend=VERIFY)


def require_event(session: Session, seq: int, subject: Subject) -> None:
    """Refuse a row whose event does not tell of it.

    Raises:
        LedgerBrokenError: naming the kind and the name of what was not told.
    """
    entry = session.get(LedgerEntry, seq)
    if entry is None or subject.to_json() not in event_of(entry).record["subjects"]:
        raise LedgerBrokenError(f"the ledger does not tell of {subject.kind} '{subject.name}'", mend=VERIFY)


def untold(session: Session) -> Iterator[str]:
    """Say of each row of people, versions, alerts, evaluations, deployments and strata what the ledger tells otherwise.

    Raises:
        LedgerBrokenError: when an event that tells of them is not what was signed.
    """
    known = roster(session)
    for person in session.scalars(select(PersonRow).order_by(PersonRow.person)):
        yield from _person_faults(session, person, known)
    for version in session.scalars(select(ModelVersionRow)):
        yield from filter(None, [_version_fault(session, version) or _content_fault(session, version)])
    for place in session.scalars(select(DeploymentRow)):
        yield from filter(None, [_deployment_fault(session, place)])
    yield from suspension_faults(session)
    yield from credential_faults(session)
    for alert in session.scalars(select(AlertRow)):
        yield from filter(None, [_alert_fault(session, alert)])
    for found in session.scalars(select(EvaluationRow)):
        require_event(session, found.event_seq, Subject("evaluation", found.cohort, found.digest))
    for cohort in session.scalars(select(CohortRow)):
        require_event(session, cohort.event_seq, Subject("cohort", cohort.name, cohort.digest))


def _person_faults(session: Session, row: PersonRow, known: Roster) -> Iterator[str]:
    roles = session.scalars(select(PersonRoleRow.role).where(PersonRoleRow.person == row.person))
    for role in sorted(set(roles) - set(known.roles_of(row.person))):
        yield f"the ledger does not tell that {row.person} holds the role '{role}'"
    for key in session.scalars(select(PersonKeyRow).where(PersonKeyRow.person == row.person)):
        told = known.keys.get(key.key_id)
        if told is None or (told.person, told.public_key) != (row.person, key.public_key.hex()):
            yield f"the ledger does not tell of a key of {row.person}"
        elif (told.not_after, told.revoked_at is None) != (key.not_after, key.revoked_at is None):
            yield f"the ledger tells otherwise until when a key of {row.person} counts"
    if row.active and row.person in known.left:
        yield f"the ledger tells that {row.person} was deactivated"


def _version_fault(session: Session, row: ModelVersionRow) -> str:
    name = f"{row.model}@{row.version}"
    registered = last_event(session, ("version.registered",), "artifact", name)
    if registered is None:
        return f"the ledger does not tell that {name} was registered"
    if registered.record["actor"]["person"] != row.trained_by:
        return f"the ledger tells that somebody else trained {name}"
    moved = last_event(session, ("version.transitioned",), "version", name)
    states = [found["name"] for found in moved.record["subjects"] if found["kind"] == "state"] if moved else []
    state = states[0] if states else VersionState.REGISTERED.value
    return "" if state == row.state else f"the ledger tells that {name} is {state}, not {row.state}"


def _content_fault(session: Session, row: ModelVersionRow) -> str:
    """Say whether a version's files or operating points are others than were registered."""
    name = f"{row.model}@{row.version}"
    registered = last_event(session, ("version.registered",), "artifact", name)
    told = registered.record["subjects"] if registered else []
    points = Subject("operating-points", name, digest_bytes(row.operating_points))
    missing = [one for one in (Subject("artifact", name, row.artifact_digest), points) if one.to_json() not in told]
    return f"the ledger tells of other {missing[0].kind} of {name}" if missing else ""


def _deployment_fault(session: Session, row: DeploymentRow) -> str:
    name = f"{row.model}@{row.version}"
    last = last_event(session, (*_RUNS, *_ENDS), "deployment", row.deployment)
    started = last_event(session, _RUNS[:1], "deployment", row.deployment)
    kept = session.get(LedgerPayload, started.seq) if started else None
    if last is None or started is None or kept is None:
        return f"the ledger does not tell of a deployment of {name}"
    told = payload_told(started, kept)
    if any(told[key] != getattr(row, key) for key in _PLACED):
        return f"the ledger tells otherwise where, how or what a deployment of {name} runs"
    state = _ENDS.get(last.record["type"], row.mode)
    return "" if state == row.state else f"the ledger tells another state of a deployment of {name}"


def _alert_fault(session: Session, row: AlertRow) -> str:
    opened = last_event(session, _ALERTS[:1], "alert", row.alert)
    last = last_event(session, _ALERTS, "alert", row.alert)
    kept = [session.get(LedgerPayload, event.seq) if event else None for event in (opened, last)]
    if opened is None or last is None or kept[0] is None or kept[1] is None:
        return f"the ledger does not tell of the alert {row.alert}"
    if payload_told(opened, kept[0]) != told_of(row):
        return f"the ledger tells otherwise what the alert {row.alert} is"
    state = last.record["type"].removeprefix("alert.").replace("opened", "open")
    same = (state, payload_told(last, kept[1]).get("closed"), last.seq) == (row.state, row.closed, row.event_seq)
    return "" if same else f"the ledger tells that the alert {row.alert} is {state}, not {row.state}"
