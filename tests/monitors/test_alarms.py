"""Planted failures over a year: one alert, its cause, since when; and a year without any gives none."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

import pytest
from years import (
    FIRST,
    Draw,
    Plant,
    declined,
    degraded,
    preprocessed,
    retuned,
    sicker,
    swapped,
    trusting,
    unrouted,
    upgraded,
    worsened,
    year,
)

from monitors.counts import Counts
from monitors.sequential import PlanPeriod, Sequence, sequence_of
from registry.domain.plan import MonitoringPlan
from registry.domain.signal import Alert

PLAN = MonitoringPlan()
SINCE = 200
LAST = "2026-12-31"


def day(index: int) -> str:
    return (date.fromisoformat(FIRST) + timedelta(days=index)).isoformat()


def delay(alert: Alert) -> int:
    return (date.fromisoformat(alert.opened) - date.fromisoformat(day(SINCE))).days


def watched(plant: Plant | None, seed: int = 4, last: str = LAST) -> Sequence:
    return sequence_of("m", year(seed, plant), PLAN, last)


@pytest.fixture(scope="module")
def upgrade() -> Counts:
    """Return the counts of a year with a scanner upgrade."""
    return year(4, upgraded(SINCE))


def test_a_year_without_a_failure_gives_no_alert() -> None:
    assert watched(None).alerts(LAST) == []


def test_one_scanner_that_fails_is_named_though_another_wanders_a_little() -> None:
    def failed(draw: Draw) -> None:
        late = draw.day >= SINCE
        draw.shift[late & (draw.scanner == 2)] -= 1.3
        draw.shift[late & (draw.scanner == 3)] -= 0.35

    (alert,) = watched(failed, last=day(SINCE + 60)).alerts(day(SINCE + 60))
    assert (alert.cause, alert.site) == ({"kind": "scanner", "who": "s2"}, "port")


@pytest.mark.parametrize(
    ("planted", "seed", "kind", "who", "within"),
    [
        (upgraded, 4, "software", "s2", 20),
        (degraded, 4, "scanner", "s2", 20),
        (declined, 3, "subgroup", "sex F", 75),
        (trusting, 4, "reader", "restricted", 60),
        (preprocessed, 4, "input", "port", 14),
        (unrouted, 4, "routing", "port", 3),
        (sicker, 4, "prevalence", "port", 60),
        (retuned, 4, "threshold", "port", 7),
        (swapped, 4, "model", "1", 30),
        (worsened, 3, "model", "1", 60),
    ],
)
def test_a_failure_is_one_alert_with_its_cause(
    planted: Callable[[int], Plant], seed: int, kind: str, who: str, within: int
) -> None:
    alerts = watched(planted(SINCE), seed).alerts(LAST)
    assert [alert.cause for alert in alerts] == [{"kind": kind, "who": who}]
    assert 0 <= delay(alerts[0]) <= within
    low, high = alerts[0].since["interval"]
    assert low <= alerts[0].since["estimate"] <= high
    assert low <= day(SINCE + 7)
    assert high >= day(SINCE - 7)
    assert alerts[0].studies_affected > 0
    assert alerts[0].action


@pytest.mark.parametrize("seed", [9, 16])
def test_scores_that_prevalence_explains_are_not_laid_to_the_group_that_leans_by_chance(seed: int) -> None:
    alerts = watched(sicker(SINCE), seed).alerts(LAST)
    assert [alert.cause for alert in alerts] == [{"kind": "prevalence", "who": "port"}]


def test_an_earlier_day_is_answered_as_a_run_on_that_day_would(upgrade: Counts) -> None:
    whole = sequence_of("m", upgrade, PLAN, LAST)
    for at in (40, 61, 125, 190, 203, 204, 210, 300):
        alone = sequence_of("m", upgrade, PLAN, day(at))
        assert alone.alerts(day(at)) == whole.alerts(day(at))
        assert [one.to_json() for one in alone.signals(day(at))] == [one.to_json() for one in whole.signals(day(at))]


def test_what_stops_is_cleared_after_the_quiet_period_and_what_stays_is_not(upgrade: Counts) -> None:
    stopped, lasting = watched(unrouted(SINCE)).alerts(LAST), sequence_of("m", upgrade, PLAN, LAST).alerts(LAST)
    assert [alert.state for alert in stopped] == ["cleared"]
    assert str(stopped[0].closed) >= day(SINCE + 10 + PLAN.quiet_days)
    assert [(alert.state, alert.closed) for alert in lasting] == [("open", None)]


@pytest.mark.parametrize("seed", [4, 7])
def test_an_alert_stays_open_while_its_group_still_declines_however_long(seed: int) -> None:
    """After the longest segment the detector compares the decline with itself; the reference has not moved."""
    alerts = sequence_of("m", year(seed, declined(100)), PLAN, LAST).alerts(LAST)
    assert [(alert.cause, alert.state) for alert in alerts] == [({"kind": "subgroup", "who": "sex F"}, "open")]
    assert alerts[0].site is None  # it fell at every site, though one of them told of it first


def test_an_alert_is_cleared_when_the_group_recovered() -> None:
    lasting = declined(100)

    def recovered(draw: Draw) -> None:
        before = draw.skill.copy()
        lasting(draw)
        late = draw.day >= 180
        draw.skill[late] = before[late]

    alerts = sequence_of("m", year(4, recovered), PLAN, LAST).alerts(LAST)
    assert alerts[0].cause == {"kind": "subgroup", "who": "sex F"}
    assert {alert.state for alert in alerts} == {"cleared"}


def test_an_alert_keeps_its_name_and_affects_more_studies_as_it_lasts(upgrade: Counts) -> None:
    whole = sequence_of("m", upgrade, PLAN, LAST)
    first, later = whole.alerts(day(220))[0], whole.alerts(LAST)[0]
    assert (first.id, first.opened, first.cause, first.since) == (later.id, later.opened, later.cause, later.since)
    assert len(first.id) == 16
    assert first.studies_affected < later.studies_affected


def test_only_streams_of_an_alert_are_in_alert_and_each_carries_evidence_and_limit(upgrade: Counts) -> None:
    signals = sequence_of("m", upgrade, PLAN, LAST).signals(day(230))
    raised = [one for one in signals if one.state == "alert"]
    assert {one.subject.get("scanner") for one in raised} >= {"s2"}
    assert all(one.evidence is not None and one.limit is not None and one.evidence > one.limit for one in raised)
    judged = [one for one in signals if one.state == "ok"]
    assert all(one.evidence is not None and one.limit is not None and one.evidence <= one.limit for one in judged)


def test_a_signal_that_is_not_judged_says_why(upgrade: Counts) -> None:
    early = sequence_of("m", upgrade, PLAN, day(100)).signals(day(100))
    reasons = {(one.subject.get("watched"), one.reason) for one in early if one.state == "not_assessed"}
    assert ("sensitivity", "immature") in reasons


def test_a_plan_without_budget_watches_nothing_and_says_so(upgrade: Counts) -> None:
    plan = MonitoringPlan(budget=dict.fromkeys(PLAN.budget, "0"))
    sequence = sequence_of("m", upgrade, plan, LAST)
    assert sequence.alerts(LAST) == []
    assert {one.reason for one in sequence.signals(LAST)} == {"not_run"}


@pytest.mark.parametrize("change", [100, 203, 240, 300])
def test_a_plan_that_takes_over_from_an_equal_one_changes_nothing(upgrade: Counts, change: int) -> None:
    alone = sequence_of("m", upgrade, PLAN, LAST)
    both = sequence_of("m", upgrade, PLAN, LAST, (PlanPeriod(PLAN, day(change)),))
    assert alone.alerts(LAST)
    assert both.alerts(LAST) == alone.alerts(LAST)
    assert both.signals(LAST) == alone.signals(LAST)


def test_a_laxer_plan_does_not_unsay_what_the_one_before_raised(upgrade: Counts) -> None:
    lax = replace(PLAN, false_alerts_per_model_year="1e-60", number=2)
    raised = sequence_of("m", upgrade, PLAN, day(230)).alerts(day(230))
    both = sequence_of("m", upgrade, lax, LAST, (PlanPeriod(PLAN, day(230)),))
    assert raised
    assert [alert.id for alert in both.alerts(LAST)] == [alert.id for alert in raised]
    assert both.alerts(LAST)[0].state == "cleared"
    assert sequence_of("m", upgrade, lax, LAST).alerts(LAST) == []


def test_a_stricter_plan_opens_nothing_on_days_before_it(upgrade: Counts) -> None:
    lax = replace(PLAN, false_alerts_per_model_year="1e-60")
    later = sequence_of("m", upgrade, replace(PLAN, number=2), LAST, (PlanPeriod(lax, day(299)),)).alerts(LAST)
    assert later
    assert {alert.opened >= day(300) for alert in later} == {True}
    assert sequence_of("m", upgrade, PLAN, LAST).alerts(LAST)[0].opened < day(300)


def test_an_alert_goes_on_under_a_plan_that_watches_other_groups() -> None:
    counts = year(3, declined(SINCE))
    first = sequence_of("m", counts, PLAN, LAST).alerts(LAST)[0]
    other = replace(PLAN, subgroup_axes=("scanner",), number=2)
    found = sequence_of("m", counts, other, LAST, (PlanPeriod(PLAN, first.opened),)).alerts(LAST)
    assert found[0].id == first.id


def test_a_stream_without_evidence_tells_of_its_recent_days_and_never_of_no_unit(upgrade: Counts) -> None:
    found = [one for at in (130, 199) for one in sequence_of("m", upgrade, PLAN, LAST).signals(day(at))]
    judged = [one for one in found if one.state != "not_assessed" and one.subject["watched"] != "silence"]
    assert judged
    assert min(one.n for one in judged) > 0
    assert {one.interval is None for one in judged} == {False}
