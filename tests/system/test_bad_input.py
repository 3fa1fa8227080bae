"""Bad input: one clear line, the documented exit code, nothing half-written."""

import json
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pydicom.data
import pytest
from command import Command, Done, freeze, new_workspace, with_data, with_model


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Command:
    """Return a workspace with studies and labels; tests only add to it."""
    return with_data(tmp_path_factory.mktemp("data"), studies=36)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Command:
    """Return a workspace with a judged version; tests copy it."""
    return with_model(tmp_path_factory.mktemp("built"))


@pytest.fixture
def model(built: Command, tmp_path: Path) -> Command:
    """Return a copy of the workspace with a judged version."""
    shutil.copytree(built.root.parent, tmp_path / "copy")
    return Command(tmp_path / "copy" / "workspace")


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Command]:
    """Return a workspace with people and nothing else."""
    return new_workspace(tmp_path)


def table_rows(command: Command) -> dict[str, int]:
    """Count what is on record: segments, ledger events and files, for comparison before and after."""
    with sqlite3.connect(command.root / "overread.db") as database:
        segments = database.execute("select coalesce(sum(rows), 0) from segments").fetchone()[0]
        versions = database.execute("select count(*) from model_versions").fetchone()[0]
        cohorts = database.execute("select count(*) from cohorts").fetchone()[0]
    return {"rows": segments, "versions": versions, "cohorts": cohorts}


def one_line(done: Done, code: int, *words: str) -> None:
    """Check the exit code and that the last line on standard error says each of the words."""
    assert done.code == code, done.out + done.err
    said = done.out + done.err
    assert all(word in said for word in words), said
    assert "Traceback" not in said


def test_a_folder_without_dicom_ends_with_4(empty: Command, tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "readme.txt").write_text("not an image")
    before = table_rows(empty)
    one_line(empty("ingest", "dicom", tmp_path / "notes", "--site", "general"), 4, "no DICOM file")
    assert table_rows(empty) == before


def test_a_truncated_file_is_quarantined_and_ends_with_4(empty: Command, tmp_path: Path) -> None:
    whole = Path(pydicom.data.get_testdata_file("MR_small.dcm")).read_bytes()
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "short.dcm").write_bytes(whole[:3000])
    (tmp_path / "in" / "whole.dcm").write_bytes(Path(pydicom.data.get_testdata_file("CT_small.dcm")).read_bytes())
    done = empty("ingest", "dicom", tmp_path / "in", "--site", "general", "--json")
    assert done.code == 4
    assert table_rows(empty)["rows"] == 1, "the good file goes in all the same"
    assert done.json["quarantine"] == {"pixel_truncated": 1}


def test_a_csv_without_a_required_column_ends_with_2(data: Command, tmp_path: Path) -> None:
    (tmp_path / "reads.csv").write_text("read_id,study_uid\n1,2\n")
    before = table_rows(data)
    done = data("ingest", "reads", tmp_path / "reads.csv")
    one_line(done, 2, "target", "--map")
    assert table_rows(data) == before


def test_a_bad_row_ends_with_4_and_the_good_rows_go_in(data: Command, tmp_path: Path) -> None:
    labels = (data.root.parent / "hospital" / "labels.csv").read_text().splitlines()
    good = labels[1].replace(labels[1].split(",")[-1], "1")
    fields = labels[1].split(",")
    bad = ",".join([*fields[:-1], "perhaps"])
    (tmp_path / "labels.csv").write_text("\n".join([labels[0], good, bad]) + "\n")
    (tmp_path / "map.toml").write_text((data.root.parent / "map.toml").read_text().replace("2026-07-01", "2026-07-02"))
    done = data("ingest", "outcomes", tmp_path / "labels.csv", "--map", tmp_path / "map.toml", "--json")
    assert done.code == 4
    assert "perhaps" not in done.out + done.err, "foreign text is never shown"
    refused = [
        json.loads(line)
        for place in (data.root / "quarantine").glob("*.jsonl")
        for line in place.read_text().splitlines()
    ]
    assert {row["column"] for row in refused} >= {"truth"}


def prediction(command: Command, tmp_path: Path, score: float) -> Path:
    """Write a file with one prediction of a known study."""
    study = (command.root.parent / "hospital" / "labels.csv").read_text().splitlines()[1].split(",")[2]
    row = {
        "prediction_id": "p1", "model": "vendor", "version": "1", "study_uid": study, "target": "other-question",
        "predicted_at": "2026-07-01T00:00:00Z", "score": score, "decision": score > 0.5,
    }  # fmt: skip
    place = tmp_path / f"prediction-{score}.jsonl"
    place.write_text(json.dumps(row) + "\n")
    return place


def test_a_duplicate_prediction_with_another_score_ends_with_4(data: Command, tmp_path: Path) -> None:
    data.well("ingest", "predictions", prediction(data, tmp_path, 0.25))
    before = table_rows(data)
    data.well("ingest", "predictions", prediction(data, tmp_path, 0.25))
    assert table_rows(data) == before, "the same row twice changes nothing"
    one_line(data("ingest", "predictions", prediction(data, tmp_path, 0.75)), 4, "conflict")
    assert table_rows(data) == before


def test_an_unknown_model_ends_with_2(model: Command) -> None:
    one_line(model("predict", "lesion-visibel", model.root, "--site", "general"), 2, "did you mean 'lesion-visible'")


def test_a_cohort_that_shares_patients_ends_with_1(model: Command) -> None:
    before = table_rows(model)
    one_line(freeze(model, "leak", "internal-test", "site=general", "units=0-30%"), 1, "patient(s)", "split by patient")
    assert table_rows(model) == before


def test_approval_by_the_trainer_ends_with_5(model: Command) -> None:
    model.well("people", "role", "engineer", "--role", "quality officer")
    one_line(model.sign("approve", "engineer"), 5, "train")
    assert model("models", "list", "--json").json["versions"][0]["state"] != "approved"


def test_a_missing_key_ends_with_5(model: Command) -> None:
    (model.root / "keys" / "persons" / "quality.pem").unlink()
    one_line(model.sign("risk-review", "quality"), 5, "key")


def test_an_expired_key_ends_with_5(model: Command) -> None:
    with sqlite3.connect(model.root / "overread.db") as database:
        database.execute("update person_keys set not_after = '2026-01-01T00:00:00.000000Z' where person = 'quality'")
    one_line(model.sign("risk-review", "quality"), 5, "expired")


def test_a_wrong_passphrase_ends_with_5(model: Command, tmp_path: Path) -> None:
    (tmp_path / "wrong.pass").write_text("this is not the passphrase")
    done = model(
        "models", "risk-review", "lesion-visible@1", "--signer", "quality", "--passphrase-file", tmp_path / "wrong.pass"
    )
    one_line(done, 5, "passphrase")


def test_a_tampered_ledger_ends_with_1(model: Command) -> None:
    assert model("audit", "verify").code == 0
    with sqlite3.connect(model.root / "overread.db") as database:
        data = database.execute("select data from ledger_entries where seq = 3").fetchone()[0]
        database.execute("update ledger_entries set data = ? where seq = 3", (data.replace(b'"done"', b'"gone"'),))
    one_line(model("audit", "verify"), 1, "BROKEN", "3")


def test_a_ledger_that_was_cut_off_is_found_against_a_kept_checkpoint(model: Command, tmp_path: Path) -> None:
    model.well("audit", "checkpoint", "--out", tmp_path / "kept.txt")
    with sqlite3.connect(model.root / "overread.db") as now, sqlite3.connect(tmp_path / "old.db") as old:
        now.backup(old)
    beside = (model.root / "checkpoints" / "latest.txt").read_bytes()
    model.well("people", "add", "late", "--name", "Late", "--role", "oversight", "--passphrase-file", model.secret)
    model.well("audit", "checkpoint", "--out", tmp_path / "kept.txt")
    with sqlite3.connect(model.root / "overread.db") as now, sqlite3.connect(tmp_path / "old.db") as old:
        old.backup(now)
    one_line(model("audit", "verify"), 1, "BROKEN")
    (model.root / "checkpoints" / "latest.txt").write_bytes(beside)
    assert model("audit", "verify").code == 0, "without what was kept elsewhere the old ledger is whole"
    one_line(model("audit", "verify", "--checkpoint", tmp_path / "kept.txt"), 1, "BROKEN")


def test_an_overwritten_model_artifact_ends_with_1(model: Command) -> None:
    assert model.sign("deploy", "clinician", "--site", "general", "--mode", "shadow").code == 0
    assert model("models", "serve-check", "lesion-visible", "--site", "general").code == 0
    (weights,) = (model.root / "mlflow").rglob("model.safetensors")
    changed = bytearray(weights.read_bytes())
    changed[-1] ^= 1
    weights.chmod(0o600)
    weights.write_bytes(bytes(changed))
    before = table_rows(model)
    done = model(
        "predict",
        "lesion-visible",
        model.root.parent / "hospital" / "dicom" / "general",
        "--site",
        "general",
        "--mode",
        "shadow",
    )
    one_line(done, 1, "lesion-visible@1")
    assert table_rows(model) == before
