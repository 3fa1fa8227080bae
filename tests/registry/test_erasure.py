"""Erasure: payload and salt are gone from the files, the tree stands, and the signed event tells of it."""

import pytest
from worlds import World

from registry.domain.errors import NotAllowedError, UnknownNameError, UsageError
from registry.domain.event import EventDraft
from registry.domain.person import UNAUTHENTICATED, actor_record
from registry.erasure import erase
from registry.ledger.tlog_proof import TlogProof, check_proof, parse_proof
from registry.ledger.verify import verify_ledger

SECRET = "MARK-7731-GEHEIM"


@pytest.fixture
def told(world: World) -> int:
    """Return an event whose payload holds what somebody wants erased."""
    payload = {"model": "m", "version": "1", "why": SECRET}
    with world.ledger.transaction() as tx:
        return tx.append(EventDraft("serving.refused", actor_record(UNAUTHENTICATED), (), payload)).seq


def bytes_of(world: World) -> bytes:
    world.ledger.engine.dispose()
    return b"".join(place.read_bytes() for place in sorted(world.root.glob("overread.db*")))


def test_an_erased_payload_is_in_no_file_of_the_database_and_the_ledger_verifies(world: World, told: int) -> None:
    on_sqlite = world.ledger.engine.dialect.name == "sqlite"
    assert not on_sqlite or SECRET.encode() in bytes_of(world)
    before, proof = world.ledger.event(told).data, world.ledger.prove(told)
    done = erase(world.lifecycle.record, told, world.signer("quinn"), "request 2026-17")
    assert SECRET.encode() not in bytes_of(world)
    assert world.ledger.payload(told) is None
    assert world.ledger.event(told).data == before
    report = verify_ledger(world.ledger.engine, world.ledger.public_vkey)
    assert (report.verdict, report.size) == ("VERIFIED", done.seq + 1)
    kept = TlogProof(told, before, proof.path, proof.checkpoint)
    assert check_proof(parse_proof(kept.to_text()), world.ledger.public_vkey).size == told + 1
    assert [one["kind"] for one in done.record["subjects"]] == ["event", "signature"]
    assert (done.record["actor"]["person"], done.record["reason"]) == ("quinn", "request 2026-17")


def test_who_may_not_erase_is_refused_and_nothing_is_lost(world: World, told: int) -> None:
    for person in ("erin", "clara"):
        with pytest.raises(NotAllowedError, match="may not sign 'erase'"):
            erase(world.lifecycle.record, told, world.signer(person), "why")
    with pytest.raises(UsageError, match="why"):
        erase(world.lifecycle.record, told, world.signer("quinn"), " ")
    payload = world.ledger.payload(told)
    assert payload is not None
    assert payload["why"] == SECRET


def test_what_the_record_rests_on_is_never_erased(world: World) -> None:
    with pytest.raises(NotAllowedError, match=r"rests on the payload of event 0 \('person.added'\)"):
        erase(world.lifecycle.record, 0, world.signer("quinn"), "why")
    assert world.ledger.payload(0) is not None


def test_an_erasure_is_done_once_and_of_an_event_that_is_there(world: World, told: int) -> None:
    erase(world.lifecycle.record, told, world.signer("quinn"), "why")
    with pytest.raises(UsageError, match="already"):
        erase(world.lifecycle.record, told, world.signer("quinn"), "why")
    with pytest.raises(UnknownNameError):
        erase(world.lifecycle.record, 10_000, world.signer("quinn"), "why")


def test_a_payload_that_was_erased_cannot_be_tried_out_from_its_digest(world: World, told: int) -> None:
    """The digest is salted: with the salt gone, no guess of the payload can be checked against it."""
    import hashlib

    from registry.domain.canonical import canonical_bytes

    guess = canonical_bytes({"model": "m", "version": "1", "why": SECRET})
    digest = world.ledger.event(told).record["payload_digest"]
    assert hashlib.sha256(guess).hexdigest() not in digest
    erase(world.lifecycle.record, told, world.signer("quinn"), "why")
    with world.ledger.engine.connect() as connection:
        row = connection.exec_driver_sql(f"SELECT salt, payload FROM ledger_payloads WHERE seq = {told}").one()
    assert tuple(row) == (None, None)
