"""Stop rules: set by signature, fired by an alert that nobody took up, resumed by the named role alone."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from worlds import MODEL, World

from registry.alerts import acknowledge, remember
from registry.domain.errors import NotAllowedError, UnknownNameError, UsageError
from registry.domain.model import Deployment
from registry.domain.person import UNAUTHENTICATED, actor_record
from registry.domain.plan import plan_from
from registry.domain.signal import Alert
from registry.domain.stop_rule import StopRule
from registry.domain.stratum import Stratum
from registry.ledger.verify import verify_ledger
from registry.monitoring_plans import sign_monitoring_plan

ALERT = Alert(
    id="0b8cdfb80c1ccd2d",
    code="SEQ006",
    opened="2026-03-02",
    state="open",
    since={"estimate": "2026-03-01", "interval": ["2026-02-27", "2026-03-02"]},
    cause={"kind": "scanner", "who": "p:0a"},
    studies_affected=120,
    action="Suspend the scanner's stratum and open a revalidation task.",
    version="1",
    mode="live",
    target=MODEL,
)
DAY = date(2026, 3, 5)


@pytest.fixture
def placed(world: World) -> Deployment:
    """Return version 1, live at the general hospital."""
    world.register()
    world.approve("1")
    return world.go_live("1")


def set_rule(world: World, placed: Deployment, **changes: Any) -> StopRule:
    """Set a rule: any cause, three days, the whole deployment, unless told otherwise."""
    rule = StopRule(placed.deployment, "unanswered", "any", 3, "read without AI", "quality officer")
    return world.lifecycle.set_stop_rule(replace(rule, **changes), world.signer("clara"), "as agreed")


def alarm(world: World, **changes: Any) -> None:
    """Put an alert on record."""
    with world.ledger.transaction() as tx:
        remember(tx, world.lifecycle.record, MODEL, [replace(ALERT, **changes)], actor_record(UNAUTHENTICATED))


def state(world: World, placed: Deployment) -> str:
    """Return the deployment's state."""
    return world.lifecycle.deployment(placed.deployment).state


def test_an_alert_that_nobody_took_up_in_time_stops_the_deployment(world: World, placed: Deployment) -> None:
    set_rule(world, placed)
    alarm(world)
    assert world.lifecycle.fire_stop_rules(date(2026, 3, 4)) == ()
    (fired,) = world.lifecycle.fire_stop_rules(DAY)
    assert state(world, placed) == "stopped"
    assert "read without AI; only a quality officer resumes it" in fired.says
    told = world.told("deployment.stopped")[0]
    assert (told["rule"], told["alert"], told["fallback"]) == ("unanswered", ALERT.id, "read without AI")
    assert verify_ledger(world.ledger.engine, world.ledger.public_vkey).verdict == "VERIFIED"


def test_only_the_named_role_lets_it_run_again_and_the_same_alert_stops_it_no_second_time(
    world: World, placed: Deployment
) -> None:
    set_rule(world, placed)
    alarm(world)
    world.lifecycle.fire_stop_rules(DAY)
    with pytest.raises(NotAllowedError, match="signature of a quality officer"):
        world.lifecycle.resume(placed.deployment, world.signer("clara"))
    world.lifecycle.resume(placed.deployment, world.signer("quinn"), "found the cause")
    assert world.lifecycle.fire_stop_rules(DAY) == ()
    alarm(world, id="1111111111111111")
    assert len(world.lifecycle.fire_stop_rules(DAY)) == 1
    assert state(world, placed) == "stopped"


def test_a_rule_for_strata_suspends_only_the_scanner_that_the_alert_names(world: World, placed: Deployment) -> None:
    set_rule(world, placed, cause="scanner", days=0, scope="stratum")
    alarm(world)
    (fired,) = world.lifecycle.fire_stop_rules(date(2026, 3, 2))
    stratum = Stratum("scanner", "p:0a")
    assert (fired.stratum, state(world, placed)) == (stratum, "live")
    (one,) = world.lifecycle.suspensions(MODEL)
    assert (one.stratum, one.in_force, one.fallback) == (stratum, True, "read without AI")
    assert world.lifecycle.fire_stop_rules(DAY) == ()
    assert verify_ledger(world.ledger.engine, world.ledger.public_vkey).verdict == "VERIFIED"
    with pytest.raises(NotAllowedError, match="signature of a quality officer"):
        world.lifecycle.resume_stratum(placed.deployment, stratum, world.signer("clara"))
    assert not world.lifecycle.resume_stratum(placed.deployment, stratum, world.signer("quinn")).in_force


@pytest.mark.parametrize(
    "changes",
    [
        {"cause": {"kind": "model", "who": ""}},
        {"version": "2"},
        {"site": "elsewhere"},
        {"state": "cleared", "closed": "2026-03-04"},
    ],
)
def test_another_cause_version_site_or_a_cleared_alert_fires_nothing(
    world: World, placed: Deployment, changes: dict[str, Any]
) -> None:
    set_rule(world, placed, cause="scanner")
    alarm(world, **changes)
    assert world.lifecycle.fire_stop_rules(DAY) == ()
    assert state(world, placed) == "live"


def test_an_alert_that_somebody_took_up_fires_nothing(world: World, placed: Deployment) -> None:
    set_rule(world, placed)
    alarm(world)
    acknowledge(world.lifecycle.record, ALERT.id, world.signer("clara"), "I look into it")
    assert world.lifecycle.fire_stop_rules(DAY) == ()


def test_a_rule_of_the_same_name_takes_the_place_and_one_that_was_ended_fires_nothing(
    world: World, placed: Deployment
) -> None:
    set_rule(world, placed)
    set_rule(world, placed, days=30)
    assert [one.days for one in world.lifecycle.stop_rules(placed.deployment)] == [30]
    set_rule(world, placed, in_force=False)
    assert world.lifecycle.stop_rules() == ()
    alarm(world)
    assert world.lifecycle.fire_stop_rules(date(2026, 12, 1)) == ()


@pytest.mark.parametrize(
    ("changes", "error", "match"),
    [
        ({"cause": "scaner"}, UnknownNameError, "did you mean 'scanner'"),
        ({"scope": "site"}, UnknownNameError, "unknown scope"),
        ({"scope": "stratum"}, UsageError, "names no stratum"),
        ({"days": -1}, UsageError, "0 to 365"),
        ({"fallback": " "}, UsageError, "takes the model's place"),
        ({"resumer": "engineer"}, UsageError, "resumes nothing"),
        ({"rule": "Two words"}, UsageError, "name has"),
        ({"deployment": "other"}, UnknownNameError, "unknown deployment"),
    ],
)
def test_a_rule_that_could_not_fire_or_be_resumed_is_refused(
    world: World, placed: Deployment, changes: dict[str, Any], error: type[Exception], match: str
) -> None:
    with pytest.raises(error, match=match):
        set_rule(world, placed, **changes)
    with pytest.raises(NotAllowedError, match="may not sign"):
        world.lifecycle.set_stop_rule(StopRule(placed.deployment, "mine", "any", 1, "none"), world.signer("erin"))


def sign_plan(world: World, number: int = 1, **rules: Any) -> None:
    """Sign a monitoring plan with these stop rules, in both roles."""
    plan = plan_from({"number": number, "stop_rules": rules})
    for person in ("quinn", "clara"):
        sign_monitoring_plan(world.lifecycle.record, plan, world.signer(person), "as agreed")


def test_a_stop_rule_of_the_signed_plan_stops_the_deployments_of_the_model_that_it_names(
    world: World, placed: Deployment
) -> None:
    alarm(world)
    own = {"cause": "SEQ006", "days": 3, "fallback": "read without AI", "resumer": "quality officer"}
    plan = plan_from({"stop_rules": {"mine": own | {"model": MODEL}}})
    sign_monitoring_plan(world.lifecycle.record, plan, world.signer("quinn"), "as agreed")
    assert world.lifecycle.fire_stop_rules(DAY) == ()  # one signature of two
    sign_monitoring_plan(world.lifecycle.record, plan, world.signer("clara"), "as agreed")
    assert [one.rule for one in world.lifecycle.stop_rules(placed.deployment)] == ["plan-1.mine"]
    (fired,) = world.lifecycle.fire_stop_rules(DAY)
    assert (fired.rule.rule, state(world, placed)) == ("plan-1.mine", "stopped")
    told = world.told("deployment.stopped")[0]
    assert (told["rule"], told["alert"], told["fallback"]) == ("plan-1.mine", ALERT.id, "read without AI")
    with pytest.raises(NotAllowedError, match="signature of a quality officer"):
        world.lifecycle.resume(placed.deployment, world.signer("clara"))
    assert verify_ledger(world.ledger.engine, world.ledger.public_vkey).verdict == "VERIFIED"


def test_a_rule_of_the_plan_for_another_model_or_of_a_plan_that_was_followed_by_another_fires_nothing(
    world: World, placed: Deployment
) -> None:
    alarm(world)
    sign_plan(world, mine={"cause": "scanner", "days": 3, "model": "other"})
    assert world.lifecycle.stop_rules(placed.deployment) == ()
    sign_plan(world, number=2, scanner="3")
    sign_plan(world, number=3)
    assert world.lifecycle.fire_stop_rules(DAY) == ()
    assert state(world, placed) == "live"


def test_an_alert_that_meets_a_rule_of_the_plan_and_one_of_the_deployment_stops_it_once(
    world: World, placed: Deployment
) -> None:
    sign_plan(world, scanner="3")
    set_rule(world, placed)
    alarm(world)
    assert len(world.lifecycle.fire_stop_rules(DAY)) == 1
    world.lifecycle.resume(placed.deployment, world.signer("quinn"), "found the cause")
    assert world.lifecycle.fire_stop_rules(date(2026, 3, 9)) == ()
    assert len(world.told("deployment.stopped")) == 1


def test_a_rule_first_suspends_the_scanner_and_a_later_one_stops_the_deployment(
    world: World, placed: Deployment
) -> None:
    sign_plan(
        world,
        first={"cause": "scanner", "days": 1, "scope": "stratum"},
        second={"cause": "scanner", "days": 10},
    )
    alarm(world)
    assert [one.stratum for one in world.lifecycle.fire_stop_rules(DAY)] == [Stratum("scanner", "p:0a")]
    assert [one.stratum for one in world.lifecycle.fire_stop_rules(date(2026, 3, 12))] == [None]
    assert state(world, placed) == "stopped"


def test_an_alert_of_the_shadow_stops_no_live_deployment(world: World, placed: Deployment) -> None:
    set_rule(world, placed)
    alarm(world, mode="shadow")
    assert world.lifecycle.fire_stop_rules(DAY) == ()
    assert state(world, placed) == "live"
