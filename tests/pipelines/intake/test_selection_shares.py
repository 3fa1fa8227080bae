"""Shares of patients: exact, complementary, by patient; folds that never change."""

import itertools
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.intake.selection import Candidate, parse_selection
from registry.domain.pseudonym import Pseudonymizer
from registry.domain.vocabulary import Unit

PSEUDONYMS = Pseudonymizer(bytes(range(32)), "p1")


def candidates(patients: int, units: int = 3, first: int = 0, site: str = "a") -> list[Candidate]:
    """Return the units of some patients."""
    return [
        Candidate(
            Unit.INSTANCE, f"{number}.{unit}", unit == 0, ({"patient": f"p{number}", "site": site},), synthetic=False
        )
        for number in range(first, first + patients)
        for unit in range(units)
    ]


def kept(found: Sequence[Candidate], *select: str) -> list[Candidate]:
    """Apply a selection."""
    left = list(found)
    for condition in parse_selection(select, PSEUDONYMS):
        left = condition.keep(left)
    return left


def patients_of(found: Sequence[Candidate]) -> set[str]:
    """Return the patients of some units."""
    return {candidate.patient for candidate in found}


@pytest.mark.parametrize(
    ("patients", "share", "expected"), [(28, "60-100", 11), (28, "0-45", 13), (28, "45-60", 4), (1, "0-100", 1)]
)
def test_a_share_of_patients_is_exact(patients: int, share: str, expected: int) -> None:
    assert len(patients_of(kept(candidates(patients), f"patients={share}%"))) == expected


@given(st.integers(1, 60), st.lists(st.integers(1, 99), min_size=1, max_size=4, unique=True))
def test_shares_that_meet_end_to_end_hold_every_patient_once(patients: int, cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), 100]
    found = candidates(patients)
    parts = [patients_of(kept(found, f"patients={low}-{high}%")) for low, high in itertools.pairwise(edges)]
    assert sum(map(len, parts)) == patients
    assert set().union(*parts) == patients_of(found)


def test_a_share_keeps_every_unit_of_its_patients() -> None:
    found = kept(candidates(20), "patients=0-50%")
    assert len(found) == 3 * len(patients_of(found))


def test_a_share_is_one_of_what_the_other_conditions_leave_in_whatever_order_they_stand() -> None:
    found = candidates(30) + candidates(10, first=30, site="b")
    assert len(patients_of(kept(found, "patients=0-50%", "site=b"))) == 5
    assert kept(found, "patients=0-50%", "site=b") == kept(found, "site=b", "patients=0-50%")


def test_a_fold_stays_when_patients_are_added_and_a_share_may_move() -> None:
    before = patients_of(kept(candidates(40), "patient_fold=0-30%"))
    after = patients_of(kept(candidates(80), "patient_fold=0-30%"))
    assert before == after & patients_of(candidates(40))
