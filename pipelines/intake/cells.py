"""One cell: from foreign text, number or time to the typed value of its column, or a refusal."""

import math
import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from registry.domain.columns import Column, Kind
from registry.domain.display import shown
from registry.domain.instants import has_offset, instant_text, parse_instant
from registry.domain.refusal import CellRefusedError, RefusalCode

MAX_TEXT = 1024
MAX_LIST = 65_536
# Embeddings, overrides and isolates of Unicode's bidirectional text: one shows names as other than they are.
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_YEARS = (1900, 2199)
_NUMBER = re.compile(r"[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?")
_BOOLEANS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
_ROW_ID = re.compile(r"[0-9a-f]{32}")


def is_empty(value: Any) -> bool:
    """Say whether a cell holds nothing: null, an empty list, or only white space."""
    return value is None or value == [] or (isinstance(value, str) and not value.strip())


def typed(column: Column, value: Any) -> Any:
    """Return the typed value of a cell that is not empty and not an instant.

    Raises:
        CellRefusedError: when the column refuses it.
    """
    return _TYPED[column.kind](column, value)


def instant(column: Column, value: Any, zone: str | None) -> tuple[str, bool]:
    """Return the stored spelling of an instant, and whether its zone was assumed.

    Raises:
        CellRefusedError: when it is not a time of the years 1900 to 2199, or has no offset and no zone is known.
    """
    spelled = value.isoformat() if isinstance(value, date) else value
    if not isinstance(spelled, str):
        raise _refused(column, RefusalCode.TYPE, f"{_show(value)} is not an ISO 8601 time")
    try:
        stated = has_offset(spelled)
        found = parse_instant(spelled, zone or "UTC")
    except (ValueError, OverflowError) as error:
        raise _refused(column, RefusalCode.TYPE, f"{_show(spelled)} is not an ISO 8601 time") from error
    if not stated and zone is None:
        raise _refused(column, RefusalCode.ZONE, f"{_show(spelled)} has no offset, and no site gives its zone")
    if not _YEARS[0] <= found.year <= _YEARS[1]:
        raise _refused(column, RefusalCode.RANGE, f"{_show(spelled)} lies outside the years 1900 to 2199")
    return instant_text(found), not stated


def clean_text(name: str, value: str) -> str:
    """Return text in Unicode NFC without outer white space.

    Raises:
        CellRefusedError: for control characters, those that turn the direction of what follows them, lone surrogates
            (bytes that are not UTF-8), or over 1024 characters.
    """
    text = unicodedata.normalize("NFC", value.strip())
    if len(text) > MAX_TEXT:
        raise CellRefusedError(name, RefusalCode.TOO_LONG, f"{len(text)} characters; at most {MAX_TEXT}")
    if not text.isprintable() and any(
        unicodedata.category(character) in {"Cc", "Cs"} or character in _TURNING for character in text
    ):
        reason = "characters of control or of direction, or bytes that are not UTF-8"
        raise CellRefusedError(name, RefusalCode.CHARACTERS, reason)
    return text


def number_of(value: Any) -> float | None:
    """Return a finite number, or None when the value is not one."""
    if isinstance(value, str):
        value = float(value) if len(value) <= 64 and _NUMBER.fullmatch(value.strip()) else None
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    try:
        found = float(value)
    except OverflowError:
        return None
    return found if math.isfinite(found) else None


def boolean_of(value: Any) -> bool | None:
    """Return a boolean spelled true/false, 1/0 or yes/no in any case; None when the value is not one."""
    if isinstance(value, int | float) and value in {0, 1}:
        return bool(value)
    return _BOOLEANS.get(value.strip().lower()) if isinstance(value, str) else None


def _text(column: Column, value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise _refused(column, RefusalCode.TYPE, f"{_show(value)} is not text")
    text = clean_text(column.name, _digits(column, value))
    if column.enumeration and text not in column.enumeration:
        words = ", ".join(sorted(column.enumeration))
        raise _refused(column, RefusalCode.ENUMERATION, f"{_show(text)} is none of {words}")
    if column.name == "supersedes" and not _ROW_ID.fullmatch(text):
        raise _refused(column, RefusalCode.TYPE, f"{_show(text)} is not a row id of 32 hexadecimal digits")
    return text


def _digits(column: Column, value: str | int) -> str:
    if isinstance(value, int) and value.bit_length() > 256:
        raise _refused(column, RefusalCode.TOO_LONG, "an integer of more than 77 digits")
    return str(value)


def _number(column: Column, value: Any) -> float:
    found = number_of(value)
    if found is None:
        raise _refused(column, RefusalCode.TYPE, f"{_show(value)} is not a finite number")
    low, high = column.low, column.high
    if (low is not None and found < low) or (high is not None and found > high):
        bounds = f"{'' if low is None else f'{low:g}'}..{'' if high is None else f'{high:g}'}"
        raise _refused(column, RefusalCode.RANGE, f"{_show(value)} lies outside {bounds}")
    return found


def _boolean(column: Column, value: Any) -> bool:
    found = boolean_of(value)
    if found is None:
        raise _refused(column, RefusalCode.TYPE, f"{_show(value)} is none of true, false, 1, 0, yes, no")
    return found


def _numbers(column: Column, value: Any) -> list[float]:
    if not isinstance(value, list | tuple) or len(value) > MAX_LIST:
        raise _refused(column, RefusalCode.TYPE, f"a list of at most {MAX_LIST} numbers is needed; a CSV holds none")
    return [_number(column, item) for item in value]


def _texts(column: Column, value: Any) -> list[str]:
    parts = value.split(";") if isinstance(value, str) else value
    if not isinstance(parts, list | tuple) or len(parts) > MAX_LIST:
        raise _refused(column, RefusalCode.TYPE, "a list of texts is needed; in a CSV they are parted by ';'")
    return [_text(column, part) for part in parts if not is_empty(part)]


def _no_instant(column: Column, _value: Any) -> Any:
    raise ValueError(f"{column.name} is an instant")


_TYPED: Mapping[Kind, Callable[[Column, Any], Any]] = {
    Kind.TEXT: _text,
    Kind.NUMBER: _number,
    Kind.BOOLEAN: _boolean,
    Kind.NUMBERS: _numbers,
    Kind.TEXTS: _texts,
    Kind.INSTANT: _no_instant,
}


def _refused(column: Column, code: RefusalCode, reason: str) -> CellRefusedError:
    return CellRefusedError(column.name, code, reason)


def _show(value: Any) -> str:
    spelled = value.isoformat() if isinstance(value, datetime) else value
    return shown(spelled) if isinstance(spelled, str | int | float | Decimal) else type(value).__name__
