"""Content-addressed files: written, synced, renamed, then named by digest."""

import os
import secrets
from pathlib import Path

from registry.domain.digest import digest_bytes, digest_hex
from registry.domain.errors import ArtifactChangedError


class FileObjects:
    """ObjectStore on a folder: `ab/cdef…` under the root; files are read-only and never rewritten."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def path(self, digest: str) -> Path:
        """Return where the bytes of a digest lie."""
        text = digest_hex(digest)
        return self.root / text[:2] / text[2:]

    def put(self, data: bytes) -> str:
        """Store bytes durably and return their digest; the same bytes twice are one file."""
        digest = digest_bytes(data)
        place = self.path(digest)
        if not place.exists():
            write_durably(place, data)
        return digest

    def get(self, digest: str) -> bytes:
        """Return the bytes of a digest.

        Raises:
            ArtifactChangedError: when the file is missing, or its bytes are others.
        """
        place = self.path(digest)
        if not place.exists():
            raise ArtifactChangedError(f"object {digest} is missing", where=place.name, mend="restore it from a backup")
        data = place.read_bytes()
        if digest_bytes(data) != digest:
            raise ArtifactChangedError(
                f"object {digest} has other bytes", where=place.name, mend="restore it from a backup"
            )
        return data


def keep_files_private() -> None:
    """Make every file and folder that this process and its children create theirs alone (0600, 0700).

    Libraries such as MLflow, SQLite and Dagster create files of their own, under whatever mask the shell had.
    """
    os.umask(0o077)


def write_durably(place: Path, data: bytes, mode: int = 0o600) -> None:
    """Write a file so that it is there whole after a power cut, or not at all: write, fsync, rename, fsync."""
    place.parent.mkdir(parents=True, exist_ok=True)
    draft = place.with_name(f".{place.name}.{secrets.token_hex(4)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(place)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    _sync_folder(place.parent)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
