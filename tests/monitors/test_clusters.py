"""Several units a patient: the same estimate, honest uncertainty."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from planted import PLAN, VERSIONS, Hospital, only

from monitors.counts import PATIENTS
from monitors.drift import permutation_p
from monitors.engine.embedded import count_tables
from monitors.engine.tables import Request, Tables, axes_of
from monitors.run import Occasion, monitor_run
from monitors.scope import Scope, unit_view
from monitors.shares import below_p, binomial_tails, difference_p, two_sided_p
from registry.domain.joining import Known
from validation.statistics.proportions import clustered_from_totals


def doubled(tables: Tables) -> Tables:
    """Return every row twice, as another unit of the same patient."""

    def again(table: pa.Table, *ids: str) -> pa.Table:
        columns = {name: table[name] for name in table.column_names}
        for name in ids:
            columns[name] = pa.array([f"{value}99999" for value in table[name].to_pylist()])
        return pa.concat_tables([table, pa.table(columns)])

    uids = ("study_uid", "unit_uid")
    return Tables(
        again(tables.acquisitions, "series_uid", "study_uid"),
        again(tables.predictions, "prediction_id", *uids),
        again(tables.reads, "read_id", "prediction_id", *uids),
        again(tables.outcomes, *uids),
    )


def run_of(tables: Tables) -> dict[str, Any]:
    counts = count_tables(tables, Request("m", lambda _: "UTC", axes_of(PLAN)))
    return monitor_run(counts, PLAN, Occasion("m", "2026-04-30", Known.RECORDED, VERSIONS))


@pytest.mark.parametrize(
    "code", ["PRF001", "PRF002", "PRF003", "SCO002", "SUB001", "SUB002", "SCN001", "OVR001", "CAL001"]
)
def test_every_unit_twice_gives_the_same_estimate_and_the_original_interval(code: str) -> None:
    tables = Hospital(late_skill=1.2).tables()
    wanted = {"SUB001": {"axis:sex": "F"}, "SUB002": {"axis:sex": "F"}, "SCN001": {"scanner": "s1"}}.get(code, {})
    once, twice = only(run_of(tables), code, **wanted), only(run_of(doubled(tables)), code, **wanted)
    assert twice["n"] == 2 * once["n"]
    assert twice["n_patients"] == once["n_patients"]
    assert twice["value"] == pytest.approx(once["value"], abs=1e-9)
    assert twice["interval"] == pytest.approx(once["interval"], abs=1e-9)
    assert twice["p_value"] == pytest.approx(once["p_value"], rel=1e-6)


def test_score_drift_of_clustered_units_is_tested_by_permuting_patients() -> None:
    run = Hospital(repeat=20, per_day=20).run()
    signal = only(run, "SCO001")
    assert "permutations of patients" in signal["explains"]
    assert signal["p_value"] >= 0.001


def test_permuting_patients_holds_its_level_where_the_unit_test_does_not() -> None:
    """With 20 alike units a patient and no drift, few of 30 draws are significant; the unit-wise test rejects most."""
    by_patient, by_unit = 0, 0
    for seed in range(30):
        hospital = Hospital(seed=seed, repeat=20, per_day=20, days=90)
        view = unit_view(hospital.counts(), Scope("1", "live", "t", "north"), PLAN, "2026-03-31")
        now, base = view.now[PATIENTS], view.base[PATIENTS]
        by_patient += permutation_p(now, base) <= 0.05
        by_unit += _unit_test(now, base) <= 0.05
    assert by_patient <= 5  # P(more | 30, .05) < 0.005
    assert by_unit >= 12


def _unit_test(now: Any, base: Any) -> float:
    from monitors.drift import pair_of
    from validation.statistics.two_sample import ks_test

    pair = pair_of(now, base)
    return ks_test(pair.now, pair.base).p_value


def test_permuting_patients_sees_a_shift() -> None:
    hospital = Hospital(repeat=20, per_day=40, shift=1.5)
    view = unit_view(hospital.counts(), Scope("1", "live", "t", "north"), PLAN, "2026-04-30")
    assert permutation_p(view.now[PATIENTS], view.base[PATIENTS]) == 0.001


@pytest.mark.parametrize(("x", "n", "target"), [(3, 20, 0.3), (0, 12, 0.1), (12, 12, 0.8), (7, 31, 0.2)])
def test_tails_of_whole_counts_are_the_binomials(x: int, n: int, target: float) -> None:
    from scipy.stats import binom

    low, high = binomial_tails(x / n, n, target)
    assert low == pytest.approx(binom.cdf(x, n, target), abs=1e-12)
    assert high == pytest.approx(binom.sf(x - 1, n, target), abs=1e-12)
    assert two_sided_p(x / n, n, target) == pytest.approx(min(1.0, 2 * min(low, high)))


def test_a_share_below_a_floor_is_judged_at_its_effective_size() -> None:
    alone = clustered_from_totals(np.array([1] * 60 + [0] * 40), np.ones(100, dtype=np.int64))
    together = clustered_from_totals(np.array([10] * 6 + [0] * 4), np.full(10, 10))
    assert below_p(alone, 0.8) < 0.001
    assert below_p(together, 0.8) > 0.05


def test_equal_shares_do_not_differ() -> None:
    share = clustered_from_totals(np.array([1, 0, 1, 1]), np.ones(4, dtype=np.int64))
    assert difference_p(share, share) == pytest.approx(1.0)
