"""Labels as they come: bands of their age, each against the reference's, against all before, and what holds it back."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from scipy.stats import chi2_contingency
from years import year

from monitors.counts import Column, Labels, count
from monitors.scope import Scope
from monitors.watch import detector
from monitors.watch.build import watch_of
from monitors.watch.cells import Calendar, Cells, cells_of
from monitors.watch.comparisons import Share
from monitors.watch.detector import Rules, change_point, path_of, segment_beyond, segment_sums, segment_z
from monitors.watch.label_streams import band_ages, ripe_labels
from monitors.watch.places import Place
from monitors.watch.ripening import Ripening
from monitors.watch.spread import Kin, spread_before, with_kin
from monitors.watch.standardised import Standardised
from monitors.watch.strata import Strata
from registry.domain.plan import MonitoringPlan
from registry.domain.vocabulary import NotAssessed
from validation.statistics.run_length import glr_limit

AGES = (7, 14, 28)
RATES = (0.95, 0.9, 0.7)  # early labels agree more often
SPAN = (0, 60)


def ripening(seed: int, days: int = 300, *, mean: float = 1.5, fallen: int | None = None) -> Ripening:
    """Return a share whose labels come in three bands of age; from a day of entry on a third of its hits are lost."""
    rng = np.random.default_rng(seed)
    units = rng.poisson(mean, (3, days)).astype(np.float64)
    rates = np.array(RATES)[:, None] * np.where(np.arange(days) >= (days if fallen is None else fallen), 2 / 3, 1.0)
    entered = np.stack([rng.binomial(units.astype(np.int64), rates), units], axis=1)
    return in_bands(entered)


def in_bands(entered: Any) -> Ripening:
    """Return a share of hits and units by day of entry, shape (bands, 2, days)."""
    days = entered.shape[2]
    calendar = Calendar(1, days, 60)
    bands = [band(calendar, one, age) for one, age in zip(entered, AGES, strict=True)]
    return Ripening(band(calendar, entered.sum(axis=0), AGES[-1]), tuple(bands), AGES)


def band(calendar: Calendar, entered: Any, age: int) -> Share:
    """Return a share that is judged so many days after its units entered."""
    series = np.stack([calendar.shifted(row, age) for row in entered])
    hits, units = entered[:, SPAN[0] : SPAN[1]].sum(axis=1).tolist()
    return Share(series, (SPAN[0] + age, SPAN[1] + age), hits, units)


def test_with_one_band_it_is_the_likelihood_ratio_of_two_binomials() -> None:
    """Against scipy's G-test, from the reference and from all before."""
    whole = ripening(1).whole
    one = Ripening(whole, (whole,), (28,), nearer=0.0)
    sums = np.array([[31.0], [50.0]])
    reference = [[31, 19], [whole.hits, whole.units - whole.hits]]
    expected = chi2_contingency(reference, correction=False, lambda_="log-likelihood").statistic
    assert one.z(sums)[0] == pytest.approx(-np.sqrt(expected), rel=1e-9)
    before = chi2_contingency([[31, 19], [270, 30]], correction=False, lambda_="log-likelihood").statistic
    assert one.since(sums, np.array([[270.0], [300.0]]))[0] == pytest.approx(-np.sqrt(before), rel=1e-9)


def test_early_labels_are_held_against_early_ones() -> None:
    """A segment of early labels alone is no rise, though it lies above the share of all; its deviate has variance 1."""
    rng = np.random.default_rng(2)
    deviates, naive = [], []
    for _ in range(3000):
        m = np.array([60, 60, 60])
        hits = rng.binomial(m, RATES)
        bands = tuple(Share(np.zeros((2, 1)), SPAN, float(x), float(n)) for x, n in zip(hits, m, strict=True))
        whole = Share(np.zeros((2, 1)), SPAN, float(hits.sum()), float(m.sum()))
        n = np.array([50, 20, 0])
        x = rng.binomial(n, RATES)
        sums = np.stack([x, n], axis=1).reshape(6, 1).astype(np.float64)
        deviates.append(Ripening(whole, bands, AGES).z(sums)[0])
        naive.append(whole.z(np.array([[x.sum()], [n.sum()]], dtype=np.float64))[0])
    assert abs(np.mean(deviates)) < 0.1
    assert 0.85 <= np.std(deviates) <= 1.1
    assert np.mean(naive) > 1.0


def test_a_segment_holds_what_entered_in_it_and_was_judged_by_its_end() -> None:
    rng = np.random.default_rng(3)
    entered = rng.poisson(2.0, (3, 2, 100)).cumsum(axis=1).astype(np.float64)
    one = in_bands(entered)
    start, end = 60 + AGES[0], 80
    inside = [row[60 : end - age + 1].sum() for part, age in zip(entered, AGES, strict=True) for row in part]
    assert segment_sums(one, start, end).tolist() == inside
    before = [
        row[: min(60, max(end - age + 1, 0))].sum() for part, age in zip(entered, AGES, strict=True) for row in part
    ]
    expected = one.since(np.array(inside)[:, None], np.array(before)[:, None])[0]
    own = one.z(np.array(inside)[:, None])[0]
    stronger = expected if abs(expected) > abs(own) else own
    assert segment_beyond(one, start, end) == pytest.approx(stronger / np.sqrt(one.dispersion))


def test_the_evidence_of_labels_depends_on_no_later_day() -> None:
    def until(days: int) -> Ripening:
        whole = ripening(4)
        cut = [replace(one, series=one.series[:, :days]) for one in (whole.whole, *whole.bands)]
        return replace(whole, whole=cut[0], bands=tuple(cut[1:]))

    long, short = (path_of(until(days), Rules(120, -1)) for days in (260, 190))
    assert long.evidence[:190].any()
    assert np.array_equal(long.evidence[:190], short.evidence)


def test_days_that_are_judged_part_by_part_give_the_same_evidence(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = path_of(ripening(4), Rules(120, -1))
    monkeypatch.setattr(detector, "_AT_ONCE", 10_000)
    parts = path_of(ripening(4), Rules(120, -1))
    assert all(np.array_equal(getattr(whole, name), getattr(parts, name)) for name in ("evidence", "length", "sign"))


def test_a_fall_is_heard_before_its_labels_are_mature_and_dated_by_entry() -> None:
    heard, held = [], 0
    for seed in range(20):
        one = ripening(seed, mean=4.0, fallen=150)
        evidence = path_of(one, Rules(120, -1)).evidence
        waited = path_of(one.whole, Rules(120, -1)).evidence
        heard.append((np.flatnonzero(evidence > 9)[0] - 150, np.flatnonzero(waited > 9)[0] - 150))
        _, low, high = (day - AGES[0] for day in change_point(one, Rules(120, -1), 190))
        held += low <= 150 <= high
    assert np.median([sooner for sooner, _ in heard]) <= AGES[-1]
    assert np.median([later - sooner for sooner, later in heard]) >= 10
    assert held >= 17


def test_days_without_a_change_widen_the_reference() -> None:
    """What was before a segment tells of the usual share too: against it a fall late in the year is clearer."""
    ratios = []
    for seed in range(20):
        one = ripening(seed, 360, fallen=300)
        segment = (300 + AGES[0], 345)
        ratios.append(segment_beyond(one, *segment) / segment_z(one, *segment))
    assert min(ratios) >= 1.0
    assert np.median(ratios) > 1.08


def test_restless_days_that_few_labels_hide_are_learned_from_all_units_of_the_site() -> None:
    effects = np.random.default_rng(5).normal(size=300)
    effects = np.convolve(effects, np.ones(10) / np.sqrt(10), "same")  # days hang together
    answers = Kin(effects[None, :] * 2, SPAN, 0.4, AGES[0], 100.0)
    one = ripening(3, fallen=200)
    calm, widened = (path_of(replace(one, kin=kin), Rules(90, -1)).evidence for kin in ((), (answers,)))
    assert widened[260] < 0.6 * calm[260]
    known = spread_before(answers.residuals, SPAN, SPAN[1], 0.4)
    own = spread_before(one.residuals, one.reference, 90)
    both = with_kin(own, (answers,))
    expected = max(own.dispersion[200], known.dispersion[200 - AGES[0]])
    assert both.dispersion[200] == pytest.approx(expected, rel=1e-9)
    still = replace(answers, residuals=np.zeros((1, 300)))
    assert np.array_equal(with_kin(own, (still,)).dispersion, own.dispersion)


def test_a_change_is_not_taken_for_restlessness_of_the_days_before_it() -> None:
    answers = np.random.default_rng(6).normal(size=(1, 300))
    later = answers.copy()
    later[0, 200:] += 5.0
    own = spread_before(ripening(3).residuals, SPAN, 90)
    found = [with_kin(own, (Kin(one, SPAN, 1.0, AGES[0], 1.0),)).dispersion for one in (answers, later)]
    judged = 200 + AGES[0] + 1  # the dispersion of a day is that of all days before it
    assert np.array_equal(found[0][:judged], found[1][:judged])
    assert found[1][-1] > found[0][-1]


def test_specificity_has_the_answers_of_its_site_as_kin_and_sensitivity_none() -> None:
    watch = watch_of(year(4, days=200), MonitoringPlan(), "2026-07-19")
    assert watch is not None
    mine = [one for one in watch.streams if one.watched in ("sensitivity", "specificity") and one.comparison]
    for stream in mine:
        assert isinstance(stream.comparison, Ripening | Strata)
        kin = stream.comparison.kin
        sites = 1 if stream.scope.site else 3
        assert len(kin) == (sites if stream.watched == "specificity" else 0)
        assert all(0 < one.part < 0.7 for one in kin)
    residuals = [one.comparison for one in watch.streams if one.watched == "residual" and one.comparison]
    assert residuals
    assert all(isinstance(one, Standardised) and len(one.kin) == 1 for one in residuals)


def test_labels_as_they_come_keep_the_run_length_of_their_limit() -> None:
    days, limit, low = 240, glr_limit(2000, two_sided=False), glr_limit(60, two_sided=False)
    strongest = np.array([path_of(ripening(seed, 120 + days), Rules(120, -1)).evidence.max() for seed in range(150)])
    assert (strongest > limit).mean() <= 1.5 * (1 - np.exp(-days / 2000))
    assert (strongest > low).mean() >= 0.25


def cells(age: Any, called: Any, truth: Any, units: int = 20) -> Cells:
    """Return cells of one site, so many units a day; an age of 999 is no label."""
    n = len(age)
    truth = np.where(age < 999, truth, 2).astype(np.int64)
    columns: dict[str, Column] = {
        "day": np.repeat(np.arange(n // units), units) + 1,
        "site": Labels(np.zeros(n, dtype=np.int64), ("north",)),
        "q": np.arange(n) % 65536,
        "first_truth": Labels(truth, ("neg", "pos", "none")),
        "decision": Labels(called.astype(np.int64), ("neg", "pos")),
        "lag": np.zeros(n, dtype=np.int64),
        "label_age": np.asarray(age, dtype=np.int64),
    }
    family = count("watch", columns)
    return cells_of(
        [("north", family)], lambda part: np.ones(len(part.counts), dtype=np.bool_), Calendar(1, n // units, 60)
    )


def drawn(late: dict[str, float], since: int = 200, days: int = 300) -> Cells:
    """Return units of which half are labelled within four weeks; of the labels due since a day other shares come."""
    rng = np.random.default_rng(6)
    size = 20 * days
    called = rng.random(size) < 0.3
    age = rng.integers(1, 29, size)
    arrives = np.repeat(np.arange(days), 20) + age
    share = np.where(arrives < since, 0.5, np.where(called, late.get("called", 0.5), late.get("cleared", 0.5)))
    return cells(np.where(rng.random(size) < share, age, 999), called, called)


PLACE = Place(Scope("1", "live", "t", "north"), SPAN, None)


def held(late: dict[str, float]) -> dict[NotAssessed, Any]:
    """Return the days that are held back, by reason."""
    ripe = ripe_labels(drawn(late), PLACE)
    assert ripe is not None
    return {hold.reason: hold.days[ripe.begins :].nonzero()[0] + ripe.begins for hold in ripe.holds}


def test_steady_labels_are_not_held_back() -> None:
    assert all(len(days) == 0 for days in held({}).values())


def test_labels_that_fail_to_come_are_held_back_when_they_should_have_come() -> None:
    days = held({"called": 0.0, "cleared": 0.0})[NotAssessed.IMMATURE]
    assert 200 < days[0] <= 212
    assert days[-1] == 299


def test_another_verification_is_held_back_before_its_labels_are_mature() -> None:
    days = held({"cleared": 1.0})[NotAssessed.VERIFICATION]
    assert 200 < days[0] < 200 + 28


def test_labels_of_right_and_wrong_answers_that_come_by_different_ways_are_awaited() -> None:
    """Wrong calls are told within a week; right ones when the month is over, so that bands sway with its days."""
    rng = np.random.default_rng(7)
    day = np.repeat(np.arange(300), 20)
    called = rng.random(len(day)) < 0.3
    within = rng.integers(1, 8, len(day))
    for at_month_end, ages in ((within, (3, 7)), (30 - day % 30, (28,))):
        some = cells(np.where(called, within, at_month_end), called, np.zeros(len(day)))
        ripe = ripe_labels(some, PLACE)
        assert ripe is not None
        assert ripe.ages["specificity"] == ages


def test_bands_hold_enough_labels_and_end_with_the_mature_age() -> None:
    ages, units = (3, 7, 14, 21, 28), np.array([4.0, 9.0, 30.0, 12.0, 6.0])
    assert band_ages(ages, units, 5) == (7, 14, 21, 28)
    assert band_ages(ages, units, 10) == (7, 14, 28)
    assert band_ages(ages, units, 50) == (28,)
    assert band_ages(ages, units, 1000) == (28,)
    for least in (5, 10, 50):
        bounds = pairwise((-1, *band_ages(ages, units, least)))
        held = [units[[low < age <= high for age in ages]].sum() for low, high in bounds]
        assert min(held) >= least
        assert sum(held) == units.sum()
