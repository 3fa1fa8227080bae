"""The workspace that the tests of training, validation and prediction share; a test adds to it, and removes nothing."""

from pathlib import Path

import pytest
from trained_workspace import build

from pipelines.bootstrap import Workspace


@pytest.fixture(scope="session")
def trained_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder that holds images and workspace."""
    return tmp_path_factory.mktemp("trained")


@pytest.fixture(scope="session")
def trained(trained_root: Path) -> Workspace:
    """Return the workspace of a trained, validated and deployed version."""
    return build(trained_root)
