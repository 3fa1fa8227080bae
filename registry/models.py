"""MLflow as the cache of model artifacts and runs.

It is never an authority: what is approved stands in the record, and the serving gate hashes every byte that comes from
here. Artifacts are plain files; no model flavour is logged, so nothing is ever unpickled. No server is started.
"""

import os
import shutil
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from registry.domain.errors import ArtifactChangedError, UsageError
from registry.domain.names import is_model_name
from registry.domain.ports import StoredVersion

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

ARTIFACT_PATH = "model"
SETTINGS: Mapping[str, str] = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false",
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
}
_EXPERIMENT = "overread"


class MlflowModels:
    """ModelStore on an MLflow SQL store and a folder of artifacts under `root`.

    Args:
        root: the folder.
        url: the SQL store; SQLite under `root` unless given.
    """

    def __init__(self, root: Path, url: str = "") -> None:
        self.root = root
        self._url = url or f"sqlite:///{root / 'mlflow.db'}"
        self._client: MlflowClient | None = None

    def register(
        self, model: str, folder: Path, params: Mapping[str, str], metrics: Mapping[str, float]
    ) -> tuple[str, str]:
        """Log an artifact folder as a run and register it; params and names hold no identifier.

        Args:
            model: the registered model's name.
            folder: the model folder; it is copied as it is.
            params: what the run was made with, cohort digests among them.
            metrics: numbers of the run.

        Returns:
            The run's id and MLflow's own version number.

        Raises:
            UsageError: for a model or parameter name with other characters than a-z, 0-9, '.', '_' and '-'.
        """
        _check_names(model, *params, *metrics)
        client = self._connect()
        run_id = client.create_run(self._experiment(client), run_name=model).info.run_id
        _log(client, run_id, params, metrics)
        client.log_artifacts(run_id, str(folder), ARTIFACT_PATH)
        client.set_terminated(run_id)
        version = _register(client, model, run_id)
        return run_id, str(version.version)

    def download(self, run_id: str, destination: Path) -> Path:
        """Copy a run's model folder into an empty folder, and say nothing of whether it is the right one.

        MLflow remembers where its artifacts lay when they were logged; in a workspace that was moved or restored they
        are taken from where they lie now.

        Raises:
            ArtifactChangedError: when the run or its artifacts are gone.
        """
        client = self._connect()
        from mlflow.exceptions import MlflowException  # noqa: PLC0415 - lazy: mlflow is slow to import

        try:
            client.get_run(run_id)
            here = self._artifacts / run_id / "artifacts" / ARTIFACT_PATH
            if here.is_dir():
                return Path(shutil.copytree(here, destination / ARTIFACT_PATH, symlinks=True))
            folder = client.download_artifacts(run_id, ARTIFACT_PATH, str(destination))
        except (MlflowException, OSError, shutil.Error) as error:
            raise ArtifactChangedError(
                "the model store no longer has the model's files", where=run_id, mend="restore the store from a backup"
            ) from error
        return Path(folder)

    def run_of(self, model: str, version: str) -> str | None:
        """Return the run that a registered version points to, or None when it was deleted."""
        client = self._connect()
        from mlflow.exceptions import MlflowException  # noqa: PLC0415 - lazy: mlflow is slow to import

        try:
            return str(client.get_model_version(model, version).run_id)
        except MlflowException as error:
            if error.error_code == "RESOURCE_DOES_NOT_EXIST":
                return None
            raise

    def inventory(self) -> Sequence[StoredVersion]:
        """Return every registered version with its run, its aliases, and its stage where it has one."""
        client = self._connect()
        found = [
            StoredVersion(one.name, str(one.version), str(one.run_id), _marks(client, one))
            for one in _every(client.search_model_versions)
        ]
        return sorted(found, key=lambda one: (one.model, one.version))

    def _connect(self) -> "MlflowClient":
        """Return the client; MLflow is told to be silent before it is imported."""
        if self._client is None:
            os.environ.update(SETTINGS)
            from registry.database import server_url  # noqa: PLC0415 - lazy: telemetry, and so --help, reads SETTINGS

            place = server_url(self._url)
            from mlflow.tracking import MlflowClient  # noqa: PLC0415 - lazy: mlflow is slow to import

            self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._artifacts.mkdir(exist_ok=True, mode=0o700)
            self._client = MlflowClient(tracking_uri=place, registry_uri=place)
        return self._client

    @property
    def _artifacts(self) -> Path:
        return self.root / "artifacts"

    def _experiment(self, client: "MlflowClient") -> str:
        found = client.get_experiment_by_name(_EXPERIMENT)
        if found is not None:
            return str(found.experiment_id)
        return str(client.create_experiment(_EXPERIMENT, artifact_location=self._artifacts.resolve().as_uri()))


def _every(search: Callable[..., Any]) -> Iterator[Any]:
    """Yield what a search of MLflow finds, page after page."""
    token = None
    while token != "":
        page = search(page_token=token)
        yield from page
        token = page.token or ""


def _marks(client: "MlflowClient", found: Any) -> tuple[str, ...]:
    """Return the aliases of a version, and its stage; stages are deprecated in MLflow, and still moved by its pages."""
    marks = list(client.get_model_version(found.name, found.version).aliases)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        stage = found.current_stage
    return tuple(sorted([*marks, *([stage] if stage and stage != "None" else [])]))


def _check_names(*names: str) -> None:
    for name in names:
        if not is_model_name(name):
            raise UsageError(
                "a model's, parameter's or metric's name has other characters than a-z, 0-9, '.', '_', '-'"
            )


def _log(client: "MlflowClient", run_id: str, params: Mapping[str, str], metrics: Mapping[str, float]) -> None:
    for name, value in sorted(params.items()):
        client.log_param(run_id, name, value)
    for name, number in sorted(metrics.items()):
        client.log_metric(run_id, name, number)


def _register(client: "MlflowClient", model: str, run_id: str) -> Any:
    from mlflow.exceptions import MlflowException  # noqa: PLC0415 - lazy: mlflow is slow to import

    try:
        client.create_registered_model(model)
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
    source = f"{client.get_run(run_id).info.artifact_uri}/{ARTIFACT_PATH}"
    return client.create_model_version(model, source, run_id)
