"""Where one DICOM file lies: a path, or a member of a zip archive."""

import io
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from pipelines.intake.dicom.limits import DEFAULT_LIMITS, Limits
from pipelines.intake.dicom.quarantine import Code, FileRefusedError

_SEPARATOR = "\0"  # no file name holds it
_UNPACKING_ERRORS = (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError, KeyError)


@dataclass(frozen=True, order=True)
class Place:
    """An absolute path, and the member's name when the path is an archive."""

    path: str
    member: str = ""

    def to_text(self) -> str:
        """Return the text that is sealed in the catalogue."""
        return f"{self.path}{_SEPARATOR}{self.member}" if self.member else self.path

    @classmethod
    def from_text(cls, text: str) -> "Place":
        """Read the text back."""
        path, _, member = text.partition(_SEPARATOR)
        return cls(path, member)

    def exists(self) -> bool:
        """Say whether the file (or the archive) is still there."""
        return Path(self.path).is_file()


class Opener:
    """Opens places; keeps the archive of the last member open, so that a large one is indexed once."""

    def __init__(self, limits: Limits = DEFAULT_LIMITS) -> None:
        self._limits = limits
        self._archive: zipfile.ZipFile | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._archive is not None:
            self._archive.close()

    def open(self, place: Place) -> BinaryIO:
        """Open a place for reading; a member is unpacked into memory, never above its limit.

        Raises:
            FileRefusedError: when the file or member cannot be opened or unpacked.
        """
        if place.member:
            return io.BytesIO(self._unpacked(place))
        try:
            return Path(place.path).open("rb")
        except OSError as error:
            raise FileRefusedError(Code.UNREADABLE, "the file cannot be opened") from error

    def _unpacked(self, place: Place) -> bytes:
        try:
            with self._opened(place.path).open(place.member) as member:
                data = member.read(self._limits.archive_member_bytes + 1)
        except _UNPACKING_ERRORS as error:
            raise FileRefusedError(Code.ARCHIVE_UNREADABLE) from error
        if len(data) > self._limits.archive_member_bytes:
            raise FileRefusedError(Code.ARCHIVE_UNSAFE)
        return data

    def _opened(self, path: str) -> zipfile.ZipFile:
        if self._archive is None or self._archive.filename != path:
            if self._archive is not None:
                self._archive.close()
            self._archive = zipfile.ZipFile(path)
        return self._archive
