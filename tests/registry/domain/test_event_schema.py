"""The published schema of events and the parser take the same records and refuse the same."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from audit_messages import event, hostile
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from registry.domain.canonical import NotCanonicalError, canonical_bytes
from registry.domain.event import EVENT_TYPES, parse_event

SCHEMA = json.loads((Path(__file__).parents[3] / "docs/reference/schemas/event.schema.json").read_text())
VALIDATOR = Draft202012Validator(SCHEMA)
TYPE = re.compile(SCHEMA["properties"]["type"]["pattern"])
WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
LEAVES = st.none() | st.booleans() | st.integers(-3, 2**40) | WORDS | st.sampled_from(sorted(EVENT_TYPES))
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3), max_leaves=6
)
FIELDS = st.sampled_from(sorted(SCHEMA["properties"]))


def is_event(record: Any) -> bool:
    try:
        parse_event(canonical_bytes(record))
    except NotCanonicalError:
        return False
    return True


def is_valid(record: Any) -> bool:
    """Say what the schema says of a record of a type that is known."""
    return VALIDATOR.is_valid(record) and record["type"] in EVENT_TYPES


@pytest.mark.parametrize("kind", EVENT_TYPES)
def test_an_event_of_every_type_is_valid(kind: str) -> None:
    record = dict(event(kind).record)
    assert is_valid(record)
    assert TYPE.fullmatch(kind)


def test_every_answer_of_an_inspector_has_a_field() -> None:
    """Who, for whom, by what, what, when, where, on what, why, how it ended (AUD-03)."""
    assert {"person", "role", "auth", "acting_for"} <= set(SCHEMA["properties"]["actor"]["properties"])
    assert {"name", "version", "client", "host"} <= set(SCHEMA["properties"]["service"]["properties"])
    assert {"type", "at", "seq", "subjects", "reason", "outcome"} <= set(SCHEMA["required"])
    assert is_valid(dict(hostile().record))


@settings(max_examples=300)
@given(field=FIELDS, value=VALUES)
def test_a_field_of_any_value_is_judged_alike(field: str, value: Any) -> None:
    record = dict(event().record) | {field: value}
    marks = {"clock", "ledger"} & set(value) if field == "service" and isinstance(value, dict) else set()
    if not marks:  # the schema says which marks there are; the parser leaves that to whoever reads them
        assert is_event(record) == is_valid(record)


@settings(max_examples=100)
@given(field=FIELDS, name=WORDS)
def test_a_field_less_or_more_is_refused_by_both(field: str, name: str) -> None:
    less = {key: value for key, value in event().record.items() if key != field}
    assert (is_event(less), is_valid(less)) == (False, False)
    if name not in event().record:
        more = dict(event().record) | {name: "x"}
        assert (is_event(more), is_valid(more)) == (False, False)
