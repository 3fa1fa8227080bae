"""Building the card of a version from the record: measured fields first, declared ones where nothing is measured."""

from typing import Any

from sqlalchemy.orm import Session

from registry.cards.declaration import claims_of
from registry.cards.measured import Fitted, Tested, assessed_axes, measured_fields
from registry.cards.told import StoredDeclaration, declaration_of
from registry.change_plans import adopted_plan
from registry.cohorts import manifest
from registry.domain.card import Card, CardField, FieldKind, Source
from registry.domain.card_fields import AXES, FIELDS
from registry.domain.errors import LedgerBrokenError
from registry.domain.event import Subject
from registry.domain.ports import ObjectStore
from registry.evaluations import StoredEvaluation, current, stored
from registry.history import VERIFY, event_of, told_events
from registry.removed import require_evaluations
from registry.schema import LedgerEntry, ModelVersionRow
from registry.told import require_event
from registry.versions import base_subjects, cohort_row, name_of, version_of

_NOBODY = "nobody declared it"


def build_card(
    session: Session, objects: ObjectStore, row: ModelVersionRow, declaration: StoredDeclaration | None = None
) -> Card:
    """Return the card of a version as the record stands now.

    Args:
        session: a session on the record.
        objects: where evaluations, manifests and declarations are.
        row: the version.
        declaration: one that is about to be kept; the newest on record unless given.

    Raises:
        LedgerBrokenError: when the ledger does not tell of an evaluation or a cohort, or tells of one that is gone.
        ArtifactChangedError: when an evaluation, a manifest or a declaration is missing or has other bytes.
    """
    require_evaluations(session, name_of(row))
    train, tune = (_fitted(session, objects, name) for name in (row.train_cohort, row.tune_cohort))
    tested = [_tested(session, objects, found) for found in current(stored(session, objects, row))]
    declaration = declaration or declaration_of(session, objects, row.model, row.version)
    measured = measured_fields(train, tune, tested)
    fields = {key: measured.get(key) or _declared(key, declaration) for key in FIELDS}
    cohorts = (train.cohort, tune.cohort, *(one.cohort for one in tested))
    assessed = assessed_axes(tested)
    return Card(
        model=row.model,
        version=row.version,
        target=row.target,
        artifact_digest=row.artifact_digest,
        synthetic=row.synthetic or any(cohort.synthetic for cohort in cohorts),
        inputs=_inputs(session, objects, row, (train, tune), tested) | _named(declaration),
        fields=fields,
        claims=() if declaration is None else claims_of(declaration.record),
        assessed=assessed,
        not_assessed=tuple(axis for axis in AXES if axis not in assessed),
        declared={} if declaration is None else _signed_for(declaration),
    )


def _declared(key: str, declaration: StoredDeclaration | None) -> CardField:
    if declaration is None:
        return CardField(FieldKind.UNKNOWN, reason=_NOBODY)
    sources = (Source("declaration", declaration.event_seq, declaration.digest),)
    who = {"by": declaration.person, "at": declaration.at}
    if key in declaration.record["fields"]:
        return CardField(FieldKind.DECLARED, declaration.record["fields"][key], sources, **who)
    if key in declaration.record["not_applicable"]:
        reason = declaration.record["not_applicable"][key]
        return CardField(FieldKind.NOT_APPLICABLE, None, sources, reason=reason, **who)
    return CardField(FieldKind.UNKNOWN, reason=_NOBODY)


def _fitted(session: Session, objects: ObjectStore, name: str) -> Fitted:
    row = cohort_row(session, name)
    return Fitted(manifest(objects, row.digest), row.event_seq)


def _tested(session: Session, objects: ObjectStore, found: StoredEvaluation) -> Tested:
    require_event(session, found.event_seq, Subject("evaluation", found.cohort, found.digest))
    entry = session.get(LedgerEntry, found.event_seq)
    if entry is None:
        raise LedgerBrokenError(f"the ledger does not tell of the evaluation on '{found.cohort}'", mend=VERIFY)
    row = cohort_row(session, found.cohort)
    person = event_of(entry).record["actor"]["person"]
    return Tested(found, manifest(objects, found.cohort_digest), row.event_seq, person)


def _inputs(
    session: Session, objects: ObjectStore, row: ModelVersionRow, fitted: tuple[Fitted, ...], tested: list[Tested]
) -> dict[str, Any]:
    """Return the digests of what the card is made from; what the change plan allows is among it (DOC-07)."""
    points = next(one.digest for one in base_subjects(version_of(row)) if one.kind == "operating-points")
    plan = adopted_plan(session, objects, row.model)
    return {
        "artifact": row.artifact_digest,
        "operating_points": points,
        "cohorts": [one.cohort.digest for one in fitted],
        "evaluations": [{"event_seq": one.evaluation.event_seq, "digest": one.evaluation.digest} for one in tested],
        "change_plan": None if plan is None else {"event_seq": plan.event_seq, "digest": plan.plan.digest},
        "monitoring_plan": _monitoring_plan(session),
    }


def _monitoring_plan(session: Session) -> dict[str, Any] | None:
    told = [(event.seq, payload["digest"]) for event, payload in told_events(session, ("plan.adopted",))]
    return {"event_seq": told[-1][0], "digest": told[-1][1]} if told else None


def _named(declaration: StoredDeclaration | None) -> dict[str, Any]:
    if declaration is None:
        return {"declaration": None}
    return {"declaration": {"event_seq": declaration.event_seq, "digest": declaration.digest}}


def _signed_for(declaration: StoredDeclaration) -> dict[str, Any]:
    return {
        "by": declaration.person,
        "at": declaration.at,
        "event_seq": declaration.event_seq,
        "digest": declaration.digest,
    }
