"""Instants and days."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.domain.instants import has_offset, instant_text, local_day, parse_instant

AWARE = st.datetimes(datetime(1900, 1, 2), datetime(2199, 12, 30), timezones=st.just(UTC))  # noqa: DTZ001 - bounds are naive


@given(AWARE, st.integers(-14 * 60, 14 * 60))
def test_any_offset_spells_the_same_instant(instant: datetime, minutes: int) -> None:
    elsewhere = instant.astimezone(timezone(timedelta(minutes=minutes)))
    assert parse_instant(elsewhere.isoformat()) == instant
    assert parse_instant(instant_text(instant)) == instant
    assert instant_text(elsewhere) == instant_text(instant)


@given(AWARE, AWARE)
def test_stored_texts_sort_like_instants(first: datetime, second: datetime) -> None:
    assert (instant_text(first) < instant_text(second)) == (first < second)
    assert len(instant_text(first)) == 27


def test_a_time_without_offset_takes_the_sites_zone() -> None:
    assert instant_text(parse_instant("2026-07-01 12:00", "Europe/Vienna")) == "2026-07-01T10:00:00.000000Z"
    assert instant_text(parse_instant("2026-01-01", "Europe/Vienna")) == "2025-12-31T23:00:00.000000Z"


@pytest.mark.parametrize("text", ["yesterday", "", "2026-13-01", "01.02.2026", "2026-02-30"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_instant(text, "UTC")


def test_a_time_without_offset_and_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="zone"):
        parse_instant("2026-07-01 12:00")
    with pytest.raises(ValueError, match="zone"):
        instant_text(datetime(2026, 7, 1))  # noqa: DTZ001 - what is refused


def test_offsets_are_seen() -> None:
    assert has_offset("2026-07-01T12:00Z")
    assert not has_offset("2026-07-01T12:00")


def test_a_day_is_the_sites() -> None:
    assert local_day(datetime(2026, 6, 30, 23, tzinfo=UTC), "Europe/Vienna") == date(2026, 7, 1)
