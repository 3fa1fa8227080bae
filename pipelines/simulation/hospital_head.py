"""The head of the synthetic hospital: scalp, skull, brain with ventricles, vessels and spots, and a lesion or none."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from pipelines.simulation.hospital_shapes import Grid, Image, cloud, paint, waves

CORTEX_MM = 8.0
_FLATNESS = 0.7
_BRIGHT, _DARK = 4, 3  # spots that every head has
_VESSELS = 5


@dataclass(frozen=True)
class Spot:
    """A small round thing that no model should take for a lesion: a vessel, a lacune, a calcification.

    Attributes:
        x, y, z: of its middle, in millimetres; `z` upwards from the middle slice.
        radius: in millimetres.
        strength: 0..1.
    """

    x: float
    y: float
    z: float
    radius: float
    strength: float


@dataclass(frozen=True)
class Lesion:
    """A lesion: where, how large, how uneven its border, how plain it is (0..1)."""

    x: float
    y: float
    z: float
    radius: float
    border: Image
    strength: float

    def radius_at(self, z: float) -> float:
        """Return the radius of its cut at a height, in millimetres; 0 beyond four fifths of its height.

        A lesion is flatter than wide: only a few slices of a study cut it.
        """
        left = 1 - ((z - self.z) / (_FLATNESS * self.radius)) ** 2
        return float(self.radius * np.sqrt(left)) if left > 0.36 else 0.0


@dataclass(frozen=True)
class Head:
    """What stays the same of one head, in millimetres."""

    width: float
    length: float
    scalp: float
    ventricles: float
    level: float
    sulci: tuple[float, float]
    atrophy: float
    bright: tuple[Spot, ...]
    dark: tuple[Spot, ...]
    vessels: tuple[Spot, ...]
    skull: float
    flow: float
    shape: Image
    grain: int


@dataclass(frozen=True)
class Tissues:
    """What the parts of a head are painted with, in units of the modality.

    Attributes:
        mottle: deviation of the texture of the brain.
        spot: how much a bright spot of strength 1 differs from the brain; `lacune` a dark one.
    """

    air: float
    scalp: float
    bone: float
    marrow: float
    fluid: float
    grey: float
    white: float
    vessel: float
    sinus: float
    choroid: float
    falx: float
    mottle: float
    spot: float
    lacune: float


def draw_head(random: np.random.Generator, age_years: float) -> Head:
    """Draw a head; the old have wider ventricles and furrows."""
    age = float(np.clip((age_years - 20) / 70, 0, 1))
    return Head(
        width=random.uniform(63, 77),
        length=random.uniform(78, 96),
        scalp=random.uniform(4, 8),
        ventricles=random.uniform(0.75, 1.1) + 0.5 * age,
        level=random.uniform(-6, 6),
        sulci=(random.uniform(0, 2 * np.pi), random.uniform(0, 2 * np.pi)),
        atrophy=random.uniform(0.0, 1.5) + 2.5 * age,
        bright=tuple(_spot(random, (3.0, 6.0), (0.4, 1.0)) for _ in range(_BRIGHT)),
        dark=tuple(_spot(random, (3.0, 6.0), (0.4, 1.0)) for _ in range(_DARK)),
        vessels=tuple(_vessel(random) for _ in range(_VESSELS)),
        skull=random.uniform(5.5, 9.0),
        flow=random.uniform(0.75, 1.25),
        shape=waves(random, 0.032),
        grain=int(random.integers(2**31)),
    )


def draw_lesion(random: np.random.Generator, radius: tuple[float, float], strength: tuple[float, float]) -> Lesion:
    """Draw a lesion of one hemisphere, off the ventricles; radii in millimetres."""
    side, angle = random.choice((-1, 1)), random.uniform(-0.9, 0.9) * np.pi / 2
    reach = random.uniform(0.5, 0.74)
    x, y = side * reach * 62 * np.cos(angle), reach * 74 * np.sin(angle)
    return Lesion(
        x, y, random.uniform(-1.5, 1.5), random.uniform(*radius), waves(random, 0.16), random.uniform(*strength)
    )


def draw_slice(
    grid: Grid, head: Head, z: float, tissues: Tissues, lesion: Callable[[Image, Grid, float], None]
) -> Image:
    """Paint one slice of a head.

    Args:
        grid: where its pixels lie.
        head: whose it is.
        z: height above the middle slice, in millimetres.
        tissues: what the parts look like.
        lesion: paints the lesion, or nothing, over the brain at a height.

    Returns:
        The picture in units of the modality.
    """
    grid = grid.warped(head.shape)
    shrink = float(np.sqrt(max(0.2, 1 - ((z + head.level) / 95) ** 2)))
    outer = grid.depth((0, 0), (head.width * shrink, head.length * shrink))
    skull = outer - head.scalp
    brain = skull - head.skull
    picture = grid.blank(tissues.air)
    paint(picture, grid.inside(outer), tissues.scalp)
    paint(picture, grid.inside(skull), tissues.bone)
    paint(picture, grid.inside(skull - 2.2) * grid.inside(head.skull - 2.0 - skull), tissues.marrow)
    inner = grid.blank(tissues.fluid)
    _brain(inner, grid, head, z, brain, tissues)
    lesion(inner, grid, z)
    paint(picture, grid.inside(brain), inner)
    _sinus(picture, grid, head, shrink, tissues)
    return picture


def _spot(random: np.random.Generator, radius: tuple[float, float], strength: tuple[float, float]) -> Spot:
    angle, reach = random.uniform(0, 2 * np.pi), random.uniform(0.35, 0.85)
    x, y = reach * 58 * np.cos(angle), reach * 72 * np.sin(angle)
    return Spot(x, y, random.uniform(-6, 6), random.uniform(*radius), random.uniform(*strength))


def _vessel(random: np.random.Generator) -> Spot:
    side = random.choice((-1, 1))
    x, y = side * random.uniform(34, 52), random.uniform(-35, 5)
    return Spot(x, y, 0.0, random.uniform(1.2, 2.2), random.uniform(0.6, 1.0))


def _brain(inner: Image, grid: Grid, head: Head, z: float, depth: Image, tissues: Tissues) -> None:
    angle = np.arctan2(grid.y, grid.x)
    bend = 2.2 * np.sin(3 * angle + head.sulci[1])
    furrow = np.clip(np.cos(13 * angle + head.sulci[0] + bend + 0.05 * z), 0, 1) ** 4
    gyrus = np.cos(13 * angle + head.sulci[0] + bend + 0.05 * z + np.pi)
    cortex = depth - 1.5 - head.atrophy * 0.5 - (3 + 2.2 * head.atrophy) * furrow
    mottle = tissues.mottle * cloud(np.random.default_rng([head.grain, round(z * 10) % 2**31]), len(inner), 1.6)
    paint(inner, grid.inside(cortex), tissues.grey + mottle)
    paint(inner, grid.inside(depth - 1.5 - CORTEX_MM - 3.0 * furrow + 3.0 * gyrus), tissues.white + mottle)
    _deep(inner, grid, head, z, tissues, mottle)
    _spots(inner, grid, head, z, tissues)


def _deep(inner: Image, grid: Grid, head: Head, z: float, tissues: Tissues, mottle: Image) -> None:
    """Paint the deep grey matter, the fissure with its falx, the ventricles and their choroid."""
    for side in (-1, 1):
        paint(inner, grid.ellipse((side * 15, 8), (9, 14), side * 0.3), tissues.grey + mottle)
        paint(inner, grid.ellipse((side * 27, -4), (6, 17), side * 0.25), tissues.grey + mottle)
    fissure = grid.inside(1.4 + 0.3 * head.atrophy - np.abs(grid.x)) * grid.inside(np.abs(grid.y) - 36)
    paint(inner, fissure, tissues.fluid)
    paint(inner, 0.6 * grid.inside(0.7 - np.abs(grid.x)) * grid.inside(np.abs(grid.y) - 38), tissues.falx)
    size = head.ventricles * float(np.sqrt(max(0.15, 1 - ((z + head.level * 0.5) / 40) ** 2)))
    for side in (-1, 1):
        paint(inner, grid.ellipse((side * 8 * size, -20), (5.0 * size, 15 * size), side * 0.35), tissues.fluid)
        paint(inner, grid.ellipse((side * 19 * size, 30), (5.5 * size, 15 * size), -side * 0.55), tissues.fluid)
        paint(inner, grid.ellipse((side * 11 * size, 6), (3.0 * size, 17 * size), -side * 0.3), tissues.fluid)
        paint(inner, grid.ellipse((side * 18 * size, 27), (2.6, 5.5), -side * 0.5), tissues.choroid)
    paint(inner, grid.ellipse((0, 4), (1.8 * size, 10)), tissues.fluid)


def _spots(inner: Image, grid: Grid, head: Head, z: float, tissues: Tissues) -> None:
    """Paint what every brain has: vessels, bright spots, dark lacunes; so brightness alone tells nothing."""
    for spot in head.vessels:
        paint(inner, spot.strength * grid.ellipse((spot.x, spot.y + 0.3 * z), (spot.radius,) * 2), tissues.vessel)
    for spots, change in ((head.bright, tissues.spot), (head.dark, tissues.lacune)):
        for spot in spots:
            near = max(0.0, 1 - abs(z - spot.z) / 14)
            inner += spot.strength * near * change * grid.ellipse((spot.x, spot.y), (spot.radius,) * 2)


def _sinus(picture: Image, grid: Grid, head: Head, shrink: float, tissues: Tissues) -> None:
    """Paint the superior sagittal sinus, before and behind."""
    edge = head.length * shrink - head.scalp - head.skull
    for side, radius in ((-1, 2.5), (1, 4.5)):
        paint(picture, grid.ellipse((0, side * (edge - 2.5)), (radius, radius)), head.flow * tissues.sinus)
