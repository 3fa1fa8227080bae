import io
from pathlib import Path

import numpy as np
import pytest
from dicom_files import bundled
from PIL import Image
from pydicom import dcmread

from pipelines.intake.fingerprint import BITS, fingerprint
from registry.domain.cohort import NEAR_DUPLICATE_DISTANCE


def distance(first: str, second: str) -> int:
    return (int(first, 16) ^ int(second, 16)).bit_count()


def picture() -> np.ndarray:
    return dcmread(bundled("CT_small.dcm")).pixel_array.astype(np.float32)


def as_jpeg(image: np.ndarray) -> np.ndarray:
    scaled = ((image - image.min()) / np.ptp(image) * 255).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(scaled).save(buffer, "JPEG", quality=60)
    return np.asarray(Image.open(buffer)).astype(np.float32)


BENIGN = {
    "rescaled": lambda image: image * 1.37 - 1024,
    "noise": lambda image: image + np.random.default_rng(1).normal(0, 0.01 * np.ptp(image), image.shape),
    "jpeg": as_jpeg,
    "requantised": lambda image: np.round(image / 32),
    "gamma": lambda image: (image - image.min()) ** 0.8,
    "enlarged": lambda image: np.asarray(Image.fromarray(image).resize((256, 256))),
}


@pytest.mark.parametrize("change", BENIGN)
def test_a_benign_copy_is_a_near_duplicate(change: str) -> None:
    image = picture()
    assert distance(fingerprint(image), fingerprint(BENIGN[change](image))) <= NEAR_DUPLICATE_DISTANCE


def test_another_picture_is_none() -> None:
    other = dcmread(bundled("MR_small.dcm")).pixel_array
    assert distance(fingerprint(picture()), fingerprint(other)) > 3 * NEAR_DUPLICATE_DISTANCE


def test_a_constant_picture_shows_nothing() -> None:
    assert fingerprint(np.full((64, 64), 7.0)) == ""


def test_a_fingerprint_is_256_bits_and_repeatable() -> None:
    found = fingerprint(picture())
    assert len(found) == BITS // 4
    assert found == fingerprint(picture().astype(">f8"))


@pytest.mark.shared
def test_no_slices_of_two_real_patients_are_near_duplicates(shared: Path) -> None:
    folder = shared / "data" / "sarcoma_mr_site_a"
    marks: dict[str, list[int]] = {}
    for patient in ("STS_009", "STS_046", "STS_028", "STS_031"):  # the closest pairs of all 33 are among them
        for path in sorted((folder / patient / "image").glob("*.dcm"))[::2]:
            if mark := fingerprint(dcmread(path).pixel_array):
                marks.setdefault(patient, []).append(int(mark, 16))
    nearest = min(
        (a ^ b).bit_count()
        for first, ours in marks.items()
        for second, theirs in marks.items()
        if first < second
        for a in ours
        for b in theirs
    )
    assert nearest > 2 * NEAR_DUPLICATE_DISTANCE
