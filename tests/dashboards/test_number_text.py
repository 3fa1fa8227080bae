"""Every printed number resolves to the number behind it."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.view.numbers import BLANK, count_text, instant_words, interval_text, number_text, percent_text
from registry.domain.estimate import decimal_text


@pytest.mark.parametrize(
    ("value", "printed"),
    [
        ("0.912345678901", "0.912"),
        ("0.9125", "0.912"),
        ("0.9135", "0.914"),
        (0.0123456, "0.0123"),
        (0.05, "0.0500"),
        ("0.0999999", "0.100"),
        ("0.00999999", "0.0100"),
        (1.2e-05, "1.20e-5"),
        (-0.0421, "-0.0421"),
        (-0.0004, "-4.00e-4"),
        (0.0, "0.000"),
        (-0.0, "0.000"),
        (1234.5678, "1,234.568"),
        (1204, "1,204"),
        (None, BLANK),
        (float("nan"), BLANK),
        (float("inf"), BLANK),
    ],
)
def test_numbers_have_three_decimals_or_three_significant_digits_when_small(value: Any, printed: str) -> None:
    assert number_text(value) == printed


@given(st.floats(-1e6, 1e6, allow_nan=False))
def test_a_printed_number_lies_within_half_a_unit_of_its_last_digit(value: Any) -> None:
    printed = Decimal(number_text(value).replace(",", ""))
    unit = Decimal(1).scaleb(printed.as_tuple().exponent)
    assert abs(printed - Decimal(repr(value))) <= unit / 2


@given(st.floats(-10, 10, allow_nan=False, allow_subnormal=False))
def test_the_decimal_text_of_a_number_is_printed_as_the_number(value: Any) -> None:
    text = decimal_text(value)
    assert number_text(text) == number_text(float(text))


def test_blank_is_never_zero() -> None:
    assert number_text(None) != number_text(0.0)
    assert count_text(None) != count_text(0)
    assert percent_text(0, 0) != percent_text(0, 10)
    assert interval_text(None, None) == BLANK
    assert interval_text(0.0, 0.1) == "0.000 to 0.100"


def test_a_half_open_interval_shows_the_bound_it_has() -> None:
    assert interval_text(None, "0.5") == f"{BLANK} to 0.500"


def test_instants_are_printed_in_utc_and_days_as_they_are() -> None:
    assert instant_words("2026-09-30T23:59:59.999999Z") == "2026-09-30 23:59:59 UTC"
    assert instant_words("2026-09-30T23:00:00+02:00") == "2026-09-30 21:00:00 UTC"
    assert instant_words("2026-09-30") == "2026-09-30"
    assert instant_words("sarcoma-internal") == "sarcoma-internal"
    assert instant_words("") == BLANK
