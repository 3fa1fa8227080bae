"""From a schedule on record to a run: which tick, which job, which partition, in whose name."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from opened_worlds import opened
from worlds import ERIN, World

from pipelines.bootstrap import Workspace
from pipelines.settings import STANDARD
from pipelines.usecases.launch_schedules import JOBS, due_launches, partition_of
from registry.domain.schedule import WorkKind

MORNING = "0 6 * * *"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Found a world; its tests set and pause schedules of models of their own."""
    root = tmp_path_factory.mktemp("world")
    World.found(root)
    again = World(root, datetime(2026, 3, 2, 10, 0, tzinfo=UTC))
    yield again
    again.close()


@pytest.fixture(scope="module")
def workspace(world: World) -> Workspace:
    """Return it as a workspace."""
    return opened(world, STANDARD)


def test_a_due_tick_starts_its_job_with_partition_model_and_ticket(workspace: Workspace) -> None:
    for kind in WorkKind:
        workspace.schedules.set(kind, "nodule", MORNING, "UTC", ERIN)
    now = datetime(2026, 3, 3, 6, 0, 20, tzinfo=UTC)
    found = {launch.job: launch for launch in due_launches(workspace, now - timedelta(minutes=1), now)}
    assert {job: launch.partition for job, launch in found.items()} == {
        "retrain": None,
        "revalidate": None,
        "daily": "2026-03-02",
        "report": "2026-02",
    }
    assert {launch.model for launch in found.values()} == {"nodule"}
    assert found["daily"].key == "monitor nodule 2026-03-03T06:00:00.000000Z"
    assert workspace.tickets.actor(found["daily"].ticket, "daily").person == "erin"
    assert due_launches(workspace, now, now + timedelta(minutes=1)) == []


def test_a_change_of_the_record_counts_at_the_next_look(workspace: Workspace) -> None:
    now = datetime(2026, 3, 4, 7, 30, 20, tzinfo=UTC)
    assert due_launches(workspace, now - timedelta(minutes=1), now) == []
    workspace.schedules.set(WorkKind.TRAIN, "nodule", "30 7 * * *", "UTC", ERIN)
    assert [launch.job for launch in due_launches(workspace, now - timedelta(minutes=1), now)] == ["retrain"]
    workspace.schedules.pause(WorkKind.TRAIN, "nodule", ERIN)
    assert due_launches(workspace, now - timedelta(minutes=1), now) == []


def test_every_kind_has_a_job_of_the_code_location() -> None:
    from pipelines.defs.scheduling.sensors import TOLD

    assert set(JOBS) == set(WorkKind)
    assert set(JOBS.values()) == set(TOLD)


@pytest.mark.parametrize(
    ("kind", "tick", "zone", "partition"),
    [
        (WorkKind.MONITOR, "2026-03-03T06:00:00+00:00", "UTC", "2026-03-02"),
        (WorkKind.MONITOR, "2026-03-03T06:00:00+00:00", "America/Los_Angeles", "2026-03-01"),
        (WorkKind.REPORT, "2026-01-01T00:00:00+00:00", "UTC", "2025-12"),
        (WorkKind.REPORT, "2026-10-01T05:00:00+00:00", "Europe/Vienna", "2026-09"),
        (WorkKind.TRAIN, "2026-10-01T05:00:00+00:00", "UTC", None),
    ],
)
def test_a_tick_works_on_the_last_whole_day_or_month(
    kind: WorkKind, tick: str, zone: str, partition: str | None
) -> None:
    assert partition_of(kind, datetime.fromisoformat(tick), zone) == partition
