"""A founded workspace, copied for each test; one MLflow store for all, because MLflow is slow to open."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from worlds import World

from registry.models import MlflowModels


@pytest.fixture(scope="session")
def founded(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Found one workspace with staff, sites and cohorts."""
    return World.found(tmp_path_factory.mktemp("founded"))


@pytest.fixture
def world(founded: World, tmp_path: Path) -> Iterator[World]:
    """Return a fresh copy of the founded workspace."""
    copy = founded.copy(tmp_path / "workspace")
    yield copy
    copy.close()


@pytest.fixture(scope="session")
def mlflow_models(tmp_path_factory: pytest.TempPathFactory) -> MlflowModels:
    """Return the one MLflow store of the session."""
    return MlflowModels(tmp_path_factory.mktemp("mlflow"))
