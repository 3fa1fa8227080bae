"""Ranks against everything before, bets on them, and the chart of audited cases: promises without a law of scores."""

import numpy as np
import pytest
from scipy.stats import kstest

from validation.statistics.audit_chart import audit_chart, audit_limit
from validation.statistics.exchangeability import conformal_p_values, order_evidence, order_limit


def test_a_rank_is_the_share_that_is_larger() -> None:
    found = conformal_p_values([1.0, 2.0, 3.0, 4.0], [3.5, 0.0], seed=1)
    assert 1 / 5 <= found[0] <= 2 / 5
    assert 5 / 6 <= found[1] <= 1.0


def test_ranks_are_uniform_whatever_the_law_and_however_short_the_reference() -> None:
    rng = np.random.default_rng(1)
    rows = [rng.integers(0, 4, 60) ** 3 for _ in range(60)]  # ties, skewed
    ranks = np.concatenate([conformal_p_values(row[:5], row[5:], seed) for seed, row in enumerate(rows)])
    assert kstest(ranks, "uniform").pvalue > 0.01


def test_evidence_passes_its_limit_no_oftener_than_promised() -> None:
    p = np.random.default_rng(2).random((2000, 400))
    beyond = (order_evidence(p) > order_limit(400, 0.2)).any(axis=1)
    assert 0.0 < beyond.mean() <= 0.2


def test_a_bet_neither_wins_nor_loses_on_average() -> None:
    u = (np.arange(20_000) + 0.5) / 20_000
    won = np.exp(order_evidence((u**10)[:, None]))[:, 0]  # a small p-value wins much: they are taken densely
    assert (won * 10 * u**9).mean() == pytest.approx(1.0, abs=1e-3)  # the expectation under uniform p-values


def test_a_change_that_touches_few_values_is_found_too() -> None:
    rng = np.random.default_rng(3)
    values = np.abs(rng.normal(size=3000))
    values[1000:][rng.random(2000) < 0.03] += 10.0
    evidence = order_evidence(conformal_p_values(np.abs(rng.normal(size=2000)), values, seed=1))
    beyond = np.flatnonzero(evidence > order_limit(5000, 0.05))
    assert 1000 <= beyond[0] <= 2500


def test_the_chart_of_audited_cases_names_the_class_that_fell() -> None:
    rng = np.random.default_rng(4)
    reference = (rng.normal(1.8, 1, 300), rng.normal(0, 1, 300))
    quiet = [(rng.normal(1.8, 1, 25), rng.normal(0, 1, 25)) for _ in range(6)]
    worse = [(rng.normal(1.1, 1, 25), rng.normal(0, 1, 25)) for _ in range(4)]
    chart = audit_chart(quiet + worse, reference, seed=1)
    assert chart.alarm is not None
    assert 6 <= chart.alarm[0] <= 9
    assert chart.alarm[1] == "diseased"
    assert chart.evidence > chart.evidence_limit == order_limit(500, 0.05)
    calm = audit_chart(quiet, reference, seed=1)
    assert calm.alarm is None
    assert calm.evidence < calm.evidence_limit
    better = [(rng.normal(2.8, 1, 25), rng.normal(-1, 1, 25)) for _ in range(6)]
    assert audit_chart(better, reference, seed=1).alarm is None


def test_a_month_without_an_audit_moves_nothing() -> None:
    rng = np.random.default_rng(5)
    reference = (rng.normal(size=50), rng.normal(size=50))
    chart = audit_chart([([], []), (rng.normal(size=3), [])], reference, seed=1)
    assert chart.deviates[0].tolist() == [0.0, 0.0]
    assert chart.deviates[1, 1] == 0.0
    assert chart.sums.shape == (2, 3)
    none = audit_chart([], reference, seed=1)
    assert (none.sums.shape, none.evidence, none.evidence_limit) == ((0, 3), 0.0, None)


def test_the_limit_of_the_audit_rises_with_the_promise() -> None:
    assert audit_limit(0.05, 12) < audit_limit(0.05, 24) < audit_limit(0.01, 24)


def test_what_is_no_promise_is_refused() -> None:
    with pytest.raises(ValueError, match="reference"):
        conformal_p_values([], [1.0], seed=1)
    with pytest.raises(ValueError, match=r"0\.\.1"):
        order_evidence([1.5])
    with pytest.raises(ValueError, match="probability"):
        order_limit(100, 0.0)
    with pytest.raises(ValueError, match="month"):
        audit_limit(0.05, 0)
