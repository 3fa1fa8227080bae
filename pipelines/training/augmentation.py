"""Random changes that a slice may undergo without changing its truth; all randomness follows from seed and epoch."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from monai.transforms import Compose

_TURN = 0.3  # radians
_SCALE = 0.15
_SHIFT = 0.06  # of the picture's size


def augmentation(size: int) -> "Compose":
    """Return the light augmentation for pictures of about this many pixels a side."""
    from monai import transforms  # noqa: PLC0415 - lazy: monai is slow to import

    shift = size * _SHIFT
    return transforms.Compose(
        [
            transforms.RandFlip(prob=0.5, spatial_axis=0),
            transforms.RandFlip(prob=0.5, spatial_axis=1),
            transforms.RandAffine(
                prob=0.8,
                rotate_range=(_TURN,),
                scale_range=(_SCALE, _SCALE),
                translate_range=(shift, shift),
                padding_mode="zeros",
            ),
            transforms.RandScaleIntensity(factors=0.2, prob=0.8),
            transforms.RandShiftIntensity(offsets=0.1, prob=0.8),
            transforms.RandGaussianNoise(prob=0.5, std=0.03),
        ]
    )


class Augmenter:
    """Augment batches; two augmenters of the same seed and epoch do the same.

    Args:
        seed: of the run.
        size: pixels a side.
    """

    def __init__(self, seed: int, size: int) -> None:
        self.seed = seed
        self._change = augmentation(size)

    def begin(self, epoch: int, rank: int = 0) -> None:
        """Start an epoch's own stream of randomness, one a process."""
        self._change.set_random_state(seed=(self.seed * 1_000_003 + epoch * 1_009 + rank) % 2**32)

    def __call__(self, batch: torch.Tensor) -> torch.Tensor:
        """Return a changed copy of a batch of shape (n, 1, rows, columns)."""
        with _without_history():
            return torch.stack([self._change(image) for image in batch])


@contextmanager
def _without_history() -> Iterator[None]:
    """Switch MONAI's record of applied transforms off for the block: it costs more than the transforms."""
    from monai.data import get_track_meta, set_track_meta  # noqa: PLC0415 - lazy: monai is slow to import

    before = get_track_meta()
    set_track_meta(False)
    try:
        yield
    finally:
        set_track_meta(before)
