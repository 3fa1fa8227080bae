"""DICOM files for tests: real ones out of pydicom's packages, and variants of them."""

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import data_store
import pydicom
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import UID, ExplicitVRLittleEndian, generate_uid

from pipelines.intake.dicom.instance import Instance, Origin, inspect
from pipelines.intake.dicom.limits import DEFAULT_LIMITS, Limits
from pipelines.intake.dicom.place import Place
from pipelines.intake.dicom.quarantine import Code, FileRefusedError
from pipelines.intake.dicom.quiet import quiet_pydicom
from registry.domain.pseudonym import Pseudonymizer

BUNDLED = Path(pydicom.__file__).parent / "data" / "test_files"
EXTRA = Path(data_store.__file__).parent / "data"
ORIGIN = Origin("general", "Europe/Vienna", Pseudonymizer(bytes(range(32)), "p1"), DEFAULT_LIMITS)


def bundled(name: str) -> Path:
    """Return a file of pydicom or of pydicom-data."""
    found = BUNDLED / name
    return found if found.exists() else EXTRA / name


def mr(**elements: Any) -> Dataset:
    """Return the small MR image with elements changed; None deletes one. Its instance UID is its own."""
    dataset = dcmread(bundled("MR_small.dcm"))
    changes: Mapping[str, Any] = {"SOPInstanceUID": generate_uid(), **elements}
    for keyword, value in changes.items():
        if value is None:
            del dataset[keyword]
        else:
            setattr(dataset, keyword, value)
    dataset.file_meta.MediaStorageSOPInstanceUID = UID(str(dataset.get("SOPInstanceUID") or "1.2"))
    return dataset


def as_bytes(dataset: Dataset) -> bytes:
    """Return a data set as a file."""
    with quiet_pydicom():
        buffer = io.BytesIO()
        if not dataset.file_meta.get("TransferSyntaxUID"):
            dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        dataset.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def look(data: bytes, limits: Limits = DEFAULT_LIMITS, origin: Origin = ORIGIN) -> Instance | Code:
    """Inspect a file's bytes as the intake does: the instance, or the code that refused it."""
    changed = Origin(origin.site, origin.time_zone, origin.pseudonyms, limits)
    with quiet_pydicom():
        try:
            return inspect(io.BytesIO(data), Place("/nowhere"), changed)
        except FileRefusedError as error:
            return error.code


def write(folder: Path, name: str, dataset: Dataset) -> Path:
    """Write a data set as a file of a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    place = folder / name
    place.write_bytes(as_bytes(dataset))
    return place
