"""Walking from a result back to everything that it rests on, and from data forward to all that rests on them."""

import json
from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import select

from pipelines.bootstrap import Workspace
from registry.cards.told import issued_card
from registry.cohorts import manifest
from registry.database import reading
from registry.domain.cohort import Cohort
from registry.domain.errors import LedgerBrokenError, UnknownNameError
from registry.domain.joining import Known
from registry.domain.pseudonym import Identifier, is_pseudonym
from registry.domain.vocabulary import Unit
from registry.external_models import external_models
from registry.history import VERIFY
from registry.lineage.facts import Facts, Placement, TrainedVersion, facts_of
from registry.lineage.recall import Kind, Recalled, recall
from registry.schema import SegmentKeyRow, SegmentRow

_IDENTIFIERS = {Kind.PATIENT: Identifier.PATIENT, Kind.STUDY: Identifier.UID}
_TOLD = ("prediction_id", "model", "version", "target", "study_uid", "series_uid", "unit", "unit_uid")
_RESULT = (*_TOLD, "predicted_at", "status", "score", "decision", "threshold", "mode", "attributes")
Json = dict[str, Any]


def trace_back(workspace: Workspace, prediction: str) -> Json:
    """Return everything that a prediction rests on, down to the digests of the studies that trained the model.

    Args:
        workspace: whose record.
        prediction: its id, as it stands on record or as it came in its file.

    Raises:
        UnknownNameError: when there is no such prediction.
        LedgerBrokenError, ArtifactChangedError: when the record does not hold.
    """
    row, segment = _prediction(workspace, prediction)
    with reading(workspace.engine) as session:
        facts = facts_of(session)
        card = issued_card(session, row["model"], row["version"])
    attributes = json.loads(row.pop("attributes") or "{}")
    name = f"{row['model']}@{row['version']}"
    version = facts.versions.get(name)
    return {
        "prediction": row | {"attributes": attributes, "intake": _intake(segment)},
        "study": _study(workspace, row),
        "reads": _reads(workspace, row["prediction_id"]),
        "model": _model(version, name, attributes.get("artifact_digest")) | _declared(workspace, name),
        "card": None if card is None else {"digest": card.digest, "event_seq": card.event_seq, "at": card.at},
        "deployment": _deployment(facts, row, name, attributes),
        "evaluations": [vars(one) for one in facts.judgements if one.version == name],
        "approvals": [vars(one) | {"covers": list(one.covers)} for one in facts.approvals if one.version == name],
        "fitted_on": [] if version is None else [_fitted(workspace, facts, digest) for digest in _fitting(version)],
        "tested_on": _tested_on(facts, name),
    }


def recall_set(workspace: Workspace, kind: Kind, name: str) -> Json:
    """Return what rests on a cohort, a study or a patient, with the counts of results.

    Args:
        workspace: whose record.
        kind: what is recalled.
        name: a cohort's name; a study's UID or a patient's id, original or pseudonym.

    Raises:
        UnknownNameError: when nothing on record bears the name.
        LedgerBrokenError, ArtifactChangedError: when the record does not hold.
    """
    asked = Recalled(kind, _pseudonym(workspace, kind, name))
    with reading(workspace.engine) as session:
        facts = facts_of(session)
    known: dict[str, Cohort] = {}

    def manifests(digest: str) -> Cohort:
        if digest not in known:
            known[digest] = manifest(workspace.objects, digest)
        return known[digest]

    found = recall(facts, manifests, asked)
    subject = _subject_studies(workspace, asked, tuple(known.values()))
    if not found.cohorts and not subject:
        raise UnknownNameError(f"no {kind} of that name is on record", mend="`overread cohort list` shows the cohorts")
    fitted, tested = set(found.fitted), set(found.tested)
    return found.to_json() | {"results": _results(workspace, fitted, tested, subject), "note": _NOTE[kind]}


def _pseudonym(workspace: Workspace, kind: Kind, name: str) -> str:
    if kind is Kind.COHORT or is_pseudonym(name):
        return name
    return workspace.pseudonyms.of(_IDENTIFIERS[kind], name)


def _prediction(workspace: Workspace, prediction: str) -> tuple[Json, SegmentRow]:
    """Return the row of a prediction and the segment in which it lies; only that segment is read whole."""
    import pyarrow.compute as pc  # noqa: PLC0415 - lazy: --help loads no adapter

    table = workspace.tables.read("predictions", columns=["prediction_id", "row_id"])
    for name in (prediction, workspace.pseudonyms.of(Identifier.RECORD, prediction)):
        ids = table.filter(pc.equal(table["prediction_id"], name))["row_id"].to_pylist()
        if ids:
            segment = _segment(workspace, ids[0])
            rows = workspace.tables.rows("predictions", Known.RECORDED, {segment.number})
            (row,) = rows.filter(pc.equal(rows["row_id"], ids[0])).select(list(_RESULT)).to_pylist()
            return dict(row), segment
    raise UnknownNameError("no prediction of that id is on record", mend="it is the prediction_id of the predictions")


def _segment(workspace: Workspace, row_id: str) -> SegmentRow:
    same = (SegmentKeyRow.table_name == SegmentRow.table_name) & (SegmentKeyRow.number == SegmentRow.number)
    ours = (SegmentKeyRow.table_name == "predictions") & (SegmentKeyRow.row_id == row_id)
    with reading(workspace.engine) as session:
        found = session.scalar(select(SegmentRow).join(SegmentKeyRow, same).where(ours))
    if found is None:
        raise LedgerBrokenError("the segment of a prediction is not in the manifest", mend=VERIFY)
    return found


def _intake(segment: SegmentRow) -> Json:
    """Return the batch by which a row came: its segment and the event that tells of it."""
    return {
        "segment": segment.digest,
        "source_digest": segment.source_digest,
        "event_seq": segment.event_seq,
        "synthetic": segment.synthetic,
    }


def _study(workspace: Workspace, row: Mapping[str, Any]) -> Json:
    """Return the study that was scored, with the digests of its files where they were taken in."""
    instances = workspace.catalogue.instances(Unit.STUDY, row["study_uid"])
    return {
        "study_uid": row["study_uid"],
        "patient": instances[0].patient if instances else None,
        "site": instances[0].site if instances else None,
        "files": [
            {"series_uid": one.series_uid, "instance_uid": one.instance_uid, "content_digest": one.content_digest}
            for one in instances
        ],
    }


def _reads(workspace: Workspace, prediction: str) -> list[Json]:
    import pyarrow.compute as pc  # noqa: PLC0415 - lazy: --help loads no adapter

    names = ["read_id", "prediction_id", "read_at", "decision", "action", "stage"]
    table = workspace.tables.read("reads", columns=names)
    return [dict(row) for row in table.filter(pc.equal(table["prediction_id"], prediction)).to_pylist()]


def _model(version: TrainedVersion | None, name: str, ran: str | None) -> Json:
    """Return the version; `same_artifact` says whether the result was made by the registered files."""
    if version is None:
        return {"version": name, "registered": False}
    same = None if ran is None else ran == version.artifact_digest
    told = {key: value for key, value in vars(version).items() if key != "name"}
    return {"version": version.name, "registered": True, "same_artifact": same} | told


def _declared(workspace: Workspace, name: str) -> Json:
    """Return what the vendor of a third-party model declares: all that is known of it in the place of files."""
    known = [one for one in external_models(workspace.lifecycle.record) if one.name == name]
    return {"external": known[0].declared | {"event_seq": known[0].event_seq}} if known else {}


def _deployment(facts: Facts, row: Mapping[str, Any], name: str, attributes: Mapping[str, Any]) -> Json | None:
    """Return the deployment that served: the one that the result names, else one of the version that ran then."""
    named = facts.placements.get(str(attributes.get("deployment", "")))
    running = [one for one in facts.placements.values() if one.version == name and one.ran_at(str(row["predicted_at"]))]
    found = named or (running[0] if len(running) == 1 else None)
    return None if found is None else _placed(found) | {"named_by_the_result": named is not None}


def _placed(found: Placement) -> Json:
    return vars(found) | {"spans": [list(span) for span in found.spans]}


def _fitting(version: TrainedVersion) -> tuple[str, ...]:
    return tuple(dict.fromkeys((version.train, version.tune)))


def _fitted(workspace: Workspace, facts: Facts, digest: str) -> Json:
    cohort = manifest(workspace.objects, digest)
    studies: dict[str, Json] = {}
    for unit in cohort.units:
        one = studies.setdefault(unit.study_uid, {"patient": unit.patient, "pixel_digests": []})
        one["pixel_digests"] += [image.pixel_digest for image in unit.images if image.pixel_digest]
    listed = [
        {"study_uid": uid, "patient": one["patient"], "pixel_digests": sorted(set(one["pixel_digests"]))}
        for uid, one in sorted(studies.items())
    ]
    return vars(facts.cohorts[digest]) | {"units": len(cohort.units), "studies": listed}


def _tested_on(facts: Facts, name: str) -> list[Json]:
    digests = dict.fromkeys(one.cohort_digest for one in facts.judgements if one.version == name)
    return [dict(vars(facts.cohorts[digest])) for digest in digests if digest in facts.cohorts]


def _subject_studies(workspace: Workspace, asked: Recalled, cohorts: Collection[Cohort]) -> set[str]:
    """Return the studies of what is recalled: those of the cohort, the study itself, those of the patient."""
    if asked.kind is Kind.STUDY:
        known = workspace.catalogue.instances(Unit.STUDY, asked.name)
        in_cohort = any(unit.study_uid == asked.name for cohort in cohorts for unit in cohort.units)
        return {asked.name} if known or in_cohort or _acquired(workspace, "study_uid", asked.name) else set()
    if asked.kind is Kind.COHORT:
        named = [cohort for cohort in cohorts if cohort.name == asked.name]
        return {unit.study_uid for cohort in named for unit in cohort.units}
    held: set[str] = {unit.study_uid for cohort in cohorts for unit in cohort.units if unit.patient == asked.name}
    return held | _acquired(workspace, "patient", asked.name)


def _acquired(workspace: Workspace, column: str, value: str) -> set[str]:
    import pyarrow.compute as pc  # noqa: PLC0415 - lazy: --help loads no adapter

    table = workspace.tables.read("acquisitions", columns=["study_uid", "patient"])
    return set(table.filter(pc.equal(table[column], value))["study_uid"].to_pylist())


def _results(workspace: Workspace, fitted: set[str], tested: set[str], subject: set[str]) -> Json:
    """Count the results of the affected versions, and those on the studies that are recalled themselves."""
    import pyarrow as pa  # noqa: PLC0415 - lazy: --help loads no adapter
    import pyarrow.compute as pc  # noqa: PLC0415 - lazy

    table = workspace.tables.read("predictions", columns=["model", "version", "mode", "status", "study_uid"])
    counted = table.group_by(["model", "version", "mode", "status"]).aggregate([([], "count_all")]).to_pylist()
    rows = [
        {
            "version": f"{one['model']}@{one['version']}",
            "mode": one["mode"],
            "status": one["status"],
            "n": one["count_all"],
        }
        for one in counted
    ]
    ours = sorted(
        (row for row in rows if row["version"] in fitted | tested),
        key=lambda row: (row["version"], row["mode"], row["status"]),
    )
    return {
        "by_version": ours,
        "of_fitted": sum(row["n"] for row in ours if row["version"] in fitted),
        "of_tested": sum(row["n"] for row in ours if row["version"] in tested),
        "on_the_recalled_studies": pc.sum(pc.is_in(table["study_uid"], pa.array(sorted(subject), pa.string()))).as_py()
        or 0,
    }


_NOTE = {
    Kind.COHORT: "Every version listed under 'fitted' learned from this cohort; under 'tested' only its evidence did.",
    Kind.STUDY: "A version keeps what it learned from a study: taking the study out takes a new version.",
    Kind.PATIENT: "A version keeps what it learned from a patient: a withdrawal takes a new version without them; "
    "evidence that rests on the patient has to be made again.",
}
