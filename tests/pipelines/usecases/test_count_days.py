"""Stored counts: a sum of days that is, to the byte, the count of every row, whatever came when."""

import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fakes import FakeClock
from sqlalchemy import select

from monitors.counts import Counts
from monitors.engine.embedded import count_tables
from monitors.engine.tables import Request, Tables
from pipelines.bootstrap import Workspace, init_workspace
from pipelines.counting.engines import runner_of
from pipelines.counting.known_rows import NAMES, Source
from pipelines.counting.recounting import Shelf
from pipelines.settings import CountingSection
from pipelines.usecases.count_days import Counted, count_days, update_days
from registry.count_schema import DayCountRow
from registry.database import reading, writing
from registry.domain.digest import digest_bytes
from registry.domain.errors import OverreadError, UnknownNameError, UsageError
from registry.domain.instants import instant_text
from registry.domain.joining import Known
from registry.domain.stratum import Stratum, Suspension

sys.path.insert(0, str(Path(__file__).parents[2] / "monitors"))
from rich_tables import _expected, _findings, _measurements
from tables_at_random import RandomRows, random_rows

AXES = ("sex", "age_band", "scanner")
START = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
TODAY = "2026-06-30"
LINK = "2.25.777"  # of the random rows: a study that was never acquired, and links many
KEYS = {
    "acquisitions": ("series_uid",),
    "predictions": ("prediction_id",),
    "reads": ("read_id",),
    "outcomes": ("target", "unit", "unit_uid", "source", "established_at"),
    "findings": ("finding_id",),
    "measurements": ("subject_id", "name"),
    "expected": ("site", "modality", "hour"),
}


def asked(suspensions: tuple[Suspension, ...] = (), target: str | None = None) -> Request:
    zones = {"north": "Europe/Vienna", "south": "Pacific/Auckland"}
    return Request("m", lambda site: zones.get(site, "UTC"), AXES, target, suspensions)


def from_every_row(workspace: Workspace, request: Request, day: str, known: Known) -> Counts:
    """Count the rows all at once, as they are read: the oracle."""
    return count_tables(Tables(*(workspace.tables.read(name, as_of=day, known=known) for name in NAMES)), request)


def digests(counts: Counts) -> Mapping[str, str]:
    return {name: family.digest for name, family in sorted(counts.families.items())}


def counted(workspace: Workspace, request: Request, day: str = TODAY, known: Known = Known.RECORDED) -> Counted:
    found = count_days(Source(workspace, request, day, known), keep=True)
    assert digests(found.counts) == digests(from_every_row(workspace, request, day, known))
    return found


def take(workspace: Workspace, table: str, rows: list[dict[str, Any]]) -> None:
    source = digest_bytes(repr(rows).encode())
    taken = {"source_digest": source, "actor": workspace.actor, "taken_in_at": workspace.clock.now()}
    assert workspace.tables.append(table, rows, **taken).refused == ()


def clean(rows: RandomRows) -> dict[str, list[dict[str, Any]]]:
    """Return rows as intake would hand them over: once a key, without empty values."""
    found: dict[str, list[dict[str, Any]]] = {}
    rng = np.random.default_rng(0)
    drawn = {name: getattr(rows, name) for name in ("acquisitions", "predictions", "reads", "outcomes")}
    drawn["findings"] = _findings(rng, rows.predictions, rows.outcomes)
    drawn["measurements"] = _measurements(rng, rows.predictions)
    drawn["expected"] = _expected()[::8]
    for table, key in KEYS.items():
        by_key = {tuple(row.get(name) for name in key): row for row in drawn[table]}
        found[table] = [{name: value for name, value in row.items() if value is not None} for row in by_key.values()]
    return found


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return init_workspace(tmp_path_factory.mktemp("counts") / "w", FakeClock(START))


def small(root: Path, days: int = 6, per_day: int = 4) -> Workspace:
    """Make a workspace with a few days of two sites."""
    workspace = init_workspace(root, FakeClock(START))
    for day in range(days):
        take_day(workspace, day, per_day)
    return workspace


def take_day(workspace: Workspace, day: int, per_day: int = 4) -> None:
    at = START + timedelta(days=day)
    studies = [f"2.25.{100 * (day + 1) + place}" for place in range(per_day)]
    take(workspace, "acquisitions", [acquisition(uid, at, place) for place, uid in enumerate(studies)])
    take(workspace, "predictions", [prediction(uid, at, place) for place, uid in enumerate(studies)])
    take(workspace, "reads", [read(uid, at) for uid in studies])


def acquisition(uid: str, at: datetime, place: int) -> dict[str, Any]:
    own = {"series_uid": f"{uid}9", "study_uid": uid, "patient": f"p{uid}", "site": ("north", "south")[place % 2]}
    return own | {"acquired_at": instant_text(at), "modality": "MR", "scanner": f"s{place % 2}", "sex": "F"}


def prediction(uid: str, at: datetime, place: int) -> dict[str, Any]:
    own = {"prediction_id": f"a{uid}", "model": "m", "version": "1", "study_uid": uid, "target": "t", "threshold": 0.5}
    score = (place + 1) / 8
    return own | {"predicted_at": instant_text(at + timedelta(minutes=5)), "score": score, "decision": score >= 0.5}


def read(uid: str, at: datetime) -> dict[str, Any]:
    own = {"read_id": f"r{uid}", "study_uid": uid, "target": "t", "reader": "dr1", "decision": True, "ai_shown": True}
    return own | {"read_at": instant_text(at + timedelta(hours=20))}  # some of them on the next day


def outcome(uid: str, at: datetime) -> dict[str, Any]:
    return {"study_uid": uid, "target": "t", "truth": True, "source": "pathology", "established_at": instant_text(at)}


def newest(workspace: Workspace) -> dict[str, int]:
    """Return the newest version number of each day."""
    with reading(workspace.engine) as session:
        rows = session.scalars(select(DayCountRow).order_by(DayCountRow.number))
        return {row.day: row.number for row in rows}


@pytest.mark.parametrize("seed", range(2))
def test_any_order_of_intake_gives_the_bytes_of_a_full_count(tmp_path: Path, seed: int) -> None:
    rng = np.random.default_rng(seed)
    clock = FakeClock(START)
    workspace = init_workspace(tmp_path / "w", clock)
    found = clean(random_rows(seed, studies=10))
    _name_others(rng, found["reads"], [row["prediction_id"] for row in found["predictions"]])
    waiting = [
        (table, row) for table, rows in found.items() for row in rows if seed % 3 or row.get("study_uid") != LINK
    ]
    waiting = [waiting[place] for place in rng.permutation(len(waiting))]
    request = asked(_suspensions(seed)) if seed % 2 else asked()
    while waiting:
        size = int(rng.integers(15, 90))
        batch, waiting = waiting[:size], waiting[size:]
        for table in KEYS:
            take(workspace, table, [_available(rng, row) for name, row in batch if name == table])
        clock.advance(days=int(rng.integers(0, 9)), hours=int(rng.integers(0, 20)))
        if rng.random() < 0.3:
            _correct(workspace, rng)
        today = clock.now().date().isoformat()
        for known in Known:
            counted(workspace, request, today, known)
        earlier = (clock.now() - timedelta(days=int(rng.integers(1, 40)))).date().isoformat()
        counted(workspace, request, earlier)


def _name_others(rng: np.random.Generator, reads: list[dict[str, Any]], names: list[str]) -> None:
    """Let some reads name a prediction of another study."""
    for row in reads:
        if rng.random() < 0.15:
            row["prediction_id"] = str(rng.choice(names))
        if rng.random() < 0.2:
            row["stage"] = "second"


def _available(rng: np.random.Generator, row: dict[str, Any]) -> dict[str, Any]:
    if rng.random() < 0.7:
        return row
    return row | {"available_at": instant_text(START + timedelta(days=float(rng.uniform(-20, 60))))}


def _correct(workspace: Workspace, rng: np.random.Generator) -> None:
    """Correct a row of a random table: another day, another study, another decision."""
    table = str(rng.choice(sorted(KEYS)))
    rows = workspace.tables.read(table).to_pylist()
    if not rows:
        return
    row = dict(rows[int(rng.integers(len(rows)))])
    old = row.pop("row_id")
    row = {name: value for name, value in row.items() if value is not None and not name.endswith("_in_at")}
    row.pop("available_at")
    times = {"acquisitions": "acquired_at", "predictions": "predicted_at", "reads": "read_at"}
    other = {
        "measurements": {"value": 0.25},
        "expected": {"n": 7.0},
        "findings": {"prediction_id": "a1", "score": 0.75},
    }
    moved = "study_uid" in row and rng.random() < 0.5
    change: dict[str, Any] = {"study_uid": f"2.25.{int(rng.integers(14))}"} if moved else {}
    if table in other:
        change = other[table]
    elif table in times:
        change[times[table]] = instant_text(START + timedelta(days=float(rng.uniform(-25, 40))))
    else:
        change["truth"] = not row["truth"]
    take(workspace, table, [row | change | {"supersedes": old}])


def _suspensions(seed: int) -> tuple[Suspension, ...]:
    since = instant_text(START - timedelta(days=10))
    until = instant_text(START + timedelta(days=15)) if seed % 4 == 1 else None
    return tuple(
        Suspension("d", "m", version, "north", Stratum("sex", "F"), "read without", since, until, 0)
        for version in ("1", "2")
    )


@pytest.mark.postgres
def test_late_rows_make_new_versions_on_postgresql_too(tmp_path: Path, postgres_url: str) -> None:
    workspace = init_workspace(tmp_path / "w", FakeClock(START), database=postgres_url)
    for day in range(3):
        take_day(workspace, day)
        counted(workspace, asked())
    take(workspace, "outcomes", [outcome("2.25.100", START + timedelta(days=7))])
    assert counted(workspace, asked()).recounted == ("2026-03-01",)
    assert newest(workspace) == {"2026-03-01": 2, "2026-03-02": 1, "2026-03-03": 1}
    assert counted(workspace, asked()).read == 0
    assert list(workspace.day_counts.faults()) == []
    workspace.engine.dispose()


def test_a_second_count_reads_nothing_and_counts_nothing(tmp_path: Path) -> None:
    workspace = small(tmp_path / "w")
    first, second = counted(workspace, asked()), counted(workspace, asked())
    assert len(first.recounted) == 6
    assert (second.recounted, second.mended, second.read) == ((), (), 0)


def test_a_new_day_counts_that_day_alone(tmp_path: Path) -> None:
    workspace = small(tmp_path / "w")
    counted(workspace, asked())
    take_day(workspace, 6)
    found = counted(workspace, asked())
    assert found.recounted == ("2026-03-07",)
    assert found.read == 12


def test_an_update_stores_what_a_count_would_and_adds_nothing_up(tmp_path: Path) -> None:
    workspace = small(tmp_path / "w")
    source = Source(workspace, asked(), TODAY, Known.RECORDED)
    assert len(update_days(source)) == 6
    take_day(workspace, 6)
    assert update_days(source) == ("2026-03-07",)
    assert update_days(source) == ()
    assert counted(workspace, asked()).recounted == ()


def test_a_late_outcome_makes_a_new_version_of_the_day_of_its_study_and_keeps_the_old_one(tmp_path: Path) -> None:
    workspace = small(tmp_path / "w")
    counted(workspace, asked())
    take(workspace, "outcomes", [outcome("2.25.300", START + timedelta(days=40))])
    found = counted(workspace, asked())
    assert found.recounted == ("2026-03-03",)
    assert found.read == 13
    assert newest(workspace)["2026-03-03"] == 2
    assert counted(workspace, asked(), "2026-02-28").recounted == ()
    with reading(workspace.engine) as session:
        rows = list(session.scalars(select(DayCountRow).where(DayCountRow.day == "2026-03-03")))
    assert all(workspace.objects.get(row.digest) for row in rows)
    assert len({row.digest for row in rows}) == 2


def test_findings_measurements_and_arrivals_touch_their_own_days(tmp_path: Path) -> None:
    workspace = small(tmp_path / "w", days=4)
    counted(workspace, asked())
    finding = {"finding_id": "f1", "label": "nodule", "prediction_id": "a2.25.200", "score": 0.5}
    take(workspace, "findings", [finding])
    assert counted(workspace, asked()).recounted == ("2026-03-02",)
    take(workspace, "measurements", [{"subject_id": "a2.25.300", "name": "dice", "value": 0.8, "unit": "1"}])
    assert counted(workspace, asked()).recounted == ("2026-03-03",)
    take(workspace, "expected", [{"site": "south", "modality": "MR", "hour": instant_text(START), "n": 4.0}])
    assert counted(workspace, asked()).recounted == ("2026-03-01",)


def test_a_read_of_another_day_touches_the_day_of_its_study(tmp_path: Path) -> None:
    workspace = small(tmp_path / "w")
    counted(workspace, asked())
    take(workspace, "reads", [read("2.25.200", START + timedelta(days=30)) | {"read_id": "late"}])
    assert counted(workspace, asked()).recounted == ("2026-03-02",)


def test_an_acquisition_that_is_corrected_to_another_day_touches_both_days(tmp_path: Path) -> None:
    workspace = small(tmp_path / "w")
    counted(workspace, asked())
    (old,) = [r for r in workspace.tables.read("acquisitions").to_pylist() if r["study_uid"] == "2.25.200"]
    moved = acquisition("2.25.200", START + timedelta(days=3), 0) | {"supersedes": old["row_id"]}
    take(workspace, "acquisitions", [moved])
    assert set(counted(workspace, asked()).recounted) == {"2026-03-02", "2026-03-04"}
    assert counted(workspace, asked()).recounted == ()


def test_a_row_that_joins_two_studies_brings_their_days_together(tmp_path: Path) -> None:
    workspace = small(tmp_path / "w")
    counted(workspace, asked())
    joining = read("2.25.600", START) | {"read_id": "odd", "prediction_id": "a2.25.200", "read_at": instant_text(START)}
    take(workspace, "reads", [joining])
    assert set(counted(workspace, asked()).recounted) == {"2026-03-02", "2026-03-06"}


def test_another_suspension_touches_the_days_of_predictions_made_while_it_lasts(tmp_path: Path) -> None:
    workspace = small(tmp_path / "w")
    counted(workspace, asked())
    began = instant_text(START + timedelta(days=3, hours=-1))
    ends = instant_text(START + timedelta(days=4, hours=-1))
    held = Suspension("d", "m", "1", "north", Stratum("scanner", "s0"), "read without", began, None, 1)
    ended = Suspension("d", "m", "1", "north", Stratum("scanner", "s0"), "read without", began, ends, 2)
    assert counted(workspace, asked((held,))).recounted == ("2026-03-04", "2026-03-05", "2026-03-06")
    assert counted(workspace, asked((ended,))).recounted == ()
    assert counted(workspace, asked((held, ended))).recounted == ("2026-03-04",)


def test_rows_of_another_model_touch_nothing(tmp_path: Path) -> None:
    workspace = small(tmp_path / "w")
    counted(workspace, asked())
    take(workspace, "predictions", [prediction("2.25.300", START, 1) | {"prediction_id": "other", "model": "n"}])
    assert counted(workspace, asked()).recounted == ()


def test_a_target_and_all_targets_are_stored_apart(tmp_path: Path) -> None:
    workspace = small(tmp_path / "w")
    counted(workspace, asked())
    assert len(counted(workspace, asked(target="t")).recounted) == 6
    assert counted(workspace, asked()).recounted == ()


def test_an_object_that_was_edited_by_hand_is_found_and_counted_anew(tmp_path: Path) -> None:
    workspace = small(tmp_path / "w")
    counted(workspace, asked())
    with reading(workspace.engine) as session:
        row = session.scalars(select(DayCountRow).where(DayCountRow.day == "2026-03-04")).one()
    place = workspace.objects.path(row.digest)
    place.chmod(0o600)
    place.write_bytes(place.read_bytes()[:-1] + b"\x07")
    assert list(workspace.day_counts.faults()) == ["version 1 of the counts of m on 2026-03-04 was changed, or is gone"]
    found = counted(workspace, asked())
    assert (found.recounted, found.mended) == (("2026-03-04",), ("2026-03-04",))
    assert counted(workspace, asked()).mended == ()
    assert list(workspace.day_counts.faults()) == []


def test_a_row_that_was_pointed_at_other_counts_is_found_and_counted_anew(tmp_path: Path) -> None:
    workspace = small(tmp_path / "w")
    counted(workspace, asked())
    forged = workspace.objects.put(b'{"schema":"overread.day-basis/1"}\n{}')
    with writing(workspace.engine) as session:
        row = session.scalars(select(DayCountRow).where(DayCountRow.day == "2026-03-04")).one()
        row.digest = forged
    found = counted(workspace, asked())
    assert (found.recounted, found.mended) == (("2026-03-04",), ("2026-03-04",))


def test_a_date_before_the_newest_writes_nothing_over_it(tmp_path: Path) -> None:
    workspace = small(tmp_path / "w")
    clock = workspace.clock
    assert isinstance(clock, FakeClock)
    clock.advance(days=20)
    take_day(workspace, 9)
    counted(workspace, asked())
    assert len(counted(workspace, asked(), "2026-03-05").days) == 6
    assert counted(workspace, asked()).read == 0


def test_a_replay_counts_no_day_twice_and_writes_nothing(tmp_path: Path) -> None:
    workspace = small(tmp_path / "w")
    shelf, request = Shelf(), asked()
    before = workspace.ledger.head().size
    sources = [Source(workspace, request, f"2026-03-{day:02d}", Known.ASSUMED) for day in (4, 5, 6)]
    found = [count_days(source, keep=False, shelf=shelf) for source in sources]
    assert sum(len(one.recounted) for one in found) < sum(len(one.days) for one in found)
    for source, one in zip(sources, found, strict=True):
        assert digests(one.counts) == digests(from_every_row(workspace, request, source.as_of, source.known))
    assert workspace.ledger.head().size == before
    assert newest(workspace) == {}


@pytest.mark.parametrize("engine", ["threads", "processes"])
def test_another_engine_stores_the_same_versions(tmp_path: Path, engine: str) -> None:
    one, other = small(tmp_path / "one", days=3), small(tmp_path / "other", days=3)
    counted(one, asked())
    runner = runner_of(CountingSection(engine=engine))
    count_days(Source(other, asked(), TODAY, Known.RECORDED, runner), keep=True)
    assert _versions(one) == _versions(other)


def _versions(workspace: Workspace) -> list[tuple[str, str]]:
    with reading(workspace.engine) as session:
        return [(row.day, row.digest) for row in session.scalars(select(DayCountRow).order_by(DayCountRow.day))]


@pytest.mark.parametrize(
    ("settings", "error"),
    [(CountingSection(engine="sprak"), UnknownNameError), (CountingSection(workers=0), UsageError)],
)
def test_an_engine_that_is_none_is_refused(settings: CountingSection, error: type[OverreadError]) -> None:
    with pytest.raises(error):
        runner_of(settings)


def test_nothing_at_all_gives_empty_families(empty: Workspace) -> None:
    assert counted(empty, asked()).counts["F0"].total == 0
