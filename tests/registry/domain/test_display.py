"""Foreign values are shown only where they cannot identify."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.domain.display import plain, shown, veiled


@pytest.mark.parametrize(
    "value", ["1.5", "-3", 0.25, 1e-9, "2026-03-02T10:00:00+01:00", "2026-03-02", "10:30", "12345", "", True]
)
def test_numbers_times_and_booleans_are_shown(value: object) -> None:
    assert shown(value) == f"'{value}'"


@pytest.mark.parametrize(
    "value",
    [
        "Miller^Anna",
        "123456",
        "-0012345678",
        "0012345678",
        "1.3.6.1.4.1.5962.1.2.1.20040119072730.123221234",
        "1.2.840.113619.2",
        "2.25.1",
        "123-45-6789",
        "555-123-4567",
        "12,34,56",
        "x" * 99,
    ],
)
def test_names_and_long_digit_strings_are_veiled(value: str) -> None:
    assert value not in shown(value)
    assert shown(value).startswith(f"‹{len(value)} chars, sha256:")


def test_words_of_the_vocabulary_are_shown() -> None:
    assert shown("pathology", frozenset({"pathology"})) == "'pathology'"
    assert "pathology" not in shown("pathology")


@given(st.text(st.characters(categories=["L"]), min_size=1))
def test_no_word_is_ever_shown(text: str) -> None:
    if text not in {"True", "False", "chars", "sha"} and len(text) > 4:
        assert text not in shown(text)


def test_veiled_text_is_recognised_by_its_digest_even_with_lone_surrogates() -> None:
    assert veiled("a") != veiled("b")
    assert veiled("\udcff").startswith("‹1 chars")


def test_plain_text_has_no_control_or_bidirectional_characters_and_an_end() -> None:
    assert plain("a\u202eb\x1b[31m\u200bc") == "ab[31mc"
    assert len(plain("x" * 999)) == 200
