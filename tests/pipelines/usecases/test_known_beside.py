"""What a run judges beside its counts, read batch by batch, is to the byte what whole tables give."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from fakes import FakeClock
from seen import kept_of
from test_count_days import take

from monitors.beside import Beside, beside_signals, periods_beside
from monitors.counts import Counts
from monitors.engine.audited import audited_units
from monitors.engine.embedded import count_tables
from monitors.engine.embeddings import embeddings_of
from monitors.engine.protocol_rows import ProtocolsSeen
from monitors.engine.quality_rows import QualitySeen
from monitors.engine.reader_studies import reader_studies
from monitors.engine.tables import Request, Tables, axes_of
from monitors.scope import periods_of, scopes_of
from pipelines.bootstrap import Workspace, init_workspace
from pipelines.progress import Silent
from pipelines.usecases.known_beside import beside_known
from pipelines.usecases.known_embeddings import embeddings_known
from pipelines.usecases.known_studies import READS, KnownRows, several_rows
from pipelines.usecases.replay_monitors import Replay, replay_monitors
from pipelines.usecases.run_monitors import run_monitors
from registry.domain.instants import instant_text
from registry.domain.joining import Known
from registry.domain.plan import MonitoringPlan

PLAN = MonitoringPlan(window_days=14, reference_days=20, min_units=5, min_positive=2, min_negative=2)
REQUEST = Request("m", lambda site: {"a": "Europe/Vienna"}.get(site, "UTC"), axes_of(PLAN))
START = datetime(2026, 3, 1, 20, tzinfo=UTC)
DAYS, PER_DAY = 70, 8
LAST, EARLIER = "2026-05-09", "2026-05-01"
CODES = {"COV004", "SCN009", "SCN010", "OVS008", "PRF015"}
Rows = list[dict[str, Any]]


def drawn(rng: np.random.Generator, days: range) -> Iterator[tuple[str, Rows]]:
    """Draw days of studies: two sites, four scanners, three measures, protocols that change, audits, double reads."""
    places = [(day, at) for day in days for at in range(PER_DAY)]
    uids = [f"2.25.{1 + day * 100 + at}" for day, at in places]
    when = [START + timedelta(days=day, minutes=37 * at) for day, at in places]
    truth, score = rng.random(len(uids)) < 0.4, rng.random(len(uids))
    yield (
        "acquisitions",
        [
            {
                "series_uid": f"{uid}.1",
                "study_uid": uid,
                "patient": f"p:{int(rng.integers(10**6)):032x}",
                "site": "ab"[at % 2],
                "acquired_at": instant_text(moment),
                "modality": "MR" if at else "CT",
                "scanner": f"s{at % 4}",
                "snr": float(rng.normal(30 + at % 4, 2)),
                "cnr": float(rng.normal(3 + at % 4, 1)),
                **({"noise": float(rng.random())} if at % 3 == 0 else {}),
                **({"repetition_time_ms": 2000.0 + 400 * (day > 60) + float(rng.integers(3))} if at > 1 else {}),
            }
            for uid, moment, (day, at) in zip(uids, when, places, strict=True)
        ],
    )
    yield (
        "predictions",
        [
            {
                "prediction_id": f"a{uid}",
                "model": "m",
                "version": "1",
                "study_uid": uid,
                "target": "t",
                "predicted_at": instant_text(moment + timedelta(minutes=5)),
                "score": float(value),
                "decision": bool(value >= 0.5),
                "threshold": 0.5,
                **({"embedding": rng.normal(size=3 if value < 0.95 else 2).tolist()} if value > 0.1 else {}),
            }
            for uid, moment, value in zip(uids, when, score, strict=True)
        ],
    )
    yield (
        "outcomes",
        [
            {
                "study_uid": uid,
                "target": "t",
                "truth": bool(ill),
                "source": "pathology",
                "established_at": instant_text(moment + timedelta(days=2)),
                **({"verification": "sampled", "sampling_fraction": 0.5} if at % 2 else {}),
            }
            for uid, moment, ill, (_, at) in zip(uids, when, truth, places, strict=True)
        ],
    )
    yield (
        "reads",
        [
            {
                "read_id": f"r{who}{shown}{uid}",
                "study_uid": uid,
                "target": "t",
                "reader": f"dr{who}",
                "read_at": instant_text(moment + timedelta(hours=1 + who)),
                "decision": bool(rng.random() < 0.3 + 0.4 * ill),
                "ai_shown": bool(shown),
            }
            for uid, moment, ill, (_, at) in zip(uids, when, truth, places, strict=True)
            for who in ((1, 2) if at < 3 else (at,))
            for shown in ((0, 1) if at < 3 else (1,))
        ],
    )


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Return a workspace whose rows came in four batches, some late; one series was corrected."""
    clock, rng = FakeClock(START), np.random.default_rng(4)
    made = init_workspace(tmp_path_factory.mktemp("beside") / "w", clock)
    for first, last, known in ((0, 20, 25), (20, 50, 55), (50, 61, 61), (61, DAYS, DAYS)):
        clock.at = START + timedelta(days=known)
        for table, rows in drawn(rng, range(first, last)):
            take(made, table, rows)
    old = made.tables.read("acquisitions", columns=["row_id", "series_uid", "study_uid", "patient", "acquired_at"])
    row = {name: value for name, value in old.slice(5, 1).to_pylist()[0].items() if name != "row_id"}
    new = row | {"site": "b", "modality": "MR", "scanner": "s9", "snr": 1.0, "cnr": 9.0, "repetition_time_ms": 55.0}
    take(made, "acquisitions", [new | {"supersedes": old["row_id"][5].as_py()}])
    return made


def tables_of(workspace: Workspace, day: str, known: Known) -> Tables:
    names = ("acquisitions", "predictions", "reads", "outcomes")
    return Tables(*(workspace.tables.read(name, as_of=day, known=known) for name in names))


def whole(workspace: Workspace, day: str, known: Known) -> tuple[Counts, Beside]:
    """Return the counts, and what is judged beside them, from whole tables: the oracle."""
    tables = tables_of(workspace, day, known)
    studies, audited = reader_studies(tables, REQUEST), audited_units(tables, REQUEST)
    beside = Beside(
        studies,
        kept_of(QualitySeen(REQUEST), tables.acquisitions),
        kept_of(ProtocolsSeen(REQUEST), tables.acquisitions),
        audited,
    )
    return count_tables(tables, REQUEST), beside


@pytest.mark.parametrize("known", list(Known))
@pytest.mark.parametrize("day", [LAST, EARLIER])
def test_signals_are_those_of_whole_tables(workspace: Workspace, day: str, known: Known) -> None:
    counts, every = whole(workspace, day, known)
    rows = beside_known(workspace, REQUEST, day, known, periods_beside(counts, PLAN, day))
    found, told = ([one.to_json() for one in beside_signals(counts, PLAN, day, beside)] for beside in (rows, every))
    assert found == told
    assert {one["code"] for one in found} >= CODES
    assert any(one["state"] != "not_assessed" for one in found if one["code"] == "COV004")


def test_series_outside_the_window_and_the_references_are_not_kept(workspace: Workspace) -> None:
    counts, every = whole(workspace, LAST, Known.ASSUMED)
    periods = periods_beside(counts, PLAN, LAST)
    rows = beside_known(workspace, REQUEST, LAST, Known.ASSUMED, periods)
    assert rows.quality is not None
    assert every.quality is not None
    assert rows.protocols is not None
    kept = set(rows.quality.day.tolist()) | set(rows.protocols.day.tolist())
    assert len(kept) <= PLAN.window_days + 2 * (PLAN.reference_days + 1)
    assert len(rows.quality) < len(every.quality)


def test_embeddings_of_the_windows_and_references_are_those_of_whole_tables(workspace: Workspace) -> None:
    counts, _ = whole(workspace, LAST, Known.ASSUMED)
    every = embeddings_of(tables_of(workspace, LAST, Known.ASSUMED), REQUEST)
    found = embeddings_known(workspace, REQUEST, LAST, Known.ASSUMED, periods_beside(counts, PLAN, LAST))
    assert 0 < len(found.units) < len(every.units)
    for scope in scopes_of(counts):
        asked = (scope, *periods_of(counts, scope, PLAN, LAST))
        for mine, told in zip(found.of_periods(*asked), every.of_periods(*asked), strict=True):
            assert len(mine) > PLAN.min_units
            assert mine.tolist() == told.tolist()


def test_a_replay_with_windows_has_the_signals_of_a_run_on_each_day(workspace: Workspace) -> None:
    asked = Replay("m", None, (EARLIER, LAST), Known.ASSUMED, windows=True)
    replayed = replay_monitors(workspace, asked, PLAN, Silent())["runs"]
    for one in replayed:
        run = run_monitors(workspace, "m", as_of=one["as_of"], plan=PLAN, known=Known.ASSUMED, progress=Silent()).json
        assert run["signals"] == one["signals"]
        assert {signal["code"] for signal in one["signals"]} >= CODES | {"INP004"}


def test_reads_of_units_with_one_reader_are_not_read_whole(workspace: Workspace) -> None:
    found = pa.concat_tables(several_rows(KnownRows(workspace, LAST, Known.ASSUMED)))
    assert set(found["reader"].to_pylist()) == {"dr1", "dr2"}
    assert found.column_names == list(READS)


@pytest.mark.parametrize("known", list(Known))
@pytest.mark.parametrize("table", ["acquisitions", "reads", "outcomes"])
def test_batches_hold_the_rows_of_a_reading(workspace: Workspace, table: str, known: Known) -> None:
    columns = ["study_uid", "taken_in_at"]
    for day in (LAST, EARLIER, "2026-03-05"):
        told = workspace.tables.read(table, columns=columns, as_of=day, known=known)
        parts = list(workspace.tables.batches(table, columns, as_of=day, known=known))
        assert pa.concat_tables([told.schema.empty_table(), *parts]).to_pylist() == told.to_pylist()


def test_rows_of_several_segments_come_in_one_batch(workspace: Workspace) -> None:
    assert len(workspace.tables.numbers("reads")) > 1
    assert len(list(workspace.tables.batches("reads", ["study_uid"], as_of=LAST, known=Known.ASSUMED))) == 1


def test_row_groups_in_which_nobody_states_a_column_are_left_out(workspace: Workspace) -> None:
    def read(stating: str) -> int:
        rows = workspace.tables.batches("outcomes", ["truth"], as_of=LAST, known=Known.ASSUMED, stating=stating)
        return sum(one.num_rows for one in rows)

    assert read("indeterminate") == 0
    assert read("sampling_fraction") == read("") > DAYS
