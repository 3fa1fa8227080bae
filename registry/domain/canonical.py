"""Canonical JSON: one value, one string of bytes.

A strict profile of RFC 8785 (JSON Canonicalization Scheme): strings in Unicode NFC, no floats (decimals travel as
strings), integers below 2^53 in magnitude, duplicate keys refused when parsing. Bytes that are not canonical are
refused too, so what was stored is what is hashed.
"""

import json
import unicodedata
from collections.abc import Mapping, Sequence
from json.encoder import encode_basestring
from typing import Any

MAX_INTEGER = 2**53 - 1


class NotCanonicalError(ValueError):
    """A value or a string of bytes outside the strict profile."""


def canonical_bytes(value: Any) -> bytes:
    """Return the canonical UTF-8 bytes of a JSON value.

    Raises:
        NotCanonicalError: for floats, big integers, strings that are not NFC or hold lone surrogates, keys that are
            not strings, and types that JSON lacks.
    """
    try:
        return canonical_utf8(canonical_text(value))
    except RecursionError as error:
        raise NotCanonicalError("a value nested too deeply") from error


def canonical_utf8(text: str) -> bytes:
    """Return the UTF-8 bytes of a canonical text.

    Raises:
        NotCanonicalError: when it holds a lone surrogate.
    """
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise NotCanonicalError("a string holds a lone surrogate") from error


def parse_canonical(data: bytes) -> Any:
    """Parse canonical bytes; refuse every other spelling of the same value.

    Raises:
        NotCanonicalError: when the bytes are not JSON, hold a duplicate key, or are not canonical.
    """
    try:
        value = json.loads(data.decode("utf-8"), object_pairs_hook=_unique_object, parse_float=_no_float)
    except NotCanonicalError:
        raise
    except (ValueError, RecursionError) as error:  # not UTF-8, not JSON, an integer of thousands of digits
        raise NotCanonicalError("not JSON in UTF-8") from error
    if canonical_bytes(value) != data:
        raise NotCanonicalError("JSON, but not in canonical form")
    return value


def canonical_text(value: Any) -> str:
    """Return the canonical text of a JSON value; see `canonical_bytes`.

    Raises:
        NotCanonicalError: as there, but for lone surrogates.
        RecursionError: when the value is nested too deeply.
    """
    kind = type(value)
    if kind is str:
        return _string(value)
    if kind is dict:
        return _object(value)
    if kind is int:
        return _integer(value)
    return _other(value)


def _other(value: Any) -> str:
    """Return the text of what is rarer: constants, arrays, and subclasses of what JSON has."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, Mapping):
        return _object(value)
    if isinstance(value, int):
        return _integer(value)
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        return "[" + ",".join([canonical_text(item) for item in value]) + "]"
    raise NotCanonicalError(f"{type(value).__name__} has no canonical form; write decimals as strings")


def _integer(value: int) -> str:
    if abs(value) > MAX_INTEGER:
        raise NotCanonicalError("an integer of 2^53 or more; write it as a string")
    return str(int(value))


def _string(value: str) -> str:
    if not value.isascii() and not unicodedata.is_normalized("NFC", value):
        raise NotCanonicalError("a string that is not in Unicode NFC")
    return encode_basestring(value)


def _object(value: Mapping[Any, Any]) -> str:
    try:
        joined = "".join(value)
    except TypeError as error:
        raise NotCanonicalError("an object key that is not a string") from error
    if joined.isascii():  # then code points and UTF-16 code units sort alike
        return "{" + ",".join([f"{encode_basestring(key)}:{canonical_text(value[key])}" for key in sorted(value)]) + "}"
    keys = sorted(value, key=lambda key: key.encode("utf-16-be", "surrogatepass"))
    return "{" + ",".join([f"{_string(key)}:{canonical_text(value[key])}" for key in keys]) + "}"


def _unique_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise NotCanonicalError("a duplicate key")
    return found


def _no_float(text: str) -> Any:
    raise NotCanonicalError(f"a float ({text}); write decimals as strings")
