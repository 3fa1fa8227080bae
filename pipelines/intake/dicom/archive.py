"""Zip archives: listed and judged before anything is unpacked."""

import stat
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from pipelines.intake.dicom.limits import Limits
from pipelines.intake.dicom.place import Place
from pipelines.intake.dicom.quarantine import Code, FileRefusedError

_MAGIC = (b"PK\x03\x04", b"PK\x05\x06")
_PREFIX_AT, _PREFIX = 128, b"DICM"


def is_archive(path: Path) -> bool:
    """Say whether a file is a zip archive; a DICOM file whose preamble imitates one is not."""
    try:
        with path.open("rb") as file:
            head = file.read(_PREFIX_AT + len(_PREFIX))
    except OSError:
        return False
    return head[:4] in _MAGIC and head[_PREFIX_AT:] != _PREFIX


def archive_places(path: Path, limits: Limits) -> Iterator[Place | tuple[Place, Code]]:
    """List the members of an archive in the order of their names; unsafe ones come with their code.

    Raises:
        FileRefusedError: when the whole archive is unreadable, or goes beyond the limits.
    """
    members = sorted(_members(path), key=lambda member: member.filename)
    if len(members) > limits.archive_members or sum(m.file_size for m in members) > limits.archive_bytes:
        raise FileRefusedError(Code.ARCHIVE_UNSAFE)
    for member in members:
        if not member.is_dir():
            place = Place(str(path), member.filename)
            yield place if _is_safe(member, limits) else (place, Code.ARCHIVE_UNSAFE)


def _members(path: Path) -> list[zipfile.ZipInfo]:
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise FileRefusedError(Code.ARCHIVE_UNREADABLE) from error


def _is_safe(member: zipfile.ZipInfo, limits: Limits) -> bool:
    name = PurePosixPath(member.filename.replace("\\", "/"))
    upward = name.is_absolute() or ".." in name.parts or ":" in (name.parts[0] if name.parts else "")
    link = stat.S_ISLNK(member.external_attr >> 16)
    encrypted = bool(member.flag_bits & 0x1)
    ratio = member.file_size > limits.archive_ratio * max(member.compress_size, 1024)
    return not (upward or link or encrypted or ratio or member.file_size > limits.archive_member_bytes)
