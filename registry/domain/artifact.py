"""The digest of a model folder: what is signed, approved and served."""

from pathlib import Path

from registry.domain.digest import digest_stream, digest_value
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
            with path.open("rb") as file:
                manifest[path.relative_to(folder).as_posix()] = digest_stream(file)
    return manifest


def folder_digest(folder: Path) -> str:
    """Return the digest of a model folder's manifest."""
    return digest_value(folder_manifest(folder))


def require_folder(folder: Path, digest: str, name: str) -> None:
    """Refuse a model folder that has another digest than the version on record.

    Raises:
        ArtifactChangedError: naming the version.
    """
    if folder_digest(folder) != digest:
        raise ArtifactChangedError(
            f"the files of {name} are not those that were registered", mend="restore the model store"
        )


def require_servable(folder: Path, name: str) -> None:
    """Refuse a model folder that holds anything but `network.json` and safetensors files at its top.

    Nothing else is ever opened: a pickle in the folder is refused by its name, before anything is loaded (SEC-05).

    Raises:
        ArtifactChangedError: naming the version; the name of a foreign file is not repeated.
    """
    found = [path.relative_to(folder) for path in folder.rglob("*")]
    foreign = [path for path in found if path.name != path.as_posix() or not _is_servable(path.name)]
    if foreign or not found:
        raise ArtifactChangedError(
            f"the folder of {name} holds {len(foreign)} files or folders that are no network.json or safetensors",
            mend="train it anew: only these two are served",
        )


def _is_servable(name: str) -> bool:
    return name == "network.json" or name.endswith(".safetensors")
