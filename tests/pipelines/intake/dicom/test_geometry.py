import pytest

from pipelines.intake.dicom.attributes import geometry_attributes
from pipelines.intake.dicom.geometry import Plane, anatomical, describe, plane_of, tilt_degrees

ROW, COLUMN = (1.0, 0.0, 0.0), (0.0, 1.0, 0.0)


def axial(*positions: float) -> list[Plane]:
    return [Plane((0.0, 0.0, z), ROW, COLUMN) for z in positions]


def test_a_tilted_gantry_is_seen_in_the_geometry() -> None:
    tilted = (0.0, 0.939693, -0.34202)
    first, last = Plane((0.0, 0.0, 0.0), ROW, tilted), Plane((0.0, 0.0, 147.657), ROW, tilted)
    assert tilt_degrees(first, last) == pytest.approx(20.0, abs=0.01)
    assert tilt_degrees(*axial(0, 100)) == 0.0


def test_a_tilt_that_the_tag_denies_is_a_finding() -> None:
    tilted = (0.0, 0.939693, -0.34202)
    planes = [Plane((0.0, 0.0, z), ROW, tilted) for z in (0.0, 10.0, 20.0)]
    found = geometry_attributes(describe(planes), 0.0)
    assert found["geometry_findings"] == "tilted,tilt_tag_zero"
    assert float(found["gantry_tilt_deg"]) == pytest.approx(20.0, abs=0.01)


def test_one_gap_counts_the_slices_that_are_missing() -> None:
    positions = [1.25 * n for n in range(12)] + [97.5 + 1.25 * n for n in range(10)]
    found = describe(axial(*positions))
    assert found is not None
    assert (found.spacing_mm, found.gaps, found.slices) == (1.25, 66, 22)


def test_duplicates_and_repeated_volumes_are_told_apart() -> None:
    duplicate = describe(axial(0, 0, 1.2, 2.4))
    repeated = describe(axial(0, 1, 2, 0, 1, 2))
    assert duplicate is not None
    assert repeated is not None
    assert (duplicate.duplicates, duplicate.volumes) == (1, 1)
    assert (repeated.duplicates, repeated.volumes, repeated.slices) == (0, 2, 3)


def test_mixed_orientations_are_a_localizer() -> None:
    sagittal = Plane((0.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, -1.0))
    found = describe([*axial(0, 5), sagittal])
    assert found is not None
    assert found.mixed_orientation
    assert found.spacing_mm is None
    assert found.tilt_deg is None


def test_uneven_spacing_is_a_finding() -> None:
    assert geometry_attributes(describe(axial(0, 3, 6, 10)), None)["geometry_findings"] == "uneven_spacing"


@pytest.mark.parametrize(
    ("position", "orientation"),
    [
        (None, (1, 0, 0, 0, 1, 0)),
        ((0, 0, 0), None),
        ((0, 0), (1, 0, 0, 0, 1, 0)),
        ((0, 0, 0), (1, 0, 0, 1, 0, 0)),
        ((0, 0, 0), (0, 0, 0, 0, 0, 0)),
    ],
)
def test_broken_geometry_is_no_geometry(position: tuple[float] | None, orientation: tuple[float] | None) -> None:
    assert plane_of(position, orientation) is None


def test_a_series_without_planes_says_so() -> None:
    assert describe([]) is None
    assert geometry_attributes(None, None) == {"geometry_findings": "no_geometry"}


def test_planes_are_named_by_their_normal() -> None:
    assert [anatomical(normal) for normal in ((0, 0, 1), (0.1, 0.99, 0), (-1, 0, 0), (0.6, 0.6, 0.53))] == [
        "axial",
        "coronal",
        "sagittal",
        "oblique",
    ]
