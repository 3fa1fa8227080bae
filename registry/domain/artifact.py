"""The digest of a model folder: what is signed, approved and served."""

import hashlib
from pathlib import Path

from registry.domain.digest import PREFIX, digest_value
from registry.domain.errors import ArtifactChangedError


def folder_manifest(folder: Path) -> dict[str, str]:
    """Return `{relative path: digest}` of every file under a folder, hidden ones too.

    Raises:
        ArtifactChangedError: for links and special files, which could point outside.
    """
    manifest = {}
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            raise ArtifactChangedError("a model folder holds only plain files", where=path.name, mend="remove it")
        if path.is_file():
            manifest[path.relative_to(folder).as_posix()] = _file_digest(path)
    return manifest


def folder_digest(folder: Path) -> str:
    """Return the digest of a model folder's manifest."""
    return digest_value(folder_manifest(folder))


def _file_digest(path: Path) -> str:
    with path.open("rb") as file:
        return PREFIX + hashlib.file_digest(file, "sha256").hexdigest()
