"""Everything in a workspace belongs to its owner alone, whatever mask the shell had."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.bootstrap import init_workspace, open_workspace
from pipelines.usecases.dagster_home import prepare_home


@pytest.fixture(autouse=True)
def open_mask() -> Iterator[None]:
    """Begin with a mask that lets everybody read, and put the old one back."""
    before = os.umask(0o022)
    yield
    os.umask(before)


def test_no_file_or_folder_of_a_workspace_is_open_to_others(tmp_path: Path) -> None:
    root = tmp_path / "workspace"
    init_workspace(root)
    os.umask(0o022)
    workspace = open_workspace(root)
    made = tmp_path / "made"
    made.mkdir()
    (made / "network.json").write_text("{}")
    workspace.models.register("m", made, {"epochs": "1"}, {"auc": 0.5})
    workspace.objects.put(b"an object")
    prepare_home(root)
    modes = {stat.S_IMODE(place.stat().st_mode): place for place in [root, *root.rglob("*")]}
    assert set(modes) <= {0o700, 0o600}, modes
    assert (root / "mlflow" / "mlflow.db").is_file()
