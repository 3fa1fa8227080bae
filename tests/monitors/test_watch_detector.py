"""The detector: what it compares, how it allows for the reference's own uncertainty, where it puts the change."""

from dataclasses import replace

import numpy as np
import pytest
from years import year

from monitors.watch.build import stream_limit, watch_of
from monitors.watch.comparisons import Level, Share, Silence
from monitors.watch.detector import Rules, change_point, dispersion_of, path_of, segment_z
from monitors.watch.strata import Strata
from registry.domain.plan import MonitoringPlan


def level(values: np.ndarray, n: int = 20, reference: int = 60) -> Level:
    """Return a level of days with n units each, whose day means are given in standard errors."""
    sums = values * np.sqrt(n)
    return Level(np.stack([sums, np.full(len(values), float(n))]), (0, reference), 0.0, 1.0, float(n * reference))


def test_the_evidence_of_a_day_depends_on_no_later_day() -> None:
    values = np.random.default_rng(0).normal(size=200)
    whole, part = (path_of(level(values[:days]), Rules(60)) for days in (200, 130))
    assert np.array_equal(whole.evidence[:130], part.evidence)


def test_nothing_of_the_reference_is_judged() -> None:
    assert not path_of(level(np.full(100, 3.0)), Rules(60)).evidence[:61].any()


def test_a_change_is_dated_with_an_interval_that_holds_it() -> None:
    values = np.random.default_rng(1).normal(size=160)
    values[130:] += 1.5
    estimate, low, high = change_point(level(values), Rules(60), 159)
    assert low <= 130 <= high
    assert abs(estimate - 130) <= 3


def test_a_side_hears_only_its_direction() -> None:
    rise = level(np.concatenate([np.zeros(60), np.full(20, 2.0)]))
    assert path_of(rise, Rules(60, 1)).evidence[-1] > 10
    assert path_of(rise, Rules(60, -1)).evidence[-1] == 0


@pytest.mark.parametrize("margin", [0.0, 0.03])
def test_a_change_that_an_unlucky_reference_hides_shows_against_all_before(margin: float) -> None:
    values = np.concatenate([np.full(60, 0.6), np.zeros(120), np.full(30, 1.0)])  # in standard errors of a day
    hidden = replace(level(values - 0.6), margin=margin)
    alone, grown = (path_of(hidden, Rules(60, 1, grows=grows)).evidence[-1] for grows in (False, True))
    deviate = (1 - 0.2) * np.sqrt(30 / (1 + 30 / 180)) - margin * np.sqrt(20 * 30 / (1 + 30 / 180))
    assert alone < 2
    assert grown == pytest.approx(deviate**2 / 2, rel=0.2)  # the spread is estimated, so a little less


def test_a_share_of_all_before_is_held_as_that_of_a_reference_is() -> None:
    share = Share(np.zeros((2, 1)), (0, 1), 120, 1200, ratio=1.07)
    sums, past = np.array([[30.0], [200.0]]), np.array([[120.0], [1200.0]])
    assert share.since(sums, past) == pytest.approx(share.beyond(sums))


def test_what_is_held_against_two_pasts_spends_two_shares_of_the_budget() -> None:
    once, twice, chart = Rules(60), Rules(60, grows=True), Rules(60, grows=True, detector="cusum")
    assert [rules.looks for rules in (once, twice, chart)] == [1, 2, 1]
    watch = watch_of(year(4, days=100), MonitoringPlan(), "2026-04-10")
    assert watch is not None
    mine = [stream for stream in watch.streams if stream.family == "scanner" and stream.comparison is not None]
    assert watch.counts["scanner"][-1] == 2 * len(mine)
    found = next(limits for stream, limits in zip(watch.streams, watch.limits, strict=True) if stream is mine[0])
    assert found[-1] == stream_limit(MonitoringPlan(), "scanner", 2 * len(mine))


def test_a_short_reference_weakens_the_same_deviation() -> None:
    values = np.concatenate([np.zeros(60), np.full(40, 1.0)])
    long, short = level(values), level(values)
    short = Level(short.series, short.reference, short.mean, short.variance, 200.0)
    assert segment_z(short, 60, 99) < 0.6 * segment_z(long, 60, 99)


def test_restless_days_of_the_reference_widen_the_limits_and_calm_ones_never_narrow_them() -> None:
    rng = np.random.default_rng(2)
    assert dispersion_of(2 * rng.normal(size=400)) == pytest.approx(4, rel=0.4)
    assert dispersion_of(0.1 * rng.normal(size=60)) == 1.0
    follows = np.convolve(rng.normal(size=500), np.ones(5) / np.sqrt(5), "valid")
    assert dispersion_of(follows) > 2.0


def test_a_share_is_held_against_two_binomials() -> None:
    series = np.array([[2.0] * 60 + [8.0] * 5, [20.0] * 65])
    share = Share(series, (0, 60), 120, 1200)
    assert segment_z(share, 60, 64) > 5
    none = Share(np.array([[0.0] * 65, [20.0] * 65]), (0, 60), 0, 1200)
    assert segment_z(none, 60, 64) == 0


def test_a_rare_event_is_no_alarm_by_itself() -> None:
    series = np.array([[0.0] * 60 + [1.0, 0.0], [10.0] * 62])
    assert segment_z(Share(series, (0, 60), 3, 600), 60, 61) < 2.5


def test_a_change_of_all_is_no_change_of_a_group() -> None:
    group = Share(np.array([[2.0] * 60 + [10.0] * 10, [20.0] * 70]), (0, 60), 120, 1200)
    steady = Share(np.array([[2.0] * 70, [20.0] * 70]), (0, 60), 120, 1200)
    assert abs(segment_z(Strata(((group, group),)), 60, 69)) < 0.1
    assert segment_z(Strata(((group, steady),)), 60, 69) > 4
    assert segment_z(Strata(((group, None),)), 60, 69) > 4


def rare(seed: int, after: float, days: int = 100) -> Share:
    """Return a share of one or two units a day, .93 over the reference of sixty days and another one after it."""
    rng = np.random.default_rng(seed)
    units = rng.integers(1, 3, size=days)
    hits = rng.binomial(units, np.where(np.arange(days) < 60, 0.93, after))
    series = np.stack([hits, units]).astype(np.float64)
    return Share(series, (0, 60), float(series[0, :60].sum()), float(series[1, :60].sum()), least=3, nearer=0.25)


def test_sites_that_are_too_small_alone_are_judged_together() -> None:
    rules, sooner, none = Rules(60, -1), 0, 0
    for seed in range(0, 40, 2):
        fallen = [rare(seed + site, 0.45) for site in range(2)]
        both = path_of(Strata(tuple((one, None) for one in fallen), own=True, alone=True), rules).evidence
        alone = [path_of(Strata(((one, None),), own=True, alone=True), rules).evidence for one in fallen]
        sooner += both[70] > max(one[70] for one in alone)
        steady = Strata(tuple((rare(seed + site, 0.93), None) for site in range(2)), own=True, alone=True)
        none += path_of(steady, rules).evidence.max() > 9
    assert sooner >= 16
    assert none <= 1


def test_strata_that_are_judged_together_have_the_spread_of_their_sum() -> None:
    """Two sites whose days deviate the same way are as restless as each and more; opposite ones cancel."""
    days = np.where(np.arange(100) % 10 < 5, 4.0, 10.0)
    one, other = (Share(np.stack([hits, np.full(100, 14.0)]), (0, 60), 420, 840) for hits in (days, 14 - days))
    same, opposed = (Strata(((one, None), (two, None)), own=True, alone=True) for two in (one, other))
    assert same.dispersion > one.dispersion > opposed.dispersion == 1


def test_a_group_has_of_its_sites_restlessness_the_share_of_its_units() -> None:
    rng, days = np.random.default_rng(5), 4000
    rate = 0.5 + 0.2 * np.sign(rng.normal(size=days))
    hits = {n: rng.binomial(n, rate).astype(np.float64) for n in (5, 15)}
    group, rest, site = (
        Share(np.stack([x, np.full(days, float(n))]), (0, days), float(x.sum()), float(n * days))
        for n, x in ((5, hits[5]), (15, hits[15]), (20, hits[5] + hits[15]))
    )
    assert site.dispersion > 3
    together = Strata(((group, rest),), own=True, alone=True)
    assert together.dispersion == pytest.approx(1 + (site.dispersion - 1) / 4, rel=1e-2)
    assert together.dispersion == pytest.approx(group.dispersion, rel=0.15)


def test_silence_counts_only_days_on_end() -> None:
    nats = np.array([0.0, 4.0, 4.0, 4.0])
    silent = Silence(np.stack([nats, np.where(nats > 0, 0.0, 5.0)]))
    found = path_of(silent, Rules(0, -1, shortest=1)).evidence
    assert found == pytest.approx([0, 4, 8, 12], rel=1e-6)


def test_more_streams_take_a_higher_limit_each() -> None:
    plan = MonitoringPlan()
    limits = [stream_limit(plan, "score", streams) for streams in (1, 6, 60)]
    assert limits == sorted(limits)
    assert stream_limit(plan, "score", 6, two_sided=False) < limits[1]
    assert stream_limit(plan, "routing", 6) > stream_limit(plan, "score", 6)
    assert stream_limit(MonitoringPlan(false_alerts_per_model_year="0.1"), "score", 6) > limits[1]
