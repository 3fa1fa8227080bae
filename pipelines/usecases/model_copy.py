"""A private copy of a registered model's files, checked against the record."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from registry.domain.artifact import require_folder
from registry.domain.model import ModelVersion

if TYPE_CHECKING:
    from pipelines.bootstrap import Workspace

FOLDER = "scratch"


@contextmanager
def private_copy(workspace: "Workspace", version: ModelVersion) -> Iterator[Path]:
    """Copy a version's files into a private folder, hash the copy, and remove it after the block.

    Raises:
        ArtifactChangedError: when the files are missing, or not those that were registered.
    """
    shelf = workspace.root / FOLDER
    shelf.mkdir(mode=0o700, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=shelf) as place:
        folder = workspace.models.download(version.mlflow_run, Path(place))
        require_folder(folder, version.artifact_digest, version.name)
        yield folder
