"""A read-only record lets a clinician stop a model all the same, and nothing else."""

from pathlib import Path

import pytest
from worlds import MODEL, World

from registry.domain.errors import LedgerBrokenError
from registry.ledger.copy import CheckpointCopy
from registry.ledger.verify import verify_ledger


@pytest.fixture
def contradicted(world: World, tmp_path: Path) -> World:
    """Return a world with a version in shadow use, whose ledger lacks a checkpoint that was copied beside it."""
    world.ready("internal").lifecycle.deploy(MODEL, "1", "general", "shadow", world.signer("clara"), "try it")
    key, size = world.ledger._key, world.ledger.head().size + 3
    place = tmp_path / "latest.txt"
    place.write_text(key.sign(size, bytes(32)))
    world.ledger._copy = CheckpointCopy(place, key.public_vkey)
    return world


def test_a_stop_goes_in_with_its_signature_and_unsigned_by_the_log(contradicted: World) -> None:
    record, before = contradicted.lifecycle, contradicted.ledger.latest_checkpoint()
    (running,) = record.deployments()
    stopped = record.stop(running.deployment, contradicted.signer("otto"), "read without AI", "restored database")
    assert stopped.state == "stopped"
    assert [one.state for one in record.deployments()] == ["stopped"]
    newest = contradicted.ledger.events(1)[0].record
    assert (newest["type"], newest["service"]["ledger"]) == ("deployment.stopped", "contradicted")
    assert contradicted.ledger.latest_checkpoint() == before
    copy = contradicted.ledger._copy
    report = verify_ledger(contradicted.ledger.engine, contradicted.ledger.public_vkey, None, copy)
    assert report.verdict == "BROKEN"


def test_everything_else_is_refused_with_one_line(contradicted: World) -> None:
    size = contradicted.ledger.head().size
    (running,) = contradicted.lifecycle.deployments()
    contradicted.lifecycle.stop(running.deployment, contradicted.signer("otto"), "read without AI", "why")
    with pytest.raises(LedgerBrokenError, match="only stops, suspensions, reads and outcomes go in"):
        contradicted.lifecycle.resume(running.deployment, contradicted.signer("clara"), "why")
    with pytest.raises(LedgerBrokenError):
        contradicted.lifecycle.retire(MODEL, "1", contradicted.signer("quinn"), "why")
    with pytest.raises(LedgerBrokenError):
        contradicted.register()
    assert contradicted.ledger.head().size == size + 1
    assert [one.state for one in contradicted.lifecycle.deployments()] == ["stopped"]
