"""Segmentation scores of one study: overlap, surface distances, volumes, components.

Sources: Dice, Ecology 1945;26:297; Huttenlocher, Klanderman & Rucklidge, IEEE Trans Pattern Anal Mach Intell
1993;15:850 (Hausdorff); Maier-Hein et al., Nat Methods 2024;21:195 on what to do with empty masks: a score that does
not exist is none, never 0 or 1.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from validation.statistics.arrays import BoolArray, FloatArray


@dataclass(frozen=True)
class SegmentationScores:
    """Scores of a mask against a reference mask on the same grid.

    Attributes:
        dice: overlap 2 |A and B| / (|A| + |B|); None where both masks are empty.
        hd95_mm: the greater of the two 95 % quantiles of surface distances; None where a mask is empty.
        surface_distance_mm: mean over both surfaces of the distance to the other; None where a mask is empty.
        volume_ml, reference_ml: volumes.
        volume_difference_ml: volume less reference volume.
        components, reference_components: connected parts, touching corners counted as connected.
    """

    dice: float | None
    hd95_mm: float | None
    surface_distance_mm: float | None
    volume_ml: float
    reference_ml: float
    volume_difference_ml: float
    components: int
    reference_components: int


def segmentation_scores(mask: ArrayLike, reference: ArrayLike, spacing_mm: ArrayLike) -> SegmentationScores:
    """Score a mask bool[...] of two or three dimensions against a reference of the same shape.

    Args:
        mask: the model's.
        reference: the reference standard's.
        spacing_mm: voxel size along each dimension; an image of two dimensions counts as a layer of 1 mm.

    Raises:
        ValueError: when shapes differ, a spacing is not positive, or values are neither true nor false.
    """
    one, other, size = _checked(mask, reference, spacing_mm)
    voxel_ml = float(np.prod(size)) / 1000
    volumes = [float(part.sum()) * voxel_ml for part in (one, other)]
    both = int(one.sum()) + int(other.sum())
    dice = 2 * int((one & other).sum()) / both if both else None
    distances = _surface_distances(one, other, size) if one.any() and other.any() else None
    hd95 = mean = None
    if distances is not None:
        hd95 = max(float(np.quantile(side, 0.95)) for side in distances)
        mean = float(np.concatenate(distances).mean())
    volume, reference_ml = volumes
    parts = (component_count(one), component_count(other))
    return SegmentationScores(dice, hd95, mean, volume, reference_ml, volume - reference_ml, *parts)


def component_count(mask: ArrayLike) -> int:
    """Return the number of connected parts of a mask; voxels that touch at a corner are connected."""
    from scipy.ndimage import generate_binary_structure, label  # noqa: PLC0415 - lazy: scipy is slow to import

    values = np.asarray(mask, dtype=np.bool_)
    return int(label(values, generate_binary_structure(values.ndim, values.ndim))[1])


def _surface_distances(one: BoolArray, other: BoolArray, size: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the distance of each surface voxel of one mask to the other's surface, and the reverse, in mm."""
    from scipy.ndimage import distance_transform_edt  # noqa: PLC0415 - lazy: scipy is slow to import

    box = _box(one | other)
    surfaces = [_surface(part[box]) for part in (one, other)]
    away = [distance_transform_edt(~surface, sampling=size) for surface in surfaces]
    return np.asarray(away[1][surfaces[0]]), np.asarray(away[0][surfaces[1]])


def _surface(mask: BoolArray) -> BoolArray:
    from scipy.ndimage import binary_erosion  # noqa: PLC0415 - lazy: scipy is slow to import

    return np.asarray(mask & ~binary_erosion(mask), dtype=np.bool_)


def _box(mask: BoolArray) -> tuple[slice, ...]:
    """Return the smallest box that holds a mask."""
    return tuple(slice(int(at.min()), int(at.max()) + 1) for at in np.nonzero(mask))


def _checked(mask: ArrayLike, reference: ArrayLike, spacing: ArrayLike) -> tuple[BoolArray, BoolArray, FloatArray]:
    one, other, size = np.asarray(mask), np.asarray(reference), np.asarray(spacing, dtype=np.float64)
    if one.shape != other.shape or one.ndim not in (2, 3) or size.shape != (one.ndim,):
        raise ValueError("masks of one shape with two or three dimensions, and a spacing for each, are scored")
    if not (size > 0).all() or not np.isfinite(size).all():
        raise ValueError("a voxel's size is positive")
    if not (np.isin(one, (0, 1)).all() and np.isin(other, (0, 1)).all()):
        raise ValueError("a mask is true or false")
    return one.astype(np.bool_), other.astype(np.bool_), size
