"""Where slices lie: order by projection on the normal, gaps, duplicates, mixed orientation, gantry tilt.

Order never follows instance number, slice location or file name (rules and oracles: dcm2niix issues 253, 468, 539).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

Vector = tuple[float, float, float]
_SAME_MM = 1e-3
_SAME_DIRECTION = 0.999  # cosine
_UNEVEN = 0.05  # relative deviation of a step from the median step
_TILTED_DEG = 0.5


@dataclass(frozen=True)
class Plane:
    """One slice: the upper left pixel's centre, and the directions of its rows and columns (patient LPS, mm)."""

    position: Vector
    row: Vector
    column: Vector

    @property
    def normal(self) -> Vector:
        """Unit normal, row x column."""
        found = _cross(self.row, self.column)
        length = math.hypot(*found)
        return (found[0] / length, found[1] / length, found[2] / length)

    @property
    def projection(self) -> float:
        """Position along the plane's own normal, in mm."""
        return _dot(self.position, self.normal)


@dataclass(frozen=True)
class SliceGeometry:
    """What the planes of one series say; None where fewer than two distinct slices leave it open.

    `gaps` counts slices that are missing between neighbours. A position that every slice shares `volumes` times is a
    repeated volume (diffusion, dynamic); `duplicates` are the planes beyond that which lie where another lies.
    """

    slices: int
    volumes: int
    spacing_mm: float | None
    gaps: int
    uneven: bool
    duplicates: int
    mixed_orientation: bool
    tilt_deg: float | None
    orientation: str


def plane_of(position: Sequence[float] | None, orientation: Sequence[float] | None) -> Plane | None:
    """Return the plane of an image position and orientation; None when either is missing or degenerate."""
    if position is None or orientation is None or len(position) != 3 or len(orientation) != 6:
        return None
    row = (orientation[0], orientation[1], orientation[2])
    column = (orientation[3], orientation[4], orientation[5])
    if math.hypot(*_cross(row, column)) < 0.5:
        return None
    return Plane((position[0], position[1], position[2]), row, column)


def describe(planes: Sequence[Plane]) -> SliceGeometry | None:
    """Describe the planes of one series; None when there is none."""
    if not planes:
        return None
    normal = planes[0].normal
    mixed = any(abs(_dot(plane.normal, normal)) < _SAME_DIRECTION for plane in planes)
    ordered = sorted(planes, key=lambda plane: _dot(plane.position, normal))
    distinct, shared = _distinct([_dot(plane.position, normal) for plane in ordered])
    volumes = min(shared)
    steps = [after - before for before, after in pairwise(distinct)]
    spacing = median(steps) if steps and not mixed else None
    return SliceGeometry(
        slices=len(distinct),
        volumes=volumes,
        spacing_mm=spacing,
        gaps=0 if spacing is None else sum(_missing(step, spacing) for step in steps),
        uneven=spacing is not None and any(_is_uneven(step, spacing) for step in steps),
        duplicates=len(planes) - volumes * len(distinct),
        mixed_orientation=mixed,
        tilt_deg=None if mixed or len(distinct) < 2 else tilt_degrees(ordered[0], ordered[-1]),
        orientation=anatomical(normal),
    )


def tilt_degrees(first: Plane, last: Plane) -> float:
    """Return the angle between the slice normal and the line of the slices' corners, in degrees (0 when untilted).

    Geometry is trusted over the tag (0018,1120), which can be 0 in a tilted series.
    """
    line = (
        last.position[0] - first.position[0],
        last.position[1] - first.position[1],
        last.position[2] - first.position[2],
    )
    angle = math.degrees(math.atan2(math.hypot(*_cross(line, first.normal)), abs(_dot(line, first.normal))))
    return angle if angle >= _TILTED_DEG else 0.0


def anatomical(normal: Vector) -> str:
    """Name the plane by its normal: `sagittal`, `coronal`, `axial`, or `oblique` beyond 30 degrees of all three."""
    axis = max(range(3), key=lambda index: abs(normal[index]))
    return ("sagittal", "coronal", "axial")[axis] if abs(normal[axis]) >= math.cos(math.radians(30)) else "oblique"


def _distinct(positions: Sequence[float]) -> tuple[list[float], list[int]]:
    """Return the distinct positions of a sorted list, and how many planes share each."""
    found: list[float] = []
    shared: list[int] = []
    for position in positions:
        if found and position - found[-1] <= _SAME_MM:
            shared[-1] += 1
        else:
            found.append(position)
            shared.append(1)
    return found, shared


def _missing(step: float, spacing: float) -> int:
    return max(0, round(step / spacing) - 1)


def _is_uneven(step: float, spacing: float) -> bool:
    return abs(step - spacing) > _UNEVEN * spacing


def _cross(a: Vector, b: Vector) -> Vector:
    return (a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0])


def _dot(a: Vector, b: Vector) -> float:
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
