import uuid
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.domain.uuid7 import uuid7

INSTANTS = st.datetimes(datetime(1970, 1, 1), datetime(9999, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001 -- hypothesis adds the zone itself


def test_the_example_of_rfc_9562() -> None:
    at = datetime(2022, 2, 22, 14, 22, 22, tzinfo=timezone(timedelta(hours=-5)))
    assert uuid7(at, bytes.fromhex("0cc318c4dc0c0c07398f")) == "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"


@given(INSTANTS, st.binary(min_size=10, max_size=10))
def test_version_and_variant_stand_whatever_the_random_part(at: datetime, tail: bytes) -> None:
    found = uuid.UUID(uuid7(at, tail))
    assert (found.version, found.variant) == (7, uuid.RFC_4122)
    assert found.int >> 80 == (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


@given(INSTANTS, st.integers(1, 10**6))
def test_later_milliseconds_sort_later(at: datetime, milliseconds: int) -> None:
    later = at + timedelta(milliseconds=milliseconds)
    assert uuid7(at, b"\xff" * 10) < uuid7(later, bytes(10))


def test_two_ids_of_one_instant_differ() -> None:
    at = datetime(2026, 3, 2, tzinfo=UTC)
    assert uuid7(at) != uuid7(at)


@pytest.mark.parametrize("length", [0, 9, 11])
def test_a_random_part_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(ValueError, match="10 bytes"):
        uuid7(datetime(2026, 3, 2, tzinfo=UTC), bytes(length))
