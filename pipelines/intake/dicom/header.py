"""Read one header within limits; whatever a hostile or broken file does, the answer is a header or a code."""

import io
import struct
import zlib
from dataclasses import dataclass
from typing import BinaryIO

from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.errors import BytesLengthException, InvalidDicomError
from pydicom.filereader import read_dataset, read_partial, read_preamble
from pydicom.tag import BaseTag
from pydicom.uid import DeflatedExplicitVRLittleEndian

from pipelines.intake.dicom.limits import Limits
from pipelines.intake.dicom.quarantine import Code, FileRefusedError
from registry.domain.digest import digest_stream

# pydicom raises all of these on mutated files; the last three groups come from codecs, deflate and decimals.
HEADER_ERRORS = (
    InvalidDicomError,
    struct.error,
    OSError,
    AttributeError,
    BytesLengthException,
    NotImplementedError,
    ValueError,
    TypeError,
    RuntimeError,
    LookupError,
    EOFError,
    ArithmeticError,
    zlib.error,
)
_PIXEL_TAGS = frozenset({0x7FE00008, 0x7FE00009, 0x7FE00010})
_UNDEFINED = 0xFFFFFFFF
_CHUNK = 1 << 20


@dataclass(frozen=True)
class PixelElement:
    """The pixel data element: its tag, the length it states, and how many bytes follow its head."""

    tag: int
    length: int
    available: int
    offset: int

    @property
    def undefined(self) -> bool:
        """Say whether the length is left open, as encapsulated pixel data do."""
        return self.length == _UNDEFINED


@dataclass(frozen=True)
class Header:
    """A header without its pixels, where the pixels lie, and the digest of the whole file."""

    dataset: FileDataset
    pixels: PixelElement | None
    content_digest: str


def content_digest(file: BinaryIO) -> str:
    """Return the digest of a file's bytes."""
    file.seek(0)
    return digest_stream(file)


class _Gate:
    """Stops at the pixel data; refuses too many elements and lengths beyond the file's end."""

    def __init__(self, size: int, limit: int) -> None:
        self.size = size
        self.limit = limit
        self.seen = 0
        self.stopped: tuple[int, int] | None = None

    def __call__(self, tag: BaseTag, _vr: str | None, length: int) -> bool:
        self.seen += 1
        if self.seen > self.limit:
            raise FileRefusedError(Code.TOO_MANY_ELEMENTS)
        if int(tag) in _PIXEL_TAGS:
            self.stopped = (int(tag), length)
            return True
        if length != _UNDEFINED and length > self.size:
            raise FileRefusedError(Code.TRUNCATED)
        return False


def read_header(file: BinaryIO, limits: Limits) -> Header:
    """Hash a file's bytes and read its header up to the pixel data.

    Args:
        file: a binary file that can seek, at any position.
        limits: what one header may cost.

    Raises:
        FileRefusedError: with the code of what is wrong.
    """
    size = file.seek(0, io.SEEK_END)
    if size > limits.file_bytes:
        raise FileRefusedError(Code.FILE_TOO_LARGE)
    digest = content_digest(file)
    try:
        return _parsed(file, size, digest, limits)
    except RecursionError as error:
        raise FileRefusedError(Code.TOO_DEEP) from error
    except FileRefusedError:
        raise
    except HEADER_ERRORS as error:
        raise FileRefusedError(Code.UNREADABLE) from error


def _parsed(file: BinaryIO, size: int, digest: str, limits: Limits) -> Header:
    body, start = _body(file, size, limits)
    total = body.seek(0, io.SEEK_END)
    body.seek(start)
    gate = _Gate(total, limits.elements)
    if body is file:
        file.seek(0)
        dataset = read_partial(file, stop_when=gate)
    else:
        dataset = _inflated_dataset(file, body, gate)
    _refuse_cut_header(dataset, gate)
    return Header(dataset, _pixel_element(body, total, gate), digest)


def _body(file: BinaryIO, size: int, limits: Limits) -> tuple[BinaryIO, int]:
    """Return the bytes that hold the data set and where it starts: the file, or its inflated copy."""
    meta = _file_meta(file)
    if meta.get("TransferSyntaxUID") != DeflatedExplicitVRLittleEndian:
        return file, file.tell()
    return io.BytesIO(_inflated(file, limits.inflated(size))), 0


def _file_meta(file: BinaryIO) -> Dataset:
    """Read the file meta group and leave the file at the data set's first byte."""
    file.seek(0)
    if file.read(132)[128:] != b"DICM":
        raise FileRefusedError(Code.NOT_DICOM)
    file.seek(0)
    read_preamble(file, force=False)
    return read_dataset(
        file, is_implicit_VR=False, is_little_endian=True, stop_when=lambda tag, _vr, _length: tag.group != 2
    )


def _inflated(file: BinaryIO, limit: int) -> bytes:
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    data = bytearray()
    while chunk := file.read(_CHUNK):
        data += inflater.decompress(chunk, limit + 1 - len(data))
        if len(data) > limit:
            raise FileRefusedError(Code.INFLATED_TOO_LARGE)
    return bytes(data)


def _inflated_dataset(file: BinaryIO, body: BinaryIO, gate: _Gate) -> FileDataset:
    meta = _file_meta(file)
    found = read_dataset(body, is_implicit_VR=False, is_little_endian=True, stop_when=gate)
    return FileDataset("", found, file_meta=FileMetaDataset(meta), is_implicit_VR=False, is_little_endian=True)


def _refuse_cut_header(dataset: Dataset, gate: _Gate) -> None:
    """Refuse a file that ends inside an element: pydicom returns what it has, without an error."""
    if gate.stopped is not None or not len(dataset):
        return
    last = dataset.get_item(max(dataset.keys()))
    length = getattr(last, "length", None)
    value = getattr(last, "value", None)
    if length not in {None, _UNDEFINED} and isinstance(value, bytes) and len(value) < int(length or 0):
        raise FileRefusedError(Code.TRUNCATED)


def _pixel_element(body: BinaryIO, total: int, gate: _Gate) -> PixelElement | None:
    if gate.stopped is None:
        return None
    tag, length = gate.stopped
    start = body.tell()
    spelled_vr = body.read(6)[4:].isalpha()  # some writers switch to implicit VR, whatever the transfer syntax says
    offset = start + (12 if spelled_vr else 8)
    return PixelElement(tag, length, max(0, total - offset), offset)
