"""One cell: typed, or refused without showing what it holds."""

import math
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.intake.cells import instant, is_empty, typed
from registry.domain.columns import Column, Kind
from registry.domain.refusal import CellRefusedError
from registry.domain.vocabulary import SEXES

NUMBER = Column("x", Kind.NUMBER, low=0, high=1)
BOOLEAN = Column("b", Kind.BOOLEAN)
TEXT = Column("t")
WHEN = Column("w", Kind.INSTANT)


@pytest.mark.parametrize("value", ["true", "TRUE", "1", "yes", " Yes ", True, 1, 1.0])
def test_spellings_of_true(value: Any) -> None:
    assert typed(BOOLEAN, value) is True


@pytest.mark.parametrize("value", ["false", "False", "0", "no", False, 0, 0.0])
def test_spellings_of_false(value: Any) -> None:
    assert typed(BOOLEAN, value) is False


@pytest.mark.parametrize("value", ["0.5", " .5 ", "5e-1", 0.5, Decimal("0.5")])
def test_spellings_of_a_half(value: Any) -> None:
    assert typed(NUMBER, value) == 0.5


@pytest.mark.parametrize(
    ("column", "value", "code"),
    [
        (NUMBER, "nan", "type"), (NUMBER, math.inf, "type"), (NUMBER, "1_0", "type"), (NUMBER, "0,5", "type"),
        (NUMBER, True, "type"),
        (NUMBER, "٣", "type"), (NUMBER, "1e999", "type"), (NUMBER, 10**400, "type"), (NUMBER, "1.5", "range"),
        (NUMBER, -1, "range"),
        (BOOLEAN, "maybe", "type"), (BOOLEAN, 2, "type"), (BOOLEAN, [], "type"), (BOOLEAN, "", "type"),
        (TEXT, 1.5, "type"), (TEXT, True, "type"), (TEXT, {"a": 1}, "type"), (TEXT, "a\nb", "characters"),
        (TEXT, "a\0", "characters"), (TEXT, "MRI\u202e1TC", "characters"), (TEXT, "\u2066x", "characters"),
        (TEXT, "\udcff", "characters"), (TEXT, "x" * 1025, "too_long"), (TEXT, 10**200, "too_long"),
        (Column("sex", enumeration=SEXES), "female", "enumeration"), (Column("supersedes"), "row 7", "type"),
        (Column("e", Kind.NUMBERS), "1;2", "type"), (Column("e", Kind.NUMBERS), ["1", "x"], "type"),
        (Column("r", Kind.TEXTS), 3, "type"),
    ],
)  # fmt: skip
def test_refusals(column: Column, value: Any, code: str) -> None:
    with pytest.raises(CellRefusedError) as caught:
        typed(column, value)
    assert caught.value.code == code
    assert caught.value.column == column.name


def test_lists_are_typed_item_by_item() -> None:
    assert typed(Column("e", Kind.NUMBERS), [1, "0.5"]) == [1.0, 0.5]
    assert typed(Column("r", Kind.TEXTS), "a; b;") == ["a", "b"]
    assert typed(Column("r", Kind.TEXTS), ["a", 7]) == ["a", "7"]


def test_text_is_stored_in_one_spelling() -> None:
    assert typed(TEXT, " u\u0308 ") == "ü"
    assert typed(TEXT, 7) == "7"


@pytest.mark.parametrize("value", [None, "", "  ", []])
def test_nothing_is_nothing(value: Any) -> None:
    assert is_empty(value)


@pytest.mark.parametrize("value", [0, False, "0", "x"])
def test_zero_is_something(value: Any) -> None:
    assert not is_empty(value)


@pytest.mark.parametrize(
    ("value", "zone", "expected"),
    [
        ("2026-07-01T12:00:00+02:00", None, ("2026-07-01T10:00:00.000000Z", False)),
        ("2026-07-01 12:00", "Europe/Vienna", ("2026-07-01T10:00:00.000000Z", True)),
        (datetime(2026, 7, 1, 10, tzinfo=UTC), None, ("2026-07-01T10:00:00.000000Z", False)),
        (date(2026, 7, 1), "UTC", ("2026-07-01T00:00:00.000000Z", True)),
    ],
)
def test_instants_take_the_sites_zone_and_say_so(value: Any, zone: str | None, expected: tuple[str, bool]) -> None:
    assert instant(WHEN, value, zone) == expected


@pytest.mark.parametrize(
    ("value", "zone", "code"),
    [
        ("soon", "UTC", "type"), (20260701, "UTC", "type"), ("2026-07-01T12:00", None, "zone"),
        ("0001-01-01T00:00+14:00", None, "type"),
        ("1850-01-01", "UTC", "range"), ("2500-01-01", "UTC", "range"), (b"2026", "UTC", "type"),
    ],
)  # fmt: skip
def test_refused_instants(value: Any, zone: str | None, code: str) -> None:
    with pytest.raises(CellRefusedError) as caught:
        instant(WHEN, value, zone)
    assert caught.value.code == code


FOREIGN = st.text(st.characters(categories=["L", "N", "P", "Zs", "Cc", "Cs"]), max_size=50)


def reason(column: Column, text: str) -> str:
    """Return why a text was refused; empty when it was not."""
    try:
        instant(column, text, "UTC") if column is WHEN else typed(column, text)
    except CellRefusedError as refused:
        return refused.reason
    return ""


@given(FOREIGN, st.sampled_from([NUMBER, BOOLEAN, TEXT, WHEN]))
def test_no_text_breaks_a_cell_and_no_word_is_shown(text: str, column: Column) -> None:
    said = reason(column, text)
    assert not any(word in said for word in text.split() if word.isalpha() and len(word) > 6)
    said.encode("utf-8")
