"""Alerts on record: opened once, taken up, resolved or cleared, and never by hand."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text
from worlds import MODEL, World

from registry.alerts import acknowledge, get, listed, not_raised, overlaid, remember, resolve
from registry.database import reading
from registry.domain.errors import AnswerIsNoError, NotAllowedError, UnknownNameError, UsageError
from registry.domain.person import UNAUTHENTICATED, actor_record
from registry.domain.signal import Alert
from registry.ledger.verify import verify_ledger
from registry.schema import LedgerEntry

ALERT = Alert(
    id="0b8cdfb80c1ccd2d",
    code="SEQ006",
    opened="2026-02-20",
    state="open",
    since={"estimate": "2026-02-16", "interval": ["2026-02-14", "2026-02-18"]},
    cause={"kind": "scanner", "who": "p:0a"},
    studies_affected=120,
    action="Suspend the scanner's stratum and open a revalidation task.",
    version="1",
    mode="live",
    target=MODEL,
)
CLEARED = replace(ALERT, state="cleared", closed="2026-03-01")


def told(world: World, *alerts: Alert) -> None:
    with world.ledger.transaction() as tx:
        remember(tx, world.lifecycle.record, MODEL, alerts, actor_record(UNAUTHENTICATED))


def events(world: World) -> list[str]:
    with reading(world.ledger.engine) as session:
        rows = session.query(LedgerEntry.type).order_by(LedgerEntry.seq)
        return [kind for (kind,) in rows if kind.startswith("alert.")]


def shown(world: World, alert: Alert) -> dict[str, Any]:
    with reading(world.ledger.engine) as session:
        return overlaid(session, [alert])[0]


def test_an_alert_is_opened_once_however_often_it_is_told(world: World) -> None:
    for _ in range(3):
        told(world, ALERT)
    (found,) = listed(world.lifecycle.record)
    assert (found.model, found.version, found.mode, found.record["state"]) == (MODEL, "1", "live", "open")
    assert events(world) == ["alert.opened"]
    assert listed(world.lifecycle.record, "another") == []


def test_an_alert_that_fell_quiet_is_cleared_once_and_an_earlier_run_does_not_reopen_it(world: World) -> None:
    for alert in (ALERT, CLEARED, CLEARED, ALERT):
        told(world, alert)
    found = get(world.lifecycle.record, ALERT.id)
    assert (found.record["state"], found.record["closed"]) == ("cleared", "2026-03-01")
    assert events(world) == ["alert.opened", "alert.cleared"]


def test_a_running_alert_that_a_run_no_longer_raises_is_told_until_a_person_closes_it(world: World) -> None:
    def kept(as_of: str, *raised: str, target: str | None = None) -> list[tuple[str, str]]:
        run = {"model": MODEL, "as_of": as_of, "alerts": [{"id": one} for one in raised]}
        with reading(world.ledger.engine) as session:
            found = not_raised(world.lifecycle.record, session, run, target)
        return [(one["id"], one["state"]) for one in found]

    told(world, ALERT)
    assert kept("2026-02-20") == [(ALERT.id, "open")]
    assert kept("2026-02-20", target="another") == kept("2026-02-19") == kept("2026-03-01", ALERT.id) == []
    acknowledge(world.lifecycle.record, ALERT.id, world.signer("clara"), "looking at it")
    assert kept("2026-03-05") == [(ALERT.id, "acknowledged")]
    resolve(world.lifecycle.record, ALERT.id, world.signer("quinn"), "kernel set back")
    assert kept("2026-03-05") == []


def test_a_person_takes_it_up_and_resolves_it_and_later_runs_keep_that(world: World) -> None:
    told(world, ALERT)
    taken = acknowledge(world.lifecycle.record, ALERT.id, world.signer("clara"), "looking at it")
    assert taken.record["state"] == "acknowledged"
    assert taken.acknowledged_by.startswith("Clara, 2026-03-02T10:00:")
    assert shown(world, ALERT)["state"] == "acknowledged"
    done = resolve(world.lifecycle.record, ALERT.id, world.signer("quinn"), "kernel set back")
    assert (done.record["state"], done.record["closed"]) == ("resolved", "2026-03-02")
    told(world, ALERT, CLEARED)
    assert (shown(world, ALERT)["state"], shown(world, CLEARED)["closed"]) == ("resolved", "2026-03-02")
    assert events(world) == ["alert.opened", "alert.acknowledged", "alert.resolved"]
    assert verify_ledger(world.ledger.engine, world.ledger.public_vkey).verdict != "BROKEN"


def test_an_acknowledged_alert_can_still_be_cleared(world: World) -> None:
    told(world, ALERT)
    acknowledge(world.lifecycle.record, ALERT.id, world.signer("otto"), "")
    told(world, CLEARED)
    assert get(world.lifecycle.record, ALERT.id).record["state"] == "cleared"


def test_a_role_that_may_not_decide_is_refused_and_the_refusal_is_kept(world: World) -> None:
    told(world, ALERT)
    with pytest.raises(NotAllowedError, match="may not sign 'acknowledge'"):
        acknowledge(world.lifecycle.record, ALERT.id, world.signer("erin"), "")
    assert get(world.lifecycle.record, ALERT.id).record["state"] == "open"


def test_what_cannot_be_decided_is_refused(world: World) -> None:
    told(world, ALERT)
    with pytest.raises(UnknownNameError):
        get(world.lifecycle.record, "ffffffffffffffff")
    with pytest.raises(UsageError, match="how it was dealt with"):
        resolve(world.lifecycle.record, ALERT.id, world.signer("clara"), " ")
    resolve(world.lifecycle.record, ALERT.id, world.signer("clara"), "mended")
    with pytest.raises(AnswerIsNoError, match="resolved"):
        acknowledge(world.lifecycle.record, ALERT.id, world.signer("clara"), "")


@pytest.mark.parametrize(
    "edit",
    [
        "UPDATE alerts SET state = 'resolved', closed = '2026-03-01'",
        "UPDATE alerts SET cause_who = 'p:0b'",
        "UPDATE alerts SET closed = '2026-03-01'",
        "UPDATE alerts SET alert = 'ffffffffffffffff'",
    ],
)
def test_an_alert_edited_by_hand_is_found(world: World, edit: str) -> None:
    told(world, ALERT)
    assert verify_ledger(world.ledger.engine, world.ledger.public_vkey).verdict != "BROKEN"
    with world.ledger.engine.begin() as connection:
        connection.execute(text(edit))
    report = verify_ledger(world.ledger.engine, world.ledger.public_vkey)
    assert report.verdict == "BROKEN"
    assert "alert" in report.why


def test_an_alert_that_is_renamed_keeps_its_id_and_both_names_with_their_days(world: World) -> None:
    renamed = replace(ALERT, cause={"kind": "subgroup", "who": "sex F"}, first_cause=ALERT.cause, named_on="2026-03-05")
    for alert in (ALERT, renamed, renamed, ALERT):
        told(world, alert)
    found = get(world.lifecycle.record, ALERT.id)
    assert found.record["cause"] == renamed.cause
    assert found.to_json()["names"] == [
        {"day": "2026-02-20", "cause": dict(ALERT.cause)},
        {"day": "2026-03-05", "cause": {"kind": "subgroup", "who": "sex F"}},
    ]
    assert events(world) == ["alert.opened", "alert.renamed"]
    assert verify_ledger(world.ledger.engine, world.ledger.public_vkey).verdict != "BROKEN"


def test_an_alert_that_is_first_told_under_its_second_name_is_opened_with_its_first(world: World) -> None:
    cause = {"kind": "subgroup", "who": "sex F"}
    told(world, replace(ALERT, cause=cause, first_cause=ALERT.cause, named_on="2026-03-05"))
    found = get(world.lifecycle.record, ALERT.id)
    assert [one["cause"] for one in found.names] == [dict(ALERT.cause), cause]
    assert events(world) == ["alert.opened", "alert.renamed"]


def test_a_closed_alert_is_not_renamed(world: World) -> None:
    told(world, CLEARED)
    told(world, replace(CLEARED, cause={"kind": "model", "who": "1"}, first_cause=ALERT.cause, named_on="2026-03-05"))
    assert "alert.renamed" not in events(world)
