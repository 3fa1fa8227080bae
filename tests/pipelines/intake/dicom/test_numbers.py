import pytest

from pipelines.intake.dicom.numbers import safe_number, safe_numbers


@pytest.mark.parametrize(
    ("value", "number", "flag"),
    [
        ("5.00", 5.0, ""),
        ("5,00", 5.0, "decimal_comma"),
        ("1,000,000", None, "not_a_number"),
        ("NaN", None, "not_finite"),
        ("inf", None, "not_finite"),
        ("1e400", None, "not_finite"),
        ("", None, "empty"),
        ("  \0", None, "empty"),
        (None, None, "empty"),
        ([], None, "empty"),
        ("1A", None, "not_a_number"),
        (b"12 ", 12.0, ""),
        (["2", "3"], 2.0, "multi_valued"),
        (["2,5", "3"], 2.5, "decimal_comma"),
    ],
)
def test_every_spelling_of_a_number_is_read_or_flagged(value: object, number: float | None, flag: str) -> None:
    assert safe_number(value) == (number, flag)


def test_an_integer_with_a_fraction_is_kept_and_flagged() -> None:
    assert safe_number("4.5", integer=True) == (4.5, "not_integer")
    assert safe_number("4.0", integer=True) == (4.0, "")


def test_a_list_is_whole_or_nothing() -> None:
    assert safe_numbers(["1", "2,5"]) == (1.0, 2.5)
    assert safe_numbers(["1", "NaN"]) is None
    assert safe_numbers("") is None
