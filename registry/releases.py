"""Prepared releases on record: what pilot and live use of a version that was made under a change plan stands on."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from registry.database import reading
from registry.domain.canonical import canonical_bytes, parse_canonical
from registry.domain.change_scope import ROLL_OUT, VersionFacts
from registry.domain.errors import AnswerIsNoError, EvidenceMissingError
from registry.domain.event import Event, EventDraft, Subject
from registry.domain.instants import parse_instant
from registry.domain.lifecycle import DeploymentState
from registry.domain.person import Actor, actor_record
from registry.domain.plan_covers import EVERY
from registry.domain.ports import ObjectStore
from registry.domain.release import MODES, stage_of
from registry.history import whole_events
from registry.record import Record
from registry.schema import DeploymentRow, ModelVersionRow
from registry.scope import judged_by_plan, trainings

PREPARED = "release.prepared"


def record_release(record: Record, release: Mapping[str, Any], actor: Actor) -> Event:
    """Put a prepared release on record; the newest one of a version counts."""
    digest = record.objects.put(canonical_bytes(release))
    name = f"{release['model']}@{release['version']}"
    subjects = (
        Subject("version", name, release["artifact_digest"]),
        Subject("release", name, digest),
        Subject("change-plan", release["model"], release["plan_digest"]),
    )
    payload = {"model": release["model"], "version": release["version"], "digest": digest}
    with record.ledger.transaction() as tx:
        return tx.append(EventDraft(PREPARED, actor_record(actor), subjects, payload))


def release_of(record: Record, model: str, version: str) -> Mapping[str, Any] | None:
    """Return the newest release of a version, with its `digest` and `event_seq`, or None.

    Raises:
        ArtifactChangedError: when the record is missing or has other bytes.
    """
    with reading(record.ledger.engine) as session:
        return prepared(session, record.objects, model, version)


def prepared(session: Session, objects: ObjectStore, model: str, version: str) -> Mapping[str, Any] | None:
    """Return the newest release of a version (see `release_of`)."""
    told = [
        (event, payload)
        for event, payload in whole_events(session, (PREPARED,))
        if (payload["model"], payload["version"]) == (model, version)
    ]
    if not told:
        return None
    event, payload = told[-1]
    kept = {"digest": payload["digest"], "event_seq": event.seq}
    return dict(parse_canonical(objects.get(payload["digest"]))) | kept


def release_subjects(
    session: Session, record: Record, row: ModelVersionRow, site: str, mode: str
) -> tuple[Subject, ...]:
    """Return the release that a deployment's signature covers too; none in shadow, or where no change plan judges.

    Raises:
        EvidenceMissingError: when a version that was made under a plan has no release for the site and mode.
        AnswerIsNoError: when it was not made for the site, or the stage before has not lasted as long as it must.
    """
    _require_rolled_out(session, record.objects, row, site)
    if mode == DeploymentState.SHADOW or not judged_by_plan(session, record.objects, row):
        return ()
    name, found = f"{row.model}@{row.version}", prepared(session, record.objects, row.model, row.version)
    if found is None or stage_of(found, site, mode) is None:
        raise EvidenceMissingError(
            f"{name} has no release with a stage {mode} at {site}", mend="prepare one: overread plan release FILE"
        )
    _require_lasted(session, record, row, found, site, mode)
    return (Subject("release", name, found["digest"]),)


def _require_rolled_out(session: Session, objects: ObjectStore, row: ModelVersionRow, site: str) -> None:
    """Refuse a site for which the version was not made."""
    made = [one for one in trainings(session, row.model) if one.version == row.version]
    facts = VersionFacts.from_json(parse_canonical(objects.get(made[0].facts))) if made else VersionFacts({}, {})
    sites = facts.values.get(ROLL_OUT, (EVERY,))
    if not {EVERY, site} & set(sites):
        raise AnswerIsNoError(f"{row.model}@{row.version} was made for {', '.join(sites)}, not for {site}")


def _require_lasted(
    session: Session, record: Record, row: ModelVersionRow, release: Mapping[str, Any], site: str, mode: str
) -> None:
    """Refuse a stage that begins before the one before it at the site lasted its days."""
    before = stage_of(release, site, MODES[MODES.index(mode) - 1])
    same = (DeploymentRow.model == row.model, DeploymentRow.version == row.version, DeploymentRow.site == site)
    runs = [one for one in session.scalars(select(DeploymentRow).where(*same)) if one.state in MODES]
    if before is None or not runs:
        return
    due = parse_instant(max(one.started_at for one in runs)) + timedelta(days=before["days"])
    if record.clock.now() < due:
        raise AnswerIsNoError(
            f"the stage {before['mode']} of {row.model}@{row.version} at {site} takes {before['days']} days",
            mend=f"go on to {mode} from {due.date()} on",
        )
