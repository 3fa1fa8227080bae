import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from fakes import FakeClock
from ledgers import ACTOR, SERVICE, fill, open_ledger, site_registered
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError, InvalidRequestError

from registry.database import reading
from registry.domain.canonical import NotCanonicalError
from registry.domain.errors import LedgerBrokenError, UnknownNameError
from registry.domain.event import EventDraft
from registry.ledger.checkpoint import open_checkpoint
from registry.ledger.log_key import LogKey
from registry.ledger.merkle import EMPTY_ROOT, leaf_hash, root_of
from registry.ledger.store import Ledger, Transaction, verify_proof
from registry.ledger.verify import verify_ledger
from registry.schema import LedgerPayload, SiteRow


def site(name: str) -> SiteRow:
    return SiteRow(site=name, time_zone="UTC", organisation="")


def change(ledger: Ledger, *steps: Callable[[Transaction], object]) -> None:
    with ledger.transaction() as transaction:
        for step in steps:
            step(transaction)


def add_site(transaction: Transaction) -> None:
    transaction.session.add(site("a"))


def append(transaction: Transaction) -> None:
    transaction.append(site_registered())


def fail(_transaction: Transaction) -> None:
    raise KeyError


def sites(ledger: Ledger) -> list[str]:
    with reading(ledger.engine) as session:
        return list(session.execute(select(SiteRow.site)).scalars())


def test_an_empty_ledger_has_the_empty_root_and_no_checkpoint(ledger: Ledger) -> None:
    assert (ledger.head().size, ledger.head().root) == (0, EMPTY_ROOT)
    assert ledger.latest_checkpoint() is None
    assert ledger.events() == []


def test_rows_and_events_become_durable_together(ledger: Ledger) -> None:
    with ledger.transaction() as transaction:
        transaction.session.add(site("a"))
        event = transaction.append(site_registered())
    assert sites(ledger) == ["a"]
    assert ledger.event(event.seq) == event
    assert ledger.payload(0) == {"site": "site-0", "time_zone": "Europe/Zürich"}


def test_sequence_numbers_run_from_zero_without_gap_over_transactions(ledger: Ledger) -> None:
    fill(ledger, [1, 3, 1])
    assert [event.seq for event in ledger.events()] == [4, 3, 2, 1, 0]
    assert [event.seq for event in ledger.events(last=2)] == [4, 3]


def test_an_event_carries_actor_time_and_service(ledger: Ledger) -> None:
    fill(ledger, [1])
    record = ledger.event(0).record
    assert (record["actor"], record["service"], record["outcome"]) == (ACTOR, SERVICE, "done")
    assert record["at"] == "2026-03-02T09:00:00.000001Z"
    assert record["id"][14] == "7"


def test_each_transaction_that_appends_signs_one_checkpoint_of_its_size(ledger: Ledger) -> None:
    for size in (2, 5):
        fill(ledger, [size - ledger.head().size])
        newest = ledger.latest_checkpoint()
        assert newest is not None
        assert open_checkpoint(newest.note, ledger.public_vkey) == newest.checkpoint
        assert newest.checkpoint.size == ledger.head().size == size
        events = reversed(ledger.events())
        assert newest.checkpoint.root == ledger.head().root == root_of([leaf_hash(event.data) for event in events])


def test_a_transaction_without_event_leaves_the_ledger_alone(ledger: Ledger) -> None:
    change(ledger, add_site)
    assert sites(ledger) == ["a"]
    assert ledger.head().size == 0
    assert ledger.latest_checkpoint() is None


def test_a_transaction_that_raises_leaves_neither_row_nor_event(ledger: Ledger) -> None:
    fill(ledger, [1])
    before = ledger.latest_checkpoint()
    with pytest.raises(KeyError):
        change(ledger, add_site, append, lambda transaction: transaction.session.commit(), fail)
    assert (sites(ledger), ledger.head().size, ledger.latest_checkpoint()) == ([], 1, before)
    fill(ledger, [1])
    assert verify_ledger(ledger.engine, ledger.public_vkey).verdict == "VERIFIED"


def test_a_row_that_the_database_refuses_takes_its_event_with_it(ledger: Ledger) -> None:
    change(ledger, add_site)
    with pytest.raises(IntegrityError):
        change(ledger, append, add_site)
    assert ledger.head().size == 0


def test_a_session_that_was_rolled_back_inside_appends_nothing(ledger: Ledger) -> None:
    with pytest.raises(InvalidRequestError):
        change(ledger, append, lambda transaction: transaction.session.rollback())
    assert ledger.head().size == 0


@pytest.mark.parametrize(
    ("draft", "error"),
    [
        (replace(site_registered(), type="site.invented"), ValueError),
        (replace(site_registered(), payload={"site": "a"}), ValueError),
        (replace(site_registered(), reason="x" * 65_536), ValueError),
        (replace(site_registered(), payload={"site": "a", "time_zone": 0.5}), NotCanonicalError),
        (replace(site_registered(), actor={"person": "Zu\u0308rich"}), NotCanonicalError),
    ],
)
def test_a_draft_that_is_refused_commits_nothing(
    file_ledger: Ledger, draft: EventDraft, error: type[Exception]
) -> None:
    with pytest.raises(error):
        change(file_ledger, add_site, lambda transaction: transaction.append(draft))
    assert (sites(file_ledger), file_ledger.head().size) == ([], 0)


def test_transactions_do_not_nest(file_ledger: Ledger) -> None:
    with file_ledger.transaction(), pytest.raises(RuntimeError, match="nest"), file_ledger.transaction():
        pass
    fill(file_ledger, [1])


def test_a_clock_that_went_back_is_told_in_the_event(tmp_path: Path) -> None:
    clock = FakeClock()
    ledger = open_ledger(f"sqlite:///{tmp_path}/record.db", clock=clock)
    fill(ledger, [1])
    clock.advance(hours=-1)
    fill(ledger, [1, 1])
    records = [event.record for event in reversed(ledger.events())]
    assert [record["service"].get("clock") for record in records] == [None, "backwards", None, None]
    assert records[1]["type"] == "clock.anomaly"
    assert [record["seq"] for record in records] == [0, 1, 2, 3]
    assert records[1]["at"] < records[0]["at"]
    report = verify_ledger(ledger.engine, ledger.public_vkey)
    assert report.verdict == "VERIFIED"
    assert "the clock went backwards at event 1" in report.warnings


def test_every_event_is_proved_to_whoever_has_its_bytes_and_the_key(ledger: Ledger) -> None:
    fill(ledger, [3, 2])
    for seq in range(5):
        verify_proof(ledger.prove(seq), ledger.public_vkey, ledger.event(seq).data)


def test_a_proof_fails_for_other_bytes_another_place_and_another_key(file_ledger: Ledger) -> None:
    fill(file_ledger, [5])
    proof, data = file_ledger.prove(2), file_ledger.event(2).data
    other = file_ledger.prove(3)
    changes = ({"seq": 3}, {"size": 4}, {"size": 6}, {"path": other.path})
    for wrong in [replace(proof, **change) for change in changes]:
        with pytest.raises(LedgerBrokenError):
            verify_proof(wrong, file_ledger.public_vkey, data)
    with pytest.raises(LedgerBrokenError):
        verify_proof(proof, file_ledger.public_vkey, data + b" ")
    with pytest.raises(LedgerBrokenError):
        verify_proof(proof, LogKey.generate().public_vkey, data)


@pytest.mark.parametrize("seq", [-1, 2, 2**40])
def test_an_event_that_is_not_there_is_unknown(file_ledger: Ledger, seq: int) -> None:
    fill(file_ledger, [2])
    for ask in (file_ledger.event, file_ledger.payload, file_ledger.prove):
        with pytest.raises(UnknownNameError):
            ask(seq)


def test_an_erased_payload_leaves_a_tombstone(ledger: Ledger) -> None:
    fill(ledger, [2])
    with ledger.transaction() as transaction:
        told = transaction.erase_payload(0, ACTOR, "a person asked for it")
    assert ledger.payload(0) is None
    assert ledger.payload(1) is not None
    assert ledger.payload(told.seq) == {"seq": 0}
    with reading(ledger.engine) as session:
        row = session.get(LedgerPayload, 0)
        assert row is not None
        assert (row.salt, row.payload) == (None, None)
    assert verify_ledger(ledger.engine, ledger.public_vkey).verdict == "VERIFIED"


def test_a_payload_is_erased_once_and_only_where_there_is_one(file_ledger: Ledger) -> None:
    fill(file_ledger, [1])
    with file_ledger.transaction() as transaction:
        transaction.erase_payload(0, ACTOR, "asked for")
    for seq in (0, 9):
        with pytest.raises(ValueError, match="no payload"), file_ledger.transaction() as transaction:
            transaction.erase_payload(seq, ACTOR, "asked for")


def test_salts_are_never_used_twice(file_ledger: Ledger) -> None:
    with file_ledger.transaction() as transaction:
        events = [transaction.append(site_registered()) for _ in range(2)]
    assert events[0].record["payload_digest"] != events[1].record["payload_digest"]


def test_another_key_cannot_append(ledger: Ledger) -> None:
    fill(ledger, [1])
    stranger = Ledger(ledger.engine, LogKey.generate(), FakeClock(), SERVICE)
    with pytest.raises(LedgerBrokenError, match="another log key"):
        fill(stranger, [1])


@pytest.mark.parametrize(
    "tampering",
    [
        "DELETE FROM ledger_entries WHERE seq = 2",
        "DELETE FROM ledger_checkpoints WHERE size = 3",
        "DELETE FROM ledger_checkpoints",
        "DELETE FROM ledger_head",
        "UPDATE ledger_head SET size = 2, frontier = x'00'",
        f"UPDATE ledger_head SET frontier = x'{3:016x}{'00' * 64}'",
        "DELETE FROM ledger_entries",
    ],
)
def test_a_ledger_that_contradicts_itself_takes_no_further_event(file_ledger: Ledger, tampering: str) -> None:
    fill(file_ledger, [1, 1, 1])
    with file_ledger.engine.begin() as connection:
        connection.execute(text("DELETE FROM ledger_payloads"))
        connection.execute(text(tampering))
    with pytest.raises(LedgerBrokenError), file_ledger.transaction() as transaction:
        transaction.session.add(site("a"))
    assert sites(file_ledger) == []


def test_an_event_in_the_place_of_another_is_not_given_out(file_ledger: Ledger) -> None:
    fill(file_ledger, [2])
    with file_ledger.engine.begin() as connection:
        other = "(SELECT data FROM ledger_entries WHERE seq = 0)"
        connection.execute(text(f"UPDATE ledger_entries SET data = {other} WHERE seq = 1"))
    with pytest.raises(LedgerBrokenError, match="in the place of event 1"):
        file_ledger.event(1)


def test_a_changed_payload_is_not_given_out(file_ledger: Ledger) -> None:
    fill(file_ledger, [2])
    with file_ledger.engine.begin() as connection:
        connection.execute(text("UPDATE ledger_payloads SET payload = x'7b7d' WHERE seq = 0"))
        connection.execute(text("UPDATE ledger_payloads SET payload = NULL WHERE seq = 1"))
    with pytest.raises(LedgerBrokenError, match="was changed"):
        file_ledger.payload(0)
    with pytest.raises(LedgerBrokenError, match="is gone"):
        file_ledger.payload(1)


def test_threads_append_without_gap(ledger: Ledger) -> None:
    threads = [threading.Thread(target=fill, args=(ledger, [1] * 5)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [event.seq for event in ledger.events()] == list(range(9, -1, -1))
    assert verify_ledger(ledger.engine, ledger.public_vkey).verdict == "VERIFIED"
