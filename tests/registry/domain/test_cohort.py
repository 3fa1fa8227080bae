import random
import time

import pytest

from registry.domain.canonical import canonical_bytes, parse_canonical
from registry.domain.cohort import (
    NEAR_DUPLICATE_DISTANCE,
    Cohort,
    CohortUnit,
    axes_of,
    prove_disjoint,
)
from registry.domain.vocabulary import Role


def unit(number: int, **changes: object) -> CohortUnit:
    values: dict[str, object] = {
        "unit": "instance",
        "unit_uid": f"2.25.{number}",
        "series_uid": f"2.25.{1000 + number}",
        "study_uid": f"2.25.{2000 + number}",
        "patient": f"p:{number:032x}",
        "site": "general",
        "scanner": "p:a",
        "truth": bool(number % 2),
        "pixel_digest": f"sha256:{number:064x}",
        "fingerprint": f"{random.Random(number).getrandbits(256):064x}",
    }
    return CohortUnit(**(values | changes))  # type: ignore[arg-type]


def cohort(role: Role, *units: CohortUnit, name: str = "") -> Cohort:
    return Cohort(name or role.value, "lesion", role, (), units)


@pytest.mark.parametrize(
    ("axis", "same"),
    [
        ("patient", {"patient": f"p:{1:032x}"}),
        ("study", {"study_uid": "2.25.2001"}),
        ("pixel digest", {"pixel_digest": f"sha256:{1:064x}"}),
        ("near-duplicate", {"fingerprint": f"{random.Random(1).getrandbits(256) ^ 0b1011:064x}"}),
    ],
)
def test_each_axis_is_enough_to_refuse(axis: str, same: dict[str, str]) -> None:
    proof = prove_disjoint(cohort(Role.INTERNAL_TEST, unit(2, **same)), cohort(Role.TRAIN, unit(1)))
    assert not proof.disjoint
    assert [overlap.axis for overlap in proof.overlaps if overlap.count] == [axis]
    assert axis in proof.why()


def test_cohorts_that_share_nothing_are_disjoint() -> None:
    proof = prove_disjoint(cohort(Role.TUNE, unit(1), unit(2)), cohort(Role.TRAIN, unit(3)))
    assert proof.disjoint
    assert proof.why() == "nothing"


def test_images_without_pixels_or_picture_are_no_overlap() -> None:
    blank = {"pixel_digest": "", "fingerprint": ""}
    assert prove_disjoint(cohort(Role.TUNE, unit(1, **blank)), cohort(Role.TRAIN, unit(2, **blank))).disjoint


def test_roles_decide_what_must_be_apart() -> None:
    assert axes_of(Role.TRAIN, Role.TRAIN) == ()
    assert axes_of(Role.INTERNAL_TEST, Role.INTERNAL_TEST) == ()
    assert "site" in axes_of(Role.EXTERNAL_TEST, Role.INTERNAL_TEST)
    assert "site" not in axes_of(Role.INTERNAL_TEST, Role.TRAIN)
    assert "scanner" in axes_of(Role.TRANSFER_TEST, Role.TUNE)
    for first in Role:
        for second in Role:
            assert axes_of(first, second) == axes_of(second, first)


def test_an_external_test_of_the_same_site_is_refused() -> None:
    proof = prove_disjoint(cohort(Role.EXTERNAL_TEST, unit(1)), cohort(Role.TRAIN, unit(2)))
    assert [overlap.axis for overlap in proof.overlaps if overlap.count] == ["site"]


@pytest.mark.parametrize("bits", [0, 1, NEAR_DUPLICATE_DISTANCE, NEAR_DUPLICATE_DISTANCE + 1, 60])
def test_near_duplicates_are_found_up_to_the_distance_and_not_beyond(bits: int) -> None:
    dice = random.Random(bits)
    for _ in range(50):
        mark = dice.getrandbits(256)
        other = mark
        for place in dice.sample(range(256), bits):
            other ^= 1 << place
        first = cohort(Role.TUNE, unit(1, fingerprint=f"{mark:064x}"))
        second = cohort(Role.TRAIN, unit(2, fingerprint=f"{other:064x}"))
        assert prove_disjoint(first, second).disjoint is (bits > NEAR_DUPLICATE_DISTANCE)


def test_two_thousand_against_two_thousand_are_compared_quickly() -> None:
    first = cohort(Role.TUNE, *(unit(number) for number in range(2000)))
    second = cohort(Role.TRAIN, *(unit(number) for number in range(2000, 4000)))
    begin = time.process_time()
    assert prove_disjoint(first, second).disjoint
    assert time.process_time() - begin < 3


def test_a_manifest_comes_back_whatever_the_order_of_its_units() -> None:
    made = cohort(Role.TRAIN, unit(2), unit(1))
    back = Cohort.from_json(parse_canonical(canonical_bytes(made.to_json())))
    assert back.digest == made.digest == cohort(Role.TRAIN, unit(1), unit(2)).digest
    assert back.patients(truth=True) == {f"p:{1:032x}"}
