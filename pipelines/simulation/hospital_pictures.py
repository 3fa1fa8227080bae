"""From a body to what a scanner shows of it: one slice as grey values (MR) or Hounsfield units (CT)."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from pipelines.simulation import hospital_chest, hospital_head
from pipelines.simulation.hospital import Examination, Look
from pipelines.simulation.hospital_chest import Chest
from pipelines.simulation.hospital_head import Head, Lesion, Tissues
from pipelines.simulation.hospital_shapes import Grid, Image, Pose, cloud, paint

LESION_SPACE = 1.6  # halo of a lesion, as a factor of its radius
CT_UNIT_HU = 100.0  # what a look's unit of grey values is in CT
_GHOST = 0.22
_FAINT, _RANGE, _OEDEMA = 0.25, 0.75, 0.2  # of tumours, against grey matter: least brightness, its range, the halo
_MR = Tissues(
    air=0.02,
    scalp=0.9,
    bone=0.12,
    marrow=0.55,
    fluid=0.32,
    grey=1.0,
    white=1.14,
    vessel=1.7,
    sinus=2.7,
    choroid=1.5,
    falx=1.35,
    mottle=0.05,
    spot=0.42,
    lacune=-0.45,
)
_CT = Tissues(
    air=-1000.0,
    scalp=-20.0,
    bone=950.0,
    marrow=480.0,
    fluid=8.0,
    grey=39.0,
    white=29.0,
    vessel=55.0,
    sinus=60.0,
    choroid=85.0,
    falx=60.0,
    mottle=1.5,
    spot=30.0,
    lacune=-18.0,
)


@dataclass(frozen=True)
class Body:
    """One patient's body as it is examined, and the lesion of the day (None without)."""

    examination: Examination
    anatomy: Head | Chest
    lesion: Lesion | None


@dataclass(frozen=True)
class Shot:
    """How one study shows a body: pose, enhancement, motion, and the scanner's look."""

    look: Look
    pose: Pose
    contrast_agent: bool
    moved: bool


def draw_anatomy(random: np.random.Generator, examination: Examination, age_years: float) -> Head | Chest:
    """Draw a patient's body."""
    if examination is Examination.CHEST_CT:
        return hospital_chest.draw_chest(random)
    return hospital_head.draw_head(random, age_years)


def draw_lesion(random: np.random.Generator, examination: Examination) -> Lesion:
    """Draw a lesion at its first study."""
    draw, radius, strength = _LESIONS[examination]
    return draw(random, radius, strength)


_LESIONS = {
    Examination.HEAD_MR: (hospital_head.draw_lesion, (10.5, 19.5), (0.0, 1.0)),
    Examination.HEAD_CT: (hospital_head.draw_lesion, (9.0, 18.0), (0.3, 1.0)),
    Examination.CHEST_CT: (hospital_chest.draw_nodule, (7.0, 14.0), (0.4, 1.0)),
}


def grown(lesion: Lesion, factor: float) -> Lesion:
    """Return a lesion whose radius has changed by a factor."""
    return replace(lesion, radius=lesion.radius * factor)


def is_visible(lesion: Lesion | None, z: float) -> bool:
    """Say whether a slice at a height (mm) cuts the lesion."""
    return lesion is not None and lesion.radius_at(z) > 0


def show(random: np.random.Generator, body: Body, shot: Shot, z: float, size: int, pixel_mm: float) -> Image:
    """Show one slice.

    Args:
        random: the slice's own source of randomness.
        body: whose body.
        shot: how it is shown.
        z: height above the middle slice, in millimetres.
        size: rows and columns.
        pixel_mm: distance between neighbouring pixels.

    Returns:
        MR: grey values of which grey matter's brightness is 1, none negative. CT: Hounsfield units. Shape (size, size).
    """
    grid = Grid.of(size, pixel_mm, shot.pose)
    picture = _paint_body(grid, body, shot, z)
    if body.examination is Examination.HEAD_MR:
        return _magnetic(random, picture, shot)
    return _tomographic(random, picture, shot)


def _paint_body(grid: Grid, body: Body, shot: Shot, z: float) -> Image:
    def lesion(picture: Image, on: Grid, height: float) -> None:
        if body.lesion is not None:
            _PAINT[body.examination](picture, on, body.lesion, height, shot.look.contrast)

    if isinstance(body.anatomy, Chest):
        return hospital_chest.draw_slice(grid, body.anatomy, z, enhanced=shot.contrast_agent, lesion=lesion)
    tissues = _MR if body.examination is Examination.HEAD_MR else _CT
    return hospital_head.draw_slice(grid, body.anatomy, z, tissues, lesion)


def _tumour(picture: Image, grid: Grid, lesion: Lesion, z: float, contrast: float) -> None:
    """Paint an enhancing tumour with a dark halo of oedema and, when large, a dark core."""
    radius = lesion.radius_at(z)
    if radius == 0:
        return
    bright = contrast * (_FAINT + _RANGE * lesion.strength)
    place = (lesion.x, lesion.y)
    picture -= _OEDEMA * contrast * grid.blob(place, radius * LESION_SPACE, lesion.border)
    picture += (bright + _OEDEMA * contrast) * grid.blob(place, radius, lesion.border)
    if lesion.radius > 15:
        picture -= (bright + 0.3 * contrast) * grid.blob(place, radius * 0.45, lesion.border)


def _bleed(picture: Image, grid: Grid, lesion: Lesion, z: float, contrast: float) -> None:
    """Paint a fresh bleed: bright, with a thin dark rim."""
    radius = lesion.radius_at(z)
    if radius == 0:
        return
    place = (lesion.x, lesion.y)
    picture -= 9.0 * grid.blob(place, radius * 1.35, lesion.border)
    picture += (9.0 + contrast * (14 + 26 * lesion.strength)) * grid.blob(place, radius, lesion.border)


def _nodule(picture: Image, grid: Grid, lesion: Lesion, z: float, contrast: float) -> None:
    """Paint a nodule, part-solid when weak."""
    radius = lesion.radius_at(z)
    if radius > 0:
        cover = grid.blob((lesion.x, lesion.y), radius, lesion.border)
        paint(picture, cover * min(1.0, contrast * (0.35 + 0.65 * lesion.strength)), 35.0)


_PAINT = {Examination.HEAD_MR: _tumour, Examination.HEAD_CT: _bleed, Examination.CHEST_CT: _nodule}


def _magnetic(random: np.random.Generator, picture: Image, shot: Shot) -> Image:
    look = shot.look
    seen = gaussian_filter(np.clip(picture, 0, None) ** look.tone, look.blur)
    if shot.moved:
        seen = _ghosted(random, seen)
    seen = seen * _shading(random, len(seen), look.bias)
    real, imaginary = (_grain(random, len(seen), look) for _ in range(2))
    found: Image = np.hypot(seen + real, imaginary)
    return found


def _tomographic(random: np.random.Generator, picture: Image, shot: Shot) -> Image:
    look = shot.look
    seen = gaussian_filter(picture, look.blur)
    if shot.moved:
        seen = 0.5 * seen + 0.5 * np.roll(seen, int(random.integers(1, 3)), axis=1)
    dense = 1 + 0.5 * gaussian_filter(np.clip(picture / 1000, 0, 1), len(seen) / 10)  # more noise behind bone
    found: Image = np.clip(seen + CT_UNIT_HU * dense * _grain(random, len(seen), look), -1024, 3071)
    return found


def _grain(random: np.random.Generator, size: int, look: Look) -> Image:
    """Return the noise of a picture, as coarse as the scanner's point spread makes it."""
    return look.noise * cloud(random, size, 0.6 * look.blur)


def _shading(random: np.random.Generator, size: int, depth: float) -> Image:
    """Return the bias field: brighter near the coils, by `depth` from edge to edge."""
    rows, columns = np.mgrid[:size, :size] / (size - 1) - 0.5
    angle = random.uniform(0, 2 * np.pi)
    slope = rows * np.sin(angle) + columns * np.cos(angle)
    found: Image = 1 + depth * (slope + 1.2 * (rows**2 + columns**2) - 0.25)
    return found


def _ghosted(random: np.random.Generator, picture: Image) -> Image:
    """Return a picture with ghosts of motion along its rows (the phase direction)."""
    shift = len(picture) // int(random.integers(4, 8))
    found: Image = (1 - _GHOST) * picture + _GHOST * 0.5 * (np.roll(picture, shift, 0) + np.roll(picture, -shift, 0))
    return found


def stored_mr(picture: Image, gain: float) -> NDArray[np.uint16]:
    """Return MR grey values as stored: `gain` is what grey matter's brightness is stored as; 12 bits."""
    found: NDArray[np.uint16] = np.clip(np.rint(picture * gain), 0, 4095).astype(np.uint16)
    return found


def stored_ct(picture: Image, intercept: int) -> NDArray[np.uint16]:
    """Return Hounsfield units as stored with a slope of 1 and a (negative) intercept; 12 bits."""
    found: NDArray[np.uint16] = np.clip(np.rint(picture - intercept), 0, 4095).astype(np.uint16)
    return found
