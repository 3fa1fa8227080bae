"""Who reads the audit log, that reading is told, and that an auditor reads nothing else."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from command import Command, new_workspace

from dashboards.web.application import create_app
from pipelines.bootstrap import Workspace, open_workspace
from pipelines.cli.access import KEPT_TO, require_may
from pipelines.cli.main import app
from pipelines.usecases.note_reading import EACH, AuditorQueries, NotedQueries, queries_for
from registry.domain.errors import NotAllowedError
from registry.domain.person import Actor, PersonRole

AUDITOR = PersonRole.AUDITOR.value


@pytest.fixture(scope="module")
def command(tmp_path_factory: pytest.TempPathFactory) -> Command:
    """Return a workspace in which an auditor is enrolled and logged in."""
    found = new_workspace(tmp_path_factory.mktemp("reading"))
    found.well("people", "add", "audrey", "--name", "Audrey", "--role", AUDITOR, "--passphrase-file", found.secret)
    return found


@pytest.fixture
def as_auditor(command: Command) -> Iterator[Command]:
    """Return the workspace with the auditor logged in; the engineer is again afterwards."""
    command.well("login", "audrey", "--passphrase-file", command.secret)
    yield command
    (command.root / "session.json").unlink()
    command.well("login", "engineer", "--passphrase-file", command.secret)


def opened(command: Command) -> Workspace:
    return open_workspace(command.root)


def size(command: Command) -> int:
    return opened(command).ledger.head().size


def every_command() -> list[str]:
    """Return every command of the program, from its own tree."""
    found: list[str] = []

    def walk(group: object, prefix: tuple[str, ...]) -> None:
        for info in group.registered_commands:  # type: ignore[attr-defined]
            name = info.name or info.callback.__name__.strip("_").replace("_", "-")
            found.append(" ".join((*prefix, name)))
        for info in group.registered_groups:  # type: ignore[attr-defined]
            walk(info.typer_instance, (*prefix, *([info.name] if info.name else [])))

    walk(app, ())
    return found


@pytest.mark.parametrize("role", PersonRole)
def test_the_matrix_of_role_and_command(role: PersonRole) -> None:
    actor = Actor("somebody", role.value, "session")
    refused = set()
    for asked in every_command():
        try:
            require_may(actor, asked)
        except NotAllowedError as error:
            assert "reads the audit and nothing else" in error.line()  # noqa: PT017 - which commands is what counts
            refused.add(asked)
    expected = set(every_command()) - KEPT_TO[AUDITOR] if role == PersonRole.AUDITOR else set()
    assert refused == expected


def test_what_an_auditor_is_kept_to_are_commands_that_exist() -> None:
    assert set(every_command()) >= KEPT_TO[AUDITOR]


def test_a_command_that_lists_events_is_one_event_each_time(command: Command) -> None:
    before = size(command)
    command.well("audit", "list", "--last", "3")
    command.well("audit", "list", "--last", "3")
    assert size(command) == before + 2
    (newest,) = opened(command).ledger.events(1)
    assert newest.record["type"] == "audit.read"
    assert opened(command).ledger.payload(newest.seq) == {
        "way": "overread audit list",
        "what": "newest 3",
        "events": 3,
    }


def test_verifying_and_checkpoints_show_no_event_and_are_none(command: Command, tmp_path: Path) -> None:
    before = size(command)
    command.well("audit", "verify")
    command.well("audit", "checkpoint")
    command.well("audit", "prove", "1", "--out", tmp_path / "proof")
    assert size(command) == before


def test_an_event_names_the_command_the_host_and_the_version(command: Command) -> None:
    command.well("--workspace", command.root, "audit", "list")
    (newest,) = opened(command).ledger.events(1)
    service = newest.record["service"]
    assert service["client"] == "overread audit list"
    assert service["host"]
    assert service["version"]


def test_an_auditor_reads_the_audit_and_nothing_else(as_auditor: Command, tmp_path: Path) -> None:
    as_auditor.well("audit", "list")
    as_auditor.well("audit", "export", "--format", "csv", "--out", tmp_path / "a.csv")
    as_auditor.well("audit", "verify")
    refused = as_auditor("people", "vacancies")
    assert refused.code == 5
    assert "reads the audit and nothing else" in refused.line
    assert as_auditor("models", "list").code == 5
    assert as_auditor("monitor", "run", "--model", "nodule").code == 5


def test_an_auditor_holds_no_other_role(command: Command) -> None:
    words = ("people", "add", "bo", "--name", "Bo", "--role", AUDITOR, "--role", "engineer")
    done = command(*words, "--passphrase-file", command.secret)
    assert done.code == 2
    assert "an auditor holds no other role" in done.line


def test_the_page_is_one_event_a_quarter_of_an_hour(command: Command) -> None:
    workspace = opened(command)
    queries, before = NotedQueries(workspace), workspace.ledger.head().size
    for _ in range(5):
        assert queries.ledger(5)
    assert workspace.ledger.head().size == before + 1
    queries._noted = {who: at - EACH for who, at in queries._noted.items()}
    queries.ledger(5)
    assert workspace.ledger.head().size == before + 2


def test_an_auditors_pages_are_the_audit_log_alone(as_auditor: Command) -> None:
    queries = queries_for(opened(as_auditor))
    assert isinstance(queries, AuditorQueries)
    assert queries.ledger(1)
    for asked in (
        queries.fleet,
        queries.roles,
        lambda: queries.dossier("m", None, None),
        lambda: queries.appendices("m"),
        lambda: queries.appendix("m", "2026-01-01"),
    ):
        with pytest.raises(NotAllowedError):
            asked()


def test_a_broken_record_is_read_all_the_same_and_it_is_said(command: Command) -> None:
    place = command.root / "checkpoints" / "latest.txt"
    kept = place.read_text()
    key = opened(command).log_key
    place.write_text(key.sign(10_000, bytes(32)))
    try:
        done = command("audit", "list")
        assert done.code == 0
        assert "this reading is not on record" in done.err
    finally:
        place.write_text(kept)


@pytest.mark.parametrize("address", ["/", "/people", "/models/nodule", "/models/nodule/report.pdf", "/audit"])
@pytest.mark.parametrize("role", [AUDITOR, "engineer", "clinical lead"])
def test_the_matrix_of_role_and_page(command: Command, role: str, address: str) -> None:
    workspace = replace(opened(command), actor=Actor("somebody", role, "session"))
    transport = httpx.ASGITransport(create_app(queries_for(workspace)), raise_app_exceptions=False)

    async def status() -> int:
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8765") as client:
            return (await client.get(address)).status_code

    missing = 404 if address.startswith("/models") else 200  # there is no such model here
    expected = 403 if role == AUDITOR and address != "/audit" else missing
    assert asyncio.run(status()) == expected
