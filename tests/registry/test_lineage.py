"""Lineage from the ledger: the recall set is exactly what a brute-force look at the world finds, whatever rows say."""

import json
import random
from dataclasses import dataclass, field, replace
from typing import Any

import jsonschema
import pytest
from prov.model import ProvActivity, ProvDocument, ProvEntity
from worlds import ERIN, TARGET, World

from registry.cohorts import manifest
from registry.database import reading
from registry.domain.canonical import canonical_bytes
from registry.domain.cohort import Cohort, CohortUnit
from registry.domain.digest import digest_bytes
from registry.domain.event import EventDraft, Subject
from registry.domain.lifecycle import VersionState
from registry.domain.model import ModelVersion, OperatingPoint
from registry.domain.person import UNAUTHENTICATED, actor_record
from registry.domain.vocabulary import Role
from registry.lineage.facts import Facts, facts_of
from registry.lineage.openlineage import openlineage_events
from registry.lineage.prov import prov_document
from registry.lineage.recall import Kind, Recalled, RecallSet, recall
from registry.schema import CohortRow, ModelVersionRow

# What the OpenLineage specification 2-0-2 asks of a run event, and of its facets.
_DATASET = {
    "type": "object",
    "required": ["namespace", "name"],
    "properties": {"namespace": {"type": "string"}, "name": {"type": "string"}, "facets": {"$ref": "#/$defs/facets"}},
}
RUN_EVENT = {
    "$defs": {
        "facets": {
            "type": "object",
            "additionalProperties": {
                "type": "object",
                "required": ["_producer", "_schemaURL"],
                "properties": {"_producer": {"format": "uri"}, "_schemaURL": {"format": "uri"}},
            },
        }
    },
    "type": "object",
    "required": ["eventTime", "producer", "schemaURL", "run", "job"],
    "properties": {
        "eventType": {"enum": ["START", "RUNNING", "COMPLETE", "ABORT", "FAIL", "OTHER"]},
        "eventTime": {"type": "string", "format": "date-time"},
        "producer": {"type": "string", "format": "uri"},
        "schemaURL": {"type": "string", "format": "uri"},
        "run": {
            "type": "object",
            "required": ["runId"],
            "properties": {"runId": {"type": "string", "format": "uuid"}, "facets": {"$ref": "#/$defs/facets"}},
        },
        "job": _DATASET,
        "inputs": {"type": "array", "items": _DATASET},
        "outputs": {"type": "array", "items": _DATASET},
    },
}
MODELS = ("alpha", "beta", "gamma", "delta", "epsilon")


@dataclass
class Truth:
    """What was planted: which patients and studies are in which cohort, and which version rests on which cohort."""

    holds: dict[str, set[tuple[str, str]]] = field(default_factory=dict)
    fitted: dict[str, set[str]] = field(default_factory=dict)
    tested: dict[str, set[str]] = field(default_factory=dict)


def plant(world: World, seed: int) -> Truth:
    """Freeze cohorts that share patients, fit several versions on them, and test some of them."""
    drawn, truth = random.Random(seed), Truth()
    for role, pool, count in ((Role.TRAIN, "f", 4), (Role.TUNE, "g", 3), (Role.INTERNAL_TEST, "t", 3)):
        for number in range(count):
            freeze(world, truth, f"{role.value}-{number}", role, drawn.sample(range(12), 5), pool)
    for model in MODELS:
        train, tune = f"train-{drawn.randrange(4)}", f"tune-{drawn.randrange(3)}"
        register(world, truth, model, train, tune)
        for test in drawn.sample([f"internal-test-{number}" for number in range(3)], drawn.randrange(3)):
            evaluate(world, truth, model, test)
    return truth


def freeze(world: World, truth: Truth, name: str, role: Role, people: list[int], pool: str) -> None:
    """Freeze a cohort in which each patient has one or two studies."""
    pairs = {(f"p:{pool}{one}", f"{pool}{one}-{study}") for one in people for study in range(1 + one % 2)}
    units = tuple(
        CohortUnit("study", study, "", study, patient, "general", "scanner", study.endswith("0"), f"px-{study}")
        for patient, study in sorted(pairs)
    )
    cohort = Cohort(name, TARGET, role, (), units)
    world.objects.put(canonical_bytes(cohort.to_json()))
    told = {"name": name, "digest": cohort.digest, "role": role.value, "target": TARGET}
    with world.ledger.transaction() as tx:
        draft = EventDraft(
            "cohort.frozen",
            actor_record(UNAUTHENTICATED),
            (Subject("cohort", name, cohort.digest),),
            {**told, "units": len(units)},
        )
        seq = tx.append(draft).seq
        tx.session.add(CohortRow(**told, frozen_at="2026-03-02T09:00:00.000000Z", event_seq=seq))
    truth.holds[name] = pairs


def register(world: World, truth: Truth, model: str, train: str, tune: str) -> None:
    """Register version 1 of a model."""
    draft = ModelVersion(
        model=model,
        version="1",
        target=TARGET,
        state=VersionState.REGISTERED,
        artifact_digest=digest_bytes(model.encode()),
        train_cohort=train,
        tune_cohort=tune,
        operating_points=(OperatingPoint("*", 32768, tune, "youden"),),
        trained_by=ERIN.person,
        registered_at="",
        mlflow_run="run",
        mlflow_version="1",
    )
    world.lifecycle.register(draft, ERIN)
    truth.fitted[f"{model}@1"] = {train, tune}


def evaluate(world: World, truth: Truth, model: str, cohort: str) -> None:
    """Put an evaluation of version 1 on record."""
    known = world.lifecycle.version(model, "1")
    with reading(world.ledger.engine) as session:
        digest = session.get_one(CohortRow, cohort).digest
    blank = world.evaluation_of(known.artifact_digest, cohort, digest, Role.INTERNAL_TEST)
    world.lifecycle.record_evaluation(replace(blank, model=model), ERIN)
    truth.tested.setdefault(f"{model}@1", set()).add(cohort)


def facts(world: World) -> Facts:
    """Return what the ledger tells."""
    with reading(world.ledger.engine) as session:
        return facts_of(session)


def found(world: World, kind: Kind, name: str) -> RecallSet:
    """Return the recall set."""
    return recall(facts(world), lambda digest: manifest(world.objects, digest), Recalled(kind, name))


def expected(truth: Truth, at: int, name: str) -> tuple[set[str], set[str], set[str]]:
    """Return the cohorts, the fitted and the tested-only versions of a patient (at 0) or a study (at 1)."""
    cohorts = {cohort for cohort, pairs in truth.holds.items() if any(pair[at] == name for pair in pairs)}
    fitted = {version for version, used in truth.fitted.items() if used & cohorts}
    tested = {version for version, used in truth.tested.items() if used & cohorts}
    return cohorts, fitted, tested - fitted


@pytest.mark.parametrize("seed", range(4))
def test_the_recall_set_of_every_patient_and_study_is_the_brute_force_truth(world: World, seed: int) -> None:
    truth = plant(world, seed)
    pairs = sorted(set().union(*truth.holds.values()))
    for at, kind in ((0, Kind.PATIENT), (1, Kind.STUDY)):
        for name in sorted({pair[at] for pair in pairs}):
            one = found(world, kind, name)
            got = ({touched.cohort.name for touched in one.cohorts}, set(one.fitted), set(one.tested))
            assert got == expected(truth, at, name), name


def test_the_recall_set_of_a_cohort_names_what_was_fitted_and_tested_on_it(world: World) -> None:
    truth = plant(world, 7)
    for cohort in truth.holds:
        one = found(world, Kind.COHORT, cohort)
        assert set(one.fitted) == {version for version, used in truth.fitted.items() if cohort in used}
        judged = {judgement.version for judgement in one.judgements}
        assert judged == {version for version, used in truth.tested.items() if cohort in used}


def test_somebody_whom_no_cohort_holds_affects_nothing(world: World) -> None:
    plant(world, 1)
    one = found(world, Kind.PATIENT, "p:nobody")
    assert (one.cohorts, one.versions, one.judgements) == ((), (), ())


def test_rows_that_were_deleted_or_edited_hide_no_affected_version(world: World) -> None:
    truth = plant(world, 3)
    (patient, _) = min(truth.holds[min(truth.fitted["alpha@1"])])
    before = found(world, Kind.PATIENT, patient).to_json()
    with world.ledger.engine.begin() as connection:
        connection.execute(ModelVersionRow.__table__.delete())
        connection.execute(CohortRow.__table__.update().values(digest=CohortRow.name))
    assert found(world, Kind.PATIENT, patient).to_json() == before
    assert before["fitted"]


def test_approvals_and_deployments_of_an_affected_version_are_listed(world: World) -> None:
    world.approved()
    world.lifecycle.deploy("sarcoma-visible", "1", "general", "shadow", world.signer("clara"))
    one = found(world, Kind.PATIENT, "p:train-0")
    assert [approval.person for approval in one.approvals] == ["quinn", "clara"]
    assert [(placement.site, placement.mode) for placement in one.placements] == [("general", "shadow")]
    elsewhere = found(world, Kind.PATIENT, "p:transfer-0")
    assert (elsewhere.approvals, elsewhere.placements) == ((), ())


def test_a_deployment_ran_between_its_start_and_its_stop(world: World) -> None:
    world.approved()
    deployed = world.lifecycle.deploy("sarcoma-visible", "1", "general", "shadow", world.signer("clara"))
    world.clock.advance(hours=1)
    world.lifecycle.stop(deployed.deployment, world.signer("clara"), "read without AI")
    (placement,) = facts(world).placements.values()
    (start, end) = placement.spans[0]
    assert placement.ran_at(start)
    assert not placement.ran_at(end)
    assert not placement.ran_at("2026-01-01T00:00:00.000000Z")


@pytest.fixture
def deployed(world: World) -> Facts:
    """Return what the ledger tells of an approved version that runs."""
    world.approved()
    world.lifecycle.deploy("sarcoma-visible", "1", "general", "shadow", world.signer("clara"))
    return facts(world)


def test_every_openlineage_event_keeps_to_the_specification(deployed: Facts) -> None:
    validator = jsonschema.Draft202012Validator(RUN_EVENT, format_checker=jsonschema.FormatChecker())
    events = json.loads(json.dumps(openlineage_events(deployed, "overread.local/1")))
    assert [list(validator.iter_errors(event)) for event in events] == [[]] * len(events)
    assert not validator.is_valid(events[0] | {"run": {}})
    assert {event["producer"].startswith("https://") for event in events} == {True}


def test_openlineage_joins_training_and_tests_by_the_model(deployed: Facts) -> None:
    events = openlineage_events(deployed, "ledger")
    done = {event["job"]["name"]: event for event in events if event["eventType"] == "COMPLETE"}
    (made,) = done["train.sarcoma-visible"]["outputs"]
    used = {one["name"] for one in done["evaluation.sarcoma-visible"]["inputs"]}
    assert made["name"] in used
    assert {one["name"] for one in done["train.sarcoma-visible"]["inputs"]} == {"cohort/train", "cohort/tune"}
    starts = [event["run"]["runId"] for event in events if event["eventType"] == "START"]
    assert len(starts) == len(set(starts)) == 4


def test_another_program_reads_the_provenance_and_finds_the_studies_cohort(deployed: Facts) -> None:
    read = ProvDocument.deserialize(content=json.dumps(prov_document(deployed)), format="json")
    entities = {str(one.identifier): one for one in read.get_records(ProvEntity)}
    activities = {str(one.identifier) for one in read.get_records(ProvActivity)}
    (version,) = deployed.versions.values()
    artifact = f"overread:digest-{version.artifact_digest[7:]}"
    sources = [
        str(dict(one.formal_attributes)[key])
        for one in read.get_records()
        if one.get_type().localpart == "Derivation"
        for key in dict(one.formal_attributes)
        if key.localpart == "usedEntity"
    ]
    assert artifact in entities
    assert f"overread:digest-{version.train[7:]}" in sources
    assert f"overread:event-{version.event_seq}" in activities
    assert len(activities) == len(deployed.cohorts) + 1 + 2 + 2 + 1


def test_the_same_ledger_gives_the_same_bytes(deployed: Facts) -> None:
    for write in (prov_document, lambda one: openlineage_events(one, "ledger")):
        first: Any = write(deployed)
        assert json.dumps(first) == json.dumps(write(deployed))
