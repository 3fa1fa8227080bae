"""The detectors that a plan may choose: each hears a change, none the future, each keeps its run length."""

import numpy as np
import pytest

from monitors.watch.build import stream_limit
from monitors.watch.charts import chart_limit, evidence_path
from monitors.watch.comparisons import Level, Share
from monitors.watch.detector import Rules
from monitors.watch.strata import Strata
from registry.domain.plan import plan_from

DETECTORS = ("glr", "cusum", "ewma", "e")
REFERENCE = 60


def share(hits: np.ndarray, n: int = 40, reference: int = REFERENCE) -> Share:
    """Return a share of n units a day with these hits."""
    series = np.stack([hits.astype(np.float64), np.full(len(hits), float(n))])
    return Share(series, (0, reference), float(hits[:reference].sum()), float(n * reference))


def drawn(rate: float, late: float, days: int = 160, seed: int = 0) -> Share:
    """Return a share that changes on day 100."""
    rng = np.random.default_rng(seed)
    return share(np.concatenate([rng.binomial(40, rate, 100), rng.binomial(40, late, days - 100)]))


@pytest.mark.parametrize("detector", DETECTORS)
def test_the_evidence_of_a_day_depends_on_no_later_day(detector: str) -> None:
    whole = drawn(0.2, 0.3)
    part = Share(whole.series[:, :130], whole.reference, whole.hits, whole.units)
    rules = Rules(REFERENCE, detector=detector)
    assert np.array_equal(evidence_path(whole, rules).evidence[:130], evidence_path(part, rules).evidence)


@pytest.mark.parametrize("detector", DETECTORS)
def test_a_doubled_share_is_heard_with_its_direction_and_a_steady_one_is_not(detector: str) -> None:
    limit = stream_limit(plan_from({"detectors": {"score": detector}}), "score", 6)
    rules = Rules(REFERENCE, detector=detector)
    heard, calm = evidence_path(drawn(0.2, 0.4), rules), evidence_path(drawn(0.2, 0.2), rules)
    first = int(np.argmax(heard.evidence > limit))
    assert 100 <= first <= 112
    assert heard.sign[first] == 1
    assert 1 <= heard.length[first] <= first - REFERENCE + 1
    assert calm.evidence.max() < limit


@pytest.mark.parametrize("detector", DETECTORS)
def test_a_side_hears_only_its_direction(detector: str) -> None:
    falls = evidence_path(drawn(0.2, 0.4), Rules(REFERENCE, -1, detector=detector))
    assert falls.evidence.max() < 5


def test_days_with_few_units_are_taken_together() -> None:
    few = share(np.random.default_rng(1).binomial(4, 0.2, 120), n=4)
    found = evidence_path(few, Rules(REFERENCE, detector="cusum")).evidence
    changes = np.flatnonzero(np.diff(found[REFERENCE:]))
    assert np.diff(changes).min() >= 3


def test_the_e_detector_bets_on_each_site_of_a_pooled_stream() -> None:
    one, two = drawn(0.9, 0.6, seed=3), drawn(0.9, 0.9, seed=4)
    rules = Rules(REFERENCE, -1, detector="e")
    both = evidence_path(Strata(((one, None), (two, None))), rules).evidence
    assert both.max() > 12


def test_limits_grow_with_the_run_length_and_the_e_detectors_is_its_logarithm() -> None:
    for detector in ("cusum", "ewma", "e"):
        assert chart_limit(detector, 1000.0, 60) < chart_limit(detector, 10_000.0, 60)
    assert chart_limit("e", 1000.0, 60) == pytest.approx(np.log(1000), abs=0.1)
    assert chart_limit("cusum", 1000.0, 30) > chart_limit("cusum", 1000.0, 200)
    with pytest.raises(ValueError, match="unknown chart"):
        chart_limit("oracle", 1000.0, 60)


@pytest.mark.slow
@pytest.mark.parametrize("detector", DETECTORS)
def test_each_detector_keeps_its_run_length_with_an_estimated_baseline(detector: str) -> None:
    days, runs, arl = 300, 1500, 2000.0
    plan = plan_from({"detectors": {"score": detector}, "budget": {"score": "1"}})
    limit = stream_limit(plan, "score", round(arl / 365.25))
    rng = np.random.default_rng(5)
    rules = Rules(REFERENCE, detector=detector)
    paths = (evidence_path(share(rng.binomial(40, 0.2, days)), rules) for _ in range(runs))
    false = sum(bool((path.evidence > limit).any()) for path in paths)
    expected = runs * (1 - np.exp(-(days - REFERENCE) / (365.25 * round(arl / 365.25))))
    assert false <= expected + 3 * np.sqrt(expected)


def test_a_margin_is_taken_off_before_anything_is_heard() -> None:
    values = np.concatenate([np.zeros(60), np.full(100, 0.04)]) * 40
    series = np.stack([values, np.full(160, 40.0)])
    strict, lax = (Level(series, (0, 60), 0.0, 1.0, 2400.0, margin=margin) for margin in (0.0, 0.05))
    assert evidence_path(strict, Rules(60)).evidence[-1] > 1
    assert evidence_path(lax, Rules(60)).evidence.max() == 0
    far = Level(series + np.stack([np.where(values > 0, 8.0, 0.0), np.zeros(160)]), (0, 60), 0, 1, 2400.0, margin=0.05)
    assert evidence_path(far, Rules(60)).evidence[-1] > 10


def test_a_margin_of_odds_lets_a_share_move_to_it_and_no_further() -> None:
    hits = np.concatenate([np.full(60, 8.0), np.full(100, 9.0)])
    loose = Share(share(hits).series, (0, 60), 480.0, 2400.0, ratio=1.25)
    assert evidence_path(loose, Rules(60)).evidence.max() < 0.5
    assert evidence_path(share(hits), Rules(60)).evidence[-1] > 2
