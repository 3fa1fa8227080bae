"""Is this header an image whose pixels can be used? Judged from lengths and codes, without decoding."""

import io
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import BinaryIO

from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEGExtended12Bit,
)

from pipelines.intake.dicom.fields import Fields
from pipelines.intake.dicom.header import Header, PixelElement
from pipelines.intake.dicom.limits import Limits
from pipelines.intake.dicom.quarantine import Code, FileRefusedError

NATIVE = frozenset(
    {ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian}
)
_JPEG = "1.2.840.10008.1.2.4."
COMPRESSED: Mapping[str, str] = {
    "1.2.840.10008.1.2.5": "RLE Lossless",
    f"{_JPEG}50": "JPEG Baseline",
    f"{_JPEG}51": "JPEG Extended",
    f"{_JPEG}57": "JPEG Lossless",
    f"{_JPEG}70": "JPEG Lossless, first-order prediction",
    f"{_JPEG}80": "JPEG-LS Lossless",
    f"{_JPEG}81": "JPEG-LS Near-Lossless",
    f"{_JPEG}90": "JPEG 2000 Lossless",
    f"{_JPEG}91": "JPEG 2000",
    f"{_JPEG}201": "High-Throughput JPEG 2000 Lossless",
    f"{_JPEG}202": "High-Throughput JPEG 2000 Lossless RPCL",
    f"{_JPEG}203": "High-Throughput JPEG 2000",
}
# Objects that hold a pixel matrix and are no images: segmentation, dose, parametric map, surface segmentation.
_NOT_IMAGES = frozenset(
    f"1.2.840.10008.5.1.4.1.1.{tail}" for tail in ("66.4", "481.2", "30", "66.5", "66.7", "9.1.1", "9.1.2")
)
_ITEM, _SEQUENCE_END = b"\xfe\xff\x00\xe0", b"\xfe\xff\xdd\xe0"


@dataclass(frozen=True)
class Shape:
    """Size of an image's pixel matrix; `frame_bytes` is that of one decoded frame."""

    rows: int
    columns: int
    frames: int
    samples: int
    bits: int

    @property
    def frame_bytes(self) -> int:
        """Bytes of one frame, unpacked to whole bytes a sample."""
        return self.rows * self.columns * self.samples * max(1, self.bits // 8)

    @property
    def total_bytes(self) -> int:
        """Bytes of all frames as natively stored (one bit a sample is packed)."""
        return -(-self.rows * self.columns * self.samples * self.bits * self.frames // 8)


def judge_image(header: Header, file: BinaryIO, limits: Limits) -> Shape:
    """Return the shape of an image whose pixel data are there and readable.

    Raises:
        FileRefusedError: with the code of what stands against it.
    """
    fields = Fields(header.dataset)
    shape = _shape(fields)
    if str(fields.raw("SOPClassUID") or "") in _NOT_IMAGES or (shape is None and header.pixels is None):
        raise FileRefusedError(Code.NOT_IMAGE)
    if header.pixels is None:
        raise FileRefusedError(Code.NO_PIXELS)
    if shape is None:
        raise FileRefusedError(Code.UNREADABLE, "rows, columns or bits")
    if shape.frame_bytes > limits.frame_bytes or shape.frames > limits.frames:
        raise FileRefusedError(Code.PIXEL_TOO_LARGE)
    _judge_syntax(header, file, shape, fields)
    return shape


def _shape(fields: Fields) -> Shape | None:
    rows, columns = fields.number("Rows"), fields.number("Columns")
    frames = fields.number("NumberOfFrames")
    if fields.flags:
        raise FileRefusedError(Code.UNREADABLE, "rows, columns or frames")
    if not rows or not columns:
        return None
    bits = fields.number("BitsAllocated")
    if not bits or bits not in {1, 8, 16, 32, 64}:
        raise FileRefusedError(Code.UNREADABLE, "bits")
    return Shape(
        int(rows), int(columns), max(1, int(frames or 1)), int(fields.number("SamplesPerPixel") or 1), int(bits)
    )


def _judge_syntax(header: Header, file: BinaryIO, shape: Shape, fields: Fields) -> None:
    syntax = str(header.dataset.file_meta.get("TransferSyntaxUID") or "")
    pixels = header.pixels
    if pixels is None:
        return
    if syntax in NATIVE and not pixels.undefined:
        _judge_native(pixels, shape, fields)
    elif syntax == JPEGExtended12Bit and shape.bits > 8:
        raise FileRefusedError(Code.CODEC_JPEG_EXT12)
    elif syntax in COMPRESSED and pixels.undefined:
        _judge_fragments(file, pixels, shape)
    else:
        raise FileRefusedError(Code.UNSUPPORTED_TRANSFER_SYNTAX)


def _judge_native(pixels: PixelElement, shape: Shape, fields: Fields) -> None:
    expected = shape.total_bytes
    if fields.text("PhotometricInterpretation") == "YBR_FULL_422":
        expected = expected * 2 // 3
    if min(pixels.length, pixels.available) < expected:
        raise FileRefusedError(Code.PIXEL_TRUNCATED)


def _judge_fragments(file: BinaryIO, pixels: PixelElement, shape: Shape) -> None:
    """Follow the fragments' lengths to the sequence's end; every frame needs one, after the offset table."""
    end = file.seek(0, io.SEEK_END)
    at, items = pixels.offset, 0
    while at + 8 <= end:
        file.seek(at)
        mark, length = struct.unpack("<4sI", file.read(8))
        if mark == _SEQUENCE_END:
            break
        if mark != _ITEM:
            raise FileRefusedError(Code.PIXEL_TRUNCATED)
        at, items = at + 8 + length, items + 1
    else:
        raise FileRefusedError(Code.PIXEL_TRUNCATED)
    if items - 1 < shape.frames:
        raise FileRefusedError(Code.PIXEL_TRUNCATED)
