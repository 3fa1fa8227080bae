"""A PostgreSQL server that refuses writes is told as what it is, with one line, and nothing is half done."""

import pytest
from sqlalchemy import text
from worlds import MODEL, World

from registry.domain.errors import ExitCode, ServiceUnreachableError
from registry.ledger.verify import verify_ledger

REFUSALS = {  # what the server says, by SQLSTATE, and what we say
    "53100": ("could not extend file: No space left on device", "disk of the database server is full"),
    "25006": ("cannot execute INSERT in a read-only transaction", "takes no change now"),
}


def refuse(world: World, state: str) -> None:
    """Let the server refuse every further event."""
    words = f"RAISE EXCEPTION '{REFUSALS[state][0]}' USING ERRCODE = '{state}'"
    body = f"CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {words}; END $$"
    with world.ledger.engine.begin() as connection:
        connection.execute(text(body))
        connection.execute(text("CREATE TRIGGER refuse BEFORE INSERT ON ledger_entries EXECUTE FUNCTION refuse()"))


@pytest.mark.parametrize("state", REFUSALS)
def test_a_server_that_refuses_writes_is_unreachable_for_changes_and_keeps_what_was(
    world: World, server: str, state: str
) -> None:
    if server == "sqlite":
        pytest.skip("how SQLite runs full is proved on a file system that is full")
    world.ready("internal").lifecycle.deploy(MODEL, "1", "general", "shadow", world.signer("clara"), "try it")
    (running,) = world.lifecycle.deployments()
    signer, size = world.signer("otto"), world.ledger.head().size
    refuse(world, state)
    with pytest.raises(ServiceUnreachableError, match=REFUSALS[state][1]) as refusal:
        world.lifecycle.stop(running.deployment, signer, "read without AI", "misses")
    assert refusal.value.exit_code == ExitCode.SERVICE_UNREACHABLE
    assert world.ledger.head().size == size
    assert [one.state for one in world.lifecycle.deployments()] == ["shadow"]
    assert verify_ledger(world.ledger.engine, world.ledger.public_vkey).verdict == "VERIFIED"
