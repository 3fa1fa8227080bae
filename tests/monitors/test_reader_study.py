"""Several readers of the same studies: with and without the model, and the model alone; from rows to the signal."""

import csv
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from planted import PLAN, VERSIONS, Hospital, only, signals

from monitors.beside import Beside
from monitors.engine.embedded import count_tables
from monitors.engine.reader_studies import reader_studies
from monitors.engine.tables import Request, Tables, axes_of
from monitors.reader_study import ReaderStudy, reader_study_signals
from monitors.run import Occasion, monitor_run
from monitors.scope import Scope
from registry.domain.joining import Known
from registry.domain.signal import Window
from registry.domain.vocabulary import NotAssessed
from validation.statistics.intraclass import intraclass

REQUEST = Request("m", lambda _: "UTC", axes_of(PLAN))
READERS, STUDIES = 5, 160


def reads(tables: Tables, arms: tuple[bool, ...], effect: float = 0.0, seed: int = 1) -> Tables:
    """Let five readers rate the first studies in each arm; `effect` is what the model's answer adds to their skill."""
    rng = np.random.default_rng(seed)
    truth = tables.outcomes["truth"].to_numpy(zero_copy_only=False)[:STUDIES]
    uids = tables.outcomes["study_uid"].to_pylist()[:STUDIES]
    case, rows = rng.normal(size=STUDIES), []
    for reader in range(READERS):
        own = rng.normal(scale=0.2)
        for shown in arms:
            skill = 1.5 + own + effect * shown
            rating = skill * truth + case + rng.normal(scale=0.7, size=STUDIES)
            rows += [
                {
                    "read_id": f"r{reader}{int(shown)}{at}",
                    "study_uid": uid,
                    "target": "t",
                    "reader": f"dr{reader}",
                    "read_at": f"2026-01-{1 + at % 28:02d}T10:00:00.000000Z",
                    "decision": bool(rating[at] > 0.7),
                    "unit": "study",
                    "unit_uid": uid,
                    "ai_shown": shown,
                    "confidence": float(rating[at]),
                }
                for at, uid in enumerate(uids)
            ]
    return replace(tables, reads=pa.Table.from_pylist(rows))


def run(tables: Tables) -> dict[str, Any]:
    occasion = Occasion("m", "2026-04-30", Known.RECORDED, VERSIONS)
    beside = Beside(reader_studies(tables, REQUEST))
    return monitor_run(count_tables(tables, REQUEST), PLAN, occasion, beside=beside)


def test_readers_who_read_worse_with_the_model_are_seen_and_those_who_do_not_are_calm() -> None:
    tables = Hospital(per_day=20).tables()
    worse, same = (only(run(reads(tables, (False, True), effect)), "OVS008") for effect in (-0.9, 0.0))
    assert (worse["state"], same["state"]) == ("watch", "ok")
    assert worse["interval"][1] < 0 < same["interval"][1]
    assert (worse["n"], worse["site"]) == (STUDIES, None)
    assert "5 readers" in worse["explains"]


def test_a_gain_with_the_model_is_no_reason_to_look() -> None:
    signal = only(run(reads(Hospital().tables(), (False, True), 0.9)), "OVS008")
    assert (signal["state"], signal["interval"][0] > 0) == ("ok", True)


def test_readers_who_never_saw_the_model_are_compared_with_it() -> None:
    found = run(reads(Hospital().tables(), (False,)))
    assert signals(found, "OVS008") == []
    signal = only(found, "OVS009")
    assert (signal["state"], signal["p_value"]) == ("ok", None)
    assert signal["interval"][0] < signal["value"] < signal["interval"][1]


def test_how_far_readers_agree_is_said_without_the_model_and_with_it() -> None:
    (study,) = reader_studies(tables := reads(Hospital().tables(), (False, True)), REQUEST)
    signal = only(run(tables), "OVS010")
    expected = intraclass(study.alone.T)
    assert signal["value"] == pytest.approx(expected.two_way_random)
    assert signal["interval"] == pytest.approx(list(expected.two_way_random_bounds))
    assert (signal["n"], signal["state"]) == (STUDIES, "ok")
    assert "with the model on screen 0." in signal["explains"]


def test_agreement_of_few_studies_or_of_ratings_that_are_all_equal_is_not_assessed() -> None:
    scope, window = Scope("1", "live", "t"), Window("2026-01-01", "2026-01-31")
    for n in (10, 80):
        study = ReaderStudy(scope, window, np.arange(n) < n / 2, np.ones((2, n)), None, np.ones(n), 0, rated=True)
        signal = next(one for one in reader_study_signals((study,), PLAN) if one.code == "OVS010")
        assert (signal.reason, signal.value) == (NotAssessed.TOO_FEW, None)


def test_one_read_a_study_is_no_reader_study() -> None:
    assert reader_studies(Hospital().tables(), REQUEST) == ()


def test_a_study_that_one_reader_left_out_and_a_second_study_of_a_patient_are_left_out() -> None:
    tables = reads(Hospital(repeat=2).tables(), (False, True))
    (study,) = reader_studies(replace(tables, reads=tables.reads.slice(1)), REQUEST)
    assert study.alone.shape == (READERS, STUDIES // 2)
    assert study.left_out == 2 * READERS * STUDIES - 1 - 2 * READERS * STUDIES // 2


def test_decisions_stand_for_ratings_where_a_confidence_is_missing() -> None:
    tables = reads(Hospital().tables(), (False, True))
    (study,) = reader_studies(replace(tables, reads=tables.reads.drop_columns("confidence")), REQUEST)
    assert not study.rated
    assert set(np.unique(study.alone)) == {0.0, 1.0}


def test_a_class_of_too_few_studies_is_not_assessed() -> None:
    truth = np.arange(30) < 5
    ratings = np.random.default_rng(1).normal(size=(2, 30))
    study = ReaderStudy(
        Scope("1", "live", "t"), Window("2026-01-01", "2026-01-31"), truth, ratings, None, ratings[0], 0, rated=True
    )
    signal = reader_study_signals((study,), PLAN)[0]
    assert (signal.code, signal.reason) == ("OVS009", "too_few")


@pytest.mark.shared
def test_van_dyke_is_found_as_published(shared: Any) -> None:
    """Obuchowski-Rockette with DeLong's covariance: 0.0438 (-0.00027 to 0.0879) by Hillis' degrees of freedom."""
    rows = list(csv.DictReader((shared / "data/reader_studies/VanDyke.csv").read_text().splitlines()))
    cases = sorted({int(row["case"]) for row in rows})
    rating = {(row["treatment"], row["reader"], int(row["case"])): float(row["rating"]) for row in rows}
    truth = np.array([{int(row["case"]): row["truth"] == "1" for row in rows}[case] for case in cases])
    alone, aided = (np.array([[rating[arm, str(r), c] for c in cases] for r in range(1, 6)]) for arm in "12")
    window = Window("2026-01-01", "2026-01-31")
    study = ReaderStudy(Scope("1", "live", "t"), window, truth, alone, aided, alone[0], 0, rated=True)
    signal = reader_study_signals((study,), PLAN)[0]
    assert signal.value == pytest.approx(0.04380032, abs=1e-7)
    assert signal.interval == pytest.approx((-0.0002666, 0.0878672), abs=1e-6)
    assert signal.p_value == pytest.approx(1 - 0.05123303 / 2, abs=1e-7)
