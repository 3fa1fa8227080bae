"""What a run reads of stored days: months as stored sums, each part proved; what was edited by hand is counted anew."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update
from test_count_days import START, TODAY, asked, outcome, small, take, take_day

from monitors.shelved import ShelvedCounts
from pipelines.bootstrap import Workspace
from pipelines.counting.known_rows import Source
from pipelines.usecases.cut_days import CutDays, cut_days
from registry.count_schema import DayCountRow
from registry.database import reading, writing
from registry.domain.joining import Known
from registry.domain.plan import MonitoringPlan

PLAN = MonitoringPlan(window_days=7, reference_days=10)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """Return days of March, April and May; the first run has stored the sums of March and April."""
    made = small(tmp_path / "w")
    for day in (35, 36, 70):
        take_day(made, day)
    read_of(made)
    return made


def read_of(workspace: Workspace, *, afresh: bool = False) -> CutDays:
    return cut_days(Source(workspace, asked(), TODAY, Known.RECORDED), PLAN, afresh=afresh)


def digests(found: CutDays) -> Mapping[str, str]:
    counts = found.cut.counts
    assert isinstance(counts, ShelvedCounts)
    families = {name: counts[name] for name in (*counts.families, *counts.shelved)}
    families |= {"units": found.cut.units, "grid": found.cut.grid}
    return {name: family.digest for name, family in families.items()}


def versions(workspace: Workspace, name: str) -> list[DayCountRow]:
    with reading(workspace.engine) as session:
        rows = select(DayCountRow).where(DayCountRow.day == name).order_by(DayCountRow.number)
        return list(session.scalars(rows))


def spoil(workspace: Workspace, digest: str) -> None:
    place = workspace.objects.path(digest)
    place.chmod(0o600)
    place.write_bytes(place.read_bytes()[:-1] + b"\x07")


def test_whole_months_are_stored_once_and_the_newest_is_not(workspace: Workspace) -> None:
    read_of(workspace)
    assert [len(versions(workspace, month)) for month in ("2026-03", "2026-04", "2026-05")] == [1, 1, 0]


def test_stored_months_give_what_the_days_give(workspace: Workspace, tmp_path: Path) -> None:
    other = small(tmp_path / "other")
    for day in (35, 36, 70):
        take_day(other, day)
    assert digests(read_of(workspace)) == digests(read_of(other))
    assert list(workspace.day_counts.faults()) == []


def test_a_late_outcome_makes_a_new_version_of_its_month_alone(workspace: Workspace) -> None:
    take(workspace, "outcomes", [outcome("2.25.300", START + timedelta(days=40))])
    found = read_of(workspace)
    assert (found.recounted, found.mended) == (("2026-03-03",), ())
    assert [len(versions(workspace, month)) for month in ("2026-03", "2026-04")] == [2, 1]
    assert digests(found) == digests(read_of(workspace, afresh=True))


@pytest.mark.parametrize("name", ["2026-03", "2026-03-02", "2026-05-10"])
def test_an_edited_object_is_not_used_and_made_anew(workspace: Workspace, name: str) -> None:
    before = digests(read_of(workspace))
    spoil(workspace, versions(workspace, name)[-1].digest)
    found = read_of(workspace)
    assert found.mended == (name,)
    assert digests(found) == before
    assert read_of(workspace).mended == ()


@pytest.mark.parametrize("name", ["2026-03", "2026-05-10"])
def test_a_row_that_the_ledger_did_not_tell_is_not_used(workspace: Workspace, name: str) -> None:
    before, other = digests(read_of(workspace)), versions(workspace, "2026-04-05")[0].digest
    with writing(workspace.engine) as session:
        session.execute(update(DayCountRow).where(DayCountRow.day == name).values(digest=other))
    found = read_of(workspace)
    assert name in found.mended
    assert digests(found) == before
