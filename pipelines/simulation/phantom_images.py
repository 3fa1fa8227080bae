"""The pictures of the phantoms: slices of a limb, some of them with a lesion."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from pipelines.simulation.phantom_scanners import PhantomScanner

Image = NDArray[np.float64]
LESION_SHARE = 0.45  # of a volume's slices show the lesion
_SPOTS = 5


@dataclass(frozen=True)
class PhantomBody:
    """What stays the same through one patient's volume, in pixels of a square picture."""

    centre: tuple[float, float]
    axes: tuple[float, float]
    bone: tuple[float, float]
    fat: float
    lesion: tuple[float, float]
    radius: float
    contrast: float


def draw_body(random: np.random.Generator, size: int) -> PhantomBody:
    """Draw one patient's limb and lesion.

    Args:
        random: the patient's own source of randomness.
        size: rows and columns of the picture.
    """
    centre = tuple(size / 2 + random.uniform(-0.05, 0.05, 2) * size)
    axes = tuple(random.uniform(0.30, 0.42, 2) * size)
    angle, reach = random.uniform(0, 2 * np.pi), random.uniform(0.45, 0.6)
    lesion = (centre[0] + reach * axes[0] * np.sin(angle), centre[1] + reach * axes[1] * np.cos(angle))
    bone = (centre[0] - 0.2 * axes[0] * np.sin(angle), centre[1] - 0.2 * axes[1] * np.cos(angle))
    radius, contrast = random.uniform(0.06, 0.11) * size, random.uniform(0.24, 0.44)
    return PhantomBody(centre, axes, bone, random.uniform(0.1, 0.2), lesion, radius, contrast)


def lesion_slices(random: np.random.Generator, slices: int) -> frozenset[int]:
    """Return which slices of a volume show the lesion: a run in the middle, never all and never none.

    Raises:
        ValueError: when a volume has fewer than three slices.
    """
    if slices < 3:
        raise ValueError("a phantom volume has at least three slices")
    length = min(slices - 2, max(1, round(slices * LESION_SHARE)))
    start = int(np.clip((slices - length) // 2 + random.integers(-1, 2), 1, slices - 1 - length))
    return frozenset(range(start, start + length))


def draw_slice(
    random: np.random.Generator, body: PhantomBody, scanner: PhantomScanner, size: int, lesion: float
) -> NDArray[np.uint16]:
    """Draw one slice.

    Args:
        random: the slice's own source of randomness.
        body: the patient's limb.
        scanner: how the scanner shows it.
        size: rows and columns.
        lesion: how much of the lesion this slice cuts, 0 (none) to 1 (its middle).

    Returns:
        Grey values, shape (size, size).
    """
    tissue = _limb(random, body, size) + _spots(random, body, size)
    tissue += lesion * body.contrast * _blob(size, body.lesion, body.radius * (0.6 + 0.4 * lesion), random)
    seen = gaussian_filter(np.clip(tissue, 0, None), scanner.blur) * _shading(random, size, scanner.bias)
    noisy = np.hypot(seen + random.normal(0, scanner.noise, seen.shape), random.normal(0, scanner.noise, seen.shape))
    grey: NDArray[np.uint16] = np.clip(np.rint(noisy * scanner.gain), 0, 65535).astype(np.uint16)
    return grey


def _limb(random: np.random.Generator, body: PhantomBody, size: int) -> Image:
    distance = _ellipse(size, body.centre, body.axes)
    bone = _ellipse(size, body.bone, (0.25 * body.axes[0], 0.25 * body.axes[1]))
    texture = 1 + 0.5 * gaussian_filter(random.normal(0, 1, (size, size)), 1.5)
    muscle = 0.42 * texture
    layers = np.where(distance < 1 - body.fat, muscle, 0.85)
    layers = np.where(bone < 1, 0.12, layers)
    layers = np.where(bone < 0.7, 0.75, layers)
    return np.where(distance < 1, layers, 0.02)


def _spots(random: np.random.Generator, body: PhantomBody, size: int) -> Image:
    """Return vessels: small bright or dark spots that every slice has, so that brightness alone tells nothing."""
    total = np.zeros((size, size))
    for _ in range(_SPOTS):
        angle, reach = random.uniform(0, 2 * np.pi), random.uniform(0.35, 0.75)
        place = (
            body.centre[0] + reach * body.axes[0] * np.sin(angle),
            body.centre[1] + reach * body.axes[1] * np.cos(angle),
        )
        total += random.uniform(-0.25, 0.25) * _blob(size, place, random.uniform(0.02, 0.04) * size, random)
    return total


def _blob(size: int, centre: tuple[float, float], radius: float, random: np.random.Generator) -> Image:
    stretch = random.uniform(0.8, 1.25)
    distance = _ellipse(size, centre, (radius * stretch, radius / stretch))
    soft: Image = 1 / (1 + np.exp(6 * (distance - 1)))
    return soft


def _ellipse(size: int, centre: tuple[float, float], axes: tuple[float, float]) -> Image:
    rows, columns = np.mgrid[:size, :size]
    distance: Image = np.hypot((rows - centre[0]) / axes[0], (columns - centre[1]) / axes[1])
    return distance


def _shading(random: np.random.Generator, size: int, depth: float) -> Image:
    rows, columns = np.mgrid[:size, :size] / (size - 1) - 0.5
    angle = random.uniform(0, 2 * np.pi)
    shading: Image = 1 + depth * (rows * np.sin(angle) + columns * np.cos(angle))
    return shading
