"""The chest of the synthetic hospital: ribs, spine, heart, lungs with branching vessels, a nodule or none; in HU."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from pipelines.simulation.hospital_head import Lesion
from pipelines.simulation.hospital_shapes import Grid, Image, cloud, paint, waves

AIR, LUNG, FAT, MUSCLE, BLOOD, MARROW, CORTEX = -1000.0, -860.0, -105.0, 50.0, 42.0, 190.0, 620.0
ENHANCED = 170.0  # HU of blood with contrast agent
_BRANCHES = 9
_RIBS = 9


@dataclass(frozen=True)
class Vessel:
    """A vessel of a lung: a line from the hilum outwards that rises or falls through the slices."""

    start: tuple[float, float]
    end: tuple[float, float]
    z: float
    slope: float
    radius: float


@dataclass(frozen=True)
class Chest:
    """What stays the same of one chest, in millimetres."""

    width: float
    depth: float
    fat: float
    lung: float
    heart: float
    vessels: tuple[Vessel, ...]
    granuloma: tuple[float, float, float, float]
    ribs: float
    shape: Image
    grain: int


def draw_chest(random: np.random.Generator) -> Chest:
    """Draw a chest."""
    return Chest(
        width=random.uniform(136, 162),
        depth=random.uniform(94, 118),
        fat=random.uniform(6, 22),
        lung=random.uniform(0.86, 1.06),
        heart=random.uniform(0.8, 1.3),
        vessels=tuple(vessel for side in (-1, 1) for vessel in _tree(random, side)),
        granuloma=(*_within_lung(random), random.uniform(-15, 15), random.uniform(2.5, 4.0)),
        ribs=random.uniform(0, 2 * np.pi),
        shape=waves(random, 0.03),
        grain=int(random.integers(2**31)),
    )


def draw_nodule(random: np.random.Generator, radius: tuple[float, float], strength: tuple[float, float]) -> Lesion:
    """Draw a nodule within a lung; radii in millimetres."""
    x, y = _within_lung(random)
    return Lesion(
        x, y, random.uniform(-1.5, 1.5), random.uniform(*radius), waves(random, 0.13), random.uniform(*strength)
    )


def draw_slice(
    grid: Grid, chest: Chest, z: float, *, enhanced: bool, lesion: Callable[[Image, Grid, float], None]
) -> Image:
    """Paint one slice of a chest.

    Args:
        grid: where its pixels lie.
        chest: whose it is.
        z: height above the middle slice, in millimetres.
        enhanced: whether contrast agent is in the blood.
        lesion: paints the nodule, or nothing, over the lungs at a height.

    Returns:
        The picture in HU.
    """
    blood = ENHANCED if enhanced else BLOOD
    picture = grid.blank(AIR)
    paint(picture, grid.ellipse((0, chest.depth + 14), (chest.width * 1.15, 8)), -180.0)  # the couch
    grid = grid.warped(chest.shape)
    outer = grid.depth((0, 0), (chest.width, chest.depth))
    paint(picture, grid.inside(outer), FAT)
    wall = outer - chest.fat
    paint(picture, grid.inside(wall), MUSCLE + 9 * cloud(np.random.default_rng(chest.grain), len(picture), 1.2))
    _bones(picture, grid, chest, z)
    for side in (-1, 1):
        _lung(picture, grid, chest, z, side, blood)
    lesion(picture, grid, z)
    _middle(picture, grid, chest, z, blood)
    return picture


def _within_lung(random: np.random.Generator) -> tuple[float, float]:
    side, angle, reach = random.choice((-1, 1)), random.uniform(0, 2 * np.pi), random.uniform(0.2, 0.72)
    shift = 8 if side > 0 else 0
    return float(side * (78 + shift) + reach * 34 * np.cos(angle)), float(reach * 54 * np.sin(angle))


def _tree(random: np.random.Generator, side: int) -> Iterator[Vessel]:
    """Draw the vessels of one lung: trunks from the hilum, each with a branch."""
    for angle in np.linspace(-1.35, 1.35, _BRANCHES) + random.uniform(-0.12, 0.12, _BRANCHES):
        reach = random.uniform(34, 60)
        start = (side * 38.0, random.uniform(-6, 10))
        fork = (start[0] + side * reach * np.cos(angle) * 0.75, start[1] + reach * np.sin(angle))
        radius = random.uniform(1.8, 3.6)
        yield Vessel(start, fork, random.uniform(-14, 14), random.uniform(-0.5, 0.5), radius)
        turn = angle + random.uniform(-0.7, 0.7)
        far = (fork[0] + side * 0.5 * reach * np.cos(turn), fork[1] + 0.5 * reach * np.sin(turn))
        yield Vessel(fork, far, random.uniform(-14, 14), random.uniform(-0.5, 0.5), radius * 0.6)


def _bones(picture: Image, grid: Grid, chest: Chest, z: float) -> None:
    """Paint ribs, breast bone and a vertebra with its canal."""
    width, depth = chest.width - chest.fat - 8, chest.depth - chest.fat - 8
    for rib in range(_RIBS):
        angle = 2 * np.pi * (rib + 0.5) / _RIBS + chest.ribs * 0.1 + 0.012 * z
        x, y = width * np.cos(angle), depth * np.sin(angle)
        turn = np.arctan2(depth * np.cos(angle), -width * np.sin(angle))
        paint(picture, grid.ellipse((x, y), (15, 5.2), turn), CORTEX)
        paint(picture, grid.ellipse((x, y), (11, 2.4), turn), MARROW)
    paint(picture, grid.ellipse((0, -depth + 2), (19, 6)), CORTEX * 0.7)
    paint(picture, grid.ellipse((0, -depth + 2), (15, 3)), MARROW)


def _lung(picture: Image, grid: Grid, chest: Chest, z: float, side: int, blood: float) -> None:
    x, width, depth = side * 80.0, 50 * chest.lung, (chest.depth - chest.fat - 22) * chest.lung
    deep = grid.depth((x, 0), (width, depth), side * 0.10)
    cover = grid.inside(deep)
    texture = 22 * cloud(np.random.default_rng([chest.grain, side + 1]), len(picture), 0.8)
    paint(picture, cover, LUNG + 0.45 * grid.y + texture)  # denser behind, where the blood is
    for vessel in chest.vessels:
        if vessel.start[0] * side < 0:
            continue
        away = abs(z - vessel.z)
        shown = max(0.0, 1 - away / 16)
        drop = vessel.slope * (z - vessel.z)
        start, end = ((px, py + drop) for px, py in (vessel.start, vessel.end))
        whole = grid.line(start, end, vessel.radius) if shown > 0.35 else grid.ellipse(end, (vessel.radius * 1.2,) * 2)
        paint(picture, cover * whole * max(shown, 0.6), blood)
    gx, gy, gz, radius = chest.granuloma
    if abs(z - gz) < 6 and gx * side > 0:
        paint(picture, cover * grid.ellipse((gx, gy), (radius, radius)), 260.0)


def _middle(picture: Image, grid: Grid, chest: Chest, z: float, blood: float) -> None:
    """Paint what lies between the lungs: fat, heart, great vessels, airways, spine."""
    back = chest.depth - chest.fat
    paint(picture, grid.ellipse((0, -6), (35, back - 20)), -60.0)
    paint(picture, grid.ellipse((0, 6), (31, 40)), MUSCLE)
    heart = chest.heart * float(np.sqrt(max(0.2, 1 - ((z + 10) / 70) ** 2)))
    paint(picture, grid.ellipse((20, -24), (50 * heart, 37 * heart), 0.45), MUSCLE + 10)
    paint(picture, grid.ellipse((30, -22), (25 * heart, 19 * heart), 0.5), blood)
    paint(picture, grid.ellipse((-2, -34), (20 * heart, 17 * heart), 0.3), blood * 0.95)
    paint(picture, grid.ellipse((4, 6), (22 * heart, 12 * heart), 0.0), blood)
    for side in (-1, 1):  # the hila
        paint(picture, grid.ellipse((side * 36, 4), (10, 8)), blood)
        paint(picture, grid.ellipse((side * 30, 14), (5.5, 5.5)), AIR + 40)
    paint(picture, grid.ellipse((24, back - 42), (12.5, 12.5)), blood)  # the aorta
    paint(picture, grid.ellipse((0, back - 30), (22, 17)), CORTEX * 0.75)
    paint(picture, grid.ellipse((0, back - 30), (18.5, 13.5)), MARROW)
    paint(picture, grid.ellipse((0, back - 6), (25, 10)), CORTEX * 0.7)
    paint(picture, grid.ellipse((0, back - 10), (10, 8)), 30.0)
    for side in (-1, 1):
        paint(picture, grid.ellipse((side * 34, back - 12), (17, 5), side * 0.35), CORTEX * 0.6)
