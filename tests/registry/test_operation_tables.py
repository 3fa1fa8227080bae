"""The tables of live operation: what a row holds comes back, and what asks for work asks once, on each server."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.exc import IntegrityError

from registry.database import migrate, open_database, reading, writing
from registry.schema import AlertRow, Base, DeploymentRow, ScheduleRow, SuspensionRow, TaskRow

AT = "2026-03-02T09:00:00.000000Z"
LONG = "ä" * 200
ROWS: dict[type[Base], dict[str, Any]] = {
    AlertRow: {
        "alert": "0123456789abcdef", "model": "nodule", "version": "3", "mode": "live", "target": "nodule",
        "code": "DRF001", "cause_kind": "scanner", "cause_who": LONG, "opened": "2026-03-01", "closed": None,
        "state": "open", "record": "sha256:" + "0" * 64, "event_seq": 2**40,
    },
    TaskRow: {
        "task": "t" * 36, "kind": "retrain", "model": "nodule", "why": LONG * 50, "cause": LONG, "state": "open",
        "opened_at": AT, "closed_at": None, "event_seq": 7,
    },
    ScheduleRow: {
        "kind": "monitor", "model": "nodule", "cron": "0 6 * * *", "time_zone": "Europe/Vienna", "paused": True,
        "set_by": "quinn", "set_at": AT, "event_seq": 8,
    },
    SuspensionRow: {
        "deployment": "d" * 36, "axis": "software_versions", "value": LONG, "fallback": "read without AI",
        "state": "suspended", "since": AT, "event_seq": 9,
    },
}  # fmt: skip
DEPLOYED = {
    "deployment": "d" * 36, "model": "nodule", "version": "3", "site": "general", "target": "nodule", "mode": "live",
    "state": "live", "started_at": AT, "artifact_digest": "sha256:1", "signature": "sha256:2", "event_seq": 3,
}  # fmt: skip


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    """Return a migrated database with one deployment."""
    found = open_database(url)
    migrate(found)
    with writing(found) as session:
        session.add(DeploymentRow(**DEPLOYED))
    yield found
    found.dispose()


def test_every_row_comes_back_as_it_was(engine: Engine) -> None:
    for table, values in ROWS.items():
        with writing(engine) as session:
            session.add(table(**values))
        with reading(engine) as session:
            (row,) = session.scalars(select(table))
            assert {name: getattr(row, name) for name in values} == values


def test_the_same_cause_asks_for_work_once(engine: Engine) -> None:
    with writing(engine) as session:
        session.add(TaskRow(**ROWS[TaskRow]))
    with pytest.raises(IntegrityError), writing(engine) as session:
        session.add(TaskRow(**(ROWS[TaskRow] | {"task": "u" * 36})))


def test_a_stratum_of_an_unknown_deployment_is_refused(engine: Engine) -> None:
    with pytest.raises(IntegrityError), writing(engine) as session:
        session.add(SuspensionRow(**(ROWS[SuspensionRow] | {"deployment": "x" * 36})))
