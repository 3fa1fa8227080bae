"""Model versions in the database: registered, looked up, moved from state to state."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from registry.domain.canonical import canonical_bytes, parse_canonical
from registry.domain.cohort import FITTED_ROLES
from registry.domain.digest import digest_bytes, digest_hex
from registry.domain.errors import AnswerIsNoError, NotAllowedError, UnknownNameError, UsageError
from registry.domain.event import Event, EventDraft, Subject
from registry.domain.instants import instant_text
from registry.domain.lifecycle import VERSION_TRANSITIONS, VersionState, step
from registry.domain.model import ModelVersion, OperatingPoint
from registry.domain.names import is_model_name
from registry.domain.person import Actor, actor_record
from registry.domain.vocabulary import Role
from registry.external_told import is_external, require_not_external
from registry.history import last_event
from registry.ledger.store import Transaction
from registry.record import Record
from registry.schema import CohortRow, ModelVersionRow
from registry.told import require_event

_LISTED = "`overread models list` shows them"
_EXTERNAL = "it is a third party's product: `models inventory` tells of it, `monitor run` and `alerts` of its results"
VERSION_NAME = re.compile(r"[0-9A-Za-z][0-9A-Za-z.-]{0,15}")


def register(record: Record, version: ModelVersion, actor: Actor) -> ModelVersion:
    """Put a new version on record, in state `registered`, trained by the actor.

    Raises:
        UsageError: for a bad or taken name, or an operating point that was not chosen on the tune cohort.
        UnknownNameError: when a cohort was never frozen.
        NotAllowedError: when the version names another trainer than the actor.
    """
    _check_names(version)
    if version.trained_by != actor.person:
        raise NotAllowedError("a version is registered by whoever trained it", mend="train it as yourself")
    now = instant_text(record.clock.now())
    stored = replace(version, state=VersionState.REGISTERED, registered_at=now, submitted_at=None)
    with record.ledger.transaction() as tx:
        require_not_external(tx.session, version.model)
        if tx.session.get(ModelVersionRow, (version.model, version.version)) is not None:
            raise UsageError(f"{version.name} exists", mend="a version is registered once: take the next number")
        subjects = (*base_subjects(stored), *_fitted_cohorts(tx.session, stored))
        tx.session.add(_row(stored))
        tx.append(EventDraft("version.registered", actor_record(actor), subjects, _registration(stored)))
    return stored


def find(session: Session, model: str, version: str | None = None) -> ModelVersionRow:
    """Return a version's row; without a number, the one that was registered last.

    Raises:
        UnknownNameError: when there is no such model or version.
    """
    rows = [row for row in newest_first(session) if row.model == model]
    if not rows:
        known = session.scalars(select(ModelVersionRow.model)).all()
        raise UnknownNameError.of("model", model, known, mend=_EXTERNAL if is_external(session, model) else _LISTED)
    chosen = [row for row in rows if version in {None, row.version}]
    if not chosen:
        raise UnknownNameError.of(f"version of {model}", str(version), [row.version for row in rows], mend=_LISTED)
    return chosen[0]


def newest_first(session: Session) -> Sequence[ModelVersionRow]:
    """Return all versions' rows, the one registered last first."""
    rows = session.scalars(select(ModelVersionRow)).all()
    return sorted(rows, key=lambda row: (row.registered_at, _number(row.version)), reverse=True)


def next_number(session: Session, model: str) -> str:
    """Return the number of a model's next version; the first is `1`."""
    taken = session.scalars(select(ModelVersionRow.version).where(ModelVersionRow.model == model))
    return str(max((_number(version) for version in taken), default=0) + 1)


def version_of(row: ModelVersionRow) -> ModelVersion:
    """Return the version that a row holds."""
    points = tuple(OperatingPoint(**point) for point in parse_canonical(row.operating_points))
    names = [name for name in ModelVersion.__dataclass_fields__ if name not in {"state", "operating_points"}]
    return ModelVersion(
        **{name: getattr(row, name) for name in names}, state=VersionState(row.state), operating_points=points
    )


def name_of(row: ModelVersionRow) -> str:
    """Return `model@version` of a row."""
    return f"{row.model}@{row.version}"


def base_subjects(version: ModelVersion) -> tuple[Subject, ...]:
    """Return what every signature on a version covers: its artifact and its operating points."""
    points = digest_bytes(_points(version))
    return Subject("artifact", version.name, version.artifact_digest), Subject("operating-points", version.name, points)


def cohort_subject(session: Session, name: str) -> Subject:
    """Return a frozen cohort as a subject.

    Raises:
        UnknownNameError: when it was never frozen.
    """
    return Subject("cohort", name, cohort_row(session, name).digest)


def cohort_row(session: Session, name: str) -> CohortRow:
    """Return the row of a frozen cohort.

    Raises:
        UnknownNameError: when it was never frozen.
        LedgerBrokenError: when the ledger does not tell of it.
    """
    row = session.get(CohortRow, name)
    if row is None:
        known = session.scalars(select(CohortRow.name)).all()
        raise UnknownNameError.of("cohort", name, known, mend="freeze it with `overread cohort freeze`")
    require_event(session, row.event_seq, Subject("cohort", row.name, row.digest))
    return row


def move(
    tx: Transaction,
    row: ModelVersionRow,
    act: str,
    actor: dict[str, str],
    reason: str = "",
    also: tuple[Subject, ...] = (),
    details: Mapping[str, str] | None = None,
) -> Event:
    """Move a version by one step of the table and put the step on record.

    Args:
        tx: the change under way.
        row: the version.
        act: the step.
        actor: who takes it, as it stands in an event.
        reason: their words.
        also: further subjects of the event, such as until when an approval holds.
        details: further keys of its payload, such as why an approval lapsed.

    Raises:
        AnswerIsNoError: when the table has no such step from the version's state.
    """
    found = step(VERSION_TRANSITIONS, row.state, act)
    if found is None:
        raise no_step(row, act)
    payload = {"model": row.model, "version": row.version, "source": row.state, "target": found.target, "act": act}
    row.state = found.target
    subjects = (Subject("version", name_of(row), row.artifact_digest), Subject("state", found.target), *also)
    return tx.append(EventDraft("version.transitioned", actor, subjects, payload | dict(details or {}), reason))


def no_step(row: ModelVersionRow, act: str) -> AnswerIsNoError:
    """Build the error for an act that the version's state does not allow."""
    return AnswerIsNoError(f"{name_of(row)} is {row.state}: '{act}' is no step from there")


def entered_at(session: Session, row: ModelVersionRow) -> int:
    """Return the sequence number of the event that brought a version into its present state; -1 when it never moved."""
    event = last_event(session, ("version.transitioned",), "version", name_of(row))
    return -1 if event is None else event.seq


def _check_names(version: ModelVersion) -> None:
    if not is_model_name(version.model) or not VERSION_NAME.fullmatch(version.version):
        raise UsageError("a model's name has a-z, 0-9, '.', '_', '-'; a version's has letters, digits, '.', '-'")
    digest_hex(version.artifact_digest)


def _fitted_cohorts(session: Session, version: ModelVersion) -> tuple[Subject, Subject]:
    train, tune = (cohort_row(session, name) for name in (version.train_cohort, version.tune_cohort))
    for row in (train, tune):
        if Role(row.role) not in FITTED_ROLES or row.target != version.target:
            raise UsageError(
                f"cohort '{row.name}' is a {row.role} cohort of {row.target}", mend="fit on train and tune"
            )
    for point in version.operating_points:
        if point.tune_cohort not in {tune.name, tune.digest} or not 0 <= point.k <= 65536:
            raise UsageError(f"the operating point for '{point.site}' was not chosen on the tune cohort")
    return Subject("cohort", train.name, train.digest), Subject("cohort", tune.name, tune.digest)


def _registration(version: ModelVersion) -> dict[str, Any]:
    points = [point.to_json() for point in version.operating_points]
    names = ("model", "version", "target", "artifact_digest", "train_cohort", "tune_cohort", "trained_by", "synthetic")
    return {name: getattr(version, name) for name in names} | {"operating_points": points}


def _row(version: ModelVersion) -> ModelVersionRow:
    fields = dict(vars(version))
    return ModelVersionRow(**fields | {"state": version.state.value, "operating_points": _points(version)})


def _points(version: ModelVersion) -> bytes:
    return canonical_bytes([point.to_json() for point in version.operating_points])


def _number(version: str) -> int:
    return int(version) if version.isdecimal() else 0
