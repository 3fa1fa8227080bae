import hashlib
import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from dicom_files import as_bytes, bundled, mr
from pydicom.uid import DeflatedExplicitVRLittleEndian

from pipelines.intake.decoder import Decoder
from pipelines.intake.dicom.quarantine import Code, FileRefusedError
from pipelines.intake.dicom.quiet import quiet_pydicom
from pipelines.intake.pixels import Decoded, decode_image, pixel_digest


@pytest.fixture(scope="module")
def decoder() -> Iterator[Decoder]:
    with Decoder() as found:
        yield found


def decoded(data: bytes, decoder: Decoder) -> Decoded:
    with quiet_pydicom():
        return decode_image(io.BytesIO(data), decoder)


def refused(data: bytes, decoder: Decoder) -> Code:
    with pytest.raises(FileRefusedError) as caught:
        decoded(data, decoder)
    return caught.value.code


FAMILY = (
    "MR_small.dcm",
    "MR_small_implicit.dcm",
    "MR_small_bigendian.dcm",
    "MR_small_expb.dcm",
    "MR_small_RLE.dcm",
    "MR_small_jp2klossless.dcm",
    "MR_small_jpeg_ls_lossless.dcm",
    "MR_small_padded.dcm",
)


def test_one_image_in_eight_encodings_is_one_image(decoder: Decoder) -> None:
    images = [decoded(bundled(name).read_bytes(), decoder).image for name in FAMILY]
    assert {pixel_digest(image) for image in images} == {pixel_digest(images[0])}
    assert {image.dtype.str for image in images} == {"<f4"}
    assert float(images[0].mean()) == pytest.approx(518.8813, abs=1e-3)


def test_ct_pixels_come_in_hounsfield_units(decoder: Decoder) -> None:
    image = decoded(bundled("CT_small.dcm").read_bytes(), decoder).image
    assert (image.min(), image.max()) == (-896, 1167)
    assert float(image.mean()) == pytest.approx(-119.0739, abs=1e-3)


def test_lossless_jpeg_is_decoded_in_the_worker(decoder: Decoder) -> None:
    assert decoded(bundled("JPEG-LL.dcm").read_bytes(), decoder).image.shape == (1024, 256)


def test_a_deflated_image_is_decoded(decoder: Decoder) -> None:
    dataset = mr()
    dataset.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    image = decoded(as_bytes(dataset), decoder).image
    assert pixel_digest(image) == pixel_digest(decoded(as_bytes(mr()), decoder).image)


def test_the_middle_frame_stands_for_an_enhanced_object(decoder: Decoder) -> None:
    with quiet_pydicom():
        found = decoded(bundled("emri_small.dcm").read_bytes(), decoder)
    assert found.image.shape == (64, 64)


def test_broken_streams_and_colour_have_codes(decoder: Decoder) -> None:
    assert refused(bundled("JPEG2000-embedded-sequence-delimiter.dcm").read_bytes(), decoder) in {
        Code.PIXEL_UNDECODABLE,
        Code.PIXEL_TRUNCATED,
    }
    assert refused(bundled("SC_rgb_rle.dcm").read_bytes(), decoder) is Code.NOT_GRAYSCALE
    data = bytearray(bundled("JPEG-LL.dcm").read_bytes())
    start = data.index(b"\xff\xd8\xff")
    data[start : start + 600] = bytes(600)
    assert refused(bytes(data), decoder) is Code.PIXEL_UNDECODABLE


def test_the_decoder_lives_on_after_a_broken_image(decoder: Decoder) -> None:
    data = bytearray(bundled("MR_small_RLE.dcm").read_bytes())
    data[-2000:-100] = bytes(1900)
    decoded(bundled("MR_small_RLE.dcm").read_bytes(), decoder)
    with pytest.raises(FileRefusedError):
        decoder.decode(b"not DICOM at all", 0)
    assert decoded(bundled("MR_small_RLE.dcm").read_bytes(), decoder).image.shape == (64, 64)


def test_a_decoder_that_takes_too_long_is_ended() -> None:
    with Decoder(timeout_seconds=0.0) as impatient, pytest.raises(FileRefusedError) as caught:
        impatient.decode(bundled("MR_small_RLE.dcm").read_bytes(), 0)
    assert caught.value.code is Code.PIXEL_UNDECODABLE


def test_padding_is_masked_in_modality_units(decoder: Decoder) -> None:
    dataset = mr(RescaleSlope="2", RescaleIntercept="-10")
    dataset.add_new("PixelPaddingValue", "SS", 127)
    found = decoded(as_bytes(dataset), decoder)
    masked = found.without_padding()
    assert np.isnan(masked).sum() == (found.image == 2 * 127 - 10).sum() > 0


def test_a_pixel_digest_hashes_values_not_storage() -> None:
    image = np.arange(12, dtype="<i2").reshape(3, 4)
    same = [pixel_digest(image.astype(kind)) for kind in (">i2", "<f4", "<f8", "<u4")]
    assert set(same) == {pixel_digest(image)}
    assert pixel_digest(image.reshape(4, 3)) != pixel_digest(image)
    assert pixel_digest(image + 0.5) != pixel_digest(image)
    head = b"3x4:<i8:"
    expected = hashlib.sha256(head + image.astype("<i8").tobytes()).hexdigest()
    assert pixel_digest(image) == f"sha256:{expected}"


@pytest.mark.shared
def test_real_compressed_siemens_images_decode(shared: Path, decoder: Decoder) -> None:
    folder = shared / "data" / "dicom_multivendor" / "siemens"
    compressed = [path for path in sorted(folder.rglob("*.dcm")) if b"1.2.840.10008.1.2.4." in path.read_bytes()[:600]]
    assert len(compressed) == 2
    for path in compressed:
        assert float(np.ptp(decoded(path.read_bytes(), decoder).image)) > 0
