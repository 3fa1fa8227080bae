"""Sharing counts: signed, once a window, added up only where every signature and rule holds."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from command import Command, Done
from monitored import MODEL, NOW, acquired, acquisitions, predictions, take, uid

from pipelines.bootstrap import Workspace, init_workspace, open_workspace
from pipelines.usecases.export_counts import ExportedCounts, Wanted, export_counts
from pipelines.usecases.merge_counts import merge_counts
from registry.domain.canonical import canonical_bytes
from registry.domain.errors import (
    AnswerIsNoError,
    IncompleteError,
    OverreadError,
    SignatureBrokenError,
    UnknownNameError,
    UnreadableFileError,
    UsageError,
)
from registry.domain.instants import instant_text
from validation.statistics.roc import merged_counts, roc_counts, roc_from_counts

SCHEMA = Path(__file__).parents[3] / "docs/reference/schemas/counts-export.schema.json"
DAYS, PER_DAY = 100, 6
APRIL = "2026-04"


class Clock:
    """The day of the fixtures."""

    def now(self) -> Any:
        return NOW


def hospital(root: Path, seed: int) -> Workspace:
    """Make a workspace whose model tells the classes apart, with labels for all but a few studies."""
    workspace = init_workspace(root, Clock())
    rng = np.random.default_rng(seed)
    n = DAYS * PER_DAY
    truth = rng.random(n) < 0.3
    score = rng.beta(1.5 + 2 * truth, 3)
    rows = predictions(DAYS, PER_DAY, "live")
    for row, value in zip(rows, score.tolist(), strict=True):
        row |= {"score": value, "decision": value >= 0.5}
    take(workspace, "acquisitions", acquisitions(DAYS, PER_DAY))
    take(workspace, "predictions", rows)
    labels = [_outcome(row, bool(truth[row])) for row in range(n) if rng.random() < 0.95]
    take(workspace, "outcomes", labels)
    return workspace


def _outcome(row: int, truth: bool) -> dict[str, Any]:  # noqa: FBT001 - the value of a column
    own = {"study_uid": uid(row), "target": MODEL, "truth": truth, "source": "pathology"}
    return own | {"established_at": instant_text(acquired(row, DAYS, PER_DAY) + timedelta(days=2))}


@pytest.fixture(scope="module")
def hospitals(tmp_path_factory: pytest.TempPathFactory) -> list[Workspace]:
    return [hospital(tmp_path_factory.mktemp("shared") / f"w{seed}", seed) for seed in (1, 2)]


@pytest.fixture(scope="module")
def exports(hospitals: list[Workspace]) -> list[ExportedCounts]:
    return [export_counts(one, Wanted(MODEL, APRIL, by="sex"), one.root / "april.json") for one in hospitals]


def keys(exports: list[ExportedCounts]) -> list[str]:
    return [one.key for one in exports]


def pooled(hospitals: list[Workspace]) -> float:
    """Return the area of the rows of April themselves."""
    parts = []
    for workspace in hospitals:
        rows = workspace.tables.read("predictions").to_pylist()
        truth = {row["study_uid"]: row["truth"] for row in workspace.tables.read("outcomes").to_pylist()}
        kept = [row for row in rows if row["predicted_at"][:7] == APRIL and row["study_uid"] in truth]
        q = [min(65_535, int(row["score"] * 65_536)) for row in kept]
        parts.append(roc_counts(q, [truth[row["study_uid"]] for row in kept]))
    return roc_from_counts(merged_counts(*parts)).auc


def test_the_merged_area_is_that_of_the_rows_within_the_bound(
    hospitals: list[Workspace], exports: list[ExportedCounts]
) -> None:
    merged = merge_counts([one.file for one in exports], keys(exports))
    area = merged["total"]["auc"]
    assert abs(float(area["value"]) - pooled(hospitals)) <= float(area["bound"]) < 0.2
    assert {one["signed_by"] for one in merged["files"]} == {one.key.partition("+")[0] for one in exports}
    assert merged["windows"][0]["n"] == merged["total"]["n"] == sum(one.record["n"] for one in exports)
    assert {one["group"] for one in merged["strata"]} == {"F", "M"}


def test_a_file_is_of_the_schema_and_its_note_is_of_its_counts(exports: list[ExportedCounts]) -> None:
    document = json.loads(exports[0].file.read_bytes())
    jsonschema.validate(document, json.loads(SCHEMA.read_text()))
    assert "p:" not in exports[0].file.read_text(), "no pseudonym leaves the house"


def test_the_same_export_again_is_the_same_bytes_and_one_event(
    hospitals: list[Workspace], exports: list[ExportedCounts], tmp_path: Path
) -> None:
    again = export_counts(hospitals[0], Wanted(MODEL, APRIL, by="sex"), tmp_path / "again.json")
    assert again.file.read_bytes() == exports[0].file.read_bytes()
    told = [event for event in hospitals[0].ledger.events(50) if event.record["type"] == "counts.exported"]
    assert len([event for event in told if event.record["subjects"][0]["name"].endswith(APRIL)]) == 1


@pytest.mark.usefixtures("exports")
@pytest.mark.parametrize(
    "other",
    [
        Wanted(MODEL, APRIL),
        Wanted(MODEL, APRIL, by="sex", min_cell=12),
        Wanted(MODEL, "2026-Q1"),
        Wanted(MODEL, "2025"),
    ],
    ids=["without the groups", "larger cells", "an overlapping window", "another kind of window"],
)
def test_a_second_export_that_differs_is_refused(hospitals: list[Workspace], other: Wanted, tmp_path: Path) -> None:
    if other.period == "2025":
        other = Wanted(MODEL, "2026-Q1")
    with pytest.raises(AnswerIsNoError, match=r"were shared already|are shared by the month"):
        export_counts(hospitals[0], other, tmp_path / "other.json")
    assert not (tmp_path / "other.json").exists()


def test_a_late_outcome_cannot_be_told_by_exporting_again(tmp_path: Path) -> None:
    workspace = hospital(tmp_path / "w", 3)
    export_counts(workspace, Wanted(MODEL, APRIL), tmp_path / "first.json")
    known = {row["study_uid"] for row in workspace.tables.read("outcomes").to_pylist()}
    late = next(row for row in range(300, 400) if uid(row) not in known)
    take(workspace, "outcomes", [_outcome(late, truth=True)])
    with pytest.raises(AnswerIsNoError, match="were shared already"):
        export_counts(workspace, Wanted(MODEL, APRIL), tmp_path / "second.json")
    export_counts(workspace, Wanted(MODEL, "2026-05"), tmp_path / "may.json")


def test_another_model_of_the_same_question_is_refused(tmp_path: Path) -> None:
    workspace = hospital(tmp_path / "w", 4)
    export_counts(workspace, Wanted(MODEL, APRIL), tmp_path / "first.json")
    rows = predictions(DAYS, PER_DAY, "live")[:-3]
    take(
        workspace,
        "predictions",
        [row | {"prediction_id": f"b{row['prediction_id']}", "model": "rival"} for row in rows],
    )
    with pytest.raises(AnswerIsNoError, match="were shared already"):
        export_counts(workspace, Wanted("rival", APRIL), tmp_path / "second.json")


@pytest.mark.parametrize(
    ("wanted", "error"),
    [
        (Wanted(MODEL, "2026-06"), IncompleteError),
        (Wanted(MODEL, "2026-04-01..2026-04-20"), UsageError),
        (Wanted(MODEL, APRIL, min_cell=5), UsageError),
        (Wanted(MODEL, APRIL, by="scanner"), UnknownNameError),
        (Wanted(MODEL, APRIL, version="7"), UnknownNameError),
        (Wanted("nodle", APRIL), UnknownNameError),
        (Wanted(MODEL, "2025-04"), UsageError),
    ],
)
def test_what_cannot_be_exported_is_refused_in_one_line(
    hospitals: list[Workspace], wanted: Wanted, error: type[OverreadError], tmp_path: Path
) -> None:
    with pytest.raises(error) as raised:
        export_counts(hospitals[0], wanted, tmp_path / "none.json")
    assert len(str(raised.value).splitlines()) == 1


def tampered(export: ExportedCounts, place: Path, *, resign: Workspace | None = None, **change: Any) -> Path:
    """Write a file with other counts, under the old note or a new one."""
    from pipelines.usecases.export_counts import note_text

    document = json.loads(export.file.read_bytes())
    document["counts"] |= change
    if resign is not None:
        document["note"] = resign.ledger.sign_evidence(note_text(document["counts"]))
    place.write_bytes(canonical_bytes(document) + b"\n")
    return place


def test_counts_that_were_changed_are_refused(exports: list[ExportedCounts], tmp_path: Path) -> None:
    changed = tampered(exports[0], tmp_path / "changed.json", n=999)
    with pytest.raises(SignatureBrokenError):
        merge_counts([changed, exports[1].file], keys(exports))


def test_a_file_of_a_hospital_whose_key_is_not_given_is_refused(exports: list[ExportedCounts]) -> None:
    with pytest.raises(SignatureBrokenError, match="no given key"):
        merge_counts([one.file for one in exports], [exports[0].key])


def test_signed_counts_that_break_a_rule_are_refused(
    hospitals: list[Workspace], exports: list[ExportedCounts], tmp_path: Path
) -> None:
    cells = [list(cell) for cell in exports[0].record["cells"]]
    cells[0][-1] = 3
    for change in ({"cells": cells}, {"min_cell": 3}, {"edges": [0, 9, 5, 4096]}, {"n": 12}):
        file = tampered(exports[0], tmp_path / "odd.json", resign=hospitals[0], **change)
        with pytest.raises(AnswerIsNoError, match="break a rule"):
            merge_counts([file], keys(exports))


def test_a_window_that_comes_twice_is_refused(exports: list[ExportedCounts], tmp_path: Path) -> None:
    copy = tmp_path / "copy.json"
    copy.write_bytes(exports[0].file.read_bytes())
    with pytest.raises(AnswerIsNoError, match="comes twice"):
        merge_counts([exports[0].file, copy], keys(exports))


@pytest.mark.parametrize("data", [b"", b"{}", b"[1]", b'{"counts":1,"note":2}\n', b"\xff\xfe", b"{" * 100_000])
def test_a_file_that_is_none_is_refused(exports: list[ExportedCounts], data: bytes, tmp_path: Path) -> None:
    file = tmp_path / "odd.json"
    file.write_bytes(data)
    with pytest.raises(UnreadableFileError):
        merge_counts([file], keys(exports))


def test_the_commands_share_merge_and_check(hospitals: list[Workspace], exports: list[ExportedCounts]) -> None:
    command = Command(hospitals[0].root)
    words = [word for one in exports for word in ("--key", one.key)]
    done: Done = command.well("monitor", "counts", "--merge", *(one.file for one in exports), *words, "--json")
    assert done.json["total"]["n"] == sum(one.record["n"] for one in exports)
    assert "B =" in command.well("monitor", "counts", "--merge", *(one.file for one in exports), *words).out
    assert command.well("monitor", "counts", "--check").out == "every stored count holds\n"
    assert command("monitor", "counts").code == 2
    assert command("monitor", "counts", "--export", "x.json").code == 2
    day = open_workspace(hospitals[0].root)
    day.objects.path(_newest_day(day)).unlink()
    assert command("monitor", "counts", "--check").code == 1


def _newest_day(workspace: Workspace) -> str:
    from sqlalchemy import select

    from registry.count_schema import DayCountRow
    from registry.database import reading

    with reading(workspace.engine) as session:
        return str(session.scalars(select(DayCountRow.digest).order_by(DayCountRow.day.desc())).first())
