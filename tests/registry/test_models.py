"""MLflow as a cache of plain files: silent, loopback-free, without a model flavour."""

import os
import stat
from pathlib import Path

import pytest
from mlflow.tracking import MlflowClient
from worlds import ARTIFACT, MODEL

from registry.domain.artifact import folder_digest
from registry.domain.errors import ArtifactChangedError, UsageError
from registry.models import SETTINGS, MlflowModels

PARAMS = {"train_cohort_digest": ARTIFACT, "epochs": "3"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a model folder with a nested and a hidden file."""
    made = tmp_path / "made"
    (made / "deep").mkdir(parents=True)
    (made / "network.json").write_text("{}")
    (made / "weights.safetensors").write_bytes(bytes(1000))
    (made / "deep" / ".hidden").write_text("seen")
    return made


def client(models: MlflowModels) -> MlflowClient:
    """Open the store as anybody could."""
    place = f"sqlite:///{models.root / 'mlflow.db'}"
    return MlflowClient(tracking_uri=place, registry_uri=place)


def test_what_is_registered_comes_back_byte_for_byte(mlflow_models: MlflowModels, folder: Path, tmp_path: Path) -> None:
    run, _ = mlflow_models.register(MODEL, folder, PARAMS, {"auc": 0.75})
    (tmp_path / "private").mkdir()
    back = mlflow_models.download(run, tmp_path / "private")
    assert folder_digest(back) == folder_digest(folder)
    assert back.is_relative_to(tmp_path / "private")


def test_each_registration_is_the_models_next_version_with_its_run(mlflow_models: MlflowModels, folder: Path) -> None:
    first = mlflow_models.register("counted", folder, PARAMS, {"auc": 0.75})
    second = mlflow_models.register("counted", folder, PARAMS, {"auc": 0.76})
    assert (first[1], second[1]) == ("1", "2")
    assert client(mlflow_models).get_model_version("counted", "2").run_id == second[0]


def test_a_run_holds_params_metrics_and_no_trace_of_who_or_where(mlflow_models: MlflowModels, folder: Path) -> None:
    run = client(mlflow_models).get_run(mlflow_models.register(MODEL, folder, PARAMS, {"auc": 0.75})[0])
    assert run.data.params == PARAMS
    assert run.data.metrics == {"auc": 0.75}
    assert run.info.status == "FINISHED"
    assert set(run.data.tags) == {"mlflow.runName"}
    assert run.info.user_id in {"", "unknown"}


def test_artifacts_are_plain_files_under_the_workspace_without_a_flavour(
    mlflow_models: MlflowModels, folder: Path
) -> None:
    run, _ = mlflow_models.register(MODEL, folder, PARAMS, {})
    (place,) = (mlflow_models.root / "artifacts").glob(f"{run}/artifacts/model")
    assert sorted(path.name for path in place.rglob("*") if path.is_file()) == [
        ".hidden",
        "network.json",
        "weights.safetensors",
    ]


@pytest.mark.parametrize("name", ["../escape", "Two Words", "", "a/b", "patient:7"])
def test_a_name_that_could_carry_anything_is_refused(mlflow_models: MlflowModels, folder: Path, name: str) -> None:
    with pytest.raises(UsageError):
        mlflow_models.register(name, folder, {}, {})
    with pytest.raises(UsageError):
        mlflow_models.register(MODEL, folder, {name: "1"}, {})


def test_an_unknown_run_and_lost_files_are_a_missing_model(
    mlflow_models: MlflowModels, folder: Path, tmp_path: Path
) -> None:
    with pytest.raises(ArtifactChangedError, match="no longer has"):
        mlflow_models.download("0" * 32, tmp_path)
    run, _ = mlflow_models.register(MODEL, folder, PARAMS, {})
    (place,) = (mlflow_models.root / "artifacts").glob(f"{run}/artifacts/model")
    place.rename(place.with_name("elsewhere"))
    with pytest.raises(ArtifactChangedError, match="no longer has"):
        mlflow_models.download(run, tmp_path)


def test_mlflow_is_told_to_be_silent_and_never_to_unpickle(mlflow_models: MlflowModels, folder: Path) -> None:
    mlflow_models.register(MODEL, folder, {}, {})
    assert {name: os.environ[name] for name in SETTINGS} == SETTINGS
    assert SETTINGS["MLFLOW_ALLOW_PICKLE_DESERIALIZATION"] == "false"


def test_a_fresh_store_is_private(tmp_path: Path) -> None:
    models = MlflowModels(tmp_path / "mlflow")
    with pytest.raises(ArtifactChangedError):
        models.download("0" * 32, tmp_path)
    assert stat.S_IMODE(models.root.stat().st_mode) == 0o700
