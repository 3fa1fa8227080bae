"""MLflow against the ledger: each kind of difference is found, and told once."""

import shutil
from pathlib import Path

import pytest
from fakes import FakeClock
from intake_workspace import TARGET

from pipelines.bootstrap import Workspace, open_workspace
from pipelines.usecases.reconcile import Difference, reconcile
from registry.models import MlflowModels


@pytest.fixture
def workspace(trained: Workspace, tmp_path: Path) -> Workspace:
    """Return a copy of the trained workspace."""
    shutil.copytree(trained.root, tmp_path / "workspace", ignore=shutil.ignore_patterns("cache", "serving"))
    return open_workspace(tmp_path / "workspace", FakeClock())


def whys(found: list[Difference]) -> set[str]:
    """Return the reasons."""
    return {one.why for one in found}


def test_each_difference_is_found_and_told_once(workspace: Workspace) -> None:
    assert reconcile(workspace) == []
    version, before = workspace.lifecycle.version(TARGET), workspace.ledger.head().size
    store = workspace.models
    assert isinstance(store, MlflowModels)
    client = store._connect()

    client.set_registered_model_alias(TARGET, "champion", version.mlflow_version)
    assert whys(reconcile(workspace)) == {"MLflow marks this version as champion"}
    client.delete_registered_model_alias(TARGET, "champion")

    file = next((workspace.root / "mlflow" / "artifacts" / version.mlflow_run).rglob("network.json"))
    kept = file.read_bytes()
    file.write_bytes(kept + b" ")
    assert whys(reconcile(workspace)) == {"the files in MLflow are not those that were registered"}
    file.write_bytes(kept)
    assert reconcile(workspace) == []

    source = client.get_model_version(TARGET, version.mlflow_version).source
    strange = client.create_model_version(TARGET, source, version.mlflow_run)
    assert whys(reconcile(workspace)) == {"MLflow has a version that nobody registered here"}
    client.delete_model_version(TARGET, strange.version)

    client.delete_model_version(TARGET, version.mlflow_version)
    assert whys(reconcile(workspace)) == {"MLflow no longer has this version"}
    reconcile(workspace)
    told = [event for event in workspace.ledger.events(50) if event.record["type"] == "reconciliation.differed"]
    assert (len(told), workspace.ledger.head().size) == (4, before + 4)
    assert {event.record["actor"]["role"] for event in told} == {"service"}


def test_a_foreign_name_is_veiled(workspace: Workspace) -> None:
    store = workspace.models
    assert isinstance(store, MlflowModels)
    client = store._connect()
    client.create_registered_model("<b>Jane Doe's")
    client.create_model_version("<b>Jane Doe's", "file:///nowhere", None)
    (found,) = reconcile(workspace)
    assert "Jane" not in found.line()
