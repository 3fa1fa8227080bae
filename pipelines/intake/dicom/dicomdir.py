"""A DICOMDIR is only a list of names: each is resolved strictly under its folder, and no link is followed."""

from collections.abc import Iterator
from pathlib import Path

from pydicom.dataset import Dataset

from pipelines.intake.dicom.header import HEADER_ERRORS, read_header
from pipelines.intake.dicom.limits import Limits
from pipelines.intake.dicom.place import Place
from pipelines.intake.dicom.quarantine import Code, FileRefusedError

_MEDIA_DIRECTORY = "1.2.840.10008.1.3.10"


def is_dicomdir(path: Path) -> bool:
    """Say whether a file bears the name that media reserve for their index (PS3.10, 8.6)."""
    return path.name.upper() == "DICOMDIR"


def dicomdir_places(path: Path, limits: Limits) -> Iterator[Place | tuple[Place, Code]]:
    """List the files that a DICOMDIR names, sorted; names that lead outside, to links or to nothing carry a code.

    Raises:
        FileRefusedError: when the DICOMDIR itself cannot be read.
    """
    folder = path.parent.resolve()
    for parts in sorted(_referenced(path, limits)):
        target = folder.joinpath(*parts)
        code = _refusal(folder, target, parts)
        place = Place(str(target))
        yield place if code is None else (place, code)


def _refusal(folder: Path, target: Path, parts: tuple[str, ...]) -> Code | None:
    if any(part in {"", ".", ".."} or "/" in part or "\\" in part or "\0" in part for part in parts):
        return Code.OUTSIDE_FOLDER
    if any(folder.joinpath(*parts[: depth + 1]).is_symlink() for depth in range(len(parts))):
        return Code.LINK
    return None if target.is_file() else Code.MISSING_FILE


def _referenced(path: Path, limits: Limits) -> set[tuple[str, ...]]:
    with path.open("rb") as file:
        header = read_header(file, limits)
    try:
        if str(header.dataset.file_meta.MediaStorageSOPClassUID) != _MEDIA_DIRECTORY:
            return set()
        return {parts for record in header.dataset.DirectoryRecordSequence if (parts := _parts(record))}
    except HEADER_ERRORS as error:
        raise FileRefusedError(Code.UNREADABLE) from error


def _parts(record: Dataset) -> tuple[str, ...]:
    value = record.get("ReferencedFileID")
    if not value:
        return ()
    return tuple(str(part) for part in ([value] if isinstance(value, str) else value))
