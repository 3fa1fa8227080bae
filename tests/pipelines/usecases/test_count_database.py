"""`overread monitor counts --database`: the rows stay there, the counts are the workspace's own, to the byte."""

from importlib.util import find_spec
from pathlib import Path

import pyarrow as pa
import pytest
from command import Command
from monitored import MODEL, monitored_workspace
from services import absent

from pipelines.bootstrap import Workspace
from pipelines.usecases.count_database import TABLES
from registry.domain.errors import ExitCode

pytestmark = pytest.mark.sql
COUNTS = ("monitor", "counts", "--model", MODEL, "--database")


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return monitored_workspace(tmp_path_factory.mktemp("own"), days=12, per_day=4)


@pytest.fixture(params=["duckdb", pytest.param("postgres", marks=pytest.mark.postgres)])
def address(request: pytest.FixtureRequest, tmp_path: Path, workspace: Workspace) -> str:
    """Return the address of a database that holds the workspace's rows."""
    if find_spec("ibis") is None:
        absent("the extra 'sql' is not installed")
    import ibis

    if request.param == "duckdb":
        found = f"duckdb://{tmp_path / 'warehouse.duckdb'}"
    else:
        found = request.getfixturevalue("postgres_url").replace("postgresql+psycopg://", "postgres://")
    database = ibis.connect(found)
    for name in TABLES:
        database.create_table(name, workspace.tables.read(name), overwrite=True)
    database.disconnect()
    return found


def test_counts_of_a_database_are_those_of_the_workspace(address: str, workspace: Workspace) -> None:
    done = Command(workspace.root)(*COUNTS, address, "--check", "--json", "-")
    assert done.code == ExitCode.DONE, done.err
    assert done.json["differing"] == []
    assert done.json["families"]["F0"]["units"] == 48
    assert {"FR", "FA", "F1:sex", "F1:scanner"} < set(done.json["families"])
    again = Command(workspace.root)(*COUNTS, address)
    assert done.json["digest"] in again.out
    assert "as the workspace counts" not in again.out


def test_a_row_that_the_database_holds_otherwise_is_found(address: str, workspace: Workspace) -> None:
    import ibis

    rows = workspace.tables.read("predictions")
    score = pa.array([0.9, *rows["score"].to_pylist()[1:]])
    database = ibis.connect(address)
    changed = rows.set_column(rows.schema.names.index("score"), "score", score)
    database.create_table("predictions", changed, overwrite=True)
    database.disconnect()
    done = Command(workspace.root)(*COUNTS, address, "--check", "--json", "-")
    assert done.code == ExitCode.ANSWER_IS_NO
    assert "F0" in done.json["differing"]
    assert "FA" not in done.json["differing"]


def test_what_cannot_be_counted_is_told_without_a_password(workspace: Workspace, tmp_path: Path) -> None:
    if find_spec("ibis") is None:
        absent("the extra 'sql' is not installed")
    import ibis

    command = Command(workspace.root)
    away = command(*COUNTS, "postgres://reader:secret@127.0.0.1:1/none")
    assert (away.code, "secret" in away.err) == (ExitCode.SERVICE_UNREACHABLE, False)
    assert command(*COUNTS, "oracle://host").code == ExitCode.USAGE
    empty = tmp_path / "empty.duckdb"
    ibis.connect(f"duckdb://{empty}").disconnect()
    missing = command(*COUNTS, f"duckdb://{empty}")
    assert (missing.code, "no table acquisitions" in missing.line) == (ExitCode.USAGE, True)
    assert command("monitor", "counts", "--database", f"duckdb://{empty}").code == ExitCode.USAGE
    assert command(*COUNTS, f"duckdb://{empty}", "--merge", "x.json").code == ExitCode.USAGE


@pytest.mark.postgres
def test_texts_that_sort_by_a_language_are_refused(postgres_url: str, workspace: Workspace) -> None:
    if find_spec("ibis") is None:
        absent("the extra 'sql' is not installed")
    import ibis

    address = postgres_url.replace("postgresql+psycopg://", "postgres://")
    database = ibis.connect(address)
    for name in TABLES:
        database.create_table(name, workspace.tables.read(name), overwrite=True)
    with database.raw_sql('ALTER TABLE predictions ALTER COLUMN study_uid TYPE text COLLATE "en-x-icu"'):
        database.con.commit()
    database.disconnect()
    done = Command(workspace.root)(*COUNTS, address)
    assert (done.code, "sort by en-x-icu" in done.line) == (ExitCode.USAGE, True)
