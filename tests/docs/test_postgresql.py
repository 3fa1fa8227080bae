"""The page on PostgreSQL does what it says, against a real server; the password stands nowhere."""

import contextlib
import gc
import os
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from services import LOCKED

sys.path.insert(0, str(Path(__file__).parent))
from pages import run, steps
from test_own_folder import PAGE as OWN_FOLDER
from test_own_folder import with_known_key

pytestmark = pytest.mark.postgres
PAGE = Path(__file__).parents[2] / "docs/how-to/postgresql.md"
PASSWORD = "a horse that reads tables"
DATABASES = ("overread", "overread_dagster", "overread_mlflow")


@pytest.fixture
def administrator(postgres_server: str) -> Iterator[psycopg.Connection]:
    """Return a connection to a server that keeps what it acknowledges and has none of the page's databases."""
    with psycopg.connect(f"postgresql://overread@{postgres_server}/postgres", autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET fsync = on")
        connection.execute("SELECT pg_reload_conf()")
        yield connection
        for name in DATABASES:
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        connection.execute("ALTER SYSTEM RESET fsync")
        connection.execute("SELECT pg_reload_conf()")


def environment(server: str) -> dict[str, str]:
    """Return the environment in which a person would follow the page."""
    host, _, port = server.partition(":")
    found = dict(os.environ) | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    found |= {"PGHOST": host, "PGPORT": port, "PGUSER": "overread"}
    found.pop("OVERREAD_WORKSPACE", None)
    return found


def tables(server: str, database: str) -> set[str]:
    """Return the names of a database's tables."""
    with psycopg.connect(f"postgresql://overread@{server}/{database}") as connection:
        return {name for (name,) in connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")}


@pytest.mark.usefixtures("administrator")
def test_every_command_of_the_page_ends_as_the_page_says(postgres_server: str, tmp_path: Path) -> None:
    finished = run(steps(PAGE.read_text()), tmp_path, environment(postgres_server))
    assert finished.returncode == 0, finished.stdout[-3000:] + finished.stderr[-3000:]
    assert "fsync on" in finished.stdout
    assert "VERIFIED" in finished.stdout
    assert "ledger_entries" in tables(postgres_server, "overread")
    assert not (tmp_path / "workspace" / "overread.db").exists()
    again = overread(tmp_path, "init", "other", "--database", address(postgres_server))
    assert again.returncode == 2
    assert "the database is not empty" in again.stderr


def overread(folder: Path, *words: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Run a command in a process of its own."""
    command = [str(Path(sys.executable).parent / "overread"), *words]
    return subprocess.run(
        command, cwd=folder, env=dict(os.environ) | environment, capture_output=True, text=True, check=False
    )


def let_go(models: Any) -> None:
    """Close MLflow's connections: it keeps them for the life of the process."""
    for client in (models._client._tracking_client, models._client._get_registry_client()):
        client.store.engine.dispose()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


def address(server: str, user: str = "overread") -> str:
    """Return the address of the record's database."""
    return f"postgresql://{user}@{server}/overread"


def test_dagster_and_mlflow_keep_to_databases_of_their_own(
    administrator: psycopg.Connection, postgres_server: str, tmp_path: Path
) -> None:
    from dagster import DagsterInstance

    from pipelines.bootstrap import init_workspace
    from pipelines.usecases.dagster_home import prepare_home

    for name in DATABASES:
        administrator.execute(f"CREATE DATABASE {name}")
    workspace = init_workspace(tmp_path / "workspace", database=address(postgres_server))
    made = tmp_path / "made"
    made.mkdir()
    (made / "network.json").write_text("{}")
    run_id, version = workspace.models.register("m", made, {"epochs": "1"}, {"auc": 0.5})
    fetched = workspace.models.download(run_id, tmp_path / "fetched")
    assert (version, (fetched / "network.json").read_text()) == ("1", "{}")
    with DagsterInstance.from_config(str(prepare_home(workspace.root))) as instance:
        assert instance.get_runs_count() == 0
    workspace.engine.dispose()
    let_go(workspace.models)
    found = {name: tables(postgres_server, name) for name in DATABASES}
    assert "registered_models" in found["overread_mlflow"]
    assert "runs" in found["overread_dagster"]
    assert "registered_models" not in found["overread"] | found["overread_dagster"]
    assert not found["overread"] & {"runs", "event_logs", "experiments"}
    assert not (workspace.root / "mlflow" / "mlflow.db").exists()


def test_the_password_comes_from_its_file_and_stands_nowhere_else(
    administrator: psycopg.Connection, postgres_server: str, tmp_path: Path
) -> None:
    administrator.execute(f"CREATE ROLE {LOCKED} LOGIN PASSWORD '{PASSWORD}'")
    administrator.execute(f"CREATE DATABASE overread OWNER {LOCKED}")
    host, port = postgres_server.split(":")
    secret, open_address = f"{LOCKED}:{PASSWORD.replace(' ', '%20')}", address(postgres_server, LOCKED)
    refused = overread(tmp_path, "init", "workspace", "--database", address(postgres_server, secret))
    mend = "put it into a password file (~/.pgpass, or PGPASSFILE), mode 0600"
    assert refused.stderr == f"overread: --database holds a password (overread.toml): {mend}\n"
    assert refused.returncode == 2
    without = overread(tmp_path, "init", "workspace", "--database", open_address, PGPASSFILE=str(tmp_path / "none"))
    assert without.returncode == 6
    place = tmp_path / "pass"
    place.write_text(f"{host}:{port}:*:{LOCKED}:{PASSWORD}\n")
    place.chmod(0o600)
    words = ("--debug", "init", "workspace", "--database", open_address, "--json")
    said = overread(tmp_path, *words, PGPASSFILE=str(place))
    assert said.returncode == 0, said.stderr
    written = [place.read_bytes() for place in (tmp_path / "workspace").rglob("*") if place.is_file()]
    texts = [refused.stderr, without.stderr, said.stdout, said.stderr, *(data.decode("latin-1") for data in written)]
    assert not any(PASSWORD in text or secret in text for text in texts)
    with contextlib.suppress(psycopg.Error):
        administrator.execute("DROP DATABASE overread WITH (FORCE)")
    administrator.execute(f"DROP ROLE {LOCKED}")


@pytest.mark.slow
def test_the_whole_path_from_a_folder_to_a_report_on_postgresql(
    administrator: psycopg.Connection, postgres_server: str, tmp_path: Path
) -> None:
    for name in DATABASES:
        administrator.execute(f"CREATE DATABASE {name}")
    page = OWN_FOLDER.read_text().replace(
        "overread init workspace", f"overread init workspace --database {address(postgres_server)}"
    )
    assert "--database" in page
    finished = run(list(with_known_key(steps(page))), tmp_path, environment(postgres_server))
    assert finished.returncode == 0, finished.stdout[-3000:] + finished.stderr[-3000:]
    assert (tmp_path / "report.pdf").read_bytes().startswith(b"%PDF-")
    assert "registered_models" in tables(postgres_server, "overread_mlflow")
    assert not (tmp_path / "workspace" / "overread.db").exists()
