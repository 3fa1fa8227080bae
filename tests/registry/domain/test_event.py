import hashlib
import unicodedata
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.domain.canonical import NotCanonicalError, canonical_bytes
from registry.domain.event import EVENT_TYPES, EventDraft, Subject, new_event, parse_event, payload_digest

DIGEST = "sha256:" + "ab" * 32
DRAFT = EventDraft(
    "site.registered",
    {"person": "administrator", "role": "administrator", "auth": "local"},
    (Subject("site", "general"), Subject("object", "o", DIGEST)),
    {"site": "general", "time_zone": "Europe/Zürich"},
    reason="first site",
)
FIXED: dict[str, Any] = {
    "event_id": "019cadc6-9a80-786b-b695-53d9c720ce71",
    "seq": 0,
    "at": "2026-03-02T09:00:00.000001Z",
    "payload_digest": DIGEST,
}
# The event's bytes are a format that others verify: they never change within this schema version.
GOLDEN = (
    '{"actor":{"auth":"local","person":"administrator","role":"administrator"},"at":"2026-03-02T09:00:00.000001Z",'
    '"id":"019cadc6-9a80-786b-b695-53d9c720ce71","outcome":"done","payload_digest":"' + DIGEST + '","reason":'
    '"first site","schema":"overread.event/1","seq":0,"service":{"name":"overread"},"subjects":[{"digest":null,'
    '"kind":"site","name":"general"},{"digest":"' + DIGEST + '","kind":"object","name":"o"}],"type":"site.registered"}'
)


def built(draft: EventDraft = DRAFT) -> bytes:
    return new_event(
        draft,
        **FIXED,
        service={"name": "overread"},
    ).data


def changed(fields: Mapping[str, Any]) -> bytes:
    return canonical_bytes(dict(parse_event(built()).record) | fields)


def test_the_bytes_of_an_event_are_fixed() -> None:
    assert built() == GOLDEN.encode()


def test_an_event_keeps_the_bytes_it_was_read_from() -> None:
    event = parse_event(built())
    assert (event.seq, event.data) == (0, built())


LETTERS = st.characters(exclude_categories=["Cs"])
TEXTS = st.text(LETTERS, max_size=12).map(lambda text: unicodedata.normalize("NFC", text))
WORDS = st.dictionaries(TEXTS, TEXTS, max_size=3)


@given(WORDS, WORDS, st.tuples(TEXTS, TEXTS), st.lists(st.tuples(TEXTS, TEXTS, st.none() | TEXTS), max_size=3))
def test_an_events_bytes_are_the_canonical_form_of_its_record(
    actor: dict[str, str],
    service: dict[str, str],
    said: tuple[str, str],
    subjects: list[tuple[str, str, str | None]],
) -> None:
    named = tuple(Subject(*subject) for subject in subjects)
    draft = replace(DRAFT, actor=actor, reason=said[0], outcome=said[1], subjects=named)
    event = new_event(draft, **FIXED, service=service)
    assert event.data == canonical_bytes(dict(event.record))
    assert parse_event(event.data) == event


def test_an_event_holds_nothing_of_its_payload_but_the_digest() -> None:
    assert "Zürich".encode() not in built()


@pytest.mark.parametrize("name", EVENT_TYPES)
def test_every_type_demands_its_payload_keys(name: str) -> None:
    keys = EVENT_TYPES[name].payload
    built(replace(DRAFT, type=name, payload=dict.fromkeys(keys, "x")))
    for key in keys:
        with pytest.raises(ValueError, match=key):
            built(replace(DRAFT, type=name, payload={other: "x" for other in keys if other != key}))


def test_an_unknown_type_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown event type"):
        built(replace(DRAFT, type="site.invented"))


def test_an_event_fits_into_sixteen_bits_of_length() -> None:
    room = 65_535 - len(built(replace(DRAFT, reason="")))
    assert len(built(replace(DRAFT, reason="x" * room))) == 65_535
    with pytest.raises(ValueError, match="65535"):
        built(replace(DRAFT, reason="x" * (room + 1)))


@pytest.mark.parametrize(
    "fields",
    [
        {"schema": "overread.event/2"},
        {"schema": None},
        {"type": "site.invented"},
        {"type": ["site.registered"]},
        {"type": {}},
        {"seq": "0"},
        {"seq": True},
        {"seq": -1},
        {"id": "019cadc6-9a80-486b-b695-53d9c720ce71"},
        {"id": "019CADC6-9A80-786B-B695-53D9C720CE71"},
        {"id": 7},
        {"at": "2026-03-02T09:00:00Z"},
        {"at": "2026-03-02T09:00:00.000001+00:00"},
        {"at": "2026-03-02T09:00:00.000001Z\n"},
        {"actor": "administrator"},
        {"actor": {"person": 1}},
        {"service": None},
        {"subjects": {}},
        {"subjects": ["site"]},
        {"subjects": [{"kind": "site", "name": "general"}]},
        {"subjects": [{"kind": "site", "name": 1, "digest": None}]},
        {"subjects": [{"kind": "site", "name": "general", "digest": 1}]},
        {"payload_digest": "ab" * 32},
        {"reason": None},
        {"outcome": 0},
        {"extra": "field"},
    ],
)
def test_a_record_of_another_form_is_not_an_event(fields: dict[str, Any]) -> None:
    with pytest.raises(NotCanonicalError, match="not an event"):
        parse_event(changed(fields))


def test_another_spelling_of_an_event_is_not_an_event() -> None:
    golden = GOLDEN.encode()
    for spelt, other in (
        (b'{"actor"', b'{"type":"site.registered","actor"'),
        (b'{"auth":"local",', b'{"auth":"local","auth":"local",'),
        (b'"seq":0', b'"seq":-0'),
        (b'"seq":0', b'"seq":0.0'),
        (b'"seq":0', b'"seq":9007199254740993'),
        (b"first site", rb"first\u0020site"),
        (b"first site", rb"first \ud800"),
        (b"first site", "first e\u0301".encode()),
        (b"first site", b"first \xff"),
        (b',"id"', b', "id"'),
    ):
        assert golden.count(spelt) == 1
        with pytest.raises(NotCanonicalError):
            parse_event(golden.replace(spelt, other))


@pytest.mark.parametrize("data", [b"", b"null", b"[]", b"{}", GOLDEN.encode() + b"\n", GOLDEN.encode()[:-1]])
def test_bytes_of_another_form_are_not_an_event(data: bytes) -> None:
    with pytest.raises(NotCanonicalError):
        parse_event(data)


def test_a_payload_is_committed_to_under_its_salt() -> None:
    salt = bytes(range(32))
    assert payload_digest(salt, b"{}") == "sha256:" + hashlib.sha256(salt + b"{}").hexdigest()
    assert payload_digest(salt, b"{}") != payload_digest(bytes(32), b"{}")


@pytest.mark.parametrize("length", [0, 31, 33])
def test_a_salt_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        payload_digest(bytes(length), b"{}")
