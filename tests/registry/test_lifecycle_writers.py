"""Decisions of several writers at once, and on PostgreSQL."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from worlds import MODEL, PASSPHRASE, World, teach

from registry.domain.errors import OverreadError
from registry.domain.lifecycle import VersionState
from registry.domain.person import LOCAL_ADMINISTRATOR, PersonRole


def test_of_two_who_sign_the_same_role_at_once_one_does(world: World) -> None:
    rivals = [f"rival-{n}" for n in range(4)]
    for person in rivals:
        world.people.add(person, person, (PersonRole.QUALITY_OFFICER,), PASSPHRASE, LOCAL_ADMINISTRATOR)
    teach(world.people, *rivals)
    world.ready("internal", "external")

    def approve(person: str) -> bool:
        try:
            world.lifecycle.approve(MODEL, "1", world.signer(person))
        except OverreadError:
            return False
        return True

    with ThreadPoolExecutor(len(rivals)) as pool:
        assert sum(pool.map(approve, rivals)) == 1
    assert len(world.told("version.decision_refused")) == len(rivals) - 1
    assert world.state == VersionState.RISK_REVIEWED


@pytest.mark.postgres
def test_a_version_lives_its_life_on_postgresql(postgres_url: str, tmp_path: Path) -> None:
    world = World.found(tmp_path, postgres_url)
    world.approved()
    (accept, _) = world.lifecycle.evaluations(MODEL, "1")
    clara = world.signer("clara")
    for mode in ("shadow", "pilot", "live"):
        found = world.lifecycle.deploy(MODEL, "1", "general", mode, clara, "", accept.digest)
    assert world.lifecycle.stop(found.deployment, world.signer("otto"), "read without AI").state == "stopped"
    assert world.lifecycle.resume(found.deployment, clara).state == "live"
    assert world.lifecycle.approval_holds(MODEL, "1")
    with pytest.raises(OverreadError):
        world.lifecycle.approve(MODEL, "1", clara)
    assert len(world.told("version.decision_refused")) == 1
    world.close()
