"""From raw pixels to the network's input, and the cache of it."""

from pathlib import Path

import numpy as np
import pytest
from fakes import NoProgress

from pipelines.training.datasets import ImageCache, load_examples
from pipelines.training.images import prepare_image
from pipelines.training.networks import InputSpec
from registry.domain.cohort import CohortUnit
from registry.domain.digest import digest_bytes
from registry.domain.errors import InputRefusedError

SPEC = InputSpec(16, 16)


def raw(seed: int = 0, shape: tuple[int, int] = (40, 24)) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-1000, 3000, shape).astype(np.float32)


def unit(n: int, pixel_digest: str = "") -> CohortUnit:
    return CohortUnit("instance", f"u{n}", "s", "t", f"p{n}", "north", "", n % 2 == 0, pixel_digest)


def test_intensities_are_clipped_at_the_percentiles_and_mapped_to_the_unit_interval() -> None:
    found = prepare_image(raw(), InputSpec(40, 24, fit="stretch"))
    low, high = np.percentile(raw(), (1, 99))
    assert found.dtype == np.float32
    assert found[0] == pytest.approx(np.clip((raw() - low) / (high - low), 0, 1), abs=1e-6)


def test_padding_keeps_the_proportions_and_stretching_does_not() -> None:
    bright = np.zeros((40, 20), np.float32)
    bright[10:30] = 1
    padded, stretched = (prepare_image(bright, InputSpec(40, 40, fit=fit))[0] for fit in ("pad", "stretch"))
    assert padded[:, :10].max() == padded[:, 30:].max() == 0
    assert padded[20, 20] == stretched[20, 0] == 1


def test_area_resampling_keeps_the_mean() -> None:
    image = raw(shape=(64, 64))
    found = prepare_image(image, SPEC)
    assert found.mean() == pytest.approx(prepare_image(image, InputSpec(64, 64)).mean(), abs=1e-6)


@pytest.mark.parametrize("shape", [(1, 1), (7, 300), (300, 7), (16, 16)])
def test_an_image_of_any_shape_fits(shape: tuple[int, int]) -> None:
    assert prepare_image(raw(shape=shape), SPEC).shape == (1, 16, 16)


def test_a_picture_of_one_grey_value_is_black() -> None:
    assert prepare_image(np.full((9, 9), 700, np.float32), SPEC).max() == 0


@pytest.mark.parametrize(
    "bad", [np.zeros((0, 4)), np.zeros(4), np.zeros((2, 4, 4)), np.full((4, 4), np.nan), np.full((4, 4), np.inf)]
)
def test_pixels_that_are_no_finite_image_are_refused(bad: np.ndarray) -> None:
    with pytest.raises(InputRefusedError):
        prepare_image(bad.astype(np.float32), SPEC)


def test_an_image_is_decoded_once_and_then_comes_from_the_cache(tmp_path: Path) -> None:
    units = [unit(n, digest_bytes(bytes([n]))) for n in range(3)]
    loaded = []

    def load(one: CohortUnit) -> np.ndarray:
        loaded.append(one.unit_uid)
        return raw(int(one.unit_uid[1:]))

    first = load_examples(units, SPEC, load, tmp_path, NoProgress())
    again = load_examples(units[::-1], SPEC, load, tmp_path, NoProgress())
    assert loaded == ["u0", "u1", "u2"]
    assert (again.images[::-1] == first.images).all()
    assert again.truth.tolist() == [True, False, True]


def test_units_without_a_pixel_digest_are_not_cached(tmp_path: Path) -> None:
    load_examples([unit(0)], SPEC, lambda _: raw(), tmp_path, NoProgress())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"garbage", b"\x93NUMPY\x01\x00"])
def test_a_broken_cache_file_is_loaded_anew(tmp_path: Path, content: bytes) -> None:
    one = unit(0, digest_bytes(b"x"))
    whole = load_examples([one], SPEC, lambda _: raw(), tmp_path, NoProgress())
    file = next(tmp_path.iterdir())
    file.write_bytes(content)
    assert (load_examples([one], SPEC, lambda _: raw(), tmp_path, NoProgress()).images == whole.images).all()


def test_a_pickle_in_the_cache_is_never_loaded(tmp_path: Path) -> None:
    cache = ImageCache(tmp_path, SPEC)
    digest = digest_bytes(b"x")
    cache.put(digest, prepare_image(raw(), SPEC))
    np.save(next(tmp_path.iterdir()), np.array([object()]), allow_pickle=True)
    assert cache.get(digest) is None


def test_another_input_has_another_cache_file(tmp_path: Path) -> None:
    digest = digest_bytes(b"x")
    ImageCache(tmp_path, SPEC).put(digest, prepare_image(raw(), SPEC))
    assert ImageCache(tmp_path, InputSpec(16, 16, fit="stretch")).get(digest) is None
