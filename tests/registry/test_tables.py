"""Observation tables: content-addressed segments, keys, versions, corrections."""

import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from fakes import FakeClock
from sqlalchemy import Engine, delete, func, select
from sqlalchemy.orm import Session

from registry.database import migrate, open_database
from registry.domain.columns import READS
from registry.domain.digest import digest_bytes
from registry.domain.errors import ArtifactChangedError, LedgerBrokenError, UnknownNameError
from registry.domain.joining import Known
from registry.domain.person import UNAUTHENTICATED
from registry.domain.refusal import RefusalCode
from registry.ledger.log_key import LogKey
from registry.ledger.store import Ledger
from registry.schema import LedgerEntry, SegmentKeyRow, SegmentRow
from registry.tables import Appended, Batch, ObservationTables

Take = Callable[..., Appended]
SOURCE = digest_bytes(b"a file")
STUDY = "2.25.168422926878845910412938786244256902860"


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    engine = open_database(url)
    migrate(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def ledger(engine: Engine, clock: FakeClock) -> Ledger:
    return Ledger(engine, LogKey.generate(), clock, {"name": "overread", "version": "0"})


@pytest.fixture
def tables(ledger: Ledger, engine: Engine, tmp_path: Path) -> ObservationTables:
    return ObservationTables(ledger, tmp_path / "segments", engine)


@pytest.fixture
def take(tables: ObservationTables, clock: FakeClock) -> Take:
    def take(*rows: dict[str, Any], table: str = "predictions", **options: Any) -> Appended:
        options = {"source_digest": SOURCE, "actor": UNAUTHENTICATED, "taken_in_at": clock.now(), **options}
        return tables.append(table, rows, **options)

    return take


def prediction(number: int = 1, **other: Any) -> dict[str, Any]:
    row = {
        "prediction_id": f"p{number}",
        "model": "sarcoma",
        "version": "1",
        "study_uid": STUDY,
        "target": "sarcoma-visible",
        "predicted_at": f"2026-03-{number:02d}T08:00:00.000000Z",
        "score": number / 32,
        "decision": number > 16,
    }
    return {**row, **other}


def outcome(**other: Any) -> dict[str, Any]:
    row = {
        "study_uid": STUDY,
        "target": "sarcoma-visible",
        "truth": True,
        "source": "pathology",
        "established_at": "2026-03-05T00:00:00.000000Z",
    }
    return {**row, **other}


def ids(tables: ObservationTables, **options: Any) -> list[str]:
    return tables.read("predictions", columns=["prediction_id"], **options)["prediction_id"].to_pylist()


def test_rows_come_back_with_defaults_filled_sorted_by_event_time(tables: ObservationTables, take: Take) -> None:
    done = take(prediction(2), prediction(1))
    assert (done.new, done.unchanged, done.refused, done.event_seq) == (2, 0, (), 0)
    first = tables.read("predictions").to_pylist()[0]
    assert first["prediction_id"] == "p1"
    assert (first["unit"], first["unit_uid"], first["mode"], first["status"]) == ("study", STUDY, "live", "scored")
    assert first["available_at"] == first["taken_in_at"] == "2026-03-02T09:00:00.000001Z"
    assert len(first["row_id"]) == 32


def test_the_same_rows_twice_change_nothing(tables: ObservationTables, take: Take, engine: Engine) -> None:
    take(prediction(1), prediction(2))
    before = tables.version("predictions")
    again = take(prediction(2), prediction(1), taken_in_at=datetime.fromisoformat("2027-01-01T00:00:00Z"))
    assert again == Appended(0, 2, (), None, None)
    assert tables.version("predictions") == before
    with Session(engine) as session:
        assert session.scalar(select(func.count()).select_from(LedgerEntry)) == 1


def test_a_known_key_with_other_content_is_refused_by_row_and_the_rest_goes_in(
    tables: ObservationTables, take: Take
) -> None:
    take(prediction(1))
    known = tables.read("predictions")["row_id"][0].as_py()
    done = take(prediction(1, score=0.9), prediction(2))
    assert done.new == 1
    assert [(one.row, one.code) for one in done.refused] == [(1, RefusalCode.CONFLICT)]
    assert known in done.refused[0].reason
    assert ids(tables) == ["p1", "p2"]


def test_duplicates_inside_one_batch_are_judged_alike(take: Take) -> None:
    done = take(prediction(1), prediction(1), prediction(1, score=0.9))
    assert (done.new, done.unchanged, [one.row for one in done.refused]) == (1, 1, [3])


def test_a_correction_makes_a_new_version_and_history_keeps_both(tables: ObservationTables, take: Take) -> None:
    take(prediction(1))
    known = tables.read("predictions")["row_id"][0].as_py()
    assert take(prediction(1, score=0.9, supersedes=known)).new == 1
    assert tables.read("predictions")["score"].to_pylist() == [0.9]
    assert sorted(tables.read("predictions", history=True)["score"].to_pylist()) == [1 / 32, 0.9]


def test_after_a_correction_both_files_taken_in_again_change_nothing(tables: ObservationTables, take: Take) -> None:
    take(prediction(1))
    known = tables.read("predictions")["row_id"][0].as_py()
    take(prediction(1, score=0.9, supersedes=known))
    assert take(prediction(1)) == Appended(0, 1, (), None, None)
    assert take(prediction(1, score=0.9, supersedes=known)) == Appended(0, 1, (), None, None)
    assert take(prediction(1, score=0.9)) == Appended(0, 1, (), None, None)


def test_a_corrected_row_is_corrected_no_second_time(tables: ObservationTables, take: Take) -> None:
    take(prediction(1))
    known = tables.read("predictions")["row_id"][0].as_py()
    take(prediction(1, score=0.9, supersedes=known))
    done = take(prediction(1, score=0.8, supersedes=known), prediction(2, supersedes="f" * 32))
    assert [one.code for one in done.refused] == [RefusalCode.SUPERSEDES, RefusalCode.SUPERSEDES]


def test_a_correction_may_move_a_row_to_another_key_and_back(tables: ObservationTables, take: Take) -> None:
    take(outcome(), table="outcomes")
    first = tables.read("outcomes")["row_id"][0].as_py()
    take(outcome(established_at="2026-03-06T00:00:00.000000Z", supersedes=first), table="outcomes")
    second = tables.read("outcomes")["row_id"][0].as_py()
    assert tables.read("outcomes").num_rows == 1
    assert take(outcome(), table="outcomes").unchanged == 1
    assert take(outcome(supersedes=second), table="outcomes").new == 1
    assert tables.read("outcomes")["established_at"].to_pylist() == ["2026-03-05T00:00:00.000000Z"]
    assert tables.read("outcomes", history=True).num_rows == 3


def test_a_correction_does_not_take_over_the_key_of_a_third_row(tables: ObservationTables, take: Take) -> None:
    take(prediction(1), prediction(2))
    first, _ = tables.read("predictions")["row_id"].to_pylist()
    done = take(prediction(2, score=0.5, supersedes=first))
    assert [one.code for one in done.refused] == [RefusalCode.CONFLICT]


def test_as_of_hides_what_was_not_yet_known_even_a_correction(tables: ObservationTables, take: Take) -> None:
    take(
        prediction(1, available_at="2026-03-01T23:59:59.999999Z"),
        prediction(2, available_at="2026-03-02T00:00:00.000000Z"),
    )
    known = tables.read("predictions")["row_id"][0].as_py()
    take(prediction(1, score=0.9, supersedes=known, available_at="2026-03-03T00:00:00.000000Z"))
    assert ids(tables, as_of="2026-02-28") == []
    assert ids(tables, as_of="2026-03-01") == ["p1"]
    assert tables.read("predictions", columns=["score"], as_of="2026-03-02")["score"].to_pylist() == [1 / 32, 2 / 32]
    assert tables.read("predictions", columns=["score"], as_of="2026-03-03")["score"].to_pylist() == [2 / 32, 0.9]


def test_assumed_known_time_is_the_event_time_unless_one_was_stated(tables: ObservationTables, take: Take) -> None:
    take(
        prediction(1),
        prediction(2, available_at="2026-03-20T00:00:00.000000Z"),
        taken_in_at=datetime.fromisoformat("2027-01-01T00:00:00Z"),
    )
    assert ids(tables, as_of="2026-03-19") == []
    assert ids(tables, as_of="2026-03-19", known=Known.ASSUMED) == ["p1"]
    assert ids(tables, as_of="2026-03-20", known=Known.ASSUMED) == ["p1", "p2"]


def test_the_same_rows_give_the_same_bytes_in_any_order(tmp_path: Path, clock: FakeClock) -> None:
    digests = set()
    for number, rows in enumerate(([1, 2, 3], [3, 1, 2])):
        engine = open_database(f"sqlite:///{tmp_path / f'{number}.db'}")
        migrate(engine)
        made = ObservationTables(
            Ledger(engine, LogKey.generate(), clock, {"name": "overread", "version": "0"}),
            tmp_path / str(number),
            engine,
        )
        at = datetime.fromisoformat("2026-03-02T09:00:00Z")
        done = made.append(
            "predictions", [prediction(n) for n in rows], source_digest=SOURCE, actor=UNAUTHENTICATED, taken_in_at=at
        )
        digests.add((done.segment, made.version("predictions").digest))
    assert len(digests) == 1


def test_a_large_batch_is_split_and_stays_one_event(
    ledger: Ledger, engine: Engine, tmp_path: Path, clock: FakeClock
) -> None:
    tables = ObservationTables(ledger, tmp_path / "segments", engine, max_rows=2)
    done = tables.append(
        "predictions",
        [prediction(n) for n in range(1, 6)],
        source_digest=SOURCE,
        actor=UNAUTHENTICATED,
        taken_in_at=clock.now(),
    )
    assert tables.version("predictions").number == 3
    payload = ledger.payload(done.event_seq)
    assert (payload["rows"], len(payload["segments"]), payload["segment"]) == (5, 3, done.segment)
    assert ids(tables) == ["p1", "p2", "p3", "p4", "p5"]


def test_segments_are_private_zstd_parquet_named_by_digest(tables: ObservationTables, take: Take) -> None:
    done = take(prediction(1))
    place = tables.segments.path("predictions", done.segment)
    assert place.stat().st_mode & 0o777 == 0o600
    assert place.parent.stat().st_mode & 0o777 == 0o700
    assert digest_bytes(place.read_bytes()) == done.segment
    assert pq.ParquetFile(place).metadata.row_group(0).column(0).compression == "ZSTD"


def test_attributes_are_one_canonical_json_text(tables: ObservationTables, take: Take) -> None:
    take(prediction(1, attributes={"b": "2", "a": "ü"}))
    assert tables.read("predictions")["attributes"].to_pylist() == ['{"a":"ü","b":"2"}']


@pytest.mark.parametrize(
    "broken",
    [
        {"score": "0.5"}, {"score": float("nan")}, {"decision": 1}, {"score": True}, {"embedding": [0.5, "1"]},
        {"predicted_at": "2026-03-01"}, {"unknown": 1}, {"prediction_id": None}, {"model": 3},
    ],
)  # fmt: skip
def test_untyped_rows_are_the_callers_mistake(take: Take, broken: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"column|lacks"):
        take({**prediction(1), **broken})


def test_unknown_tables_and_columns_are_named_with_the_nearest(tables: ObservationTables) -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'predictions'"):
        tables.read("prediction")
    with pytest.raises(UnknownNameError, match="did you mean 'score'"):
        tables.read("predictions", columns=["scores"])


def test_an_empty_table_has_version_0_and_all_columns(tables: ObservationTables) -> None:
    assert tables.version("reads").number == 0
    assert tables.read("reads", as_of="2026-01-01").num_rows == 0
    assert "opened_before_ai" in tables.read("reads").column_names


def test_synthetic_batches_mark_the_table_version(tables: ObservationTables, take: Take) -> None:
    take(prediction(1))
    assert not tables.version("predictions").synthetic
    take(prediction(2), synthetic=True)
    assert tables.version("predictions").synthetic


def test_a_missing_or_changed_segment_fails_the_startup_check_and_the_reading(
    ledger: Ledger, engine: Engine, tmp_path: Path, take: Take
) -> None:
    done = take(prediction(1))
    fresh = ObservationTables(ledger, tmp_path / "segments", engine)
    place = fresh.segments.path("predictions", done.segment)
    data = place.read_bytes()
    place.write_bytes(data[:-1] + b"\0")
    for check in (fresh.startup_check, lambda: fresh.read("predictions")):
        with pytest.raises(ArtifactChangedError):
            check()
    place.unlink()
    for check in (fresh.startup_check, lambda: fresh.read("predictions")):
        with pytest.raises(LedgerBrokenError):
            check()


def test_a_segment_that_nothing_refers_to_is_garbage(tables: ObservationTables, take: Take) -> None:
    take(prediction(1))
    assert tables.startup_check() == ()
    stray = tables.segments.write(READS, [])
    assert tables.startup_check() == (f"reads/{stray.removeprefix('sha256:')}.parquet",)


def test_a_manifest_row_that_was_deleted_fails_the_startup_check(
    tables: ObservationTables, take: Take, engine: Engine
) -> None:
    take(prediction(1))
    with Session(engine) as session:
        session.execute(delete(SegmentRow))
        session.commit()
    with pytest.raises(LedgerBrokenError, match="manifest"):
        tables.startup_check()


def test_when_the_transaction_fails_nothing_is_in_the_record(
    tables: ObservationTables, engine: Engine, clock: FakeClock, ledger: Ledger
) -> None:
    def fail(_tx: object) -> None:
        raise RuntimeError("power cut")

    sifted = tables.sift("predictions", [prediction(1)])
    with pytest.raises(RuntimeError, match="power cut"):
        tables.store(sifted, batch(clock), fail)
    assert (tables.version("predictions").number, ledger.head().size) == (0, 0)
    with Session(engine) as session:
        assert session.scalar(select(func.count()).select_from(SegmentKeyRow)) == 0
    assert len(tables.startup_check()) == 1


def test_a_batch_that_another_writer_overtook_is_sifted_anew(
    tables: ObservationTables, take: Take, clock: FakeClock
) -> None:
    sifted = tables.sift("predictions", [prediction(1), prediction(2)])
    take(prediction(1), prediction(3))
    done = tables.store(sifted, batch(clock))
    assert (done.new, done.unchanged) == (1, 1)
    assert sorted(ids(tables)) == ["p1", "p2", "p3"]
    assert tables.startup_check() == ()


def test_writers_in_threads_lose_and_double_nothing(tables: ObservationTables, take: Take) -> None:
    threads = [threading.Thread(target=take, args=(prediction(n), prediction(9))) for n in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(ids(tables)) == ["p1", "p2", "p3", "p4", "p9"]
    assert tables.startup_check() == ()


def batch(clock: FakeClock) -> Batch:
    return Batch(SOURCE, UNAUTHENTICATED, clock.now() + timedelta(seconds=1))
