"""The protocol registry: nearest founder within tolerance, else a new one; the same series give the same registry."""

import pytest

from registry.domain.protocol import ABSOLUTE, CATEGORIES, NUMBERS, Made, Protocol, distance, parameters, registered


def mr(site: str = "north", **changed: float | str | None) -> Made:
    values: dict[str, float | str | None] = dict.fromkeys(parameters("MR"))
    values |= {"repetition_time_ms": 2000.0, "echo_time_ms": 3.0, "flip_angle_deg": 9.0, "slice_thickness_mm": 1.0}
    return Made(site, "MR", tuple((values | changed).values()))


def test_series_within_five_per_cent_of_the_founder_join_it_and_others_found_their_own() -> None:
    series = [mr(), mr(repetition_time_ms=2099.0), mr(repetition_time_ms=2101.0), mr(echo_time_ms=3.16)]
    founded, joined = registered(series)
    assert [one.place for one in joined] == [0, 0, 1, 2]
    assert len(founded) == 3


def test_tolerance_is_the_founders_so_that_a_protocol_does_not_creep() -> None:
    steps = [mr(repetition_time_ms=2000.0 * 1.04**step) for step in range(5)]
    _, joined = registered(steps)
    assert [one.place for one in joined] == [0, 0, 1, 1, 2]


def test_the_nearest_of_several_founders_is_joined() -> None:
    series = [mr(), mr(repetition_time_ms=2150.0), mr(repetition_time_ms=2090.0)]
    founded, joined = registered(series)
    assert joined[2] == founded[1]
    assert distance(founded[0].founder, series[2]) > distance(founded[1].founder, series[2])


def test_a_small_number_has_an_absolute_tolerance() -> None:
    _, joined = registered([mr(flip_angle_deg=9.0), mr(flip_angle_deg=9.9), mr(flip_angle_deg=10.5)])
    assert [one.place for one in joined] == [0, 0, 1]


@pytest.mark.parametrize(
    "other",
    [mr("south"), mr(contrast="yes"), mr(echo_time_ms=None), mr(sequence_family="p:1"), mr(dimensionality="3D")],
)
def test_another_site_category_or_a_parameter_that_is_not_stated_is_another_protocol(other: Made) -> None:
    founded, _ = registered([mr(), other])
    assert len(founded) == 2


def test_the_digest_is_of_the_founders_record_and_of_nothing_else() -> None:
    (first, *_), _ = registered([mr(), mr(repetition_time_ms=2050.0)])
    assert first.digest == Protocol(mr(), 5).digest != Protocol(mr("south"), 0).digest
    assert first.to_json()["parameters"]["repetition_time_ms"] == "2000"


def test_every_number_of_a_protocol_has_its_absolute_tolerance() -> None:
    assert {name for names in NUMBERS.values() for name in names} == set(ABSOLUTE)
    assert all("contrast" in names for names in CATEGORIES.values())
