"""The index of counted days is used only as the ledger sealed it: edited by hand, every row is counted."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, select, update
from test_count_days import START, asked, counted, outcome, read, small, take, take_day

from pipelines.bootstrap import Workspace
from registry.count_schema import CountDayRow, CountHeadRow, CountPlaceRow
from registry.database import writing

LATER = START + timedelta(days=40)


def edit(workspace: Workspace, *statements: Any) -> None:
    with writing(workspace.engine) as session:
        for statement in statements:
            session.execute(statement)


def head_is_moved_on(workspace: Workspace) -> None:
    """Say that rows that are yet to come were counted already."""
    tables = '{"acquisitions": 99, "expected": 99, "outcomes": 99, "predictions": 99, "reads": 99}'
    edit(workspace, update(CountHeadRow).values(tables=tables))


def head_lies_in_the_future(workspace: Workspace) -> None:
    edit(workspace, update(CountHeadRow).values(as_of="2031-01-01"))


def a_day_is_dropped(workspace: Workspace) -> None:
    edit(workspace, delete(CountDayRow).where(CountDayRow.day == "2026-03-03"))


def a_day_bears_the_rows_of_another(workspace: Workspace) -> None:
    other = select(CountDayRow.basis).where(CountDayRow.day == "2026-03-01").limit(1).scalar_subquery()
    edit(workspace, update(CountDayRow).where(CountDayRow.day == "2026-03-03").values(basis=other))


def keys_are_dropped(workspace: Workspace) -> None:
    edit(workspace, delete(CountPlaceRow).where(CountPlaceRow.day == "2026-03-03"))


def keys_lead_to_another_day(workspace: Workspace) -> None:
    edit(workspace, update(CountPlaceRow).where(CountPlaceRow.day == "2026-03-03").values(day="2026-03-05"))


EDITS = [
    head_is_moved_on,
    head_lies_in_the_future,
    a_day_is_dropped,
    a_day_bears_the_rows_of_another,
    keys_are_dropped,
    keys_lead_to_another_day,
]


@pytest.mark.parametrize("by_hand", EDITS, ids=lambda by_hand: by_hand.__name__)
def test_an_index_that_was_edited_is_found_and_every_row_is_counted(
    tmp_path: Path, by_hand: Callable[[Workspace], None]
) -> None:
    workspace = small(tmp_path / "w")
    counted(workspace, asked())
    by_hand(workspace)
    assert list(workspace.count_index.faults())
    take(workspace, "outcomes", [outcome("2.25.300", LATER)])
    take(workspace, "reads", [read("2.25.301", LATER) | {"read_id": "late"}])
    assert "2026-03-03" in counted(workspace, asked()).recounted
    assert list(workspace.count_index.faults()) == []
    take_day(workspace, 6)
    assert counted(workspace, asked()).recounted == ("2026-03-07",)


def test_the_fingerprint_of_keys_follows_every_change(tmp_path: Path) -> None:
    workspace = small(tmp_path / "w")
    counted(workspace, asked())
    take(workspace, "outcomes", [outcome("2.25.300", LATER)])
    counted(workspace, asked())
    take(workspace, "reads", [read("2.25.200", LATER) | {"read_id": "late"}])
    counted(workspace, asked())
    assert list(workspace.count_index.faults()) == []
