"""Cohort units as tensors, cached by the digest of their pixels."""

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipelines.training.images import Images, prepare_image
from pipelines.training.networks import InputSpec
from registry.domain.cohort import CohortUnit
from registry.domain.digest import digest_hex
from registry.domain.joining import STUDY_RULE, study_score
from registry.domain.ports import Progress
from registry.objects import write_durably

LoadImage = Callable[[CohortUnit], NDArray[np.float32]]


@dataclass(frozen=True)
class Examples:
    """Images of units with their truth.

    Attributes:
        images: float32 in 0..1, shape (m, 1, rows, columns), unit by unit.
        truth: booleans, shape (n,).
        counts: images of each unit, n numbers that sum to m; one each unless given.
    """

    images: Images
    truth: NDArray[np.bool_]
    counts: tuple[int, ...] = ()

    def by_unit(self, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the scores of the units, float64[n], from those of the images, float64[m], by the study rule."""
        if not self.counts:
            return scores
        parts = np.split(scores, np.cumsum(self.counts)[:-1])
        return np.array([study_score(part.tolist(), STUDY_RULE) for part in parts], dtype=np.float64)


class ImageCache:
    """Prepared images in a folder, named by pixel digest and input specification."""

    def __init__(self, folder: Path, spec: InputSpec) -> None:
        self.folder = folder
        self.spec = spec

    def get(self, pixel_digest: str) -> Images | None:
        """Return a prepared image, or None where it is not cached or not what it should be."""
        place = self._place(pixel_digest)
        if not place.is_file():
            return None
        try:
            found = np.load(place, allow_pickle=False)
        except (ValueError, EOFError, OSError):
            return None
        fits = found.dtype == np.float32 and found.shape == (1, self.spec.rows, self.spec.columns)
        return found if fits else None

    def put(self, pixel_digest: str, image: Images) -> None:
        """Keep a prepared image."""
        file = io.BytesIO()
        np.save(file, image, allow_pickle=False)
        write_durably(self._place(pixel_digest), file.getvalue())

    def _place(self, pixel_digest: str) -> Path:
        return self.folder / f"{digest_hex(pixel_digest)}-{digest_hex(self.spec.digest)[:16]}.npy"


def load_to_score(
    units: Sequence[CohortUnit], spec: InputSpec, load: LoadImage, cache: Path, progress: Progress
) -> Examples:
    """Load every image by which cohort units are scored: a study's are those of all its series.

    Args, progress: as of `load_examples`; `Examples.by_unit` brings the scores of the images back to the units.
    """
    images = [image for unit in units for image in unit.images]
    truth = np.array([unit.truth for unit in units], dtype=np.bool_)
    counts = tuple(len(unit.images) for unit in units)
    return Examples(load_examples(images, spec, load, cache, progress).images, truth, counts)


def load_examples(
    units: Sequence[CohortUnit], spec: InputSpec, load: LoadImage, cache: Path, progress: Progress
) -> Examples:
    """Load the images of cohort units, one each, in their order.

    Args:
        units: what to load.
        spec: the network's input.
        load: gives the raw pixels of a unit.
        cache: folder of prepared images.
        progress: advances once a unit.
    """
    cache.mkdir(mode=0o700, parents=True, exist_ok=True)
    kept = ImageCache(cache, spec)
    images = []
    for unit in units:
        images.append(_image(unit, kept, load))
        progress.advance()
    shape = (0, 1, spec.rows, spec.columns)
    stacked = np.stack(images) if images else np.zeros(shape, np.float32)
    return Examples(stacked, np.array([unit.truth for unit in units], dtype=np.bool_))


def _image(unit: CohortUnit, cache: ImageCache, load: LoadImage) -> Images:
    found = cache.get(unit.pixel_digest) if unit.pixel_digest else None
    if found is not None:
        return found
    image = prepare_image(load(unit), cache.spec)
    if unit.pixel_digest:
        cache.put(unit.pixel_digest, image)
    return image
