"""One parser for every number in a header: vendors write `5,00`, `NaN`, `4.5` as an integer, and lists."""

import math
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

_COMMA = re.compile(r"[-+]?[0-9]+,[0-9]+(?:[eE][-+]?[0-9]+)?")


class Number(NamedTuple):
    """A parsed number, and the flag that says what was odd about its spelling."""

    value: float | None
    flag: str = ""


def safe_number(value: Any, *, integer: bool = False) -> Number:
    """Read a header value as a finite number; never raise.

    Args:
        value: a number, a text, a list of those (its first entry counts), or None.
        integer: whether the value's representation (IS) promises an integer.

    Returns:
        The number, or None with a flag: `empty`, `not_finite`, `not_a_number`. A number may carry a flag too:
        `decimal_comma`, `not_integer`, `multi_valued`.
    """
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return _first_of(value, integer=integer)
    text = _spelled(value)
    if not text:
        return Number(None, "empty")
    comma = _COMMA.fullmatch(text) is not None
    try:
        number = float(text.replace(",", ".") if comma else text)
    except ValueError:
        return Number(None, "not_a_number")
    if not math.isfinite(number):
        return Number(None, "not_finite")
    if integer and not number.is_integer():
        return Number(number, "not_integer")
    return Number(number, "decimal_comma" if comma else "")


def safe_numbers(value: Any) -> tuple[float, ...] | None:
    """Read a header value as a list of finite numbers; None when one entry is none."""
    entries = value if isinstance(value, Sequence) and not isinstance(value, str | bytes) else [value]
    numbers = [safe_number(entry).value for entry in entries]
    found = tuple(number for number in numbers if number is not None)
    return found if found and len(found) == len(numbers) else None


def _first_of(values: Sequence[Any], *, integer: bool) -> Number:
    if not values:
        return Number(None, "empty")
    first = safe_number(values[0], integer=integer)
    return first if len(values) == 1 else Number(first.value, first.flag or "multi_valued")


def _spelled(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bytes):
        return value.decode("ascii", "replace").strip("\0 ")
    if isinstance(value, int | float):
        return repr(float(value))
    return str(value).strip("\0 ")
