import json
import unicodedata
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from registry.domain.canonical import MAX_INTEGER, NotCanonicalError, canonical_bytes, parse_canonical

TEXTS = st.text(st.characters(exclude_categories=["Cs"])).map(lambda text: unicodedata.normalize("NFC", text))
SCALARS = st.none() | st.booleans() | st.integers(-MAX_INTEGER, MAX_INTEGER) | TEXTS
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4), max_leaves=20
)


@given(VALUES)
def test_the_bytes_are_those_of_rfc_8785(value: Any) -> None:
    assert canonical_bytes(value) == rfc8785.dumps(value)


@given(VALUES)
def test_what_is_written_is_read_back(value: Any) -> None:
    assert parse_canonical(canonical_bytes(value)) == value


@given(VALUES)
def test_another_spelling_of_the_same_value_is_refused(value: Any) -> None:
    for spelled in (json.dumps(value, indent=1), " " + json.dumps(value), json.dumps(value) + "\n"):
        if spelled.encode() != canonical_bytes(value):
            with pytest.raises(NotCanonicalError):
                parse_canonical(spelled.encode())


def test_keys_are_sorted_by_utf_16_units() -> None:
    # RFC 8785, 3.2.3: the example's order, with U+FF21 for its U+FB33, which is not NFC.
    keys = ["\u20ac", "\r", "\uff21", "1", "\U0001f600", "\u0080", "\u00f6"]
    expected = ["\r", "1", "\u0080", "\u00f6", "\u20ac", "\U0001f600", "\uff21"]
    assert list(parse_canonical(canonical_bytes(dict.fromkeys(keys, 0)))) == expected


def test_control_characters_are_escaped_as_rfc_8785_says() -> None:
    assert canonical_bytes('\b\t\n\f\r"\\\x01\x1f\x7f/') == b'"\\b\\t\\n\\f\\r\\"\\\\\\u0001\\u001f\x7f/"'


@pytest.mark.parametrize(
    "value",
    [
        0.5,
        1.0,
        float("nan"),
        float("inf"),
        MAX_INTEGER + 1,
        -MAX_INTEGER - 1,
        "Zu\u0308rich",
        {"u\u0308": 1},
        "\ud800",
        {"\udfff": 1},
        {1: "a"},
        b"bytes",
        bytearray(b"bytes"),
        {"a", "b"},
        object(),
    ],
)
def test_a_value_outside_the_profile_is_refused(value: Any) -> None:
    for nested in (value, [value], {"key": value}):
        with pytest.raises(NotCanonicalError):
            canonical_bytes(nested)


@pytest.mark.parametrize(
    "data",
    [
        b'{"a":1,"a":1}',
        b'{"a":{"b":1,"b":2}}',
        b'{"b":1,"a":2}',
        b"1.0",
        b"1e3",
        b"-0",
        b"NaN",
        b"Infinity",
        b"9007199254740992",
        b"1" * 5000,
        b"[" * 100_000,
        b"[" * 900 + b"]" * 900,
        b'"\\u00e9"',
        b'"\\/"',
        b'"\\ud800"',
        b'"\\ud83d\\ude00"',
        '"Zu\u0308rich"'.encode(),
        b'"\xff"',
        b'"\xed\xa0\x80"',
        b"\xef\xbb\xbf1",
        b"01",
        b"",
        b"{",
        b"null ",
        b"// a",
    ],
)
def test_bytes_outside_the_profile_are_refused(data: bytes) -> None:
    with pytest.raises(NotCanonicalError):
        parse_canonical(data)


@given(st.binary(max_size=40))
def test_any_bytes_are_either_canonical_or_refused(data: bytes) -> None:
    try:
        value = parse_canonical(data)
    except NotCanonicalError:
        return
    assert canonical_bytes(value) == data
