"""Soft shapes in millimetres from which the bodies of the synthetic hospital are painted."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

Image = NDArray[np.float64]
_HARMONICS = 4


@dataclass(frozen=True)
class Pose:
    """How a body lies in the picture: moved by millimetres, turned by radians."""

    x: float = 0.0
    y: float = 0.0
    turn: float = 0.0


@dataclass(frozen=True)
class Grid:
    """The places of a picture's pixels, in millimetres of the body.

    Attributes:
        x: to the patient's left, shape (size, size).
        y: to the patient's back, shape (size, size).
        pixel_mm: distance between neighbours.
    """

    x: Image
    y: Image
    pixel_mm: float

    @classmethod
    def of(cls, size: int, pixel_mm: float, pose: Pose) -> "Grid":
        """Return the grid of a square picture whose middle is the body's, but for its pose."""
        rows, columns = (np.mgrid[:size, :size] - (size - 1) / 2) * pixel_mm
        across, down = columns - pose.x, rows - pose.y
        sine, cosine = np.sin(pose.turn), np.cos(pose.turn)
        return cls(across * cosine + down * sine, down * cosine - across * sine, pixel_mm)

    def warped(self, border: Image) -> "Grid":
        """Return the grid of a body that is uneven by harmonics of the angle; see `waves`."""
        stretch = 1 + _uneven(self.x, self.y, border, first=1)
        return Grid(self.x / stretch, self.y / stretch, self.pixel_mm)

    def blank(self, value: float) -> Image:
        """Return a picture of one value."""
        return np.full(self.x.shape, value)

    def ellipse(self, centre: tuple[float, float], axes: tuple[float, float], turn: float = 0.0) -> Image:
        """Return how much of each pixel a filled ellipse covers, 0..1; the edge is one pixel wide.

        Args:
            centre: x and y, in millimetres.
            axes: half axes along x and y, in millimetres.
            turn: of the ellipse, in radians.
        """
        return self.inside(self.depth(centre, axes, turn))

    def depth(self, centre: tuple[float, float], axes: tuple[float, float], turn: float = 0.0) -> Image:
        """Return how deep each pixel lies within an ellipse, in millimetres (about); negative outside."""
        across, down = self.x - centre[0], self.y - centre[1]
        sine, cosine = np.sin(turn), np.cos(turn)
        along = _length((across * cosine + down * sine) / axes[0], (down * cosine - across * sine) / axes[1])
        found: Image = (1 - along) * min(axes)
        return found

    def blob(self, centre: tuple[float, float], radius: float, waves: Image) -> Image:
        """Return the cover of a blob with an uneven border.

        Args:
            centre: x and y, in millimetres.
            radius: mean radius, in millimetres.
            waves: cosine and sine amplitudes of the border's harmonics, shape (2, k), as fractions of the radius.
        """
        across, down = self.x - centre[0], self.y - centre[1]
        border = 1 + _uneven(across, down, waves, first=2)
        return self.inside(radius * border - _length(across, down))

    def line(self, start: tuple[float, float], end: tuple[float, float], radius: float) -> Image:
        """Return the cover of a rounded line of a radius in millimetres."""
        along = np.array(end) - np.array(start)
        part = ((self.x - start[0]) * along[0] + (self.y - start[1]) * along[1]) / max(float(along @ along), 1e-9)
        part = np.clip(part, 0, 1)
        away = _length(self.x - start[0] - part * along[0], self.y - start[1] - part * along[1])
        return self.inside(radius - away)

    def inside(self, depth: Image) -> Image:
        """Return the cover of a shape from the depth of each pixel within it, in millimetres."""
        found: Image = np.clip(0.5 + depth / self.pixel_mm, 0, 1)
        return found


def paint(picture: Image, cover: Image, value: float | Image) -> None:
    """Paint a value over a picture where a shape covers it."""
    picture += cover * (value - picture)


def waves(random: np.random.Generator, amplitude: float) -> Image:
    """Draw the harmonics of an uneven border; higher ones are weaker."""
    fading = amplitude / np.arange(1, _HARMONICS + 1)
    found: Image = random.normal(0, 1, (2, _HARMONICS)) * fading
    return found


def _length(across: Image, down: Image) -> Image:
    found: Image = np.sqrt(across * across + down * down)  # three times as fast as hypot; nothing here overflows
    return found


def _uneven(across: Image, down: Image, amplitudes: Image, first: int) -> Image:
    """Return a sum of harmonics of the angle, the lowest of the order `first`."""
    place = across + 1j * down
    unit = place / np.maximum(np.abs(place), 1e-9)
    turn, total = unit**first, np.zeros_like(across)
    for even, odd in amplitudes.T:
        total += even * turn.real + odd * turn.imag
        turn = turn * unit
    return total


def cloud(random: np.random.Generator, size: int, width: float) -> Image:
    """Return smooth noise of mean 0 and deviation 1; `width` is its grain in pixels."""
    smooth = gaussian_filter(random.normal(0, 1, (size, size)), width, mode="wrap")
    found: Image = (smooth - smooth.mean()) / max(float(smooth.std()), 1e-9)
    return found
