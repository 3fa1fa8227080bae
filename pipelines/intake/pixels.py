"""Pixels of one image: decoded, rescaled to modality units, native float32; and their digest."""

from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any, BinaryIO, Self

import numpy as np
import numpy.typing as npt
from pydicom import dcmread
from pydicom.pixels.utils import pixel_array
from pydicom.uid import DeflatedExplicitVRLittleEndian

from pipelines.intake.decoder import Decoder
from pipelines.intake.dicom.fields import Fields
from pipelines.intake.dicom.header import HEADER_ERRORS, Header, read_header
from pipelines.intake.dicom.image import NATIVE, judge_image
from pipelines.intake.dicom.limits import DEFAULT_LIMITS
from pipelines.intake.dicom.place import Opener, Place
from pipelines.intake.dicom.quarantine import Code, FileRefusedError
from pipelines.intake.dicom.quiet import quiet_pydicom
from registry.domain.cohort import CohortUnit
from registry.domain.digest import digest_bytes
from registry.domain.errors import InputRefusedError, UnknownNameError
from registry.domain.vocabulary import Unit

if TYPE_CHECKING:
    from pipelines.bootstrap import Workspace

Pixels = npt.NDArray[np.float32]
_MASKED = ("PixelPaddingValue", "PixelPaddingRangeLimit")


class ImageReader:
    """Loads the images of a workspace's catalogue; keeps one decoder and one archive open between images."""

    def __init__(self, workspace: "Workspace") -> None:
        self._workspace = workspace
        self._opener = Opener()
        self._decoder = Decoder()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._decoder.close()
        self._opener.__exit__(kind, error, trace)

    def load(self, unit: CohortUnit | str) -> Pixels:
        """Return the image of a cohort's unit, or of an instance by its pseudonym.

        A series or study unit is represented by the middle slice of its series; a multi-frame object by its middle
        frame.

        Returns:
            2-D float32 in modality units (HU for CT), native byte order.

        Raises:
            UnknownNameError: when the catalogue has no such image.
            InputRefusedError: when its file has changed since it was taken in, or a cohort's unit has other pixels
                than when it was frozen (its series grew, and the middle slice is another).
            FileRefusedError: when its file is gone or its pixels cannot be decoded.
        """
        instance = self._workspace.catalogue.image_of(*_subject(unit))
        if instance is None:
            raise UnknownNameError("an image that the catalogue does not hold", mend="take its files in first")
        place = Place.from_text(self._workspace.seal.open(instance.sealed_place))
        with quiet_pydicom(), self._opener.open(place) as file:
            decoded = decode_image(file, self._decoder)
        if decoded.header.content_digest != instance.content_digest:
            raise InputRefusedError(
                "the file of an image has changed since it was taken in", mend="restore the file, or take it in anew"
            )
        _check_frozen(unit, decoded.image)
        return decoded.image


@dataclass(frozen=True)
class Decoded:
    """One decoded image, 2-D float32 in modality units, and the header it came with."""

    image: Pixels
    header: Header

    def without_padding(self) -> npt.NDArray[np.float64]:
        """Return the image as float64 with its padding (PixelPaddingValue, or its range) as NaN."""
        fields = Fields(self.header.dataset)
        bounds = [number for keyword in _MASKED if (number := fields.number(keyword)) is not None]
        found = self.image.astype(np.float64)
        if not bounds:
            return found
        low, high = sorted(_to_modality(bound, fields) for bound in (min(bounds), max(bounds)))
        return np.where((found >= low) & (found <= high), np.nan, found)


def decode_image(file: BinaryIO, decoder: Decoder) -> Decoded:
    """Decode the middle frame of a DICOM file and rescale it.

    Raises:
        FileRefusedError: when the header or the pixels cannot be used, or the image is not of one sample a pixel.
    """
    header = read_header(file, DEFAULT_LIMITS)
    shape = judge_image(header, file, DEFAULT_LIMITS)
    if shape.samples != 1:
        raise FileRefusedError(Code.NOT_GRAYSCALE)
    frame = shape.frames // 2
    stored = _stored(file, header, decoder, frame)
    if stored.shape != (shape.rows, shape.columns):
        raise FileRefusedError(Code.PIXEL_UNDECODABLE, "another size than the header's")
    return Decoded(_rescaled(stored, Fields(header.dataset, frame)), header)


def pixel_digest(image: npt.NDArray[Any]) -> str:
    """Return the digest of an image's shape and values: the same for every byte order, width and encoding of them.

    Whole numbers are hashed as little-endian 64-bit integers, others as 64-bit floats.
    """
    whole = bool(np.all(np.mod(image, 1) == 0)) if image.size else True
    canonical = image.astype("<i8" if whole else "<f8")
    head = f"{'x'.join(map(str, image.shape))}:{canonical.dtype.str}:".encode()
    return digest_bytes(head + np.ascontiguousarray(canonical).tobytes())


def _subject(unit: CohortUnit | str) -> tuple[Unit, str]:
    if isinstance(unit, str):
        return Unit.INSTANCE, unit
    if unit.unit == Unit.INSTANCE:
        return Unit.INSTANCE, unit.unit_uid
    return Unit.SERIES, unit.series_uid


def _check_frozen(unit: CohortUnit | str, image: Pixels) -> None:
    if isinstance(unit, str) or not unit.pixel_digest or pixel_digest(image) == unit.pixel_digest:
        return
    raise InputRefusedError(
        "the image of a cohort's unit is another than when it was frozen", mend="freeze the cohort anew by another name"
    )


def _stored(file: BinaryIO, header: Header, decoder: Decoder, frame: int) -> npt.NDArray[Any]:
    """Return the stored values of one frame: native ones here, compressed ones by the worker."""
    syntax = header.dataset.file_meta.TransferSyntaxUID
    file.seek(0)
    if syntax not in NATIVE:
        return decoder.decode(file.read(), frame)
    try:
        source = dcmread(file) if syntax == DeflatedExplicitVRLittleEndian else file
        found: npt.NDArray[Any] = pixel_array(source, index=frame, raw=True)
    except HEADER_ERRORS as error:
        raise FileRefusedError(Code.PIXEL_UNDECODABLE) from error
    return found


def _rescaled(stored: npt.NDArray[Any], fields: Fields) -> Pixels:
    slope, intercept = _transformation(fields)
    return np.ascontiguousarray(stored.astype(np.float64) * slope + intercept, dtype=np.float32)


def _to_modality(value: float, fields: Fields) -> float:
    slope, intercept = _transformation(fields)
    return float(np.float32(value * slope + intercept))


def _transformation(fields: Fields) -> tuple[float, float]:
    slope, intercept = fields.number("RescaleSlope"), fields.number("RescaleIntercept")
    return (slope or 1.0), (intercept or 0.0)
