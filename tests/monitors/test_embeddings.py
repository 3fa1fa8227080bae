"""Embeddings from the rows to the signal: one a patient, of the analysed units alone."""

from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from planted import PLAN, VERSIONS, Hospital, only

from monitors.embeddings import Embeddings
from monitors.engine.embedded import count_tables
from monitors.engine.embeddings import embeddings_of
from monitors.engine.tables import Request, Tables, axes_of
from monitors.run import Occasion, monitor_run
from monitors.scope import Scope
from registry.domain.joining import Known
from registry.domain.signal import Window

REQUEST = Request("m", lambda _: "UTC", axes_of(PLAN))
LATE = 92


def embedded(hospital: Hospital, shift: float = 0.0) -> Tables:
    """Give every prediction eight numbers, which move by a shift in the last month."""
    tables = hospital.tables()
    n = tables.predictions.num_rows
    late = np.arange(n) >= LATE * hospital.per_day
    vectors = np.random.default_rng(1).normal(size=(n, 8)) + shift * late[:, None]
    column = pa.array(vectors.tolist(), pa.list_(pa.float64()))
    return replace(tables, predictions=tables.predictions.append_column("embedding", column))


def signal(tables: Tables) -> dict[str, Any]:
    occasion = Occasion("m", "2026-04-30", Known.RECORDED, VERSIONS)
    run = monitor_run(count_tables(tables, REQUEST), PLAN, occasion, embeddings=embeddings_of(tables, REQUEST))
    return only(run, "INP004")


def test_a_shift_of_the_embeddings_is_seen_and_a_calm_month_is_not() -> None:
    hospital = Hospital(per_day=4)
    calm, moved = signal(embedded(hospital)), signal(embedded(hospital, shift=0.6))
    assert (calm["state"], moved["state"]) == ("ok", "watch")
    assert (moved["n"], moved["n_patients"]) == (4 * 28, 4 * 28)
    assert moved["interval"][0] > 0.5


def test_the_order_of_rows_does_not_show() -> None:
    tables = embedded(Hospital(per_day=2))
    turned = Tables(*(table.take(list(range(table.num_rows))[::-1]) for table in list(vars(tables).values())[:4]))
    assert signal(turned) == signal(tables)


def test_each_patient_counts_once_in_a_period() -> None:
    found = embeddings_of(embedded(Hospital(per_day=4, repeat=2)), REQUEST)
    scope, window = Scope("1", "live", "t", "north"), Window("2026-04-03", "2026-04-30")
    now, base = found.of_periods(scope, window, {"north": Window("2026-01-01", "2026-03-01")})
    assert (len(now), len(base)) == (4 * 28 // 2, 4 * 60 // 2)
    assert len(found.of_periods(replace(scope, version="2"), window, {})[0]) == 0


def test_vectors_of_another_length_and_numbers_that_are_none_are_left_out() -> None:
    tables = embedded(Hospital(per_day=2, days=10))
    vectors = tables.predictions["embedding"].to_pylist()
    vectors[0], vectors[1], vectors[2] = [1.0], None, [float("nan")] * 8
    column = pa.array(vectors, pa.list_(pa.float64()))
    changed = replace(tables, predictions=tables.predictions.set_column(13, "embedding", column))
    found = embeddings_of(changed, REQUEST)
    assert isinstance(found, Embeddings)
    assert found.vectors.shape == (17, 8)


@pytest.mark.parametrize("model", ["m", "another"])
def test_predictions_without_embeddings_have_none(model: str) -> None:
    tables = Hospital(per_day=2, days=5).tables() if model == "m" else embedded(Hospital(per_day=2, days=5))
    assert embeddings_of(tables, replace(REQUEST, model=model)).units == ()


def test_a_run_tells_embeddings_that_are_not_there_from_those_it_did_not_read() -> None:
    tables = Hospital(per_day=2).tables()
    assert signal(tables)["reason"] == "attribute_missing"
    assert only(Hospital(per_day=2).run(), "INP004")["reason"] == "not_run"
