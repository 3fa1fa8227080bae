"""Rows that somebody wrote by hand count for nothing: the ledger did not tell of them."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text
from worlds import MODEL, PASSPHRASE, World

from registry.domain.canonical import canonical_bytes
from registry.domain.errors import LedgerBrokenError, NotAllowedError
from registry.domain.person import LOCAL_ADMINISTRATOR
from registry.domain.vocabulary import Verdict
from registry.keys import NewKey, new_key
from registry.ledger.verify import verify_ledger

LONG_AGO = "2026-03-01T00:00:00.000000Z"
MALLORY = "words of mallory alone"


def change(world: World, sql: str, **values: object) -> None:
    """Edit the database directly."""
    with world.ledger.engine.begin() as connection:
        connection.execute(text(sql), values)


def verified(world: World) -> tuple[str, str]:
    """Return verdict and reason of the ledger's check."""
    report = verify_ledger(world.ledger.engine, world.ledger.public_vkey)
    return report.verdict, report.why


def give_role(world: World) -> None:
    """Write a role in by hand."""
    sql = "INSERT INTO person_roles (person, role, valid_from) VALUES ('otto', 'clinical lead', :since)"
    change(world, sql, since=LONG_AGO)


def give_key(world: World, person: str) -> NewKey:
    """Write a key in by hand, and put its file where the person's own lay."""
    key = new_key(MALLORY)
    sql = (
        "INSERT INTO person_keys (key_id, person, public_key, not_before, not_after) VALUES (:key, :who, :half, :a, :b)"
    )
    until = "2027-03-01T00:00:00.000000Z"
    change(world, sql, key=key.key_id, who=person, half=key.public_key, a="2026-03-02T09:30:00.000000Z", b=until)
    world.people.key_file(person).write_bytes(key.encrypted)
    return key


def test_a_role_written_in_by_hand_signs_nothing(world: World) -> None:
    world.ready("internal", "external")
    give_role(world)
    with pytest.raises(NotAllowedError, match="may not sign"):
        world.lifecycle.approve(MODEL, "1", world.signer("otto"))
    assert verified(world) == (
        "BROKEN",
        "a row was changed by hand: the ledger does not tell that otto holds the role 'clinical lead'",
    )


def test_a_key_written_in_by_hand_opens_nothing(world: World) -> None:
    give_key(world, "clara")
    with pytest.raises(NotAllowedError, match="another key"):
        world.people.unlock("clara", MALLORY)
    assert verified(world)[0] == "BROKEN"


def test_a_public_key_replaced_by_hand_opens_nothing(world: World) -> None:
    key = new_key(MALLORY)
    change(world, "UPDATE person_keys SET public_key = :half WHERE person = 'clara'", half=key.public_key)
    world.people.key_file("clara").write_bytes(key.encrypted)
    with pytest.raises(NotAllowedError, match="no signing key"):
        world.people.unlock("clara", MALLORY)
    assert verified(world)[0] == "BROKEN"


def test_a_person_written_in_by_hand_signs_nothing(world: World) -> None:
    change(world, "INSERT INTO persons VALUES ('mallory', 'Mallory', TRUE, :since)", since=LONG_AGO)
    give_key(world, "mallory")
    assert world.people.get("mallory").roles == ()
    with pytest.raises(NotAllowedError, match="no signing key"):
        world.people.unlock("mallory", MALLORY)
    assert verified(world)[0] == "BROKEN"


def test_a_deactivation_undone_by_hand_stays(world: World) -> None:
    world.people.deactivate("clara", LOCAL_ADMINISTRATOR, "left")
    change(world, "UPDATE persons SET active = TRUE")
    change(world, "UPDATE person_keys SET revoked_at = NULL")
    with pytest.raises(NotAllowedError, match="deactivated"):
        world.people.unlock("clara", PASSPHRASE)
    assert all(key.revoked_at is not None for key in world.people.keys("clara"))
    assert verified(world)[0] == "BROKEN"


def test_a_key_made_valid_for_longer_by_hand_ends_when_the_ledger_tells(world: World) -> None:
    (before,) = world.people.keys("clara")
    change(world, "UPDATE person_keys SET not_after = '2099-01-01T00:00:00.000000Z'")
    assert world.people.keys("clara") == (before,)


@pytest.mark.parametrize(
    ("sql", "why"),
    [
        ("UPDATE model_versions SET state = 'approved'", "is registered, not approved"),
        ("UPDATE model_versions SET trained_by = 'otto'", "somebody else trained"),
    ],
)
def test_a_version_edited_by_hand_gets_no_decision(world: World, sql: str, why: str) -> None:
    world.register()
    change(world, sql)
    for act in (
        lambda: world.lifecycle.submit(MODEL, "1", world.signer("erin")),
        lambda: world.lifecycle.deploy(MODEL, "1", "general", "shadow", world.signer("clara")),
    ):
        with pytest.raises(LedgerBrokenError, match=why):
            act()
    verdict, told = verified(world)
    assert (verdict, why in told) == ("BROKEN", True)


def forged_evaluation(world: World) -> None:
    """Write a passed evaluation in by hand, its object too."""
    digest = world.objects.put(canonical_bytes(world.evaluation("external").to_json()))
    sql = "INSERT INTO evaluations VALUES (:digest, :model, '1', 'external', 'external-test', 'passed', :at, 3)"
    change(world, sql, digest=digest, model=MODEL, at=LONG_AGO)


def forged_cohort(world: World) -> None:
    """Point a frozen cohort at other content."""
    change(world, "UPDATE cohorts SET digest = :new WHERE name = 'internal'", new="sha256:" + "0" * 64)


@pytest.mark.parametrize(
    ("forge", "act"),
    [
        (forged_evaluation, lambda world: world.lifecycle.risk_review(MODEL, "1", world.signer("vera"))),
        (forged_cohort, lambda world: world.evaluate("internal", Verdict.FAILED)),
    ],
)
def test_evidence_written_in_by_hand_counts_for_nothing(
    world: World, forge: Callable[[World], None], act: Callable[[World], Any]
) -> None:
    world.register()
    forge(world)
    with pytest.raises(LedgerBrokenError, match="does not tell of"):
        act(world)
    assert verified(world)[0] == "BROKEN"


@pytest.mark.parametrize(
    ("sql", "why"),
    [
        ("UPDATE model_versions SET operating_points = :none", "other operating-points"),
        ("UPDATE model_versions SET artifact_digest = substr(artifact_digest, 1, 70) || 'z'", "other artifact"),
        ("UPDATE deployments SET mode = 'live', state = 'live'", "where, how or what"),
        ("UPDATE deployments SET site = 'elsewhere'", "where, how or what"),
        ("UPDATE deployments SET deployment = 'other'", "does not tell of a deployment"),
    ],
)
def test_a_version_or_deployment_edited_by_hand_is_found(world: World, sql: str, why: str) -> None:
    world.register()
    world.evaluate("internal")
    world.lifecycle.deploy(MODEL, "1", "general", "shadow", world.signer("clara"))
    assert verified(world)[0] == "VERIFIED"
    change(world, sql, **({"none": b"[]"} if ":none" in sql else {}))
    verdict, told = verified(world)
    assert (verdict, why in told) == ("BROKEN", True)


def test_a_stop_undone_and_a_value_of_another_type_are_found(world: World) -> None:
    world.register()
    world.evaluate("internal")
    placed = world.lifecycle.deploy(MODEL, "1", "general", "shadow", world.signer("clara"))
    world.lifecycle.stop(placed.deployment, world.signer("otto"), "read without AI")
    assert verified(world)[0] == "VERIFIED"
    change(world, "UPDATE deployments SET state = 'shadow'")
    assert "another state of a deployment" in verified(world)[1]
    change(world, "UPDATE person_keys SET public_key = 'words'")
    assert verified(world)[0] == "BROKEN"
