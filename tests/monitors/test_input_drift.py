"""Drift of inputs from plain histograms: thinned to patients, new levels, effect against chance, embeddings."""

from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from planted import PLAN, VERSIONS, Hospital, only

from monitors.drift_inputs import InputHistogram, drifted, embedding_signal, input_signals
from monitors.engine.embedded import count_tables
from monitors.engine.tables import Request, axes_of
from monitors.judge import judged
from monitors.run import Occasion, monitor_run
from monitors.scope import View, scopes_of, unit_view
from registry.domain.joining import Known
from registry.domain.vocabulary import NotAssessed, SignalState
from validation.statistics.embedding_drift import embedding_drift
from validation.statistics.histogram_drift import thinned
from validation.statistics.new_levels import new_levels

GRID = np.linspace(-4, 4, 81)


@pytest.fixture(scope="module")
def view() -> View:
    """Return a view whose window lies behind its reference."""
    counts = Hospital(per_day=2).counts()
    return unit_view(counts, scopes_of(counts)[0], PLAN, "2026-04-30")


def quantity(seed: int, shift: float = 0.0, n: int = 300, **changes: Any) -> InputHistogram:
    rng = np.random.default_rng(seed)
    sides = [
        np.bincount(np.abs(rng.normal(by, 1, size)[:, None] - GRID).argmin(axis=1), minlength=len(GRID))
        for by, size in ((shift, n), (0.0, 1000))
    ]
    values = {"feature": "snr", "values": GRID, "now": sides[0], "base": sides[1], "patients": (n, 1000)}
    return InputHistogram(**(values | changes))


def category(now: list[int], base: list[int], patients: tuple[int, int] | None = None) -> InputHistogram:
    sizes = (sum(now), sum(base))
    return InputHistogram("manufacturer", None, np.array(now), np.array(base), patients or sizes)


def test_a_shift_is_seen_and_sized_against_chance(view: View) -> None:
    calm, moved = judged(input_signals(view, [quantity(11), quantity(2, shift=0.5)]), 0.05)
    assert (calm.state, moved.state) == (SignalState.OK, SignalState.WATCH)
    assert moved.subject == {"feature": "snr"}
    assert "chance alone reaches 0.1" in moved.explains


def test_a_new_manufacturer_is_seen_by_the_mix_and_as_a_new_level(view: View) -> None:
    mix, new = judged(input_signals(view, [category([60, 30, 10], [600, 300, 0])]), 0.05)
    assert (mix.code, new.code) == ("INP002", "INP003")
    assert (mix.state, new.state) == (SignalState.WATCH, SignalState.WATCH)
    assert new.value == pytest.approx(0.1)
    assert "1 new level" in new.explains


def test_rare_levels_that_come_and_go_are_expected_where_the_reference_has_many() -> None:
    base = np.array([400, *[1] * 100, *[0] * 20])
    now = np.array([80, *[0] * 100, *[1] * 20])
    assert new_levels(now, base).expected == pytest.approx(101 / 501)
    assert new_levels(now, base).p_value > 0.4
    assert new_levels([80, 20], [500, 0]).p_value < 1e-12
    assert new_levels([80, 0], [500, 3]).p_value == 1.0
    with pytest.raises(ValueError, match="one unit at least"):
        new_levels([0], [3])


def test_series_of_one_patient_add_no_evidence(view: View) -> None:
    alone, many = category([20, 10], [100, 20]), category([200, 100], [1000, 200], patients=(30, 120))
    one, other = (input_signals(view, [each])[0] for each in (alone, many))
    assert other.p_value == pytest.approx(one.p_value, abs=1e-12)
    assert (other.n, other.n_patients) == (300, 30)


def test_thinning_keeps_the_shape_and_never_adds() -> None:
    counts = np.array([0, 50, 30, 0, 20])
    assert thinned(counts, 10).tolist() == [0, 5, 3, 0, 2]
    assert thinned(counts, 500).tolist() == counts.tolist()
    assert thinned(counts, 7).sum() == 7
    with pytest.raises(ValueError, match="at least"):
        thinned(counts, 0)


def test_few_patients_leave_a_feature_unassessed(view: View) -> None:
    for signal in input_signals(view, [quantity(3, patients=(12, 1000)), category([20, 5], [100, 20])]):
        assert (signal.state, signal.reason) == (SignalState.NOT_ASSESSED, NotAssessed.TOO_FEW)
        assert "at least 30" in signal.explains


def test_a_reference_of_one_value_is_still_compared(view: View) -> None:
    one = quantity(4, now=np.array([40, 60]), base=np.array([500, 0]), values=np.array([1.5, 3.0]))
    signal = judged(input_signals(view, [one]), 0.05)[0]
    assert signal.state is SignalState.WATCH
    assert "one value only" in signal.explains


def test_holm_over_features_names_the_one_that_drifted_and_no_other() -> None:
    calm = [quantity(seed) for seed in range(10, 29)]
    assert drifted([*calm, quantity(5, shift=0.6, feature="kvp")]) == ["kvp"]
    assert drifted([*calm, category([30, 40], [300, 100])]) == ["manufacturer"]
    assert drifted([]) == []


def test_embeddings_that_moved_are_seen_and_calm_ones_are_not(view: View) -> None:
    rng = np.random.default_rng(7)
    base, now = rng.normal(size=(200, 32)), rng.normal(size=(80, 32))
    calm, moved = judged([embedding_signal(view, now, base), embedding_signal(view, now + 0.4, base)], 0.05)
    assert (calm.state, moved.state) == (SignalState.OK, SignalState.WATCH)
    assert moved.interval[0] > 0.5
    assert embedding_signal(view, now[:20], base).reason is NotAssessed.TOO_FEW


def test_a_wider_scale_is_seen_by_the_discrepancy_alone() -> None:
    rng = np.random.default_rng(8)
    found = embedding_drift(1.3 * rng.normal(size=(300, 16)), rng.normal(size=(300, 16)), seed=1)
    assert found.exact
    assert found.discrepancy_p_value < 0.01 < found.discriminant_p_value
    assert found.p_value == pytest.approx(2 * found.discrepancy_p_value)


def test_many_rows_are_compared_by_random_features() -> None:
    rng = np.random.default_rng(9)
    found = embedding_drift(rng.normal(size=(750, 8)) + 0.2, rng.normal(size=(800, 8)), seed=1)
    assert not found.exact
    assert found.p_value < 0.05
    with pytest.raises(ValueError, match="8 rows"):
        embedding_drift(np.zeros((5, 3)), np.zeros((9, 3)), seed=1)


def changed(**late: Any) -> dict[str, Any]:
    """Run a hospital whose acquisitions of the last month are changed, by column."""
    tables = Hospital().tables()
    rows = {name: tables.acquisitions[name].to_pylist() for name in tables.acquisitions.column_names}
    for name, change in late.items():
        rows[name] = [value if at < 1800 else change(at, value) for at, value in enumerate(rows[name])]
    counts = count_tables(replace(tables, acquisitions=pa.table(rows)), Request("m", lambda _: "UTC", axes_of(PLAN)))
    return monitor_run(counts, PLAN, Occasion("m", "2026-04-30", Known.RECORDED, VERSIONS))


def test_a_scanner_that_the_reference_lacks_is_seen_in_the_counts_of_a_run() -> None:
    run = changed(scanner=lambda at, value: "new" if at % 5 == 0 else value, age_years=lambda _, value: value + 8)
    states = {(code, feature): only(run, code, feature=feature)["state"] for code, feature in SEEN}
    assert states == dict(zip(SEEN, ("watch", "watch", "watch", "ok"), strict=True))
    assert only(run, "INP003", feature="scanner")["value"] == pytest.approx(0.2)


SEEN = (("INP002", "scanner"), ("INP003", "scanner"), ("INP001", "age_years"), ("INP002", "sex"))


def test_features_that_nobody_states_are_named_together() -> None:
    run = Hospital(per_day=3).run()
    signal = only(run, "INP001", feature="unstated")
    assert (signal["state"], signal["reason"]) == ("not_assessed", "attribute_missing")
    assert "slice thickness mm" in signal["explains"]
    assert "age years" not in signal["explains"]
    assert only(run, "INP004")["reason"] == "not_run"
