"""Find the files of an intake: folders, files, zip archives and DICOMDIRs, in one sorted and repeatable order."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from os import DirEntry, scandir
from pathlib import Path

from pipelines.intake.dicom.archive import archive_places, is_archive
from pipelines.intake.dicom.dicomdir import dicomdir_places, is_dicomdir
from pipelines.intake.dicom.limits import Limits
from pipelines.intake.dicom.place import Place
from pipelines.intake.dicom.quarantine import Code, FileRefusedError
from registry.domain.errors import UnreadableFileError


@dataclass(frozen=True)
class Listing:
    """The files to read, the ones refused by their place alone, and how many DICOMDIRs were passed over."""

    places: tuple[Place, ...]
    refused: tuple[tuple[Place, Code], ...]
    indexes: int


def list_places(paths: Sequence[Path], limits: Limits) -> Listing:
    """List every file below `paths` once, sorted by place.

    Args:
        paths: folders, DICOM files, zip archives, DICOMDIRs.
        limits: what an archive may hold.

    Raises:
        UnreadableFileError: when a path does not exist.
    """
    found: set[Place] = set()
    refused: dict[Place, Code] = {}
    indexes = 0
    for item in _below(paths, limits):
        if isinstance(item, Place):
            found.add(item)
        elif item is None:
            indexes += 1
        else:
            refused[item[0]] = item[1]
    kept = found - set(refused)
    return Listing(tuple(sorted(kept)), tuple(sorted(refused.items())), indexes)


def _below(paths: Sequence[Path], limits: Limits) -> Iterator[Place | tuple[Place, Code] | None]:
    for path in paths:
        if not path.exists():
            raise UnreadableFileError("no such file or folder", where=path.name, mend="check the path")
        real = path.resolve()
        if real.is_dir():
            yield from _folder(real, limits)
        elif is_dicomdir(real):
            yield None
            yield from _listed(real, limits, dicomdir=True)
        else:
            yield from _file(real, limits)


def _folder(folder: Path, limits: Limits) -> Iterator[Place | tuple[Place, Code] | None]:
    """Walk a folder; its DICOMDIR is passed over, since the walk meets every file anyway."""
    try:
        with scandir(folder) as entries:
            ordered = sorted(entries, key=lambda entry: entry.name)
    except OSError:
        yield Place(str(folder)), Code.UNREADABLE
        return
    for entry in ordered:
        path = Path(entry.path)
        if (code := _unwelcome(entry)) is not None:
            yield Place(entry.path), code
        elif entry.is_dir(follow_symlinks=False):
            yield from _folder(path, limits)
        elif is_dicomdir(path):
            yield None
        else:
            yield from _file(path, limits)


def _unwelcome(entry: "DirEntry[str]") -> Code | None:
    if entry.is_symlink():
        return Code.LINK
    if entry.is_dir(follow_symlinks=False) or entry.is_file(follow_symlinks=False):
        return None
    return Code.NOT_A_FILE


def _file(path: Path, limits: Limits) -> Iterator[Place | tuple[Place, Code]]:
    if is_archive(path):
        yield from _listed(path, limits, dicomdir=False)
    else:
        yield Place(str(path))


def _listed(path: Path, limits: Limits, *, dicomdir: bool) -> Iterator[Place | tuple[Place, Code]]:
    try:
        yield from (dicomdir_places if dicomdir else archive_places)(path, limits)
    except FileRefusedError as error:
        yield Place(str(path)), error.code
