"""Measurements of segmentations: what a model drew, alone and against what a person drew, as rows that are taken in."""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from monitors.families import MEASURED
from pipelines.intake.dicom.masks import MaskRefusedError, on_one_grid, read_mask
from pipelines.intake.dicom.quiet import quiet_pydicom
from pipelines.intake.files import Record, open_source
from registry.domain.errors import InputRefusedError, UnreadableFileError
from registry.domain.ports import Progress
from validation.statistics.segmentation import component_count, segmentation_scores

COLUMNS = ("subject_id", "name", "value", "unit")
NEEDED = ("subject_id", "mask")


@dataclass(frozen=True)
class Measured:
    """What was measured.

    Attributes:
        rows: of the measurements table.
        refused: number of a row of the list, and why it has no measurement.
    """

    rows: tuple[Mapping[str, Any], ...]
    refused: tuple[tuple[int, str], ...]

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        told = [{"row": row, "reason": reason} for row, reason in self.refused]
        return {"measurements": [dict(row) for row in self.rows], "refused": told}


def measure_masks(pairs: Path, out: Path, segment: int | None, progress: Progress) -> Measured:
    """Measure the masks of a list and write the measurements as a CSV file.

    Volume and components are those of the mask; Dice and the 95 % Hausdorff distance are those against the reference,
    where there is one. A score that does not exist (of an empty mask) has no row.

    Args:
        pairs: CSV, Parquet or JSON Lines with `subject_id` (a prediction's), `mask`, and `reference` where there is
            one: paths of DICOM segmentations, from the list's folder.
        out: the file that is written.
        segment: number of the segment; all of them united unless given.
        progress: is told of each row.

    Raises:
        UnreadableFileError: when the list is none, or lacks a column.
    """
    source = open_source(pairs)
    missing = [name for name in NEEDED if source.columns is not None and name not in source.columns]
    if missing:
        raise UnreadableFileError(f"no column {', '.join(missing)}", where=str(pairs), mend="name it in the header")
    rows: list[Mapping[str, Any]] = []
    refused: list[tuple[int, str]] = []
    for record in source.records:
        try:
            rows += _measured(record, pairs.parent, segment)
        except InputRefusedError as error:
            refused.append((record.row, error.line()))
        progress.advance()
    with out.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return Measured(tuple(rows), tuple(refused))


def _measured(record: Record, folder: Path, segment: int | None) -> Iterator[Mapping[str, Any]]:
    if record.fault is not None:
        raise MaskRefusedError(str(record.fault))
    cells = {name: str(record.values.get(name) or "").strip() for name in (*NEEDED, "reference")}
    if not all(cells[name] for name in NEEDED):
        raise MaskRefusedError("subject_id or mask is empty", mend="fill in both")
    files = [folder / cells[name] for name in ("mask", "reference") if cells[name]]
    with quiet_pydicom():
        masks = [_read(file, segment) for file in files]
    voxels, spacing = on_one_grid(masks)
    for name, value in _values(voxels, spacing).items():
        if value is not None:
            yield {"subject_id": cells["subject_id"], "name": name, "value": f"{value:.12g}", "unit": MEASURED[name]}


def _read(file: Path, segment: int | None) -> Any:
    try:
        with file.open("rb") as data:
            return read_mask(data, segment)
    except OSError as error:
        raise MaskRefusedError("a mask's file cannot be opened", mend="paths start at the list's folder") from error


def _values(voxels: list[Any], spacing: Any) -> dict[str, float | None]:
    if len(voxels) == 1:
        volume = float(voxels[0].sum()) * float(np.prod(spacing)) / 1000
        return {"volume": volume, "components": component_count(voxels[0])}
    found = segmentation_scores(voxels[0], voxels[1], spacing)
    return {
        "volume": found.volume_ml,
        "components": found.components,
        "dice": found.dice,
        "hd95": found.hd95_mm,
    }


def measured_lines(done: Measured, out: Path) -> list[str]:
    """Spell what was measured for a person."""
    subjects = len({row["subject_id"] for row in done.rows})
    return [f"wrote {out}: {len(done.rows)} measurements of {subjects} segmentations; for `ingest measurements`"]
