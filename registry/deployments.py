"""Deployments of versions at sites: shadow, pilot, live; stopped, resumed.

Starting and resuming are judged like decisions. Stopping is not: it needs one signature and a named fallback, and waits
for no evidence, approval or object to be readable (contract, section 5).
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from registry.approvals import lapsed_error, state_today
from registry.cohorts import manifest
from registry.database import reading
from registry.domain.errors import AnswerIsNoError, EvidenceMissingError, UnknownNameError, UsageError
from registry.domain.event import EventDraft, Subject
from registry.domain.instants import instant_text
from registry.domain.lifecycle import DEPLOYMENT_TRANSITIONS, MAY_SHADOW, DeploymentState, VersionState, step
from registry.domain.model import Deployment
from registry.domain.person import MAY_SIGN, Act, PersonRole
from registry.domain.text import one_line
from registry.domain.uuid7 import uuid7
from registry.domain.vocabulary import Verdict
from registry.emergency_uses import over, subjects_of, use_of
from registry.evaluations import StoredEvaluation, in_force
from registry.evidence import gather
from registry.history import last_event
from registry.keys import Signer
from registry.ledger.store import Transaction
from registry.pilot_told import require_pilot_met
from registry.record import Record, Signing, keep_signature, refusals_kept, sign_now, signing
from registry.releases import release_subjects
from registry.revalidation import require_tier_signed
from registry.schema import DeploymentRow, ModelVersionRow, SiteRow
from registry.signatures import Intent, Signature
from registry.tiers import tier_of
from registry.told import require_event, require_place_told, require_told
from registry.versions import find, name_of

DEFAULT_RESUMER = PersonRole.CLINICAL_LEAD
MODES: tuple[str, ...] = (DeploymentState.SHADOW, DeploymentState.PILOT, DeploymentState.LIVE)


def deploy(
    record: Record,
    name: tuple[str, str],
    site: str,
    mode: str,
    signer: Signer,
    reason: str,
    acceptance_digest: str | None = None,
) -> Deployment:
    """Let a version run at a site in a mode: first shadow, from there pilot, from there live.

    Args:
        record: the record.
        name: model and version.
        site: a registered site.
        mode: `shadow`, `pilot` or `live`.
        signer: a clinical lead with their key unlocked.
        reason: their words.
        acceptance_digest: for pilot and live, a passed evaluation of this version on a cohort with units of the site.

    Raises:
        UnknownNameError: for an unknown version or site.
        UsageError: for another mode.
        NotAllowedError: when the key or role forbids it.
        EvidenceMissingError: when the version's state, the site's acceptance or, under a change plan, the release is
            missing.
        AnswerIsNoError: when the table or the release has no such step now, or another version is live there.
    """
    if mode not in MODES:
        raise UsageError(f"unknown mode '{mode}'", mend=f"one of {', '.join(MODES)}")
    with refusals_kept(record, "@".join(name), Act.DEPLOY, signer), record.ledger.transaction() as tx:
        row = find(tx.session, *name)
        require_site(tx.session, site)
        require_told(tx.session, row)
        who = signing(record, signer, Act.DEPLOY, reason)
        require_state_for(tx.session, row, mode, record.clock.now())
        require_tier_signed(tx.session, row, mode)
        acceptance = () if mode == DeploymentState.SHADOW else (_acceptance(tx, record, row, site, acceptance_digest),)
        place = _place(tx.session, row, site, mode, uuid7(record.clock.now()))
        require_only_live(tx.session, row.target, site, mode, record.clock.now())
        require_pilot_met(tx.session, place, mode)
        release = release_subjects(tx.session, record, row, site, mode)
        subjects = (*gather(tx.session, record.objects, row).subjects, *acceptance, *release)
        intent = Intent(Act.DEPLOY, row.model, row.version, subjects, scope_of(place, site, mode))
        return start(tx, record, row, intent, who)


def stop(
    record: Record, deployment: str, signer: Signer, fallback: str, reason: str, resumer: str = DEFAULT_RESUMER
) -> Deployment:
    """Stop a deployment, say what the readers work with instead, and which role may let it run again.

    Raises:
        UnknownNameError: when there is no such deployment.
        UsageError: when no fallback is named, or a role that resumes nothing.
        NotAllowedError: when the key or role forbids it.
        AnswerIsNoError: when it does not run.
    """
    fallback = one_line(fallback, "fallback")
    if not fallback.strip():
        raise UsageError("a stop names what takes the model's place", mend="such as 'read without AI'")
    found = get(record, deployment)
    with refusals_kept(record, _name(found), Act.STOP, signer), record.ledger.transaction() as tx:
        row = tx.session.get_one(DeploymentRow, deployment)
        who = signing(record, signer, Act.STOP, reason)
        scope = {"deployment": deployment, "site": row.site, "fallback": fallback}
        payload = {"deployment": deployment, "fallback": fallback}
        return change(tx, record, row, who, ("stop", "deployment.stopped"), scope, payload, resumer_subject(resumer))


def resume(record: Record, deployment: str, signer: Signer, reason: str) -> Deployment:
    """Let a stopped deployment run again, in the mode in which it ran.

    Raises:
        UnknownNameError: when there is no such deployment.
        NotAllowedError: when the key or role forbids it.
        EvidenceMissingError: when the version's state no longer allows the mode.
        AnswerIsNoError: when it is not stopped, or another version is live there.
    """
    found = get(record, deployment)
    with refusals_kept(record, _name(found), Act.RESUME, signer), record.ledger.transaction() as tx:
        return resume_within(tx, record, tx.session.get_one(DeploymentRow, deployment), signer, reason)


def resume_within(tx: Transaction, record: Record, row: DeploymentRow, signer: Signer, reason: str) -> Deployment:
    """Let a stopped deployment run again as part of a larger change (see `resume`).

    Raises:
        NotAllowedError: when the key or role forbids it, or its approval lapsed.
        EvidenceMissingError: when the version's state no longer allows the mode.
        AnswerIsNoError: when it is not stopped, was an emergency use, or another version is live there.
    """
    who = signing(record, signer, Act.RESUME, reason, frozenset({resumer_of(tx.session, row.deployment)}))
    version = find(tx.session, row.model, row.version)
    require_told(tx.session, version)
    require_place_told(tx.session, row)
    if use_of(tx.session, row) is not None:
        raise AnswerIsNoError(
            f"the deployment of {row.model}@{row.version} at {row.site} was an emergency use and is never resumed",
            mend="deploy it by `overread models deploy`, in shadow first",
        )
    require_state_for(tx.session, version, row.mode, record.clock.now())
    require_tier_signed(tx.session, version, row.mode)
    tx.session.flush()
    require_only_live(tx.session, row.target, row.site, row.mode, record.clock.now())
    payload = {"deployment": row.deployment, "mode": row.mode}
    scope = scope_of(row.deployment, row.site, row.mode)
    return change(tx, record, row, who, (f"resume-{row.mode}", "deployment.resumed"), scope, payload)


def get(record: Record, deployment: str) -> Deployment:
    """Return a deployment.

    Raises:
        UnknownNameError: when there is no such deployment.
    """
    found = {one.deployment: one for one in listed(record)}
    if deployment not in found:
        raise UnknownNameError.of("deployment", deployment, found, mend="`overread models show` lists them")
    return found[deployment]


def listed(record: Record, model: str | None = None) -> list[Deployment]:
    """Return all deployments (of a model), oldest first."""
    now = record.clock.now()
    with reading(record.ledger.engine) as session:
        rows = session.scalars(select(DeploymentRow).order_by(DeploymentRow.started_at, DeploymentRow.deployment))
        return [today(session, row, now) for row in rows if model in {None, row.model}]


def running(
    session: Session, model: str, version: str | None, site: str, now: datetime
) -> tuple[Deployment | None, Sequence[Deployment]]:
    """Return the deployment of a model (at one version) that runs at a site at an instant, and all that there are.

    Of several that run, live comes before pilot before shadow, then the newest.
    """
    query = select(DeploymentRow).where(DeploymentRow.model == model, DeploymentRow.site == site)
    found = [today(session, row, now) for row in session.scalars(query) if version in {None, row.version}]
    active = [one for one in found if one.state in MODES and one.state == one.mode]
    return max(active, key=lambda one: (MODES.index(one.mode), one.started_at), default=None), found


def deployment_of(row: DeploymentRow) -> Deployment:
    """Return the deployment that a row holds."""
    return Deployment(**{name: getattr(row, name) for name in Deployment.__dataclass_fields__})


def today(session: Session, row: DeploymentRow, now: datetime) -> Deployment:
    """Return a deployment as it stands at an instant: an emergency use that is over counts as stopped."""
    found = deployment_of(row)
    stopped = row.state in MODES and over(session, row, now)
    return replace(found, state=DeploymentState.STOPPED.value) if stopped else found


def resumer_of(session: Session, deployment: str) -> PersonRole:
    """Return the role that the newest stop of a deployment named to let it run again."""
    event = last_event(session, ("deployment.stopped",), "deployment", deployment)
    return PersonRole(subjects_of(event).get("resumer", DEFAULT_RESUMER)) if event else DEFAULT_RESUMER


def resumer_subject(role: str) -> tuple[Subject, ...]:
    """Return a role that may resume as the subject of a stop.

    Raises:
        UsageError: when the role resumes nothing.
    """
    if role not in MAY_SIGN[Act.RESUME]:
        known = " or ".join(sorted(one.value for one in MAY_SIGN[Act.RESUME]))
        raise UsageError(f"the role '{role}' resumes nothing", mend=f"name {known}")
    return (Subject("resumer", PersonRole(role).value),)


def scope_of(deployment: str, site: str, mode: str) -> dict[str, str]:
    """Return what binds a signature to one deployment."""
    return {"deployment": deployment, "site": site, "mode": mode}


def require_state_for(session: Session, row: ModelVersionRow, mode: str, now: datetime) -> None:
    """Refuse a mode that the version's state at an instant does not allow.

    Raises:
        NotAllowedError: when its approval lapsed, naming how to approve it again.
        EvidenceMissingError: naming the state that it takes.
    """
    state = state_today(session, row, now)
    if state == VersionState.LAPSED:
        raise lapsed_error(name_of(row), mode, tier_of(session, row.model).tier)
    if mode == DeploymentState.SHADOW:
        if state not in MAY_SHADOW:
            raise EvidenceMissingError(
                f"{name_of(row)} is {state}; shadow use needs a validated version", mend="validate it first"
            )
    elif state != VersionState.APPROVED:
        raise EvidenceMissingError(
            f"{name_of(row)} is {state}; {mode} use needs an approval that is valid today", mend="approve it first"
        )


def _place(session: Session, row: ModelVersionRow, site: str, mode: str, fresh: str) -> str:
    """Return the id of the deployment that takes the step to a mode: the present one, or a fresh one for shadow."""
    query = select(DeploymentRow).where(
        DeploymentRow.model == row.model, DeploymentRow.version == row.version, DeploymentRow.site == site
    )
    regular = (found for found in session.scalars(query) if use_of(session, found) is None)
    present = next((found for found in regular if found.state != DeploymentState.ENDED), None)
    if present is not None:
        require_place_told(session, present)
    state = present.state if present is not None else ""
    if step(DEPLOYMENT_TRANSITIONS, state, f"deploy-{mode}") is None:
        where = f"is in state '{state}' at {site}" if state else f"does not run at {site}"
        raise AnswerIsNoError(
            f"{name_of(row)} {where}: no step to {mode} from there", mend="shadow, pilot, live in turn"
        )
    return present.deployment if present is not None else fresh


def start(
    tx: Transaction, record: Record, row: ModelVersionRow, intent: Intent, who: Signing, also: tuple[Subject, ...] = ()
) -> Deployment:
    """Sign and begin a deployment, as its intent's scope says where and how."""
    signature = sign_now(record, who, intent)
    place, site, mode = (intent.scope[key] for key in ("deployment", "site", "mode"))
    payload = {
        "deployment": place,
        "model": row.model,
        "version": row.version,
        "site": site,
        "mode": mode,
        "artifact_digest": row.artifact_digest,
        "signature": signature.digest,
    }
    event = tx.append(
        EventDraft("deployment.started", who.actor, (*_subjects(row, intent, signature), *also), payload, who.reason)
    )
    keep_signature(tx, signature, intent, event.seq)
    stored_row = DeploymentRow(
        deployment=place,
        model=row.model,
        version=row.version,
        site=site,
        target=row.target,
        mode=mode,
        state=mode,
        started_at=instant_text(record.clock.now()),
        artifact_digest=row.artifact_digest,
        signature=signature.digest,
        event_seq=event.seq,
    )
    return deployment_of(tx.session.merge(stored_row))


def change(
    tx: Transaction,
    record: Record,
    row: DeploymentRow,
    who: Signing,
    what: tuple[str, str],
    scope: Mapping[str, str],
    payload: Mapping[str, Any],
    also: tuple[Subject, ...] = (),
) -> Deployment:
    """Take one step of the table with a signature over the artifact alone.

    Raises:
        AnswerIsNoError: when the table has no such step.
    """
    act, event_type = what
    found = step(DEPLOYMENT_TRANSITIONS, row.state, act)
    if found is None:
        raise AnswerIsNoError(f"the deployment of {row.model}@{row.version} at {row.site} is {row.state}")
    artifact = Subject("artifact", f"{row.model}@{row.version}", row.artifact_digest)
    intent = Intent(who.act, row.model, row.version, (artifact,), scope)
    signature = sign_now(record, who, intent)
    row.state = found.target
    subjects = (*_subjects(row, intent, signature), *also)
    event = tx.append(
        EventDraft(event_type, who.actor, subjects, {**payload, "signature": signature.digest}, who.reason)
    )
    keep_signature(tx, signature, intent, event.seq)
    return deployment_of(row)


def _subjects(
    row: ModelVersionRow | DeploymentRow, intent: Intent, signature: Signature
) -> tuple[Subject, Subject, Subject]:
    return (
        Subject("deployment", intent.scope["deployment"], row.artifact_digest),
        Subject("version", f"{row.model}@{row.version}", row.artifact_digest),
        Subject("signature", intent.act.value, signature.digest),
    )


def require_site(session: Session, site: str) -> None:
    """Refuse a site that is not on record.

    Raises:
        UnknownNameError: with the nearest known name.
    """
    if session.get(SiteRow, site) is None:
        raise UnknownNameError.of("site", site, session.scalars(select(SiteRow.site)).all())


def require_only_live(session: Session, target: str, site: str, mode: str, now: datetime) -> None:
    """Refuse a second live version for a target at a site.

    Raises:
        AnswerIsNoError: naming the one that is live.
    """
    if mode != DeploymentState.LIVE:
        return
    query = select(DeploymentRow).where(
        DeploymentRow.target == target, DeploymentRow.site == site, DeploymentRow.state == DeploymentState.LIVE.value
    )
    for found in session.scalars(query):
        if over(session, found, now):
            continue
        raise AnswerIsNoError(
            f"{found.model}@{found.version} is live for {target} at {site}", mend="stop it first, naming the fallback"
        )


def _acceptance(tx: Transaction, record: Record, row: ModelVersionRow, site: str, digest: str | None) -> Subject:
    """Return the site's acceptance as a subject: a passed evaluation of the version on units of the site."""
    known = {found.digest: found for found in in_force(tx.session, record.objects, row)}
    found = known.get(digest or "")
    if found is None or found.verdict != Verdict.PASSED or site not in _sites(record, found):
        raise EvidenceMissingError(
            f"{name_of(row)} has no acceptance record of the site {site}",
            mend="evaluate it on a cohort of that site, and name the evaluation that passed",
        )
    require_event(tx.session, found.event_seq, Subject("evaluation", found.cohort, found.digest))
    return Subject("acceptance", site, found.digest)


def _sites(record: Record, found: StoredEvaluation) -> Sequence[str]:
    return sorted({unit.site for unit in manifest(record.objects, found.cohort_digest).units})


def _name(found: Deployment) -> str:
    return f"{found.model}@{found.version}"
