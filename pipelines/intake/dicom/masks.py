"""Masks out of DICOM segmentation objects, two of them on one grid: what a model drew beside what a person drew.

Source: DICOM PS3.3, Segmentation Image module: frames of one bit a voxel, each at a place along the normal of its
plane; a slice without a frame is empty. Frames of several segments are united unless one is named; a segment that is
declared and has no frame is an empty mask.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian, SegmentationStorage

from pipelines.intake.dicom.enhanced import functional_groups
from pipelines.intake.dicom.fields import Fields
from pipelines.intake.dicom.header import HEADER_ERRORS, Header, read_header
from pipelines.intake.dicom.limits import DEFAULT_LIMITS, Limits
from registry.domain.errors import InputRefusedError

Voxels = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.float64]
MOST_VOXELS = 1 << 29  # of one mask and of the common grid
_SAME_MM, _SAME_COSINE, _SAME_SLICE = 0.01, 1e-4, 0.1  # the last in slices
_NATIVE = frozenset({ExplicitVRLittleEndian, ImplicitVRLittleEndian})


class MaskRefusedError(InputRefusedError):
    """A file holds no mask that can be scored, or two masks do not share a grid."""


@dataclass(frozen=True, eq=False)
class Mask:
    """Frames of a mask as they are stored.

    Attributes:
        frames: bool[f, rows, columns].
        places: of the frames along the normal, mm, float64[f].
        corner: where the first voxel of the planes lies, without its part along the normal, mm, float64[3].
        orientation: direction cosines of rows and columns, float64[6].
        spacing: between rows and between columns, mm, float64[2].
        step, thickness: between slices, and of one, as stated, mm; None where it is not.
        frame_of_reference: whose coordinates these are; empty where not stated.
    """

    frames: Voxels
    places: Numbers
    corner: Numbers
    orientation: Numbers
    spacing: Numbers
    step: float | None
    thickness: float | None
    frame_of_reference: str


def read_mask(file: BinaryIO, segment: int | None = None, limits: Limits = DEFAULT_LIMITS) -> Mask:
    """Read a segmentation object.

    Args:
        file: a binary file that can seek.
        segment: number of the segment; all of them united unless given.
        limits: what a header may cost.

    Raises:
        FileRefusedError: when the header cannot be read.
        MaskRefusedError: when it is no binary segmentation, is too large, or does not say where its frames lie.
    """
    header = read_header(file, limits)
    try:
        return _mask(header, file, segment)
    except HEADER_ERRORS as error:
        raise MaskRefusedError("the segmentation cannot be read", mend="write it anew") from error


def on_one_grid(masks: Iterable[Mask]) -> tuple[list[Voxels], Numbers]:
    """Return masks bool[slices, rows, columns] on their common grid, and its spacing float64[3], mm.

    Raises:
        MaskRefusedError: when planes, spacing or coordinates differ, slices are uneven, or the grid is too large.
    """
    every = list(masks)
    first = every[0]
    for other in every[1:]:
        _require_same(first, other)
    places = np.unique(np.concatenate([one.places for one in every]))
    step = next((one.step for one in every if one.step), None) or _smallest(places) or first.thickness
    if step is None:
        raise MaskRefusedError("the distance of the slices is not stated", mend="write SpacingBetweenSlices")
    slices = round(float(places[-1] - places[0]) / step) + 1
    if slices * first.frames[0].size > MOST_VOXELS:
        raise MaskRefusedError("the masks lie too far apart, or are too large", mend="crop them")
    found = [_filled(one, float(places[0]), step, slices) for one in every]
    return found, np.array([step, *first.spacing])


def _mask(header: Header, file: BinaryIO, segment: int | None) -> Mask:
    dataset, pixels = header.dataset, header.pixels
    fields = Fields(dataset)
    if dataset.get("SOPClassUID") != SegmentationStorage or fields.text("SegmentationType") != "BINARY":
        raise MaskRefusedError("no binary DICOM segmentation", mend="give a SEG object of SegmentationType BINARY")
    if pixels is None or pixels.undefined or dataset.file_meta.TransferSyntaxUID not in _NATIVE:
        raise MaskRefusedError("the mask is compressed or has no pixels", mend="write it in native little-endian")
    shape = tuple(int(fields.number(name) or 0) for name in ("NumberOfFrames", "Rows", "Columns"))
    size = shape[0] * shape[1] * shape[2]
    if min(shape) < 1 or size > MOST_VOXELS or fields.number("BitsAllocated") != 1 or -(-size // 8) > pixels.available:
        raise MaskRefusedError("the mask is empty, cut short or too large", mend="write it anew, or crop it")
    file.seek(pixels.offset)
    packed = np.frombuffer(file.read(-(-size // 8)), dtype=np.uint8)
    frames = np.unpackbits(packed, count=size, bitorder="little").reshape(shape).astype(np.bool_)
    kept = [frame for frame in range(shape[0]) if segment is None or _segment(header, frame) == segment]
    if kept:
        return _placed(header, frames[kept], kept)
    if segment not in {item.get("SegmentNumber") for item in dataset.get("SegmentSequence") or ()}:
        raise MaskRefusedError("the mask declares no such segment", mend="name another segment")
    return _placed(header, np.zeros_like(frames[:1]), [0])


def _placed(header: Header, frames: Voxels, kept: list[int]) -> Mask:
    fields = Fields(header.dataset, kept[0])
    orientation, spacing = _numbers(fields, "ImageOrientationPatient", 6), _numbers(fields, "PixelSpacing", 2)
    normal = np.cross(orientation[:3], orientation[3:])
    if abs(float(np.linalg.norm(normal)) - 1) > _SAME_MM or spacing.min() <= 0:
        raise MaskRefusedError("orientation or spacing of the mask are none", mend="write it anew")
    corners = np.stack([_numbers(Fields(header.dataset, at), "ImagePositionPatient", 3) for at in kept])
    places = corners @ normal
    flat = corners - places[:, None] * normal
    if np.abs(flat - flat[0]).max() > _SAME_MM:
        raise MaskRefusedError("the frames of the mask do not lie above each other", mend="write it anew")
    step, thickness = (fields.number(name) or None for name in ("SpacingBetweenSlices", "SliceThickness"))
    if min(step or 1, thickness or 1) <= 0:
        raise MaskRefusedError("distance or thickness of the slices is none", mend="write it anew")
    reference = str(header.dataset.get("FrameOfReferenceUID") or "")
    return Mask(frames, places, flat[0], orientation, spacing, step, thickness, reference)


def _segment(header: Header, frame: int) -> int | None:
    for group in functional_groups(header.dataset, frame):
        for item in group.get("SegmentIdentificationSequence") or ():
            return int(item.ReferencedSegmentNumber)
    return None


def _numbers(fields: Fields, keyword: str, n: int) -> Numbers:
    found = fields.numbers(keyword)
    if found is None or len(found) != n:
        raise MaskRefusedError(f"the mask does not state its {keyword}", mend="write it anew")
    return np.array(found, dtype=np.float64)


def _require_same(one: Mask, other: Mask) -> None:
    named = {one.frame_of_reference, other.frame_of_reference} - {""}
    same = (
        one.frames.shape[1:] == other.frames.shape[1:]
        and np.abs(one.orientation - other.orientation).max() <= _SAME_COSINE
        and np.abs(one.spacing - other.spacing).max() <= _SAME_MM
        and np.abs(one.corner - other.corner).max() <= _SAME_MM
        and (one.step is None or other.step is None or abs(one.step - other.step) <= _SAME_MM)
    )
    if len(named) > 1 or not same:
        raise MaskRefusedError("the two masks lie on different grids", mend="resample one onto the other's image")


def _smallest(places: Numbers) -> float | None:
    gaps = np.diff(places)
    gaps = gaps[gaps > _SAME_MM]
    return float(gaps.min()) if len(gaps) else None


def _filled(mask: Mask, start: float, step: float, slices: int) -> Voxels:
    at = (mask.places - start) / step
    whole = np.rint(at).astype(np.int64)
    if np.abs(at - whole).max() > _SAME_SLICE:
        raise MaskRefusedError("the slices of the masks do not lie at even distances", mend="resample them")
    found = np.zeros((slices, *mask.frames.shape[1:]), dtype=np.bool_)
    for place, frame in zip(whole.tolist(), mask.frames, strict=True):
        found[place] |= frame
    return found
