"""The rehearsal: drawn years keep the volumes they come from, each failure does what it says, the table is honest."""

import math
import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from years import year

from monitors.counts import NO_LABEL, SCANNER, SOFTWARE, WATCH, day_number
from monitors.rehearsal import Asked, rehearse
from monitors.rehearsal_failures import FAILURES, NEW
from monitors.rehearsal_floor import Volumes, floor_days
from monitors.rehearsal_source import DrawnYear, Source, copied, scope_of, source_of
from monitors.rehearsal_stage import Stage, Struck, stage_of, struck_of
from monitors.scope import Scope
from pipelines.progress import Silent
from pipelines.simulation.hospital_failures import FAILURES as SIMULATED
from registry.domain.plan import MonitoringPlan

PLAN = MonitoringPlan()
SINCE = 150


@pytest.fixture(scope="module")
def source() -> Source:
    """Return the past of three sites, half a year long."""
    counts = year(7, days=200)
    scope = scope_of(counts, None)
    assert scope == Scope("1", "live", "t")
    found = source_of(counts, scope, day_number("2026-07-01"))
    assert found is not None
    return found


@pytest.fixture(scope="module")
def struck(source: Source) -> Struck:
    """Return whom failures strike there."""
    return struck_of(source, "sex")


@pytest.fixture(scope="module")
def base(source: Source) -> DrawnYear:
    """Return a year drawn from that past."""
    return source.drawn(3, 52)


def planted(source: Source, struck: Struck, base: DrawnYear, name: str) -> Stage:
    own = copied(base)
    own.rng = np.random.default_rng(1)
    stage = stage_of(own, source, struck, SINCE)
    FAILURES[name].plant(stage)
    return stage


def test_a_drawn_year_has_the_volumes_and_the_weekly_rhythm_of_its_past(source: Source, base: DrawnYear) -> None:
    past = np.bincount(source.units.codes["day"] % 7, minlength=7) / source.weeks
    now = np.bincount(base.units.codes["day"] % 7, minlength=7) / 52
    assert now == pytest.approx(past, rel=0.12)
    assert int(base.units.codes["day"].max()) == 363
    assert base.truth.mean() == pytest.approx(0.12, abs=0.03)


def test_the_same_seed_draws_the_same_year_and_another_seed_another(source: Source, base: DrawnYear) -> None:
    again, other = source.drawn(3, 52), source.drawn(4, 52)
    assert source.counts(again)[WATCH].digest == source.counts(base)[WATCH].digest
    assert source.counts(other)[WATCH].digest != source.counts(base)[WATCH].digest


def test_a_past_of_less_than_eight_weeks_is_no_source() -> None:
    counts = year(7, days=50)
    assert source_of(counts, Scope("1", "live", "t"), day_number("2026-02-15")) is None


def test_every_failure_of_the_simulated_hospital_is_rehearsed_by_the_same_name() -> None:
    assert set(FAILURES) == set(SIMULATED)
    for name, failure in FAILURES.items():
        assert set(failure.causes) == set(SIMULATED[name].causes)


@pytest.mark.parametrize("name", FAILURES)
def test_a_failure_leaves_the_days_before_it_as_they_were(
    source: Source, struck: Struck, base: DrawnYear, name: str
) -> None:
    stage = planted(source, struck, base, name)
    for before, now in ((base.units, stage.year.units), (base.reads, stage.year.reads)):
        early, still = before.codes["day"] < SINCE, now.codes["day"] < SINCE
        assert all(np.array_equal(before.codes[axis][early], now.codes[axis][still]) for axis in before.codes)


def sensitivity(own: DrawnYear, keep: Any) -> float:
    mine = keep & own.truth & (own.units.codes["day"] >= SINCE)
    return float(own.units.at("decision", "pos")[mine].mean())


def test_failures_do_what_they_say(source: Source, struck: Struck, base: DrawnYear) -> None:
    stages = {name: planted(source, struck, base, name) for name in FAILURES}
    every = np.ones(len(base.units), dtype=np.bool_)
    women = base.units.at(struck.axis, struck.group)
    declined = stages["subgroup-decline"].year
    assert sensitivity(declined, women) == pytest.approx(0.55, abs=0.05)
    assert sensitivity(declined, ~women) == sensitivity(base, ~women)
    assert sensitivity(stages["slow-decline"].year, every) < sensitivity(base, every) - 0.05
    late = base.units.at("site", struck.site) & (base.units.codes["day"] >= SINCE)
    share = [float(own.truth[late].mean()) for own in (base, stages["prevalence-change"].year)]
    odds = [value / (1 - value) for value in share]
    assert odds[1] / odds[0] == pytest.approx(2, rel=0.15)
    upgraded = stages["scanner-upgrade"].year.units
    on = upgraded.at(SOFTWARE, NEW)
    assert on.any()
    assert set(np.unique(upgraded.codes[SCANNER][on])) == {upgraded.levels[SCANNER].index(struck.scanner)}
    assert stages["new-scanner"].year.arrivals.at(SCANNER, NEW).any()
    gone = stages["routing-stop"].year.units
    assert not (gone.at("site", struck.site) & (gone.codes["day"] >= SINCE)).any()
    reads = stages["reader-accepts"].year.reads
    mine = reads.at("reader", struck.reader) & (reads.codes["day"] >= SINCE)
    assert not (reads.at("ai_decision", "pos") != reads.at("read_decision", "pos"))[mine].any()


def test_a_changed_decision_is_verified_like_others_of_its_kind(
    source: Source, struck: Struck, base: DrawnYear
) -> None:
    own = planted(source, struck, base, "preprocessing-shift").year.units
    late = own.at("site", struck.site) & (own.codes["day"] >= SINCE) & own.at("decision", "pos")
    usual = base.units.at("decision", "pos")
    labelled = [
        float((rows.codes["label_age"] < NO_LABEL)[keep].mean()) for rows, keep in ((own, late), (base.units, usual))
    ]
    assert labelled[0] == pytest.approx(labelled[1], abs=0.03)


def test_a_failure_that_changes_nothing_has_no_floor_and_a_stronger_budget_a_later_one(
    source: Source, struck: Struck, base: DrawnYear
) -> None:
    volumes = Volumes(50, 1.0, 364, 60)
    unchanged = stage_of(copied(base), source, struck, SINCE)
    assert floor_days(FAILURES["preprocessing-shift"], base, unchanged, volumes) == math.inf
    stage = planted(source, struck, base, "preprocessing-shift")
    found = floor_days(FAILURES["preprocessing-shift"], base, stage, volumes)
    assert 0 < found < floor_days(FAILURES["preprocessing-shift"], base, stage, replace(volumes, false_alerts=0.01))


def test_the_table_is_the_same_twice_and_says_what_cannot_be_seen(source: Source) -> None:
    asked = Asked("m", years=1, seed=5, failures=("preprocessing-shift", "motion-wave", "reader-accepts"))
    first, again = (rehearse(source, PLAN, asked, Silent()) for _ in range(2))
    assert first == again
    shift, wave, reader = first["failures"]
    assert (shift["found"], shift["named"]) == (1, {"input": 1})
    assert shift["delay_days"]["median"] <= 7
    assert shift["verdict"] == "can be seen at these volumes"
    assert (wave["found"], wave["named"]) == (1, {"input": 1})
    assert (reader["found"], reader["named_right"]["value"]) == (1, 1.0)
    assert first["struck"]["reader"] == "restricted"
    assert first["false_alerts"]["upper_95"] > first["false_alerts"]["a_year"]


def test_what_no_count_tells_of_cannot_be_seen_and_what_takes_longer_than_the_year_needs_more(source: Source) -> None:
    blind = replace(source, quality={})
    (wave,) = rehearse(blind, PLAN, Asked("m", 1, 5, ("motion-wave",)), Silent())["failures"]
    assert (wave["floor_days"], wave["verdict"]) == (None, "cannot be seen: nothing that is counted tells of it")
    strict = MonitoringPlan(false_alerts_per_model_year="0.000000000000000000000000000000000000000000000001")
    (decline,) = rehearse(source, strict, Asked("m", 1, 5, ("subgroup-decline",)), Silent())["failures"]
    assert decline["found"] == 0
    assert re.fullmatch(r"cannot be seen at these volumes: needs \d+ studies a day, there are \d+", decline["verdict"])
