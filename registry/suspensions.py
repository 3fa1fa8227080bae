"""Suspending a deployment for one stratum, and letting it back: the rest of the site goes on (contract, section 5).

Like a stop, a suspension needs one signature and a named fallback, and waits for nothing: neither evidence nor approval
nor any object need be readable. Results in the stratum are still made and kept, marked as outside the envelope.
"""

from dataclasses import replace

from sqlalchemy.orm import Session

from registry.database import reading
from registry.deployments import DEFAULT_RESUMER, get, resumer_subject
from registry.domain.errors import AnswerIsNoError, LedgerBrokenError, UsageError
from registry.domain.event import Event, EventDraft, Subject
from registry.domain.lifecycle import STRATUM_TRANSITIONS, DeploymentState, step
from registry.domain.model import Deployment
from registry.domain.person import Act, PersonRole
from registry.domain.stratum import Stratum, Suspension, stratum_digest
from registry.domain.text import one_line
from registry.emergency_uses import subjects_of
from registry.history import newest_events
from registry.keys import Signer
from registry.ledger.store import Transaction
from registry.record import Record, Signing, keep_signature, refusals_kept, sign_now, signing
from registry.schema import DeploymentRow, SuspensionRow
from registry.signatures import Intent
from registry.suspended import RESUMED, SUSPENDED, suspensions


def suspend_stratum(
    record: Record,
    deployment: str,
    stratum: Stratum,
    signer: Signer,
    fallback: str,
    reason: str,
    resumer: str = DEFAULT_RESUMER,
) -> Suspension:
    """Suspend a deployment for one stratum: what the readers work with there instead, and who may let it back.

    Raises:
        UnknownNameError: when there is no such deployment.
        UsageError: when no fallback is named, or a role that resumes nothing.
        NotAllowedError: when the key or role forbids it.
        AnswerIsNoError: when it has ended, or the stratum is suspended already.
    """
    fallback = one_line(fallback, "fallback")
    if not fallback.strip():
        raise UsageError("a suspension names what takes the model's place", mend="such as 'read without AI'")
    found = get(record, deployment)
    with (
        refusals_kept(record, f"{found.model}@{found.version}", Act.SUSPEND_STRATUM, signer),
        record.ledger.transaction() as tx,
    ):
        who = signing(record, signer, Act.SUSPEND_STRATUM, reason)
        return _change(tx, record, found, stratum, who, fallback, resumer_subject(resumer))


def resume_stratum(record: Record, deployment: str, stratum: Stratum, signer: Signer, reason: str) -> Suspension:
    """Let a deployment count again in a stratum.

    Raises:
        UnknownNameError: when there is no such deployment.
        NotAllowedError: when the key or role forbids it.
        AnswerIsNoError: when the stratum is not suspended.
    """
    found = get(record, deployment)
    with (
        refusals_kept(record, f"{found.model}@{found.version}", Act.RESUME_STRATUM, signer),
        record.ledger.transaction() as tx,
    ):
        among = frozenset({_resumer_of(tx.session, found, stratum)})
        who = signing(record, signer, Act.RESUME_STRATUM, reason, among)
        return _change(tx, record, found, stratum, who, None)


def of_model(record: Record, model: str | None = None) -> tuple[Suspension, ...]:
    """Return every suspension (of a model), past and present, oldest first."""
    with reading(record.ledger.engine) as session:
        return suspensions(session, model)


def _change(
    tx: Transaction,
    record: Record,
    found: Deployment,
    stratum: Stratum,
    who: Signing,
    fallback: str | None,
    also: tuple[Subject, ...] = (),
) -> Suspension:
    """Take one step of the table; without a fallback it is the step back."""
    place = tx.session.get_one(DeploymentRow, found.deployment)
    last = _last(tx.session, found, stratum, needed=fallback is None)
    _require_step(place, stratum, last, "resume" if fallback is None else "suspend")
    if fallback is None and last is not None:
        event = _told(tx, record, place, stratum, who, RESUMED, last.fallback)
        changed = replace(last, until=event.record["at"], event_seq=event.seq)
    else:
        event = _told(tx, record, place, stratum, who, SUSPENDED, fallback or "", also)
        whose = (place.deployment, place.model, place.version, place.site)
        changed = Suspension(*whose, stratum, fallback or "", event.record["at"], None, event.seq)
    tx.session.merge(_row(changed))
    return changed


def _told(
    tx: Transaction,
    record: Record,
    place: DeploymentRow,
    stratum: Stratum,
    who: Signing,
    kind: str,
    fallback: str,
    also: tuple[Subject, ...] = (),
) -> Event:
    """Sign the step, over the artifact alone, and append its event."""
    own = {"deployment": place.deployment, "axis": stratum.axis, "value": stratum.value, "fallback": fallback}
    scope = own | {"site": place.site}
    name = f"{place.model}@{place.version}"
    artifact = Subject("artifact", name, place.artifact_digest)
    intent = Intent(who.act, place.model, place.version, (artifact,), scope)
    signature = sign_now(record, who, intent)
    subjects = (
        Subject("stratum", stratum.axis, stratum_digest(place.deployment, stratum)),
        Subject("deployment", place.deployment, place.artifact_digest),
        Subject("version", name, place.artifact_digest),
        Subject("signature", who.act.value, signature.digest),
        *also,
    )
    event = tx.append(EventDraft(kind, who.actor, subjects, own | {"signature": signature.digest}, who.reason))
    keep_signature(tx, signature, intent, event.seq)
    return event


def _resumer_of(session: Session, found: Deployment, stratum: Stratum) -> PersonRole:
    """Return the role that the newest suspension of a stratum named to let it back."""
    digest = stratum_digest(found.deployment, stratum)
    for event in newest_events(session, (SUSPENDED,), "stratum", stratum.axis):
        if event.record["subjects"][0]["digest"] == digest:
            return PersonRole(subjects_of(event).get("resumer", DEFAULT_RESUMER))
    return DEFAULT_RESUMER


def _require_step(place: DeploymentRow, stratum: Stratum, last: Suspension | None, act: str) -> None:
    where = f"{place.model}@{place.version} at {place.site}"
    if place.state == DeploymentState.ENDED and act == "suspend":
        raise AnswerIsNoError(f"the deployment of {where} has ended", mend="it makes no results any more")
    if step(STRATUM_TRANSITIONS, last.state if last else "", act) is None:
        stands = "suspended already" if act == "suspend" else "not suspended"
        raise AnswerIsNoError(f"the {stratum.axis} '{stratum.value}' of {where} is {stands}")


def _last(session: Session, found: Deployment, stratum: Stratum, *, needed: bool) -> Suspension | None:
    """Return the newest suspension of a stratum; a record that cannot be read holds no suspension up."""
    try:
        told = suspensions(session, found.model)
    except LedgerBrokenError:
        if needed:
            raise
        return None
    ours = [one for one in told if (one.deployment, one.stratum) == (found.deployment, stratum)]
    return ours[-1] if ours else None


def _row(told: Suspension) -> SuspensionRow:
    return SuspensionRow(
        deployment=told.deployment,
        axis=told.stratum.axis,
        value=told.stratum.value,
        fallback=told.fallback,
        state=told.state,
        since=told.until or told.since,
        event_seq=told.event_seq,
    )
