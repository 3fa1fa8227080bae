"""Emergency use ("break-glass", APP-11): one role, for a limited time, with a reason and a fallback; never extended.

It is a deployment of its own beside the regular ones: live at once, counted as stopped when its time is over, and never
resumed. A second person in another role confirms it afterwards; without that it ends with the first signature's time.
After one emergency use of a model at a site there is no other until a version of it went live there regularly.
"""

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from registry.approvals import state_today
from registry.comparisons import require_unfailed
from registry.database import reading
from registry.deployments import get, require_only_live, require_site, scope_of, start, today
from registry.domain.emergency import EmergencyUse, hours_given
from registry.domain.errors import AnswerIsNoError, EvidenceMissingError, NotAllowedError, UsageError
from registry.domain.event import EventDraft, Subject
from registry.domain.instants import instant_text
from registry.domain.lifecycle import MAY_BREAK_GLASS, DeploymentState
from registry.domain.model import Deployment
from registry.domain.person import SERVICE, Act, actor_record
from registry.domain.text import one_line
from registry.domain.uuid7 import uuid7
from registry.emergency_uses import COUNTERSIGNED, UNTIL, use_of
from registry.evidence import require_separation
from registry.keys import Signer
from registry.ledger.store import Transaction
from registry.live_intervals import intervals
from registry.record import Record, keep_signature, refusals_kept, sign_now, signing
from registry.schema import DeploymentRow, ModelVersionRow
from registry.signatures import Intent
from registry.told import require_place_told, require_told, roster
from registry.versions import base_subjects, find, name_of, version_of

_REGULAR = frozenset({DeploymentState.PILOT, DeploymentState.LIVE})


def break_glass(
    record: Record,
    name: tuple[str, str],
    site: str,
    signer: Signer,
    fallback: str,
    reason: str,
    hours: int | None = None,
) -> Deployment:
    """Let a version run live at a site in an emergency, by one signature, for some hours.

    Args:
        record: the record.
        name: model and version; it is validated at least, or its approval lapsed.
        site: a registered site, at which no version is live for the target.
        signer: a clinical lead who did not train it, with their key unlocked.
        fallback: what the readers work with when the time is over.
        reason: why; it is required.
        hours: 1 to 72; 24 when None.

    Raises:
        UnknownNameError: for an unknown version or site.
        UsageError: when reason or fallback is missing, or for other hours.
        NotAllowedError: when the key, the role or the separation of duties forbids it, or it would extend another.
        EvidenceMissingError: when the version was never validated, failed a test, or is closed.
        AnswerIsNoError: when another version is live there.
    """
    fallback, reason = one_line(fallback, "fallback"), one_line(reason, "reason")
    if not fallback.strip() or not reason.strip():
        raise UsageError("an emergency use names its reason and its fallback", mend="use --reason and --fallback")
    given = hours_given(hours)
    with refusals_kept(record, "@".join(name), Act.BREAK_GLASS, signer), record.ledger.transaction() as tx:
        row = find(tx.session, *name)
        require_site(tx.session, site)
        require_told(tx.session, row)
        who = signing(record, signer, Act.BREAK_GLASS, reason)
        require_separation(tx.session, row, signer, Act.BREAK_GLASS)
        now = record.clock.now()
        state = state_today(tx.session, row, now)
        if state not in MAY_BREAK_GLASS:
            raise EvidenceMissingError(
                f"{name_of(row)} is {state}; an emergency use takes a version that was validated"
            )
        require_unfailed(tx.session, row.model, row.version)
        require_only_live(tx.session, row.target, site, DeploymentState.LIVE, now)
        _require_first(tx.session, row, site)
        place, until = uuid7(now), instant_text(now + timedelta(hours=given))
        scope = scope_of(place, site, DeploymentState.LIVE.value) | {"until": until, "fallback": fallback}
        intent = Intent(Act.BREAK_GLASS, row.model, row.version, base_subjects(version_of(row)), scope)
        return start(tx, record, row, intent, who, (Subject(UNTIL, until), Subject("fallback", fallback)))


def countersign(record: Record, deployment: str, signer: Signer, reason: str) -> EmergencyUse:
    """Confirm an emergency use, as another person in another role, before its time is over.

    Raises:
        UnknownNameError: when there is no such deployment.
        NotAllowedError: when the key, role or separation of duties forbids it, or the same person broke the glass.
        AnswerIsNoError: when it is no emergency use, is over, stopped, or countersigned already.
    """
    found = get(record, deployment)
    name = f"{found.model}@{found.version}"
    with refusals_kept(record, name, Act.COUNTERSIGN, signer), record.ledger.transaction() as tx:
        who = signing(record, signer, Act.COUNTERSIGN, reason)
        row = tx.session.get_one(DeploymentRow, deployment)
        version = find(tx.session, row.model, row.version)
        require_separation(tx.session, version, signer, Act.COUNTERSIGN)
        require_place_told(tx.session, row)
        use = _open_use(tx.session, record, row)
        people = roster(tx.session)
        behind = people.humans(signer.person.person, signer.acting_for(who.role))
        if behind & people.humans(use.broken_by, use.acting_for) or who.role.value == use.role:
            raise NotAllowedError(
                f"{use.broken_by} broke the glass as {use.role}", mend="another person in another role countersigns"
            )
        scope = {"deployment": deployment, "site": row.site, "until": use.until}
        intent = Intent(Act.COUNTERSIGN, row.model, row.version, base_subjects(version_of(version)), scope)
        signature = sign_now(record, who, intent)
        subjects = (
            Subject("deployment", deployment, row.artifact_digest),
            Subject("version", name, row.artifact_digest),
            Subject("signature", Act.COUNTERSIGN.value, signature.digest),
        )
        payload = {"deployment": deployment, "signature": signature.digest}
        event = tx.append(EventDraft(COUNTERSIGNED, who.actor, subjects, payload, who.reason))
        keep_signature(tx, signature, intent, event.seq)
    return use.countersigned(signer.person.person, event.record["at"])


def uses(record: Record, model: str | None = None) -> tuple[EmergencyUse, ...]:
    """Return every emergency use (of a model), past and present, oldest first."""
    query = select(DeploymentRow).order_by(DeploymentRow.event_seq)
    with reading(record.ledger.engine) as session:
        found = (use_of(session, row) for row in session.scalars(query) if model in {None, row.model})
        return tuple(one for one in found if one is not None)


def stop_if_over(record: Record, deployment: str) -> bool:
    """Put on record that an emergency use ended with its time, if it did and nobody did; say whether it is so now."""
    with record.ledger.transaction() as tx:
        row = tx.session.get_one(DeploymentRow, deployment)
        use = use_of(tx.session, row)
        if use is None or row.state != DeploymentState.LIVE or not use.over(instant_text(record.clock.now())):
            return False
        _stop(tx, row, use)
        return True


def _stop(tx: Transaction, row: DeploymentRow, use: EmergencyUse) -> None:
    row.state = DeploymentState.STOPPED.value
    why = "countersigned, and over" if use.countersigned_by else "nobody countersigned it in time"
    subjects = (
        Subject("deployment", row.deployment, row.artifact_digest),
        Subject("version", f"{row.model}@{row.version}", row.artifact_digest),
    )
    payload = {"deployment": row.deployment, "fallback": "as named when the glass was broken"}
    tx.append(EventDraft("deployment.stopped", actor_record(SERVICE), subjects, payload, f"emergency use: {why}"))


def _open_use(session: Session, record: Record, row: DeploymentRow) -> EmergencyUse:
    use, now = use_of(session, row), record.clock.now()
    if use is None:
        raise AnswerIsNoError(f"the deployment of {row.model}@{row.version} at {row.site} is no emergency use")
    if today(session, row, now).state != DeploymentState.LIVE:
        raise AnswerIsNoError(f"the emergency use of {row.model}@{row.version} at {row.site} is over")
    if use.countersigned_by:
        raise AnswerIsNoError(f"{use.countersigned_by} countersigned this emergency use already")
    return use


def _require_first(session: Session, row: ModelVersionRow, site: str) -> None:
    """Refuse an emergency use that would follow another without a regular way in between: it never extends itself."""
    ours = [one for one in intervals(session, site) if one.model == row.model]
    last = max((one.event_seq for one in ours if one.emergency), default=-1)
    regular = [one for one in ours if not one.emergency and one.mode in _REGULAR and one.event_seq > last]
    if last >= 0 and not regular:
        raise NotAllowedError(
            f"{row.model} had an emergency use at {site} already, and it is never extended",
            mend="approve a version and deploy it in the regular way",
        )
