"""Audit messages as FHIR's AuditEvent: the published definition, its value sets, one event a patient."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from audit_messages import ORIGIN, event, hostile
from fhir.resources.R4B.auditevent import AuditEvent

from registry.audit.fhir import fhir_lines, to_fhir
from registry.audit.message import messages
from registry.domain.event import EVENT_TYPES

TERMS = "http://terminology.hl7.org/CodeSystem"
# R4 AuditEvent: what must be there, and the required bindings (hl7.org/fhir/R4/auditevent.html).
REQUIRED = {"type", "recorded", "agent", "source"}
ACTIONS, OUTCOMES = set("CRUDE"), {"0", "4", "8", "12"}
ROLES = {str(number) for number in range(1, 25)}


def events_of(kind: str, *patients: str) -> list[dict[str, Any]]:
    return [to_fhir(one) for one in messages(event(kind), patients, ORIGIN)]


def require_valid(record: Mapping[str, Any]) -> None:
    AuditEvent.model_validate(dict(record))
    assert set(record) >= REQUIRED
    assert (record["action"] in ACTIONS, record["outcome"] in OUTCOMES) == (True, True)
    assert record["agent"]
    assert all(isinstance(agent["requestor"], bool) for agent in record["agent"])
    assert record["source"]["observer"]
    for entity in record.get("entity", ()):
        assert entity["role"]["code"] in ROLES
        assert not {"name", "query"} <= set(entity)  # invariant sev-1


@pytest.mark.parametrize("kind", EVENT_TYPES)
def test_an_event_of_every_type_is_an_audit_event(kind: str) -> None:
    for record in (*events_of(kind), *events_of(kind, "p:one", "p:two")):
        require_valid(record)


def test_the_definition_refuses_what_is_none_of_its_elements() -> None:
    (record,) = events_of("deployment.started")
    with pytest.raises(ValueError, match="note"):
        AuditEvent.model_validate(record | {"note": "x"})


def test_one_patient_a_record_and_n_records_for_n_patients() -> None:
    found = events_of("evidence.exported", "p:b", "p:a")
    patients = [
        [one["what"]["identifier"]["value"] for one in record["entity"] if one["role"]["code"] == "1"]
        for record in found
    ]
    assert patients == [["p:a"], ["p:b"]]
    assert {one["entity"][0]["type"]["code"] for one in found} == {"1"}


def test_what_goes_out_follows_the_disclosure_pattern() -> None:
    (record,) = events_of("evidence.exported", "p:a")
    assert record["type"]["code"] == "110106"
    assert record["action"] == "R"
    assert record["subtype"][0] == {"system": f"{TERMS}/iso-21089-lifecycle", "code": "disclose"}
    kinds = [agent["type"]["coding"][0]["code"] for agent in record["agent"]]
    assert kinds[1:] == ["110153", "110152"]  # source and destination


def test_hostile_words_stay_words_and_each_record_one_line_of_ascii() -> None:
    (found,) = messages(hostile(), ["p:a"], ORIGIN)
    lines = fhir_lines([found]).decode("ascii").split("\n")
    assert len(lines) == 2
    require_valid(json.loads(lines[0]))
