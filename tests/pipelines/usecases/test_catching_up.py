"""A long history is counted in steps: the counts are those of every row, whatever the step."""

from datetime import timedelta
from pathlib import Path

import pytest
from test_count_days import START, TODAY, acquisition, asked, counted, outcome, small, take

from pipelines.counting.catching_up import catch_up
from pipelines.counting.known_rows import Source
from registry.domain.joining import Known

ROWS = 74
LATER = START + timedelta(days=40)


@pytest.mark.parametrize(("step_rows", "steps"), [(12, 6), (30, 2), (1000, 0)])
def test_the_steps_lead_to_the_counts_of_every_row(tmp_path: Path, step_rows: int, steps: int) -> None:
    workspace = small(tmp_path / "w")
    take(workspace, "outcomes", [outcome("2.25.300", LATER), outcome("2.25.201", LATER)])
    source = Source(workspace, asked(), TODAY, Known.RECORDED)
    assert catch_up(source, step_rows) == steps
    assert list(workspace.count_index.faults()) == []
    assert (counted(workspace, asked()).read < ROWS) is (steps > 0)
    assert counted(workspace, asked()).read == 0


def test_a_correction_is_left_to_the_reading_of_every_row(tmp_path: Path) -> None:
    workspace = small(tmp_path / "w")
    (old,) = [row for row in workspace.tables.read("acquisitions").to_pylist() if row["study_uid"] == "2.25.200"]
    take(workspace, "acquisitions", [acquisition("2.25.200", LATER, 0) | {"supersedes": old["row_id"]}])
    catch_up(Source(workspace, asked(), TODAY, Known.RECORDED), 1)
    counted(workspace, asked())
