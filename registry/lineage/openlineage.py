"""The graph as OpenLineage events: one run for each training, test and deployment (specification 2-0-2, Apache-2.0).

The record knows when a piece of work was done and not when it began, so the START of a run bears the instant of its
COMPLETE. A deployment that runs has a START only.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from registry.domain.digest import digest_hex, digest_uuid, digest_value
from registry.lineage.facts import Facts, FrozenCohort, Judgement, Placement, TrainedVersion
from registry.version import __version__

PRODUCER = f"https://overread.invalid/{__version__}"
_SPEC = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs"
Json = dict[str, Any]


def openlineage_events(facts: Facts, namespace: str) -> list[Json]:
    """Return the events in the order of the ledger.

    Args:
        facts: what the ledger tells.
        namespace: of jobs and data sets: the origin of the ledger.
    """
    runs = [
        *(_training(facts, one, namespace) for one in facts.versions.values()),
        *(_test(facts, one, namespace) for one in facts.judgements if one.version in facts.versions),
        *(_served(facts, one, namespace) for one in facts.placements.values() if one.version in facts.versions),
    ]
    ordered = sorted(runs, key=lambda events: events[0])
    return [event for _, events in ordered for event in events]


def _training(facts: Facts, version: TrainedVersion, namespace: str) -> tuple[int, list[Json]]:
    inputs = [_cohort(facts, digest, namespace) for digest in dict.fromkeys((version.train, version.tune))]
    outputs = [_artifact(version, namespace)]
    told = {"event_seq": version.event_seq, "person": version.person}
    run = _run(f"train {version.name}", version.artifact_digest, told)
    job = _job(namespace, f"train.{version.model}")
    return version.event_seq, _events(run, job, inputs, outputs, version.at)


def _test(facts: Facts, found: Judgement, namespace: str) -> tuple[int, list[Json]]:
    version = facts.versions[found.version]
    inputs = [_artifact(version, namespace), _cohort(facts, found.cohort_digest, namespace)]
    outputs = [_dataset(namespace, f"{found.kind}/{digest_hex(found.digest)}", found.digest)]
    told = {"event_seq": found.event_seq, "person": found.person, "verdict": found.verdict}
    run = _run(f"{found.kind} {found.event_seq}", found.digest, told)
    job = _job(namespace, f"{found.kind}.{version.model}")
    return found.event_seq, _events(run, job, inputs, outputs, found.at)


def _served(facts: Facts, found: Placement, namespace: str) -> tuple[int, list[Json]]:
    version = facts.versions[found.version]
    told = {"event_seq": found.event_seq, "person": found.person, "mode": found.mode, "site": found.site}
    run = _run(f"serve {found.deployment}", found.artifact_digest, told)
    job = _job(namespace, f"serve.{version.model}.{found.site}")
    events = [_event("START", run, job, [_artifact(version, namespace)], [], found.spans[0][0])]
    if found.spans[-1][1]:
        events.append(_event("COMPLETE", run, job, [_artifact(version, namespace)], [], found.spans[-1][1]))
    return found.event_seq, events


def _events(run: Json, job: Json, inputs: list[Json], outputs: list[Json], at: str) -> list[Json]:
    return [_event(kind, run, job, inputs, outputs, at) for kind in ("START", "COMPLETE")]


def _event(kind: str, run: Json, job: Json, inputs: Iterable[Json], outputs: Iterable[Json], at: str) -> Json:
    return {
        "eventType": kind,
        "eventTime": at,
        "producer": PRODUCER,
        "schemaURL": f"{_SPEC}/RunEvent",
        "run": run,
        "job": job,
        "inputs": list(inputs),
        "outputs": list(outputs),
    }


def _run(name: str, digest: str, told: Mapping[str, Any]) -> Json:
    identity = digest_uuid(digest_value([name, digest]))
    return {"runId": str(identity), "facets": {"overread_record": _facet("RunFacet", told)}}


def _job(namespace: str, name: str) -> Json:
    return {"namespace": namespace, "name": name, "facets": {}}


def _cohort(facts: Facts, digest: str, namespace: str) -> Json:
    found: FrozenCohort | None = facts.cohorts.get(digest)
    name = f"cohort/{digest_hex(digest)}" if found is None else f"cohort/{found.name}"
    told = {} if found is None else {"role": found.role, "event_seq": found.event_seq}
    return _dataset(namespace, name, digest, told)


def _artifact(version: TrainedVersion, namespace: str) -> Json:
    told = {"target": version.target, "event_seq": version.event_seq}
    return _dataset(namespace, f"model/{version.name}", version.artifact_digest, told)


def _dataset(namespace: str, name: str, digest: str, told: Mapping[str, Any] | None = None) -> Json:
    facets = {
        "version": _facet("DatasetFacet", {"datasetVersion": digest}),
        "overread_record": _facet("DatasetFacet", {"digest": digest, **(told or {})}),
    }
    facets["version"]["_schemaURL"] = (
        "https://openlineage.io/spec/facets/1-0-1/DatasetVersionDatasetFacet.json#/$defs/DatasetVersionDatasetFacet"
    )
    return {"namespace": namespace, "name": name, "facets": facets}


def _facet(kind: str, told: Mapping[str, Any]) -> Json:
    return {"_producer": PRODUCER, "_schemaURL": f"{_SPEC}/{kind}", **told}
