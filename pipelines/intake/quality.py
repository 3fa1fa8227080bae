"""Image quality measured on one decoded slice: pure functions, undefined measures are None, never inf or NaN.

Forms: MRIQC (EFC, FBER, CJV, CNR, SNRd); Immerkaer 1996 for noise without air; the mode of the local standard
deviation in soft tissue for CT (Christianson 2015, Malkus 2017).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

MIN_PIXELS = 100
SOFT_TISSUE_HU = (0.0, 170.0)
ROI_MM = 7.0
_RAYLEIGH = math.sqrt(2 / (4 - math.pi))  # a Rayleigh deviation times this is the Gaussian one below it
_BINS = 256
_AIR_HU = -1000.0


@dataclass(frozen=True)
class Quality:
    """Quality of one slice; `undefined` names the measures that are None, with the reason."""

    values: Mapping[str, float | None]
    undefined: Mapping[str, str]


def measure(image: Image, modality: str, spacing_mm: float | None) -> Quality:
    """Measure one slice.

    Args:
        image: 2-D, finite, in modality units (HU for CT); padding already masked out as NaN.
        modality: `CT` uses the tissue window of Hounsfield units, everything else the split of foreground and air.
        spacing_mm: pixel spacing; without it the CT region is 7 pixels wide.
    """
    pixels = image[np.isfinite(image)]
    if pixels.size < MIN_PIXELS or float(np.ptp(pixels)) == 0:
        return Quality(dict.fromkeys(_NAMES), dict.fromkeys(_NAMES, "constant_or_too_small"))
    filled = np.where(np.isfinite(image), image, float(pixels.min()))
    values = _of_ct(filled, spacing_mm) if modality == "CT" else _of_mr(filled)
    sound = {name: _sound(values.get(name)) for name in _NAMES}
    return Quality(sound, {name: "not_defined_here" for name, value in sound.items() if value is None})


_NAMES = ("snr", "cnr", "noise", "sharpness", "efc", "fber", "cjv", "snrd")


def _of_mr(image: Image) -> dict[str, float | None]:
    foreground = image > otsu_threshold(image)
    if int(foreground.sum()) < MIN_PIXELS:
        return {}
    inside, air = image[foreground], image[~foreground]
    bright = inside > otsu_threshold(inside)
    sigma = noise_level(image, foreground)
    return {
        "noise": sigma,
        "snr": _ratio(float(inside.mean()), sigma),
        "cnr": cnr(inside[bright], inside[~bright], air),
        "cjv": cjv(inside[bright], inside[~bright]),
        "sharpness": sharpness(image, foreground),
        "efc": entropy_focus(image),
        "fber": foreground_background_energy(inside, air),
        "snrd": snr_dietrich(inside, air),
    }


def _of_ct(image: Image, spacing_mm: float | None) -> dict[str, float | None]:
    sigma = ct_noise(image, spacing_mm)
    tissue = image[(image > SOFT_TISSUE_HU[0]) & (image < SOFT_TISSUE_HU[1])]
    level = float(np.median(tissue)) - _AIR_HU if tissue.size >= MIN_PIXELS else None
    shifted = image - min(_AIR_HU, float(image.min()))
    return {
        "noise": sigma,
        "snr": _ratio(level, sigma),
        "sharpness": sharpness(shifted, image > otsu_threshold(image)),
        "efc": entropy_focus(shifted),
    }


def otsu_threshold(values: npt.NDArray[np.float64]) -> float:
    """Return the threshold that separates two classes best (Otsu 1979), on 256 bins between minimum and maximum."""
    counts, edges = np.histogram(values, bins=_BINS)
    centres = (edges[:-1] + edges[1:]) / 2
    below = np.cumsum(counts)
    above = below[-1] - below
    sums = np.cumsum(counts * centres)
    valid = (below > 0) & (above > 0)
    gap = np.zeros(_BINS)
    gap[valid] = sums[valid] / below[valid] - (sums[-1] - sums[valid]) / above[valid]
    score = below * above * gap**2
    best = np.flatnonzero(score >= score.max() * (1 - 1e-12))  # a plateau where nothing lies between the classes
    return float(edges[1:][best].mean())


def entropy_focus(image: Image) -> float | None:
    """Return the entropy focus criterion (Atkinson 1997): 1 for a constant image, 0 for one bright pixel.

    Scale-free; of the absolute values. None for an image of zeros.
    """
    magnitude = np.abs(image).ravel()
    peak = float(magnitude.max(initial=0.0))
    if peak == 0:
        return None
    scaled = magnitude / peak
    total = math.sqrt(float(np.sum(scaled**2)))
    shares = scaled / total
    entropy = float(np.sum(shares * np.log(shares + 1e-16)))
    count = magnitude.size
    return entropy / (math.sqrt(count) * math.log(1 / math.sqrt(count)))


def foreground_background_energy(inside: Image, air: Image) -> float | None:
    """Return FBER = mean |F|^2 / mean |B|^2; None without air, or with air of zeros."""
    if inside.size == 0 or air.size < MIN_PIXELS:
        return None
    return _ratio(float(np.mean(inside**2)), float(np.mean(air**2)))


def cjv(first: Image, second: Image) -> float | None:
    """Return the coefficient of joint variation (s1 + s2) / |m1 - m2| of two tissues; None when their means agree."""
    if min(first.size, second.size) < MIN_PIXELS:
        return None
    return _ratio(float(first.std() + second.std()), abs(float(first.mean() - second.mean())))


def cnr(first: Image, second: Image, air: Image) -> float | None:
    """Return |m1 - m2| / sqrt(s1^2 + s2^2 + sB^2) of two tissues and the air."""
    if min(first.size, second.size) < MIN_PIXELS:
        return None
    spread = float(first.var() + second.var() + (air.var() if air.size else 0.0))
    return _ratio(abs(float(first.mean() - second.mean())), math.sqrt(spread))


def snr_dietrich(inside: Image, air: Image) -> float | None:
    """Return SNRd = mF / (sqrt(2 / (4 - pi)) s_air) (Dietrich 2007); None when the air is masked or too small."""
    if air.size < MIN_PIXELS:
        return None
    return _ratio(float(inside.mean()), _RAYLEIGH * float(air.std()))


def noise_level(image: Image, mask: Mask | None = None) -> float | None:
    """Return the noise deviation by the mean absolute Laplacian difference (Immerkaer 1996), in image units.

    Args:
        image: 2-D, at least 3 x 3.
        mask: where to look; pixels whose 3 x 3 neighbourhood leaves it are passed over.
    """
    if min(image.shape) < 3:
        return None
    response = np.abs(_neighbours(image, ((1, -2, 1), (-2, 4, -2), (1, -2, 1))))
    if mask is not None:
        response = response[_neighbours(mask.astype(np.float64), ((1, 1, 1), (1, 1, 1), (1, 1, 1))) > 8.5]
    if response.size < MIN_PIXELS:
        return None
    return math.sqrt(math.pi / 2) / 6 * float(response.mean())


def ct_noise(image: Image, spacing_mm: float | None) -> float | None:
    """Return the global noise level of a CT slice in HU: the mode of the local deviation in soft tissue.

    Args:
        image: 2-D in HU.
        spacing_mm: pixel spacing, for a region of 7 mm; 7 pixels when unknown.
    """
    width = max(3, 2 * round(ROI_MM / (2 * (spacing_mm or 1.0))) + 1)
    if min(image.shape) < width:
        return None
    means, deviations = _local(image, width)
    kept = deviations[(means > SOFT_TISSUE_HU[0]) & (means < SOFT_TISSUE_HU[1]) & (deviations > 0)]
    if kept.size < MIN_PIXELS:
        return None
    samples = width * width
    return _mode(kept) * math.sqrt((samples - 1) / (samples - 2))  # the mode of a chi variable lies below sigma


def sharpness(image: Image, mask: Mask) -> float | None:
    """Return the root mean square gradient in the mask, a pixel, relative to the mean intensity there.

    Blur lowers it: it keeps the sum of an edge's gradient and lowers that of its square (Tenengrad).
    """
    if min(image.shape) < 2 or int(mask.sum()) < MIN_PIXELS:
        return None
    slopes = [np.asarray(slope)[mask] for slope in np.gradient(image)]
    energy = sum(float(np.mean(slope**2)) for slope in slopes)
    return _ratio(math.sqrt(energy), abs(float(image[mask].mean())))


def _local(image: Image, width: int) -> tuple[Image, Image]:
    """Return local means and deviations (n - 1) of all full squares of a width, by summed areas."""
    centred = image - float(image.mean())
    count = width * width
    total, squares = _box(centred, width), _box(centred**2, width)
    variance = np.maximum(0.0, (squares - total**2 / count) / (count - 1))
    return total / count + float(image.mean()), np.sqrt(variance)


def _box(image: Image, width: int) -> Image:
    area: Image = np.pad(image, ((1, 0), (1, 0))).cumsum(0).cumsum(1)
    return area[width:, width:] - area[:-width, width:] - area[width:, :-width] + area[:-width, :-width]


def _mode(values: Image) -> float:
    """Return the mode of positive values by a smoothed histogram (kernel 5 % of the median wide)."""
    centre = float(np.median(values))
    counts, edges = np.histogram(values, bins=400, range=(0.0, 4 * centre))
    step = edges[1] - edges[0]
    reach = np.arange(-40, 41) * step
    kernel = np.exp(-0.5 * (reach / (0.05 * centre)) ** 2)
    smooth = np.convolve(counts, kernel, mode="same")
    return float((edges[:-1] + step / 2)[np.argmax(smooth)])


def _neighbours(image: Image, weights: tuple[tuple[float, float, float], ...]) -> Image:
    rows, columns = image.shape
    found = np.zeros((rows - 2, columns - 2))
    for down, line in enumerate(weights):
        for right, weight in enumerate(line):
            found += weight * image[down : rows - 2 + down, right : columns - 2 + right]
    return found


def _ratio(above: float | None, below: float | None) -> float | None:
    return None if above is None or not below else above / below


def _sound(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else float(f"{value:.6g}")
