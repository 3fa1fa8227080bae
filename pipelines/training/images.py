"""From raw pixels to what the network is fed."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from pipelines.training.networks import InputSpec
from registry.domain.errors import InputRefusedError

Images = NDArray[np.float32]


def prepare_image(raw: NDArray[np.float32], spec: InputSpec) -> Images:
    """Bring one image to the network's input.

    Args:
        raw: grey values of any size, shape (rows, columns).
        spec: the network's input.

    Returns:
        Values in 0..1, float32, shape (1, spec.rows, spec.columns); a picture of one grey value is all 0.

    Raises:
        InputRefusedError: when the image is not two-dimensional, is empty, or holds a value that is not finite.
    """
    if raw.ndim != 2 or raw.size == 0 or not np.isfinite(raw).all():
        raise InputRefusedError("pixels that are not one finite two-dimensional image", mend="score MR or CT slices")
    low, high = np.percentile(raw, (spec.low_percentile, spec.high_percentile))
    span = high - low
    scaled = np.clip((raw - low) / span, 0, 1) if span > 0 else np.zeros_like(raw)
    picture = torch.from_numpy(_square(scaled) if spec.fit == "pad" else scaled).to(torch.float32)
    resampled: Images = functional.adaptive_avg_pool2d(picture[None], (spec.rows, spec.columns)).numpy()
    return resampled


def _square(image: NDArray[np.float32]) -> NDArray[np.float32]:
    """Put an image in the middle of a square of zeros."""
    rows, columns = image.shape
    side = max(rows, columns)
    top, left = (side - rows) // 2, (side - columns) // 2
    return np.pad(image, ((top, side - rows - top), (left, side - columns - left)))
