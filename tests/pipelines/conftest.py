"""The workspace that the tests of training, validation and prediction share; a test adds to it, and removes nothing."""

import shutil
from pathlib import Path

import pytest
from trained_workspace import build, copied

from pipelines.bootstrap import Workspace


@pytest.fixture(scope="session")
def built_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder that holds images and workspace."""
    return tmp_path_factory.mktemp("trained")


@pytest.fixture(scope="session")
def built(built_root: Path) -> Workspace:
    """Return the workspace of a trained, validated and deployed version, once a copy of it is made beside it."""
    workspace = build(built_root)
    shutil.copytree(built_root, _pristine(built_root))
    return workspace


@pytest.fixture(scope="session")
def pristine_root(built: Workspace, built_root: Path) -> Path:
    """Return the folder of that copy; a module that counts what is there copies it (`trained_workspace.copied`)."""
    del built
    return _pristine(built_root)


@pytest.fixture(scope="session")
def trained_root(built_root: Path) -> Path:
    """Return the folder that holds the images and the workspace that the tests share."""
    return built_root


@pytest.fixture(scope="session")
def trained(built: Workspace) -> Workspace:
    """Return the workspace that the tests share."""
    return built


@pytest.fixture(scope="module")
def own_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of what `own` returns."""
    return tmp_path_factory.mktemp("own") / "copy"


@pytest.fixture(scope="module")
def own(pristine_root: Path, own_root: Path) -> Workspace:
    """Return the trained workspace as it was made, for the tests of one module alone."""
    return copied(pristine_root, own_root)


def _pristine(root: Path) -> Path:
    return root.with_name(f"{root.name}-pristine")
