"""Rows that somebody deleted or relabelled by hand are missed: the ledger told of them."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import select, text
from worlds import MODEL, World

from registry.database import reading
from registry.domain.errors import LedgerBrokenError
from registry.domain.person import LOCAL_ADMINISTRATOR
from registry.domain.vocabulary import Site, Target, Unit, Verdict
from registry.ledger.verify import verify_ledger
from registry.registered import register_site, register_target
from registry.schema import LedgerEntry
from registry.tables import Batch, ObservationTables


def change(world: World, sql: str) -> None:
    """Edit the database directly."""
    with world.ledger.engine.begin() as connection:
        connection.execute(text(sql))


def verified(world: World) -> tuple[str, str]:
    """Return verdict and reason of the ledger's check."""
    report = verify_ledger(world.ledger.engine, world.ledger.public_vkey)
    return report.verdict, report.why


def judged(world: World) -> World:
    """Return the world with a version that passed inside, failed outside and runs in shadow."""
    world.register()
    world.evaluate("internal")
    world.evaluate("external", Verdict.FAILED)
    world.lifecycle.deploy(MODEL, "1", "general", "shadow", world.signer("clara"))
    assert verified(world)[0] == "VERIFIED"
    return world


def test_a_failed_evaluation_removed_by_hand_is_missed_by_every_decision(world: World) -> None:
    judged(world)
    change(world, "DELETE FROM evaluations WHERE verdict = 'failed'")
    with pytest.raises(LedgerBrokenError, match="the evaluation 'external' of event"):
        world.lifecycle.risk_review(MODEL, "1", world.signer("vera"))
    assert verified(world)[0] == "BROKEN"


@pytest.mark.parametrize(
    ("table", "kind"),
    [
        ("evaluations", "evaluation 'external'"),
        ("signatures", "signature 'deploy'"),
        ("cohorts", "cohort 'internal'"),
        ("deployments", "deployment"),
    ],
)
def test_rows_removed_by_hand_are_found(world: World, table: str, kind: str) -> None:
    judged(world)
    order = {"cohorts": " WHERE name = 'internal'", "evaluations": " WHERE cohort = 'external'"}.get(table, "")
    change(world, f"DELETE FROM {table}{order}")
    verdict, why = verified(world)
    assert verdict == "BROKEN"
    assert kind in why
    assert "is gone" in why


@pytest.mark.parametrize(
    ("sql", "why"),
    [
        ("UPDATE segments SET synthetic = 0", "the mark 'synthetic' of a batch of expected"),
        ("DELETE FROM segments", "the segment 'expected'"),
        ("UPDATE sites SET time_zone = 'Asia/Tokyo' WHERE site = 'harbour'", "the site 'harbour'"),
        ("UPDATE targets SET analysis_unit = 'study' WHERE target = 'stroke'", "the target 'stroke'"),
    ],
)
def test_batches_sites_and_targets_relabelled_by_hand_are_found(world: World, sql: str, why: str) -> None:
    with world.ledger.transaction() as tx:
        register_site(tx, Site("harbour", "Europe/Oslo"), LOCAL_ADMINISTRATOR)
        register_target(tx, Target("stroke", Unit.SERIES), LOCAL_ADMINISTRATOR)
    tables = ObservationTables(world.ledger, world.people.folder / "segments", world.ledger.engine)
    row = {"site": "harbour", "modality": "CT", "hour": "2026-03-01T09:00:00.000000Z", "n": 3.0}
    batch = Batch("sha256:" + "1" * 64, LOCAL_ADMINISTRATOR, datetime(2026, 3, 2, tzinfo=UTC), synthetic=True)
    tables.store(tables.sift("expected", [row]), batch)
    assert verified(world)[0] == "VERIFIED"
    change(world, sql)
    verdict, told = verified(world)
    assert (verdict, why in told) == ("BROKEN", True)


def test_text_in_the_place_of_bytes_is_an_answer_and_no_internal_error(world: World) -> None:
    judged(world)
    change(world, "UPDATE ledger_entries SET data = CAST(data AS TEXT) WHERE seq = 0")
    with reading(world.ledger.engine) as session, pytest.raises(LedgerBrokenError, match="where bytes belong"):
        session.scalars(select(LedgerEntry)).all()
    with pytest.raises(LedgerBrokenError):
        world.ledger.event(0)
    assert verified(world)[0] == "BROKEN"
