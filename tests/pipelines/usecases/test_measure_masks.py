"""`overread measure`: masks out of DICOM segmentations, measured as by hand and taken in; what is none is refused."""

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command import Command
from dicom_files import write
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, SegmentationStorage, generate_uid

from pipelines.bootstrap import init_workspace
from registry.domain.errors import ExitCode
from validation.statistics.segmentation import segmentation_scores

SPACING = (2.5, 0.5, 0.75)  # slices, rows, columns, mm
FRAME = "1.2.3"


def blob(centre: tuple[int, int, int], radius: float = 4.0) -> np.ndarray:
    at = np.indices((6, 24, 20))
    away = sum(((axis - here) * step) ** 2 for axis, here, step in zip(at, centre, SPACING, strict=True))
    return np.asarray(away <= radius**2)


def item(**elements: Any) -> Dataset:
    found = Dataset()
    for keyword, value in elements.items():
        setattr(found, keyword, value)
    return found


def seg(mask: np.ndarray, segments: np.ndarray | None = None, **elements: Any) -> Dataset:
    """Write a segmentation object of the slices that are not empty, the first at z = 10 mm; at least one frame."""
    slices = np.flatnonzero(mask.any(axis=(1, 2))) if mask.any() else np.array([0])
    own = np.ones(len(slices), dtype=int) if segments is None else segments[slices]
    measures = item(PixelSpacing=[SPACING[1], SPACING[2]], SliceThickness=1.0, SpacingBetweenSlices=SPACING[0])
    plane = item(ImageOrientationPatient=[1, 0, 0, 0, 1, 0])
    frames = [
        item(
            PlanePositionSequence=[item(ImagePositionPatient=[5.0, -3.0, 10 + SPACING[0] * at])],
            SegmentIdentificationSequence=[item(ReferencedSegmentNumber=int(number))],
        )
        for at, number in zip(slices, own, strict=True)
    ]
    found = item(
        SOPClassUID=SegmentationStorage,
        SOPInstanceUID=generate_uid(),
        SegmentationType="BINARY",
        FrameOfReferenceUID=FRAME,
        NumberOfFrames=len(slices),
        Rows=mask.shape[1],
        Columns=mask.shape[2],
        BitsAllocated=1,
        BitsStored=1,
        HighBit=0,
        PixelRepresentation=0,
        SamplesPerPixel=1,
        PhotometricInterpretation="MONOCHROME2",
        SegmentSequence=[item(SegmentNumber=1), item(SegmentNumber=2), item(SegmentNumber=3)],
        SharedFunctionalGroupsSequence=[item(PixelMeasuresSequence=[measures], PlaneOrientationSequence=[plane])],
        PerFrameFunctionalGroupsSequence=frames,
    )
    packed = np.packbits(mask[slices].ravel(), bitorder="little").tobytes()
    found.PixelData = packed + b"\0" * (len(packed) % 2)
    found.file_meta = FileMetaDataset()
    found.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    found.file_meta.MediaStorageSOPClassUID = SegmentationStorage
    found.file_meta.MediaStorageSOPInstanceUID = found.SOPInstanceUID
    for keyword, value in elements.items():
        setattr(found, keyword, value)
    return found


def listed(folder: Path, *rows: tuple[str, str, str]) -> Path:
    file = folder / "audit.csv"
    with file.open("w", newline="") as out:
        csv.writer(out).writerows([("subject_id", "mask", "reference"), *rows])
    return file


def measured(folder: Path, *rows: tuple[str, str, str], words: tuple[object, ...] = ()) -> tuple[Any, dict[str, float]]:
    out = folder / "measurements.csv"
    done = Command(folder)("measure", listed(folder, *rows), "--out", out, *words)
    with out.open() as file:
        return done, {f"{row['subject_id']} {row['name']}": float(row["value"]) for row in csv.DictReader(file)}


def test_masks_of_different_slices_are_scored_on_their_common_grid(tmp_path: Path) -> None:
    mine, other = blob((2, 10, 9)), blob((3, 12, 9), 5.0)
    write(tmp_path, "mine.dcm", seg(mine))
    write(tmp_path, "other.dcm", seg(other))
    done, found = measured(tmp_path, ("a", "mine.dcm", "other.dcm"), ("b", "mine.dcm", ""))
    assert done.code == ExitCode.DONE, done.err
    expected = segmentation_scores(mine, other, SPACING)
    assert found["a dice"] == pytest.approx(expected.dice)
    assert found["a hd95"] == pytest.approx(expected.hd95_mm)
    assert found["a volume"] == found["b volume"] == pytest.approx(mine.sum() * np.prod(SPACING) / 1000)
    assert found["a components"] == found["b components"] == 1
    assert "b dice" not in found


def test_measurements_are_taken_in_as_they_are_written(tmp_path: Path) -> None:
    init_workspace(tmp_path / "workspace")
    write(tmp_path, "mine.dcm", seg(blob((2, 10, 9))))
    measured(tmp_path, ("a", "mine.dcm", "mine.dcm"))
    done = Command(tmp_path / "workspace")("ingest", "measurements", tmp_path / "measurements.csv")
    assert done.code == ExitCode.DONE, done.err


def test_an_empty_mask_has_a_volume_and_no_score(tmp_path: Path) -> None:
    write(tmp_path, "none.dcm", seg(np.zeros((6, 24, 20), dtype=bool)))
    done, found = measured(tmp_path, ("a", "none.dcm", "none.dcm"))
    assert (done.code, found) == (ExitCode.DONE, {"a volume": 0.0, "a components": 0.0})


def test_one_segment_is_taken_where_it_is_named_and_a_declared_one_without_frames_is_empty(tmp_path: Path) -> None:
    mask = blob((2, 10, 9))
    write(tmp_path, "two.dcm", seg(mask, np.array([1, 1, 1, 2, 2, 2])))
    whole = measured(tmp_path, ("a", "two.dcm", ""))[1]["a volume"]
    parts = [measured(tmp_path, ("a", "two.dcm", ""), words=("--segment", n))[1]["a volume"] for n in (1, 2, 3)]
    assert parts[0] > parts[1] > parts[2] == 0
    assert sum(parts) == pytest.approx(whole)
    assert measured(tmp_path, ("a", "two.dcm", ""), words=("--segment", 9))[0].code == ExitCode.INPUT_REFUSED


def test_what_is_no_mask_or_lies_elsewhere_is_refused_by_row_and_the_rest_is_measured(tmp_path: Path) -> None:
    mask = blob((2, 10, 9))
    far = seg(mask)
    far.PerFrameFunctionalGroupsSequence[0].PlanePositionSequence[0].ImagePositionPatient = [5.0, -3.0, 1e9]
    slanted = seg(mask)
    slanted.PerFrameFunctionalGroupsSequence[0].PlanePositionSequence[0].ImagePositionPatient = [9.0, -3.0, 10.0]
    wrong = {
        "fractional": seg(mask, SegmentationType="FRACTIONAL"),
        "elsewhere": seg(mask, FrameOfReferenceUID="1.2.4"),
        "short": seg(mask, PixelData=b"\0\0"),
        "huge": seg(mask, Rows=65_535, Columns=65_535, NumberOfFrames=65_535),
        "far": far,
        "slanted": slanted,
        "unplaced": seg(mask, PerFrameFunctionalGroupsSequence=[]),
    }
    write(tmp_path, "good.dcm", seg(mask))
    for name, one in wrong.items():
        write(tmp_path, f"{name}.dcm", one)
    (tmp_path / "text.dcm").write_text("Jane Doe")
    rows = [(name, f"{name}.dcm", "good.dcm") for name in (*wrong, "text", "gone")]
    done, found = measured(tmp_path, *rows, ("", "good.dcm", ""), ("good", "good.dcm", ""))
    assert done.code == ExitCode.INPUT_REFUSED
    assert [line.split(":")[0] for line in done.err.splitlines()] == [f"row {at}" for at in range(1, len(rows) + 2)]
    assert "Jane" not in done.err
    assert {name.split()[0] for name in found} == {"good"}


def test_a_list_without_its_columns_is_refused_whole(tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text("subject_id,file\na,b\n")
    assert Command(tmp_path)("measure", tmp_path / "list.csv", "--out", tmp_path / "o.csv").code == ExitCode.USAGE
