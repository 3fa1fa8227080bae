"""A 256-bit perceptual hash of an image: near-duplicates keep most of it, other patients do not."""

from functools import cache

import numpy as np
import numpy.typing as npt

BITS = 256
_THUMB = 32
_WORD = 16
_CLIP_PERCENT = (1.0, 99.0)
_Matrix = npt.NDArray[np.float64]


def fingerprint(image: npt.NDArray[np.floating]) -> str:
    """Return the hash as 64 hexadecimal digits; empty for a constant image, which shows nothing.

    Intensities are clipped at the 1st and 99th percentile and averaged over 32 x 32 cells of equal area. The bits are
    the signs of the 256 lowest cosine coefficients but the mean (Zauner 2010's DCT hash, with signs instead of the
    median): they change neither with scale and offset of the intensities nor, much, with noise, quantisation or size.
    Bits of neighbouring frequencies lie 16 apart, so that every 16-bit word of the hash separates pictures alike.

    Args:
        image: 2-D, finite, at least 2 x 2.
    """
    low, high = np.percentile(image, _CLIP_PERCENT)
    if low == high:
        low, high = float(image.min()), float(image.max())
    if low == high:
        return ""
    clipped = np.clip(image.astype(np.float64), low, high)
    thumb = _cells(image.shape[0]) @ clipped @ _cells(image.shape[1]).T
    waves = _cosines()
    rows, columns = _lowest()
    bits = (waves @ thumb @ waves.T)[rows, columns] > 0
    return np.packbits(bits.reshape(_WORD, -1).T).tobytes().hex()


@cache
def _cells(size: int) -> _Matrix:
    """Return the (32, size) weights that average `size` samples over 32 cells of equal width."""
    edges = np.linspace(0, size, _THUMB + 1)
    samples = np.arange(size)
    overlap = np.minimum(edges[1:, None], samples + 1) - np.maximum(edges[:-1, None], samples)
    weights: _Matrix = np.maximum(0.0, overlap)
    weights /= weights.sum(axis=1, keepdims=True)
    return weights


@cache
def _cosines() -> _Matrix:
    """Return the (32, 32) matrix of the discrete cosine transform (type II, unscaled)."""
    index = np.arange(_THUMB)
    waves: _Matrix = np.cos(np.pi * np.outer(index, 2 * index + 1) / (2 * _THUMB))
    return waves


@cache
def _lowest() -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return row and column of the 256 coefficients of lowest frequency after the mean, in a fixed order."""
    grid = [(u * u + v * v, u, v) for u in range(_THUMB) for v in range(_THUMB)]
    chosen = sorted(grid)[1 : BITS + 1]
    return np.array([u for _, u, _ in chosen]), np.array([v for _, _, v in chosen])
