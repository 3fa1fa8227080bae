"""A founded workspace, copied for each test; one MLflow store for all, because MLflow is slow to open."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from services import SERVERS, fresh_database
from worlds import World

from registry.models import MlflowModels

# What these prove lies outside the database: files, bytes of signatures, the table of transitions.
_ONE_SERVER = frozenset(
    {
        "test_approvals",
        "test_break_glass",
        "test_card_formats",
        "test_card_groups",
        "test_card_lint",
        "test_cards",
        "test_external_models",
        "test_failed_candidates",
        "test_gate",
        "test_lifecycle_machine",
        "test_lifecycle_random",
        "test_lineage",
        "test_never_blocked",
        "test_organisation",
        "test_pilots",
        "test_removed",
        "test_report_signatures",
        "test_revalidation",
        "test_scope",
        "test_signatures",
        "test_stop_rules",
        "test_suspensions",
        "test_test_sets",
        "test_tiers",
    }
)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run what is proved of a workspace's record on each kind of server."""
    if "world" in metafunc.fixturenames and metafunc.module.__name__.rpartition(".")[2] not in _ONE_SERVER:
        metafunc.parametrize("server", SERVERS, indirect=True)


@pytest.fixture
def server(request: pytest.FixtureRequest) -> str:
    """Return the kind of server: SQLite unless the test runs on each."""
    return str(getattr(request, "param", "sqlite"))


@pytest.fixture(scope="session")
def founded(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Found one workspace with staff, sites and cohorts."""
    return World.found(tmp_path_factory.mktemp("founded"))


@pytest.fixture(scope="session")
def founded_on_postgres(
    postgres_server: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, str, World]]:
    """Found one workspace on PostgreSQL: the server's address, its database's name, the world."""
    with fresh_database(postgres_server) as url:
        world = World.found(tmp_path_factory.mktemp("founded-postgres"), url)
        yield postgres_server, url.rpartition("/")[2], world


@pytest.fixture
def world(request: pytest.FixtureRequest, server: str, tmp_path: Path) -> Iterator[World]:
    """Return a fresh copy of the founded workspace."""
    with ExitStack() as stack:
        if server == "sqlite":
            copy = request.getfixturevalue("founded").copy(tmp_path / "workspace")
        else:
            address, template, founded = request.getfixturevalue("founded_on_postgres")
            copy = founded.copy(tmp_path / "workspace", stack.enter_context(fresh_database(address, template)))
        yield copy
        copy.close()


@pytest.fixture(scope="session")
def mlflow_models(tmp_path_factory: pytest.TempPathFactory) -> MlflowModels:
    """Return the one MLflow store of the session."""
    return MlflowModels(tmp_path_factory.mktemp("mlflow"))
