"""Stops, suspensions, reads, outcomes always go in: database full, witness away, approval over, record read-only."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fakes import NoProgress
from opened_worlds import opened
from sqlalchemy import event
from witnesses import new_witness, policy_text
from worlds import MODEL, PASSPHRASE, World

from pipelines.bootstrap import Workspace
from pipelines.settings import STANDARD
from pipelines.usecases.ingest_rows import ingest_rows
from pipelines.usecases.witness_watch import ask_for_tail
from pipelines.usecases.witnessing import POLICY
from registry.domain.errors import ExitCode, LedgerBrokenError, OverreadError, ServiceUnreachableError
from registry.domain.lifecycle import VersionState
from registry.domain.model import Deployment
from registry.domain.stratum import Stratum
from registry.ledger.verify import verify_ledger
from registry.reserve import ROWS
from registry.schema import ReserveRow

SERIES = (
    "series_uid,study_uid,patient,site,acquired_at,modality\n"
    "1.2.{n}.1,1.2.{n},pat-{n},general,2026-03-02T09:30:00Z,MR\n"
)
READ = "read_id,study_uid,target,reader,read_at,decision\nr{n},1.2.{n},{target},dr-no,2026-03-02T10:00:00Z,true\n"
OUTCOME = "study_uid,target,truth,source,established_at\n1.2.{n},{target},true,pathology,2026-03-02T10:00:00Z\n"


@pytest.fixture(scope="module")
def founded_live(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Found a world with version 1 live at one site and in shadow at another."""
    world = World.found(tmp_path_factory.mktemp("live"))
    world.clock.advance(hours=1)
    world.register()
    world.approve("1")
    world.go_live("1")
    world.deploy("1", "shadow", "elsewhere")
    world.close()
    return world


@pytest.fixture
def world(founded_live: World, tmp_path: Path) -> World:
    """Return a fresh copy of it."""
    return founded_live.copy(tmp_path / "workspace")


def full(world: World, workspace: Workspace) -> None:
    """Let the database be as large as it is now, and no page larger."""
    del world

    def limit(connection: Any, _record: object) -> None:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages}")

    event.listen(workspace.engine, "connect", limit)
    workspace.engine.dispose()


def read_only(world: World, workspace: Workspace) -> None:
    """Put a checkpoint beside the database that it does not hold, as after a restored backup."""
    size = world.ledger.head().size + 3
    (workspace.root / "ledger").mkdir(exist_ok=True)
    copy = workspace.ledger._copy
    assert copy is not None
    copy.place.parent.mkdir(parents=True, exist_ok=True)
    copy.place.write_text(world.ledger._key.sign(size, bytes(32)))


def lapsed(world: World, workspace: Workspace) -> None:
    """Let the approval be over."""
    del workspace
    world.lifecycle.end_approval(MODEL, "1", world.signer("otto"), "recalled")
    assert world.state is VersionState.LAPSED


def witness_away(world: World, workspace: Workspace) -> None:
    """Adopt a policy whose only witness does not answer."""
    witness = new_witness(world.root / "witness", "quality.example", world.ledger)
    text = policy_text({"quality": witness.key.vkey}, urls={"quality": "http://127.0.0.1:9"})
    (workspace.root / POLICY).write_text(text)
    assert ask_for_tail(workspace, patience_s=0.1)


CONDITIONS: list[Callable[[World, Workspace], None]] = [full, read_only, lapsed, witness_away]


def take(workspace: Workspace, table: str, text: str, number: int) -> int:
    """Take one row in; return how many went in."""
    place = workspace.root / f"{table}-{number}.csv"
    place.write_text(text.format(n=number, target=MODEL))
    report = ingest_rows(workspace, table, [place], progress=NoProgress())
    assert report.refused == 0, report.refusals
    return report.accepted


def places(workspace: Workspace) -> dict[str, Deployment]:
    """Return the deployments by their site."""
    return {one.site: one for one in workspace.lifecycle.deployments()}


@pytest.mark.parametrize("condition", CONDITIONS)
def test_what_protects_patients_never_waits(world: World, condition: Callable[[World, Workspace], None]) -> None:
    workspace = opened(world, STANDARD)
    for number in (0, 1):
        take(workspace, "acquisitions", SERIES, number)
    take(workspace, "reads", READ, 0)
    condition(world, workspace)
    signer = workspace.people.unlock("otto", PASSPHRASE)
    found = places(workspace)
    workspace.lifecycle.suspend_stratum(
        found["general"].deployment, Stratum("sex", "F"), signer, "read without AI", "misses"
    )
    assert take(workspace, "reads", READ, 1) == 1
    assert take(workspace, "outcomes", OUTCOME, 1) == 1
    for site in ("general", "elsewhere"):
        workspace.lifecycle.stop(found[site].deployment, signer, "read without AI", "misses")
    assert {one.state for one in workspace.lifecycle.deployments()} == {"stopped"}
    assert int(workspace.tables.read("reads").num_rows) == 2
    workspace.engine.dispose()


def test_a_full_database_refuses_what_can_wait_and_takes_a_dozen_stops(world: World) -> None:
    workspace = opened(world)
    full(world, workspace)
    with pytest.raises(ServiceUnreachableError, match="only stops, suspensions, reads and outcomes") as refusal:
        workspace.lifecycle.sign_tier(MODEL, "high", workspace.people.unlock("otto", PASSPHRASE), "new risks")
    assert refusal.value.exit_code == ExitCode.SERVICE_UNREACHABLE
    signer = workspace.people.unlock("clara", PASSPHRASE)
    place = places(workspace)["general"].deployment
    for number in range(12):
        stratum = Stratum("protocol", f"p:{number}")
        workspace.lifecycle.suspend_stratum(place, stratum, signer, "read without AI")
    assert len(workspace.lifecycle.suspensions()) == 12
    workspace.engine.dispose()
    assert verify_ledger(world.ledger.engine, world.ledger.public_vkey).verdict == "VERIFIED"


def test_what_a_full_database_refused_left_no_trace_and_the_reserve_is_whole(world: World) -> None:
    workspace = opened(world)
    size = workspace.ledger.head().size
    full(world, workspace)
    for _ in range(3):
        with pytest.raises(ServiceUnreachableError):
            workspace.lifecycle.sign_tier(MODEL, "high", workspace.people.unlock("otto", PASSPHRASE), "new risks")
    assert workspace.ledger.head().size == size
    workspace.engine.dispose()
    with world.ledger.transaction() as tx:
        assert tx.session.query(ReserveRow).count() == ROWS


def test_the_reserve_is_filled_up_again_once_there_is_room(world: World) -> None:
    workspace = opened(world)
    full(world, workspace)
    place = places(workspace)["general"].deployment
    workspace.lifecycle.stop(place, workspace.people.unlock("clara", PASSPHRASE), "read without AI")
    workspace.engine.dispose()
    with world.ledger.transaction() as tx:
        assert tx.session.query(ReserveRow).count() < ROWS
    world.lifecycle.sign_tier(MODEL, "high", world.signer("otto"), "new risks")
    with world.ledger.transaction() as tx:
        assert tx.session.query(ReserveRow).count() == ROWS


def test_read_only_lets_nothing_else_in(world: World) -> None:
    workspace = opened(world)
    read_only(world, workspace)
    with pytest.raises(LedgerBrokenError, match="only stops, suspensions, reads and outcomes"):
        workspace.lifecycle.sign_tier(MODEL, "high", workspace.people.unlock("otto", PASSPHRASE), "new risks")


def test_a_roll_back_that_a_read_only_record_forbids_is_still_a_stop(world: World) -> None:
    workspace = opened(world)
    read_only(world, workspace)
    try:
        done = workspace.lifecycle.roll_back(
            MODEL, "general", workspace.people.unlock("clara", PASSPHRASE), "read without AI"
        )
    except OverreadError as refusal:
        pytest.fail(refusal.line())
    assert (done.outcome, places(workspace)["general"].state) == ("stopped", "stopped")
