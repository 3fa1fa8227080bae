import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.intake.quality import (
    Image,
    cjv,
    cnr,
    ct_noise,
    entropy_focus,
    foreground_background_energy,
    measure,
    noise_level,
    otsu_threshold,
    sharpness,
    snr_dietrich,
)


def random(seed: int = 7) -> np.random.Generator:
    return np.random.default_rng(seed)


def phantom(sigma: float = 5.0) -> Image:
    """Two tissues of 200 and 400 on a square, in air with Rayleigh noise."""
    image = np.abs(random().normal(0, sigma, (96, 96)) + 1j * random(8).normal(0, sigma, (96, 96)))
    image[24:72, 24:72] = 200 + random(9).normal(0, sigma, (48, 48))
    image[24:72, 48:72] += 200
    return image


def test_entropy_focus_is_one_for_a_constant_image_and_zero_for_one_bright_pixel() -> None:
    single = np.zeros((32, 32))
    single[3, 4] = 7.0
    assert entropy_focus(np.full((32, 32), 3.0)) == pytest.approx(1.0, abs=1e-9)
    assert entropy_focus(single) == pytest.approx(0.0, abs=1e-9)
    assert entropy_focus(np.zeros((8, 8))) is None


@given(st.floats(1e-3, 1e6))
def test_measures_without_a_unit_do_not_change_with_scale(scale: float) -> None:
    image = phantom()
    assert entropy_focus(image * scale) == pytest.approx(entropy_focus(image), rel=1e-9)
    before, after = measure(image, "MR", 1.0).values, measure(image * scale, "MR", 1.0).values
    for name in ("snr", "cnr", "sharpness", "fber", "cjv", "snrd"):
        assert after[name] == pytest.approx(before[name], rel=1e-4), name


def test_closed_forms_of_the_ratios() -> None:
    first, second = np.tile([9.0, 11.0], 100), np.tile([19.0, 21.0], 100)
    air = np.tile([1.0, 3.0], 100)
    assert cjv(first, second) == pytest.approx((1 + 1) / 10)
    assert cnr(first, second, air) == pytest.approx(10 / math.sqrt(3))
    assert foreground_background_energy(first, air) == pytest.approx(101 / 5)
    assert snr_dietrich(first, air) == pytest.approx(10 / (math.sqrt(2 / (4 - math.pi)) * 1))


def test_ratios_that_would_be_infinite_are_undefined() -> None:
    flat = np.full(200, 5.0)
    assert cjv(flat, flat) is None
    assert cnr(flat, flat + 1, np.zeros(200)) is None
    assert foreground_background_energy(flat, np.zeros(200)) is None
    assert snr_dietrich(flat, np.zeros(200)) is None
    assert snr_dietrich(flat, np.zeros(3)) is None


@pytest.mark.parametrize("sigma", [5.0, 10.0, 20.0, 40.0])
def test_ct_noise_of_a_constant_slice_is_its_sigma(sigma: float) -> None:
    image = 40 + random(int(sigma)).normal(0, sigma, (512, 512))
    assert ct_noise(image, 0.66) == pytest.approx(sigma, rel=0.03)


def test_ct_noise_looks_at_soft_tissue_only() -> None:
    image = -1000 + random(1).normal(0, 80, (256, 256))
    image[64:192, 64:192] = 40 + random(2).normal(0, 12, (128, 128))
    assert ct_noise(image, 0.7) == pytest.approx(12, rel=0.06)
    assert ct_noise(np.full((64, 64), -1000.0), 0.7) is None
    assert ct_noise(image[:3, :3], 0.7) is None


@pytest.mark.parametrize("sigma", [1.0, 30.0])
def test_noise_without_air_is_the_sigma_on_a_slope(sigma: float) -> None:
    ramp = np.add.outer(np.arange(200.0), 2 * np.arange(200.0))
    assert noise_level(ramp + random().normal(0, sigma, ramp.shape)) == pytest.approx(sigma, rel=0.03)


def test_blur_lowers_sharpness() -> None:
    image = phantom()
    blurred = sum(np.roll(image, (down, right), (0, 1)) for down in range(3) for right in range(3)) / 9
    inside = np.zeros(image.shape, dtype=bool)
    inside[20:76, 20:76] = True
    before, after = sharpness(image, inside), sharpness(blurred, inside)
    assert before is not None
    assert after is not None
    assert after < 0.8 * before


def test_the_threshold_parts_two_classes() -> None:
    values = np.concatenate([random().normal(10, 1, 500), random().normal(50, 1, 500)])
    assert 14 < otsu_threshold(values) < 46


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((64, 64)),
        np.full((64, 64), np.nan),
        np.ones((2, 2)),
        np.eye(64),
        np.where(np.eye(64) > 0, np.nan, 1.0),
        np.full((64, 64), 1e300) * np.eye(64),
    ],
    ids=["zeros", "padding", "tiny", "diagonal", "constant with padding", "huge"],
)
@pytest.mark.parametrize("modality", ["MR", "CT"])
def test_no_quality_is_ever_infinite_or_not_a_number(image: Image, modality: str) -> None:
    with np.errstate(all="ignore"):
        found = measure(image, modality, 1.0)
    assert all(value is None or math.isfinite(value) for value in found.values.values())
    assert {name for name, value in found.values.items() if value is None} == set(found.undefined)


def test_a_clean_phantom_measures_as_it_was_drawn() -> None:
    values = measure(phantom(5.0), "MR", 1.0).values
    assert values["noise"] == pytest.approx(5.0, rel=0.1)
    assert values["cnr"] == pytest.approx(200 / math.sqrt(25 + 25 + 5**2 * (2 - math.pi / 2)), rel=0.1)
