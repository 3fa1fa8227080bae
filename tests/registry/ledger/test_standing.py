"""A record that contradicts what was kept outside it: read-only, but for what must never wait."""

import shutil
from pathlib import Path

import pytest
from ledgers import ACTOR, SERVICE, fill, open_ledger
from witnesses import Watched, new_witness, policy_of, watched

from registry.database import open_database
from registry.domain.errors import LedgerBrokenError
from registry.domain.event import Event, EventDraft, Subject
from registry.ledger.anchoring import Witnessed
from registry.ledger.log_key import LogKey
from registry.ledger.store import Ledger, Transaction
from registry.ledger.verify import verify_ledger

KEY = LogKey.generate()
STOP = EventDraft("deployment.stopped", ACTOR, (Subject("deployment", "d"),), {"deployment": "d", "fallback": "f"})
SITE = EventDraft("site.registered", ACTOR, (Subject("site", "s"),), {"site": "s", "time_zone": "UTC"})
READS = EventDraft("intake.batch", ACTOR, (), {"table": "reads", "rows": 1, "segment": "x"})
OUTCOMES = EventDraft("intake.batch", ACTOR, (), {"table": "outcomes", "rows": 1, "segment": "x"})
PREDICTIONS = EventDraft("intake.batch", ACTOR, (), {"table": "predictions", "rows": 1, "segment": "x"})


@pytest.fixture
def setting(tmp_path: Path) -> Watched:
    """Return a ledger of four events, the first three of which a witness saw; a backup was made after two."""
    fill(found := _opened(tmp_path), [2])
    found.engine.dispose()
    shutil.copy(tmp_path / "record.db", tmp_path / "backup.db")
    fill(found, [1])
    setting = watched(found, tmp_path)
    setting.cosign()
    fill(found, [1])
    return setting


def _opened(tmp_path: Path) -> Ledger:
    ledger = open_ledger(f"sqlite:///{tmp_path}/record.db", KEY)
    return Ledger(ledger.engine, KEY, ledger.clock, SERVICE, witnessed=tmp_path / "witnessed")


def restored(setting: Watched, tmp_path: Path) -> None:
    setting.ledger.engine.dispose()
    shutil.copy(tmp_path / "backup.db", tmp_path / "record.db")


def truncated(setting: Watched, tmp_path: Path) -> None:
    del tmp_path
    with setting.ledger.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM ledger_payloads WHERE seq >= 2")
        connection.exec_driver_sql("DELETE FROM ledger_entries WHERE seq >= 2")


def emptied(setting: Watched, tmp_path: Path) -> None:
    del tmp_path
    with setting.ledger.engine.begin() as connection:
        for table in ("ledger_payloads", "ledger_entries", "ledger_head", "ledger_checkpoints"):
            connection.exec_driver_sql(f"DELETE FROM {table}")


def holed(setting: Watched, tmp_path: Path) -> None:
    del tmp_path
    with setting.ledger.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM ledger_payloads WHERE seq = 1")
        connection.exec_driver_sql("DELETE FROM ledger_entries WHERE seq = 1")
        connection.exec_driver_sql("UPDATE ledger_head SET frontier = 'x'")


def put(tx: Transaction, drafts: list[EventDraft]) -> list[Event]:
    return [tx.append(draft) for draft in drafts]


ATTACKS = (restored, truncated, emptied, holed)


@pytest.mark.parametrize("attack", ATTACKS)
def test_changes_are_refused_and_stops_reads_and_outcomes_go_in_unsigned(
    setting: Watched, tmp_path: Path, attack: object
) -> None:
    assert setting.ledger.contradiction() == ""
    attack(setting, tmp_path)  # type: ignore[operator]
    ledger = _opened(tmp_path)
    before = ledger.latest_checkpoint()
    assert ledger.contradiction()
    for drafts in ([SITE], [PREDICTIONS], [], [STOP, PREDICTIONS]):
        with pytest.raises(LedgerBrokenError), ledger.transaction() as tx:
            put(tx, drafts)
    for drafts in ([STOP], [SITE, READS], [OUTCOMES]):
        with ledger.transaction() as tx:
            events = put(tx, drafts)
        assert events[-1].record["service"]["ledger"] == "contradicted"
        assert ledger.event(events[-1].seq) == events[-1]
    after = ledger.latest_checkpoint()
    assert (before and before.note) == (after and after.note), "no checkpoint is signed over another history"
    assert ledger.contradiction(), "what went in does not make the record whole"
    witnessed = Witnessed(setting.anchors, KEY.public_vkey, setting.policy)
    assert verify_ledger(ledger.engine, KEY.public_vkey, None, None, witnessed).verdict == "BROKEN"


def test_a_restored_record_names_the_checkpoint_that_it_lacks(setting: Watched, tmp_path: Path) -> None:
    restored(setting, tmp_path)
    ledger = _opened(tmp_path)
    assert "the checkpoint of 3 events that was cosigned by witnesses" in ledger.contradiction()
    with pytest.raises(LedgerBrokenError, match="restore"):
        setting.asking.request(0)


def test_another_history_of_the_cosigned_length_is_refused(setting: Watched, tmp_path: Path) -> None:
    restored(setting, tmp_path)
    open_database(f"sqlite:///{tmp_path}/record.db")
    rebuilt = open_ledger(f"sqlite:///{tmp_path}/record.db", KEY)
    fill(rebuilt, [1, 1, 1])
    with pytest.raises(LedgerBrokenError, match="cosigned"):
        fill(_opened(tmp_path), [1])


def test_a_spoilt_cosigned_checkpoint_makes_the_record_read_only(setting: Watched, tmp_path: Path) -> None:
    assert setting.anchors.sizes() == [3]
    (tmp_path / "witnessed" / "3.txt").write_text("nothing")
    with pytest.raises(LedgerBrokenError):
        fill(_opened(tmp_path), [1])


def test_ranges_tell_what_rests_on_witnesses_and_what_does_not(setting: Watched) -> None:
    witnessed = Witnessed(setting.anchors, KEY.public_vkey, setting.policy)
    report = verify_ledger(setting.ledger.engine, KEY.public_vkey, None, None, witnessed)
    assert (report.verdict, report.anchored_to, report.anchor) == ("UNANCHORED", 3, "witnesses")
    first, second = report.ranges
    assert (first.first, first.last, first.verdict, first.witnesses) == (0, 2, "VERIFIED", ("quality.example",))
    assert first.at is not None
    assert first.at.startswith("2026-03-02T09:00:00")
    assert (second.first, second.last, second.verdict, second.by) == (3, 3, "UNANCHORED", "own checkpoint")
    setting.cosign()
    report = verify_ledger(setting.ledger.engine, KEY.public_vkey, None, None, witnessed)
    assert (report.verdict, report.anchored_to, report.warnings) == ("VERIFIED", 4, ())


def test_a_policy_that_is_not_met_anchors_nothing(setting: Watched, tmp_path: Path) -> None:
    other = new_witness(tmp_path / "other", "other.example")
    policy = policy_of({"a": setting.witness.key.vkey, "b": other.key.vkey})
    witnessed = Witnessed(setting.anchors, KEY.public_vkey, policy)
    report = verify_ledger(setting.ledger.engine, KEY.public_vkey, None, None, witnessed)
    assert (report.verdict, report.anchored_to) == ("UNANCHORED", None)
    one = policy_of({"a": setting.witness.key.vkey, "b": other.key.vkey}, "1")
    report = verify_ledger(
        setting.ledger.engine, KEY.public_vkey, None, None, Witnessed(setting.anchors, KEY.public_vkey, one)
    )
    assert report.anchored_to == 3


def test_an_event_that_claims_a_time_after_its_witnesses_saw_it_is_told(setting: Watched) -> None:
    setting.ledger.clock.advance(hours=1)  # type: ignore[attr-defined]
    fill(setting.ledger, [1])
    setting.cosign()
    witnessed = Witnessed(setting.anchors, KEY.public_vkey, setting.policy)
    report = verify_ledger(setting.ledger.engine, KEY.public_vkey, None, None, witnessed)
    assert report.verdict == "VERIFIED"
    assert "after the witnesses saw it" in report.warnings[0]
