import io
import struct
import zlib

import pytest
from dicom_files import BUNDLED, as_bytes, bundled, look, mr
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.uid import DeflatedExplicitVRLittleEndian

from pipelines.intake.dicom.instance import Instance
from pipelines.intake.dicom.limits import Limits
from pipelines.intake.dicom.quarantine import REASONS, Code


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("README.txt", Code.NOT_DICOM),
        ("no_meta.dcm", Code.NOT_DICOM),
        ("badVR.dcm", Code.UNREADABLE),
        ("meta_missing_tsyntax.dcm", Code.UNREADABLE),
        ("MR_truncated.dcm", Code.PIXEL_TRUNCATED),
        ("JPGExtended.dcm", Code.CODEC_JPEG_EXT12),
        ("JPEG-lossy.dcm", Code.CODEC_JPEG_EXT12),
        ("reportsi.dcm", Code.NOT_IMAGE),
        ("test-SR.dcm", Code.NOT_IMAGE),
        ("rtdose.dcm", Code.NOT_IMAGE),
        ("liver_1frame.dcm", Code.NOT_IMAGE),
        ("rtplan_truncated.dcm", Code.TRUNCATED),
        ("emri_small.dcm", Code.MISSING_PATIENT),
        ("693_UNCI.dcm", Code.MISSING_TIME),
    ],
)
def test_each_unusable_file_has_its_code(name: str, code: Code) -> None:
    assert look(bundled(name).read_bytes()) is code


@pytest.mark.parametrize(
    "name",
    [
        "MR_small.dcm",
        "MR_small_implicit.dcm",
        "MR_small_bigendian.dcm",
        "MR_small_RLE.dcm",
        "MR_small_jpeg_ls_lossless.dcm",
        "MR_small_jp2klossless.dcm",
        "CT_small.dcm",
        "JPEG-LL.dcm",
    ],
)
def test_every_encoding_of_an_image_is_accepted(name: str) -> None:
    assert isinstance(look(bundled(name).read_bytes()), Instance)


@pytest.mark.parametrize(
    ("elements", "code"),
    [
        ({"SeriesInstanceUID": ""}, Code.MISSING_UID),
        ({"SOPClassUID": None}, Code.MISSING_UID),
        ({"PatientID": ""}, Code.MISSING_PATIENT),
        ({"PatientID": None}, Code.MISSING_PATIENT),
        ({"Modality": ""}, Code.MISSING_MODALITY),
        ({"Rows": 4000}, Code.PIXEL_TRUNCATED),
        ({"Rows": 65535, "Columns": 65535, "SamplesPerPixel": 3}, Code.PIXEL_TOO_LARGE),
        ({"NumberOfFrames": 200_000}, Code.PIXEL_TOO_LARGE),
        ({"BitsAllocated": 12}, Code.UNREADABLE),
        ({"PixelData": None}, Code.NO_PIXELS),
    ],
)
def test_what_is_missing_or_too_much_is_named(elements: dict[str, object], code: Code) -> None:
    assert look(as_bytes(mr(**elements))) is code


def test_a_file_cut_inside_its_header_is_truncated() -> None:
    data = bundled("MR_small.dcm").read_bytes()
    assert look(data[:1000]) is Code.TRUNCATED
    assert look(data[:-300]) is Code.PIXEL_TRUNCATED


def test_a_cut_compressed_file_is_truncated() -> None:
    assert look(bundled("JPEG-LL.dcm").read_bytes()[:-100]) is Code.PIXEL_TRUNCATED


def test_a_length_beyond_the_file_is_refused_before_it_is_read() -> None:
    data = bundled("MR_small.dcm").read_bytes()
    bomb = data[:132] + _long_element(data)
    assert look(bomb) is Code.TRUNCATED


def _long_element(data: bytes) -> bytes:
    """Return the meta group followed by an element that says it has 4 GB."""
    length = struct.unpack_from("<I", data, 140)[0]
    return data[132 : 144 + length] + struct.pack("<HH2sHI", 0x0009, 0x1001, b"OB", 0, 0xFFFFFFF0)


def test_a_deflated_bomb_is_refused_before_the_parser_sees_it() -> None:
    bomb = _deflated(b"\0" * (65 << 20))
    assert len(bomb) < 200_000
    assert look(bomb) is Code.INFLATED_TOO_LARGE


def test_a_deflated_image_is_read() -> None:
    dataset = mr()
    dataset.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    found = look(as_bytes(dataset))
    assert isinstance(found, Instance)
    assert found.frames == 1


def _deflated(body: bytes) -> bytes:
    dataset = Dataset()
    dataset.PatientID = "1"
    buffer = io.BytesIO()
    meta = mr().file_meta
    meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    dataset.file_meta = meta
    dataset.save_as(buffer, enforce_file_format=True)
    data = buffer.getvalue()
    length = struct.unpack_from("<I", data, 140)[0]
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return data[: 144 + length] + packer.compress(body) + packer.flush()


def test_too_many_elements_and_too_large_files_are_refused() -> None:
    data = as_bytes(mr())
    assert look(data, Limits(elements=20)) is Code.TOO_MANY_ELEMENTS
    assert look(data, Limits(file_bytes=1000)) is Code.FILE_TOO_LARGE


def test_sequences_nested_without_end_are_refused() -> None:
    meta = bundled("MR_small.dcm").read_bytes()
    length = struct.unpack_from("<I", meta, 140)[0]
    item = struct.pack("<HH2sHI", 0x0040, 0xA730, b"SQ", 0, 0xFFFFFFFF) + struct.pack(
        "<HHI", 0xFFFE, 0xE000, 0xFFFFFFFF
    )
    assert look(meta[: 144 + length] + item * 5000) is Code.TOO_DEEP


def test_a_writer_that_switches_to_implicit_vr_is_understood() -> None:
    assert look((BUNDLED / "SC_rgb_jpeg.dcm").read_bytes()) is not Code.PIXEL_TRUNCATED


_SMALL = bundled("MR_small.dcm").read_bytes()


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), min_size=1, max_size=12))
def test_a_mutated_header_gives_an_instance_or_a_code(changes: list[tuple[int, int]]) -> None:
    data = bytearray(_SMALL)
    for at, byte in changes:
        data[at] = byte
    assert isinstance(look(bytes(data)), Instance | Code)


def test_every_code_says_why() -> None:
    assert set(REASONS) == set(Code)
