"""What an evidence folder tells anew from its own events: made by the exporter, made again by the verifier.

Emergency uses, keys, training and audit messages are no records of their own: they follow from the carried events and
the cohorts' manifests. Nothing else enters them, so whoever has the folder makes the same bytes.
"""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from registry.audit.dicom import dicom_lines
from registry.audit.fhir import fhir_lines
from registry.audit.message import AuditMessage, messages
from registry.audit.patients import Concerned
from registry.domain.canonical import canonical_bytes, parse_canonical
from registry.domain.digest import digest_bytes
from registry.domain.emergency import EmergencyUse
from registry.domain.event import Event
from registry.domain.roster import PERSON_EVENTS, Roster
from registry.emergency_uses import COUNTERSIGNED, use_begun

EMERGENCIES, KEYS = "operation/emergency-uses.json", "ledger/key-history.json"
MATRIX, MATRIX_CSV = "people/training-matrix.json", "people/training-matrix.csv"
DICOM, FHIR = "audit/dicom-audit.log", "audit/fhir-auditevent.ndjson"
DERIVED = (EMERGENCIES, KEYS, MATRIX, MATRIX_CSV, DICOM, FHIR)
TITLES = {
    EMERGENCIES: "emergency uses",
    KEYS: "keys, and from which event to which they count",
    MATRIX: "people, roles, training and policy",
    MATRIX_CSV: "people, roles and training as a table",
    DICOM: "the carried events as DICOM audit messages",
    FHIR: "the carried events as FHIR AuditEvents",
}
MOST_MESSAGES = 5_000  # with patients; more than these, `overread audit export` writes
Told = Sequence[tuple[Event, Mapping[str, Any]]]
_OF_COURSE = ("course", "version", "passed_at", "valid_until", "recorded_by")
_COLUMNS = ("person", "role", "role_since", "role_until", *_OF_COURSE)
_FORMULAS = ("=", "+", "-", "@")


def derived(told: Told, cohorts: Mapping[str, bytes], vkey: str) -> dict[str, bytes]:
    """Return the files that follow from carried events.

    Args:
        told: the events with their payloads (empty where erased), in the ledger's order.
        cohorts: the manifests that the folder holds, by digest.
        vkey: the log's public key.
    """
    persons = ((event.record, payload) for event, payload in told if event.record["type"] in PERSON_EVENTS and payload)
    roster = Roster(persons)
    found = list(_messages(told, cohorts, vkey.partition("+")[0]))
    return {
        EMERGENCIES: _json("emergency-uses", {"uses": _emergencies(told)}),
        KEYS: _json("key-history", _keys(told, roster, vkey)),
        MATRIX: _json("training-matrix", _matrix(roster)),
        MATRIX_CSV: _matrix_csv(roster),
        DICOM: dicom_lines(found),
        FHIR: fhir_lines(found),
    }


def cohorts_of(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return the cohorts' manifests among a folder's files, by digest."""
    return {digest_bytes(data): data for name, data in files.items() if name.startswith("cohorts/")}


def _json(schema: str, record: Mapping[str, Any]) -> bytes:
    return canonical_bytes({"schema": f"overread.{schema}/1", **record}) + b"\n"


def _messages(told: Told, cohorts: Mapping[str, bytes], origin: str) -> Iterator[AuditMessage]:
    def patients(digest: str) -> Sequence[str]:
        return [unit["patient"] for unit in parse_canonical(cohorts[digest])["units"]] if digest in cohorts else ()

    concerned = Concerned(patients)
    whom = [concerned.by(event, payload) for event, payload in told]
    if sum(max(1, len(found)) for found in whom) > MOST_MESSAGES:
        whom = [[] for _ in told]
    for (event, _), found in zip(told, whom, strict=True):
        yield from messages(event, found, origin)


def _emergencies(told: Told) -> list[dict[str, Any]]:
    """Return the emergency uses that the events tell of, each with its countersignature and its end on record."""
    uses: dict[str, EmergencyUse] = {}
    ended: dict[str, int] = {}
    begun: dict[str, Event] = {}
    for event, payload in told:
        kind = event.record["type"]
        use = use_begun(event) if kind == "deployment.started" else None
        if use is not None:
            uses[use.deployment], begun[use.deployment] = use, event
        name = str(payload.get("deployment", ""))
        if kind == COUNTERSIGNED and name in uses:
            uses[name] = uses[name].countersigned(event.record["actor"]["person"], event.record["at"])
        if kind == "deployment.stopped" and name in uses:
            ended.setdefault(name, event.seq)
    return [
        use.to_json()
        | {"event_seq": begun[name].seq, "stopped_by_event": ended.get(name), "reason": begun[name].record["reason"]}
        for name, use in uses.items()
    ]


def _keys(told: Told, roster: Roster, vkey: str) -> dict[str, Any]:
    """Return the log's key, the persons' keys and the keys of releases, with the events that tell of each."""
    seqs: dict[str, list[int]] = {}
    releases: dict[str, dict[str, Any]] = {}
    for event, payload in told:
        kind = event.record["type"]
        if kind.startswith("key.") and "key_id" in payload:
            seqs.setdefault(payload["key_id"], []).append(event.seq)
        if kind == "release.signed" and payload:
            first = releases.get(payload["key_id"], {"first_event": event.seq})["first_event"]
            key = {"key_id": payload["key_id"], "public_key": payload["public_key"]}
            releases[payload["key_id"]] = key | {"first_event": first, "last_event": event.seq}
    persons = [{"key_id": name, **vars(key), "events": seqs.get(name, [])} for name, key in roster.keys.items()]
    return {"log": vkey, "persons": persons, "releases": [releases[name] for name in sorted(releases)]}


def _matrix(roster: Roster) -> dict[str, Any]:
    people = sorted({person for person, _ in roster.roles})
    return {
        "required": {role: list(courses) for role, courses in sorted(roster.required.items())},
        "policies": dict(roster.policies),
        "people": [
            {
                "person": person,
                "human": roster.human(person),
                "left": roster.left.get(person),
                "policy": roster.accepted.get(person),
                "roles": [
                    {"role": role, **vars(span)}
                    for role, spans in sorted(roster.roles_of(person).items())
                    for span in spans
                ],
                "training": [
                    {"course": one.course, "version": one.version, "recorded_by": one.recorded_by, **vars(one.span)}
                    for one in roster.training
                    if one.person == person
                ],
            }
            for person in people
        ],
    }


def _matrix_csv(roster: Roster) -> bytes:
    """Return one row for each person, role and course; a person without training has one row a role all the same."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(_COLUMNS)
    for person in sorted({person for person, _ in roster.roles}):
        courses = [
            (one.course, one.version, one.span.since, one.span.until or "", one.recorded_by)
            for one in roster.training
            if one.person == person
        ]
        for role, spans in sorted(roster.roles_of(person).items()):
            for span in spans:
                head = (person, role, span.since, span.until or "")
                writer.writerows([*map(_inert, (*head, *course))] for course in courses or [("",) * 5])
    return out.getvalue().encode("utf-8")


def _inert(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULAS) else cell
