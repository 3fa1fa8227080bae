"""The explorable appendix: what is sampled, what is said of it, that it is the same each time, and that it is inert."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command import Command
from fakes import NoProgress
from monitored import MODEL, monitored_workspace, take

from pipelines.appendix import sample as sampling
from pipelines.appendix.columns import COLUMNS
from pipelines.appendix.record import appendices
from pipelines.appendix.rows import appendix_axes, rows_of
from pipelines.appendix.sample import NOT_STATED, OTHER, AppendixSample, draw_sample
from pipelines.bootstrap import Workspace
from pipelines.defs.reporting.drift_page import settled
from pipelines.usecases.issue_appendix import IssuedAppendix, issue_appendix
from pipelines.usecases.monitoring_plan import read_plan
from pipelines.usecases.run_monitors import run_monitors
from registry.domain.errors import IncompleteError

HOSTILE = "</script><script>alert(1)</script>"


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Return a workspace whose model ran for a hundred days, one series of it with a hostile maker's name."""
    made = monitored_workspace(tmp_path_factory.mktemp("appendix") / "workspace")
    late = {"series_uid": "2.25.7", "study_uid": "2.25.8", "patient": "p:" + "f" * 32, "site": "general"}
    take(made, "acquisitions", [late | {"acquired_at": "2026-05-30T08:00:00.000000Z", "modality": "MR"}])
    return made


def issue(workspace: Workspace, **options: Any) -> IssuedAppendix:
    run = run_monitors(workspace, MODEL, progress=NoProgress())
    return issue_appendix(workspace, run.json, read_plan(workspace, None), **options)


def drawn(workspace: Workspace, as_of: str = "2026-06-01", seed: int = 0) -> AppendixSample:
    from monitors.engine.embedded import count_tables
    from monitors.engine.tables import Request, Tables

    tables = Tables(*(workspace.tables.read(name) for name in ("acquisitions", "predictions", "reads", "outcomes")))
    request = Request(MODEL, workspace.settings.time_zone, appendix_axes())
    return draw_sample(count_tables(tables, request), rows_of(tables, request), read_plan(workspace, None), as_of, seed)


@pytest.fixture(scope="module")
def issued(workspace: Workspace) -> tuple[IssuedAppendix, str]:
    """Issue one appendix and return it with its page."""
    made = issue(workspace)
    return made, workspace.objects.get(made.digest).decode()


def test_the_window_and_the_reference_are_those_of_the_plan(workspace: Workspace) -> None:
    found = drawn(workspace)
    assert (found.window.start, found.window.end) == ("2026-05-05", "2026-06-01")
    (period,) = found.references.values()
    assert (period.start, period.end) == ("2026-02-21", "2026-04-21")
    assert found.rows == (27 * 6, 60 * 6), "the days of the window on which the model ran; 60 days of reference"


def test_a_larger_period_is_drawn_by_the_seed(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sampling, "MOST_ROWS", 50)
    one, again, other = (drawn(workspace, seed=seed) for seed in (0, 0, 1))
    assert one.sizes == (50, 50)
    np.testing.assert_array_equal(one.columns[0].current, again.columns[0].current)
    assert (one.columns[0].current != other.columns[0].current).any()


def test_the_page_says_what_it_shows_and_that_it_decides_nothing(issued: tuple[IssuedAppendix, str]) -> None:
    made, page = issued
    record = made.record
    assert record["sample"] == {"current": 162, "reference": 360, "seed": 20_260_101}
    assert set(record["columns"]) == {"score", "decision", "sex", "scanner"}
    assert set(record["left_out"]) == {column.name for column in COLUMNS} - set(record["columns"])
    heading = page[page.index("<header") : page.index("</header>")]
    for said in ("162 of 162", "360 of 360", "seed 20260101", "To explore, not to decide", "2026-05-05 to 2026-06-01"):
        assert said in heading
    assert "Synthetic" not in heading


def test_each_column_is_compared_by_the_stated_method_and_threshold(
    issued: tuple[IssuedAppendix, str],
) -> None:
    made, page = issued
    names = {"wasserstein": "Wasserstein distance (normed)", "jensenshannon": "Jensen-Shannon distance"}
    said = re.findall(r"Drift detection method: ([^.]*)\. Drift score", page)
    assert said == [names[one["method"]] for one in made.record["columns"].values()]
    assert {one["threshold"] for one in made.record["columns"].values()} == {"0.1"}


def test_an_appendix_is_issued_once_and_found_by_its_model(
    workspace: Workspace, issued: tuple[IssuedAppendix, str], tmp_path: Path
) -> None:
    made, page = issued
    words = ("monitor", "run", "--model", MODEL, "--as-of", "2026-06-01", "--appendix", tmp_path / "page.html")
    again = Command(workspace.root).well(*words)
    assert again.err.rstrip().endswith(made.digest), "the same rows, plan, day and seed give the same bytes"
    assert (tmp_path / "page.html").read_text() == page
    (found,) = appendices(workspace, MODEL)
    assert (found["as_of"], found["digest"]) == ("2026-06-01", made.digest)
    assert appendices(workspace, "another") == []


def test_no_identifier_of_a_study_patient_or_prediction_is_on_the_page(issued: tuple[IssuedAppendix, str]) -> None:
    _, page = issued
    data = page[page.index("<body") :]
    assert not re.search(r"2\.25\.1[0-9]{3}", data)
    assert "prediction_id" not in data
    assert not re.search(r'"a[0-9]{1,3}"', data)


def test_a_window_inside_the_reference_gives_no_appendix(workspace: Workspace) -> None:
    with pytest.raises(IncompleteError, match="inside or before the reference"):
        drawn(workspace, as_of="2026-05-01")


def test_labels_are_harmless_and_the_rare_ones_stand_together() -> None:
    values = np.array([HOSTILE, "", *(f"maker {n % 30}" for n in range(300))], dtype=object)
    found = sampling._sampled(COLUMNS[5], values, values)
    names = set(found.current)
    assert {NOT_STATED, OTHER} <= names
    assert len(names) == sampling.MOST_LEVELS + 2
    assert found.stated == (301, 301)
    assert not any(mark in name for name in sampling._labels([HOSTILE, 'a"b\\c']).values() for mark in '<>&"\\')


def test_random_ids_become_their_numbers() -> None:
    one, other = "01a2135a-d3f4-7279-9d8c-5128687e8a25", "01a2135a-d301-75af-a87a-6e230934059f"
    page = f"{one} {other} {one} metric_{'a' * 32}"
    assert settled(page) == settled(page.replace(one, other[:-1] + "0"))
    assert one not in settled(page)
    assert len(set(settled(page).split())) == 3
