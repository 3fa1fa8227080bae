"""The page on engines does what it says; Spark is tried where the extra and Java are installed."""

import os
import re
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import typer
from command import Command
from monitored import MODEL, monitored_workspace
from services import absent
from sqlalchemy import select

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "monitors"))
from pages import Step, run, steps
from tables_at_random import random_rows

from pipelines.bootstrap import open_workspace
from pipelines.cli import main as command_line
from pipelines.settings import Settings
from registry.count_schema import DayCountRow
from registry.database import reading

HOW_TO = Path(__file__).parents[2] / "docs/how-to"
CLUSTER, SHARE = (HOW_TO / name for name in ("cluster.md", "share-counts.md"))


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a workspace with a month of the page's model."""
    folder = tmp_path_factory.mktemp("cluster") / "workspace"
    monitored_workspace(folder, days=12)
    return folder


def test_every_command_of_the_page_on_engines_ends_as_the_page_says(root: Path) -> None:
    environment = dict(os.environ) | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    finished = run(steps(CLUSTER.read_text()), root, environment | {"OVERREAD_WORKSPACE": str(root)})
    assert finished.returncode == 0, finished.stdout[-3000:] + finished.stderr[-3000:]
    assert "every stored count holds" in finished.stdout


def test_the_settings_of_the_page_are_settings(tmp_path: Path) -> None:
    (block,) = re.findall(r"^```toml\n(.*?)^```$", CLUSTER.read_text(), re.MULTILINE | re.DOTALL)
    (tmp_path / "overread.toml").write_text(block)
    assert Settings.read(tmp_path / "overread.toml").counting.engine == "spark"


@pytest.mark.sql
def test_the_code_of_the_page_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if find_spec("ibis") is None:
        absent("the extra 'sql' is not installed")
    import duckdb

    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as connection:
        for name in ("acquisitions", "predictions", "reads", "outcomes"):
            connection.register("arriving", getattr(random_rows(1).tables(), name))
            connection.execute(f"CREATE TABLE {name} AS SELECT * FROM arriving")
    (block,) = re.findall(r"^```python\n(.*?)^```$", CLUSTER.read_text(), re.MULTILINE | re.DOTALL)
    exec(block.replace('"warehouse.duckdb"', repr(str(tmp_path / "warehouse.duckdb"))), {})
    assert "F1:sex" in capsys.readouterr().out


@pytest.mark.sql
def test_the_commands_of_the_page_on_databases_end_as_it_says(root: Path) -> None:
    if find_spec("ibis") is None:
        absent("the extra 'sql' is not installed")
    import ibis

    database = ibis.connect(f"duckdb://{root / 'warehouse.duckdb'}")
    for name in ("acquisitions", "predictions", "reads", "outcomes"):
        database.create_table(name, open_workspace(root).tables.read(name), overwrite=True)
    database.disconnect()
    named = re.findall(r"^overread monitor counts .*duckdb://.*$", CLUSTER.read_text(), re.MULTILINE)
    environment = dict(os.environ) | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    finished = run([Step(line, 0) for line in named], root, environment | {"OVERREAD_WORKSPACE": str(root)})
    assert finished.returncode == 0, finished.stdout[-3000:] + finished.stderr[-3000:]
    assert len(named) == finished.stdout.count("all together: sha256:") == 2
    assert "as the workspace counts" in finished.stdout


@pytest.mark.spark
def test_a_run_on_spark_is_the_run_of_this_process(tmp_path: Path) -> None:
    if find_spec("pyspark") is None or shutil.which("java") is None:
        absent("the extra 'spark' or Java is not installed")
    monitored_workspace(tmp_path / "here", days=12)
    shutil.copytree(tmp_path / "here", tmp_path / "there")
    words = ("monitor", "run", "--model", MODEL, "--as-of", "2026-06-01")
    here = Command(tmp_path / "here").well(*words, "--json")
    there = Command(tmp_path / "there").well(*words, "--engine", "spark", "--json")
    assert here.out == there.out
    versions = [_versions(tmp_path / name) for name in ("here", "there")]
    assert versions[0] == versions[1] != []


def _versions(root: Path) -> list[tuple[str, str]]:
    with reading(open_workspace(root).engine) as session:
        return [(row.day, row.digest) for row in session.scalars(select(DayCountRow).order_by(DayCountRow.day))]


def test_every_option_that_the_page_on_sharing_names_is_there() -> None:
    named = set(re.findall(r"(--[a-z-]+)", SHARE.read_text()))
    group: Any = typer.main.get_command(command_line.app)
    command = group.commands["monitor"].commands["counts"]
    assert named <= {option for parameter in command.params for option in parameter.opts}
