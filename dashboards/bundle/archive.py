"""The evidence folder as one zip file: written so that the same files give the same bytes, read as hostile input."""

import io
import re
import stat
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path

from registry.domain.display import plain
from registry.domain.errors import AnswerIsNoError, UnreadableFileError

MAX_FILES = 20_000
MAX_BYTES = 512 * 1024 * 1024  # of one file, and in all 4 times that
MAX_TOTAL = 4 * MAX_BYTES
MAX_RATIO = 200  # of unpacked to packed bytes, above a mebibyte
_SMALL = 1024 * 1024
_FIXED_TIME = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip can tell
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*){0,3}")
_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_ENCRYPTED = 0x1
# What `zipfile` raises on the way through a damaged file.
_UNREADABLE = (OSError, zipfile.BadZipFile, zlib.error, struct.error, ValueError, OverflowError, EOFError, RuntimeError)


def pack(files: Mapping[str, bytes]) -> bytes:
    """Return a zip of files by name: sorted, with fixed times and modes.

    Raises:
        ValueError: for a name that `unpack` would refuse.
    """
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in sorted(files):
            if not _NAME.fullmatch(name):
                raise ValueError(f"not a name in an evidence folder: {name!r}")
            entry = zipfile.ZipInfo(name, _FIXED_TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3  # Unix, wherever it is made
            entry.external_attr = (stat.S_IFREG | 0o644) << 16
            archive.writestr(entry, files[name])
    return out.getvalue()


def unpack(place: Path) -> dict[str, bytes]:
    """Return the files of an evidence folder by name, in memory; nothing is written anywhere.

    Raises:
        UnreadableFileError: when the file is not there, or is no zip.
        AnswerIsNoError: for a name that leaves the folder, a link, a name twice, a bomb, or damaged content.
    """
    try:
        with zipfile.ZipFile(place) as archive:
            entries = archive.infolist()
            _check(entries)
            return {entry.filename: _read(archive, entry) for entry in entries}
    except _UNREADABLE as error:
        raise UnreadableFileError(
            "not an evidence folder", where=place.name, mend="give a file made by: overread export"
        ) from error


def _check(entries: list[zipfile.ZipInfo]) -> None:
    if len(entries) > MAX_FILES or sum(entry.file_size for entry in entries) > MAX_TOTAL:
        raise AnswerIsNoError(f"the evidence folder holds more than {MAX_FILES} files or {MAX_TOTAL} bytes")
    seen: set[str] = set()
    for entry in entries:
        name, alike = plain(entry.filename, 80), unicodedata.normalize("NFKC", entry.filename).casefold()
        if not _NAME.fullmatch(entry.filename) or entry.orig_filename != entry.filename:
            raise AnswerIsNoError(f"the name '{name}' has no place in an evidence folder")
        if alike in seen:
            raise AnswerIsNoError(f"the name '{name}' stands twice in the evidence folder")
        seen.add(alike)
        _check_kind(entry, name)


def _check_kind(entry: zipfile.ZipInfo, name: str) -> None:
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if kind not in {0, stat.S_IFREG}:
        raise AnswerIsNoError(f"'{name}' is a link or another thing than a file")
    if entry.flag_bits & _ENCRYPTED or entry.compress_type not in _METHODS:
        raise AnswerIsNoError(f"'{name}' is encrypted, or packed by another method than an evidence folder's")
    bomb = entry.file_size > _SMALL and entry.file_size > MAX_RATIO * max(1, entry.compress_size)
    if entry.file_size > MAX_BYTES or bomb:
        raise AnswerIsNoError(f"'{name}' would unpack to {entry.file_size} bytes")


def _read(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    """Read a file, never more of it than it claims to hold."""
    name = plain(entry.filename, 80)
    try:
        with archive.open(entry) as file:
            data = file.read(entry.file_size + 1)
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise AnswerIsNoError(f"'{name}' is damaged") from error
    if len(data) != entry.file_size:
        raise AnswerIsNoError(f"'{name}' holds other than the {entry.file_size} bytes that it claims")
    return data
