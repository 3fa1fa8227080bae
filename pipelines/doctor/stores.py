"""MLflow's and Dagster's own stores: reachable, and MLflow's files those that the ledger tells of."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from pipelines.bootstrap import Workspace
from pipelines.doctor.finding import Finding, State, ok
from pipelines.usecases.dagster_home import settings_text
from registry.database import server_url
from registry.domain.artifact import require_folder
from registry.domain.errors import ArtifactChangedError

STORES = ("MLflow", "Dagster")


def mlflow(workspace: Workspace) -> Iterator[Finding]:
    """Fetch the files of every registered version from MLflow and hash them."""
    server_url(workspace.settings.mlflow_url(workspace.root))
    versions = workspace.lifecycle.versions()
    wrong = []
    for version in versions:
        with tempfile.TemporaryDirectory(prefix="overread-doctor-") as folder:
            try:
                fetched = workspace.models.download(version.mlflow_run, Path(folder))
                require_folder(fetched, version.artifact_digest, version.name)
            except ArtifactChangedError as error:
                wrong.append(error.line())
    if wrong:
        yield Finding("MLflow", State.FAILED, f"{len(wrong)} of {len(versions)} versions: {wrong[0]}")
    else:
        yield ok("MLflow", f"the files of {len(versions)} registered versions are those of the ledger")


def dagster(workspace: Workspace) -> Iterator[Finding]:
    """Look at Dagster's home and its store."""
    url = workspace.settings.dagster_url()
    wanted = settings_text(url)  # reaches the server
    place = workspace.root / "dagster" / "dagster.yaml"
    if not place.is_file():
        yield ok("Dagster", "its home is not made yet; overread orchestrate makes it")
    elif place.read_text("utf-8", "replace") != wanted:
        says = "dagster.yaml is not what overread.toml asks for: overread orchestrate writes it anew"
        yield Finding("Dagster", State.WATCH, says)
    else:
        yield ok("Dagster", "its home is there, and its own store is " + ("a database" if url else "files in it"))
