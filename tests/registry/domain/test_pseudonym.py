"""Pseudonyms: keyed, stable, separated by kind and project."""

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.domain.pseudonym import Identifier, Pseudonymizer, is_pseudonym

KEY = bytes(range(32))
ORIGINAL = "1.3.6.1.4.1.5962.1.2.1.20040119072730.12322"
OURS = "2.25.168422926878845910412938786244256902860"


@pytest.fixture
def pseudonyms() -> Pseudonymizer:
    return Pseudonymizer(KEY, "p1")


def test_the_vector_of_the_design(pseudonyms: Pseudonymizer) -> None:
    assert pseudonyms.uid(ORIGINAL) == OURS


def test_padding_of_dicom_values_changes_nothing(pseudonyms: Pseudonymizer) -> None:
    assert pseudonyms.uid(ORIGINAL + "\0") == pseudonyms.uid(ORIGINAL + " ") == OURS
    assert pseudonyms.of(Identifier.PATIENT, " 1CT1 ") == pseudonyms.of(Identifier.PATIENT, "1CT1")


def test_empty_stays_empty(pseudonyms: Pseudonymizer) -> None:
    assert {pseudonyms.of(kind, " \0") for kind in Identifier} == {""}


def test_kind_project_and_key_separate_the_same_identifier() -> None:
    found = {Pseudonymizer(KEY, project).of(kind, "7") for project in ("p1", "p2") for kind in Identifier}
    found.add(Pseudonymizer(bytes(32), "p1").of(Identifier.PATIENT, "7"))
    assert len(found) == 2 * len(Identifier) + 1


def test_a_short_key_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Pseudonymizer(b"short", "p1")


@given(st.text(min_size=1).filter(lambda text: text.strip("\0 ")), st.sampled_from(list(Identifier)))
def test_every_pseudonym_is_recognised_and_a_valid_uid(text: str, kind: Identifier) -> None:
    found = Pseudonymizer(KEY, "p1").of(kind, text)
    assert is_pseudonym(found)
    if kind is Identifier.UID:
        assert len(found) <= 44
        assert uuid.UUID(int=int(found.removeprefix("2.25."))).version == 8


@given(st.uuids(version=4))
def test_uids_that_devices_draw_under_2_25_are_not_taken_for_ours(drawn: uuid.UUID) -> None:
    assert not is_pseudonym(f"2.25.{drawn.int}")


@pytest.mark.parametrize(
    "text", ["", ORIGINAL, "2.25.0", "2.25.1", f"2.25.{2**128}", "p:abc", "P:" + "0" * 32, OURS + "\n"]
)
def test_other_spellings_are_no_pseudonyms(text: str) -> None:
    assert not is_pseudonym(text)
