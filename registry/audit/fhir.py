"""Audit messages as FHIR R4 AuditEvents, in the patterns of IHE's Basic Audit Log Patterns (BALP 1.1.3), as NDJSON.

Types are DICOM's, as in BALP's disclosure pattern: the source and the destination of what crosses the border are agents
of their own, a patient is an entity of type Person and role Patient, and there is one AuditEvent for each patient.
No profile is claimed in `meta`: whether a recipient's own constraints are met is for the recipient to check.
"""

import json
from collections.abc import Iterable
from typing import Any

from registry.audit import codes
from registry.audit.codes import Code
from registry.audit.mapping import Way
from registry.audit.message import AuditMessage, Participant, TouchedObject

_TERMS = "http://terminology.hl7.org/CodeSystem"
_MACHINE_NAME = "1"
_APPLICATION_SERVER = "4"
_PSEUDONYM = "urn:x-overread:pseudonym"
_OBJECT = "urn:x-overread:subject"
_LIFE = {  # BALP's disclosure pattern names the stage of the record's life
    Way.IN: {"system": f"{_TERMS}/iso-21089-lifecycle", "code": "receive"},
    Way.OUT: {"system": f"{_TERMS}/iso-21089-lifecycle", "code": "disclose"},
}
# DICOM names the medium, BALP the side on which it lies.
_SIDES = {codes.DESTINATION_MEDIUM: codes.DESTINATION, codes.SOURCE_MEDIUM: codes.SOURCE}


def to_fhir(message: AuditMessage) -> dict[str, Any]:
    """Return one audit message as a FHIR R4 AuditEvent (JSON form)."""
    kinds = [_coding(kind) for kind in message.told.kinds]
    life = _LIFE.get(message.told.way)
    found: dict[str, Any] = {
        "resourceType": "AuditEvent",
        "id": message.id,
        "type": _coding(message.told.event),
        "subtype": [life, *kinds] if life else kinds,
        "action": message.told.action.value,
        "recorded": message.at,
        "outcome": message.outcome,
        "agent": [_agent(one) for one in message.participants],
        "source": {
            "observer": {"display": message.source},
            "type": [{"system": f"{_TERMS}/security-source-type", "code": _APPLICATION_SERVER}],
        },
        "entity": [_entity(one, message) for one in message.objects],
    }
    if message.why:
        found["outcomeDesc"] = message.why
    if not found["entity"]:
        del found["entity"]  # an empty list has no place in FHIR's JSON
    return found


def fhir_line(message: AuditMessage) -> bytes:
    """Return a message as a line of NDJSON: one AuditEvent in ASCII, keys in the order of their names."""
    line = json.dumps(to_fhir(message), ensure_ascii=True, sort_keys=True, separators=(",", ":"))
    return f"{line}\n".encode("ascii")


def fhir_lines(messages: Iterable[AuditMessage]) -> bytes:
    """Return messages as NDJSON."""
    return b"".join(fhir_line(one) for one in messages)


def _coding(code: Code) -> dict[str, str]:
    return {"system": code.system, "code": code.value.replace(" ", "-"), "display": code.meaning}


def _agent(who: Participant) -> dict[str, Any]:
    found: dict[str, Any] = {
        "type": {"coding": [_coding(_SIDES.get(who.role, who.role))]},
        "who": {"identifier": {"system": f"{_OBJECT}:participant", "value": who.user}},
        "requestor": who.asked,
    }
    if who.by:
        found["altId"] = f"by {who.by}"
    if who.host:
        found["network"] = {"address": who.host, "type": _MACHINE_NAME}
    return found


def _entity(touched: TouchedObject, message: AuditMessage) -> dict[str, Any]:
    is_patient = bool(message.patient) and touched is message.objects[0]
    system = _PSEUDONYM if is_patient else f"{_OBJECT}:{touched.id_type.meaning.replace(' ', '-')}"
    details = {"ledger-event": str(message.seq), "ledger-leaf": message.leaf}
    details |= {"sha256": touched.digest} if touched.digest else {}
    return {
        "what": {"identifier": {"system": system, "value": touched.name}},
        "type": {"system": f"{_TERMS}/audit-entity-type", "code": touched.kind.type},
        "role": {"system": f"{_TERMS}/object-role", "code": _role(touched)},
        "detail": [{"type": name, "valueString": value} for name, value in details.items()],
    }


def _role(touched: TouchedObject) -> str:
    """Return the object's role; FHIR's list ends at 24, where DICOM's has 26."""
    return touched.kind.role if int(touched.kind.role) <= 24 else "4"
