"""Evidence that a run stored serves the next one, as the ledger told it; edited by hand, it is looked for anew."""

import json
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from fakes import FakeClock
from sqlalchemy import select, update
from test_count_days import START, acquisition, outcome, prediction, take

from monitors.counts import Integers
from monitors.watch import kept
from monitors.watch.detector import Comparison, Rules, evidence_on
from monitors.watch.detector import Path as Evidence
from pipelines.bootstrap import Workspace, init_workspace
from pipelines.progress import Silent
from pipelines.usecases.replay_monitors import Replay, replay_monitors
from pipelines.usecases.run_monitors import MonitorRun, run_monitors
from registry.count_schema import DayCountRow
from registry.database import reading, writing
from registry.domain.joining import Known
from registry.domain.plan import MonitoringPlan

PLAN = MonitoringPlan(window_days=7, reference_days=10, min_units=5)
DAYS, PER_DAY = 70, 6
BEFORE, LAST = ((START + timedelta(days=day)).date().isoformat() for day in (DAYS - 2, DAYS - 1))


def watched(root: Path) -> Workspace:
    """Return a workspace whose scores rise after forty days; nothing was run yet."""
    workspace = init_workspace(root, FakeClock(START + timedelta(days=DAYS)))
    scores = np.random.default_rng(1).random((DAYS, PER_DAY)).tolist()
    series, answers = [], []
    for day in range(DAYS):
        for place in range(PER_DAY):
            uid, at = f"2.25.{1000 + 10 * day + place}", START + timedelta(days=day, minutes=place)
            score = (scores[day][place] + (day > 40)) / 2
            series.append(acquisition(uid, at, place))
            answers.append(prediction(uid, at, place) | {"score": score, "decision": score >= 0.5})
    take(workspace, "acquisitions", series)
    take(workspace, "predictions", answers)
    return workspace


def ran(workspace: Workspace, day: str = LAST, plan: MonitoringPlan = PLAN) -> MonitorRun:
    return run_monitors(workspace, "m", as_of=day, plan=plan, known=Known.ASSUMED, progress=Silent())


def run(workspace: Workspace, day: str = LAST, plan: MonitoringPlan = PLAN) -> bytes:
    return ran(workspace, day, plan).data


def blocks(workspace: Workspace) -> list[DayCountRow]:
    with reading(workspace.engine) as session:
        rows = select(DayCountRow).where(DayCountRow.day.startswith("watch-")).order_by(DayCountRow.number)
        return list(session.scalars(rows))


@pytest.fixture(scope="module")
def anew(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Return the run of the last day where nothing was kept."""
    return run(watched(tmp_path_factory.mktemp("anew") / "w"))


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """Return a workspace with the run of the day before the last."""
    made = watched(tmp_path / "w")
    run(made, BEFORE)
    return made


def days_looked_at(monkeypatch: pytest.MonkeyPatch) -> set[int]:
    found: set[int] = set()

    def noted(comparison: Comparison, rules: Rules, ends: Integers) -> Evidence:
        found.update(ends.tolist())
        return evidence_on(comparison, rules, ends)

    monkeypatch.setattr(kept, "evidence_on", noted)
    return found


def test_a_run_looks_at_the_days_that_no_stored_block_holds_and_is_the_same(
    workspace: Workspace, anew: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    days = days_looked_at(monkeypatch)
    found = ran(workspace)
    assert (found.data, found.mended) == (anew, ())
    assert b'"state": "alert"' in anew
    assert days == set(range(kept.BLOCK, DAYS))
    assert len(blocks(workspace)) == 1
    assert list(workspace.day_counts.faults()) == []


def test_an_edited_block_is_found_and_looked_for_anew(workspace: Workspace, anew: bytes) -> None:
    place = workspace.objects.path(blocks(workspace)[0].digest)
    place.chmod(0o600)
    place.write_bytes(bytes(len(place.read_bytes())))
    assert len(list(workspace.day_counts.faults())) == 1
    found = ran(workspace)
    assert (found.data, found.mended) == (anew, ("watch-0000",))
    assert list(workspace.day_counts.faults()) == []


def test_a_row_that_was_pointed_at_other_evidence_is_not_used(workspace: Workspace, anew: bytes) -> None:
    quiet = workspace.objects.put(bytes(len(workspace.objects.get(blocks(workspace)[0].digest))))
    with writing(workspace.engine) as session:
        session.execute(update(DayCountRow).where(DayCountRow.day.startswith("watch-")).values(digest=quiet))
    found = ran(workspace)
    assert (found.data, found.mended) == (anew, ("watch-0000",))


def test_late_rows_and_another_plan_have_blocks_of_their_own(workspace: Workspace, tmp_path: Path) -> None:
    other = watched(tmp_path / "other")
    for each in (workspace, other):
        late = START + timedelta(days=20)
        take(each, "acquisitions", [acquisition("2.25.5", late, 0)])
        take(each, "predictions", [prediction("2.25.5", late, 0)])
    wider = replace(PLAN, margins={"score_level": "0.2"})
    for plan in (PLAN, wider):
        assert json.loads(run(workspace, plan=plan))["signals"] == json.loads(run(other, plan=plan))["signals"]
    assert len(blocks(workspace)) == 3


def test_a_replay_stores_nothing_and_has_the_evidence_of_runs(workspace: Workspace) -> None:
    before = len(blocks(workspace))
    days = tuple((date.fromisoformat(LAST) - timedelta(days=back)).isoformat() for back in (1, 0))
    take(workspace, "outcomes", [outcome("2.25.1000", START + timedelta(days=3))])
    events = workspace.ledger.head().size
    replayed = replay_monitors(workspace, Replay("m", None, days, Known.ASSUMED, windows=True), PLAN, Silent())
    assert (len(blocks(workspace)), workspace.ledger.head().size) == (before, events)
    for one in replayed["runs"]:
        assert ran(workspace, one["as_of"]).json["signals"] == one["signals"]
