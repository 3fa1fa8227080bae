"""Prediction as a use case: through the gate, every unit on record, no threshold but the release's."""

import json
import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pydicom
import pytest
from fakes import NoProgress
from intake_workspace import SITES, TARGET
from trained_workspace import clara, images_of

from pipelines.bootstrap import Workspace
from pipelines.intake.dicom.instance import Instance
from pipelines.usecases.images_to_score import UnitToScore, find_images, units_of
from pipelines.usecases.predict import PredictReport, predict
from pipelines.usecases.prediction_rows import ImageScore, Serving, prediction_row
from pipelines.usecases.store_predictions import store_predictions
from pipelines.usecases.validate import validate
from registry.database import reading
from registry.domain.canonical import parse_canonical
from registry.domain.errors import (
    ArtifactChangedError,
    ContractBrokenError,
    EvidenceMissingError,
    InputRefusedError,
    NotAllowedError,
    OverreadError,
    UnknownNameError,
    UnreadableFileError,
    UsageError,
)
from registry.domain.instants import parse_instant
from registry.domain.model import Deployment, OperatingPoint
from registry.domain.score_grid import to_grid
from registry.domain.vocabulary import Mode, Target, Unit
from registry.registered import known_targets, register_target

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


def run(workspace: Workspace, paths: list[Path], site: str = "general", **options: Any) -> PredictReport:
    return predict(workspace, TARGET, options.pop("version", None), paths, site, progress=NoProgress(), **options)


def rows_of(workspace: Workspace, deployment: str, after: int = 0) -> list[dict[str, Any]]:
    rows = workspace.tables.read("predictions").to_pylist()[after:]
    return [row for row in rows if json.loads(row["attributes"])["deployment"] == deployment]


def count(workspace: Workspace) -> int:
    return int(workspace.tables.read("predictions", columns=["prediction_id"]).num_rows)


def volume(root: Path, number: int, site: str = "general") -> Path:
    return images_of(root) / site / f"{number:03d}"


def test_every_image_of_a_folder_becomes_one_scored_prediction(trained: Workspace, trained_root: Path) -> None:
    before = count(trained)
    report = run(trained, [images_of(trained_root) / "general"])
    rows = rows_of(trained, report.deployment, before)
    version = trained.lifecycle.version(TARGET, "1")
    (point,) = version.operating_points
    assert (report.scored, report.failed, len(rows)) == (96, 0, 96)
    assert len({row["unit_uid"] for row in rows}) == len({row["prediction_id"] for row in rows}) == 96
    assert all(len(row["prediction_id"]) == 32 for row in rows)
    for row in rows:
        assert (row["model"], row["version"], row["target"], row["status"]) == (TARGET, "1", TARGET, "scored")
        assert row["decision"] is (to_grid(row["score"]) >= point.k)
        assert row["threshold"] == point.threshold
        assert row["latency_ms"] >= 0
        assert json.loads(row["attributes"])["artifact_digest"] == version.artifact_digest


def test_in_shadow_no_result_reaches_who_asked(trained: Workspace, trained_root: Path) -> None:
    before = count(trained)
    report = run(trained, [volume(trained_root, 0)])
    rows = rows_of(trained, report.deployment, before)
    assert (report.scored, {row["mode"] for row in rows} <= {"shadow", "retrospective"}) == (4, True)
    assert report.positive is None
    assert report.lines()[0].endswith("4 scored on synthetic data, results withheld in shadow")
    told = json.dumps(report.to_json()) + " ".join(report.lines())
    assert not any(str(row["score"]) in told for row in rows)
    assert not {"score", "scores", "decision", "decisions"} & set(report.to_json())


def test_a_prediction_equals_the_score_of_the_validation(trained: Workspace, trained_root: Path) -> None:
    evaluation = validate(trained, TARGET, "1", "external", None, progress=NoProgress())
    cells = dict(parse_canonical(trained.objects.get(evaluation.scores_digest)))
    before = count(trained)
    report = run(trained, [images_of(trained_root) / "elsewhere"], "elsewhere")
    assert {row["unit_uid"]: to_grid(row["score"]) for row in rows_of(trained, report.deployment, before)} == cells


def test_studies_older_than_thirty_days_are_retrospective_and_others_take_the_deployments_mode(
    trained: Workspace, trained_root: Path
) -> None:
    before = count(trained)
    report = run(trained, [images_of(trained_root) / "general"])
    acquired = {row["series_uid"]: row["acquired_at"] for row in trained.tables.read("acquisitions").to_pylist()}
    modes = set()
    for row in rows_of(trained, report.deployment, before):
        age = parse_instant(row["predicted_at"]) - parse_instant(acquired[row["series_uid"]])
        assert row["mode"] == ("retrospective" if age.days >= 30 else "shadow")
        modes.add(row["mode"])
    assert modes == {"retrospective", "shadow"} == set(report.modes)


def test_a_stated_mode_counts_for_old_studies_too(trained: Workspace, trained_root: Path) -> None:
    assert run(trained, [volume(trained_root, 0)], mode=Mode.SHADOW).modes == {"shadow": 4}


def test_live_predictions_need_a_clinical_deployment(trained: Workspace, trained_root: Path) -> None:
    before = count(trained)
    with pytest.raises(NotAllowedError, match="deployed in shadow"):
        run(trained, [volume(trained_root, 0)], mode=Mode.LIVE)
    assert count(trained) == before


def test_predictions_on_synthetic_images_are_marked_synthetic(trained: Workspace, trained_root: Path) -> None:
    assert run(trained, [volume(trained_root, 1)]).synthetic
    assert "synthetic" in run(trained, [volume(trained_root, 1)]).lines()[0]
    assert trained.tables.version("predictions").synthetic


def test_scoring_again_adds_a_rerun_with_the_same_score(trained: Workspace, trained_root: Path) -> None:
    before = count(trained)
    reports = [run(trained, [volume(trained_root, 2)]) for _ in range(2)]
    rows = rows_of(trained, reports[0].deployment, before)
    assert len(rows) == 8
    assert len({row["unit_uid"] for row in rows}) == len({(row["unit_uid"], row["score"]) for row in rows}) == 4


def test_only_what_is_new_is_scored_where_that_is_asked(trained: Workspace, trained_root: Path) -> None:
    """So that a step that is done again after a crash scores no unit twice."""
    run(trained, [volume(trained_root, 2)])
    before = trained.tables.version("predictions")
    again = predict(trained, TARGET, None, [volume(trained_root, 2)], "general", again=False, progress=NoProgress())
    assert (again.scored, again.failed) == (0, 0)
    assert trained.tables.version("predictions") == before


def test_a_new_study_is_taken_in_on_the_way(trained: Workspace, trained_root: Path, tmp_path: Path) -> None:
    new = relabelled(volume(trained_root, 3), tmp_path / "new", "1.2.3.4.5")
    before = int(trained.tables.read("acquisitions").num_rows)
    assert run(trained, [new]).scored == 4
    assert int(trained.tables.read("acquisitions").num_rows) == before + 1


def relabelled(source: Path, target: Path, prefix: str) -> Path:
    """Copy a volume under UIDs and a patient of its own."""
    target.mkdir()
    for number, path in enumerate(sorted(source.iterdir())):
        dataset = pydicom.dcmread(path)
        dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = f"{prefix}.3.{number}"
        dataset.StudyInstanceUID, dataset.SeriesInstanceUID = f"{prefix}.1", f"{prefix}.2"
        dataset.PatientID = f"OTHER{prefix[-1]}"
        dataset.save_as(target / path.name)
    return target


def broken(path: Path) -> None:
    """Cut the pixel data short."""
    data = path.read_bytes()
    path.write_bytes(data[: len(data) - 900])


def test_files_that_cannot_be_read_are_counted_and_the_others_scored(
    trained: Workspace, trained_root: Path, tmp_path: Path
) -> None:
    new = relabelled(volume(trained_root, 4), tmp_path / "new", "1.2.3.4.6")
    broken(new / "001.dcm")
    (new / "notes.txt").write_text("no image at all")
    report = run(trained, [new])
    assert (report.scored, report.failed) == (3, 1)
    assert "not scored" in " ".join(report.lines())


def test_an_image_that_changed_since_it_was_taken_in_is_failed_and_never_dropped(
    trained: Workspace, trained_root: Path, tmp_path: Path
) -> None:
    new = relabelled(volume(trained_root, 5), tmp_path / "new", "1.2.3.4.7")
    run(trained, [new])
    dataset = pydicom.dcmread(new / "002.dcm")
    dataset.PixelData = bytes(len(dataset.PixelData))
    dataset.save_as(new / "002.dcm")
    before = count(trained)
    report = run(trained, [new])
    assert (report.scored, report.failed_units, report.failed) == (3, 1, 1)
    (row,) = [row for row in rows_of(trained, report.deployment, before) if row["status"] == "failed"]
    assert row["reason"].startswith("refused at intake")
    assert row["score"] is None
    assert row["decision"] is None


def test_compressed_pixels_that_no_decoder_reads_are_failed_with_the_reason(
    trained: Workspace, trained_root: Path, tmp_path: Path
) -> None:
    new = relabelled(volume(trained_root, 6), tmp_path / "new", "1.2.3.4.8")
    dataset = pydicom.dcmread(new / "000.dcm")
    dataset.file_meta.TransferSyntaxUID = pydicom.uid.JPEG2000Lossless
    dataset.PixelData = pydicom.encaps.encapsulate([b"\xff\x4f\xff\x51 this is no code stream " * 8])
    dataset["PixelData"].VR = "OB"
    dataset["PixelData"].is_undefined_length = True
    dataset.save_as(new / "000.dcm")
    before = count(trained)
    report = run(trained, [new])
    assert (report.scored, report.failed_units) == (3, 1)
    (row,) = [row for row in rows_of(trained, report.deployment, before) if row["status"] == "failed"]
    assert "decoded" in row["reason"] or row["reason"].startswith("refused at intake")


@pytest.mark.parametrize(
    ("words", "error", "says"),
    [
        ({"model": "nodule"}, UnknownNameError, "unknown model"),
        ({"version": "7"}, UnknownNameError, "unknown version"),
        ({"site": "riverside"}, NotAllowedError, "not deployed"),
    ],
)
def test_the_gate_refuses_before_anything_is_read(
    trained: Workspace, tmp_path: Path, words: dict[str, str], error: type[OverreadError], says: str
) -> None:
    asked = {"model": TARGET, "version": None, "paths": [tmp_path / "absent"], "site": "general"} | words
    with pytest.raises(error, match=says):
        predict(trained, progress=NoProgress(), **asked)  # type: ignore[arg-type]


def test_a_stopped_deployment_refuses_until_it_is_resumed(trained: Workspace, trained_root: Path) -> None:
    deployment = trained.lifecycle.running(TARGET, "1", "elsewhere").deployment
    trained.lifecycle.stop(deployment, clara(trained), "read without AI", "drill")
    try:
        before = count(trained)
        with pytest.raises(NotAllowedError, match="stopped"):
            run(trained, [volume(trained_root, 0, "elsewhere")], "elsewhere")
        assert count(trained) == before
    finally:
        trained.lifecycle.resume(deployment, clara(trained), "drill over")
    assert run(trained, [volume(trained_root, 0, "elsewhere")], "elsewhere").scored == 4


def test_a_missing_path_and_a_folder_without_dicom_are_refused(trained: Workspace, tmp_path: Path) -> None:
    with pytest.raises(UnreadableFileError):
        run(trained, [tmp_path / "absent"])
    (tmp_path / "notes.txt").write_text("no image")
    with pytest.raises(InputRefusedError, match="no DICOM"):
        run(trained, [tmp_path])


def test_an_overwritten_artifact_is_refused_and_the_refusal_is_on_record(
    trained: Workspace, trained_root: Path
) -> None:
    run_id = trained.lifecycle.version(TARGET, "1").mlflow_run
    files = [p for p in (trained.root / "mlflow").rglob("model.safetensors") if run_id in str(p)]
    kept = {path: path.read_bytes() for path in files}
    assert kept
    try:
        for path, data in kept.items():
            path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
        with pytest.raises(ArtifactChangedError):
            run(trained, [volume(trained_root, 0)])
    finally:
        for path, data in kept.items():
            path.write_bytes(data)
    assert trained.ledger.events(1)[0].record["type"] == "serving.refused"


def test_no_private_copy_of_the_model_is_left_behind(trained: Workspace, trained_root: Path) -> None:
    run(trained, [volume(trained_root, 0)])
    assert [path for path in (trained.root / "serving").rglob("*") if path.is_file()] == []


def test_the_report_is_json_without_identifiers(trained: Workspace, trained_root: Path) -> None:
    text = json.dumps(run(trained, [volume(trained_root, 0)]).to_json())
    assert "MRN" not in text
    assert "1.2.826" not in text


def image(number: int, study: str = "s", acquired_at: str = "2026-03-01T09:00:00.000000Z") -> Instance:
    """Return an instance as intake reads it."""
    from pipelines.intake.dicom.place import Place

    return Instance(
        Place("nowhere"), f"sha256:{number}", f"i{number}", f"{study}.series", study, "p", "general", "MR", "1.2",
        1, (), acquired_at, float(number), synthetic=False,
    )  # fmt: skip


@pytest.fixture
def serving(trained: Workspace) -> Serving:
    version = trained.lifecycle.version(TARGET, "1")
    return Serving.of(trained.lifecycle.running(TARGET, "1", "general"), version, None)


def study(*images: Instance) -> UnitToScore:
    return UnitToScore(Unit.STUDY, "s", images)


def test_a_study_takes_the_greatest_score_of_its_images(serving: Serving) -> None:
    scores = [ImageScore(0.2, "a"), ImageScore(0.9, "b"), ImageScore(0.4, "c")]
    row = prediction_row(serving, study(image(1), image(2), image(3)), scores, NOW, 12.3456)
    assert (row["unit"], row["unit_uid"], row["score"], row["latency_ms"]) == ("study", "s", 0.9, 12.346)
    assert row["series_uid"] == "s.series"


def test_a_study_of_which_an_image_failed_is_failed_whatever_the_others_say(serving: Serving) -> None:
    row = prediction_row(
        serving, study(image(1), image(2)), [ImageScore(0.99, "a"), ImageScore(None, reason="why")], NOW, 1
    )
    assert (row["status"], row["reason"]) == ("failed", "1 of 2 images: why")
    assert "score" not in row
    assert "decision" not in row


def test_the_decision_is_made_on_the_grid(serving: Serving) -> None:
    at = serving.point.threshold
    for score, decision in ((at, True), (at + 1e-9, True), (at - 1e-9, False), (1.0, True), (0.0, False)):
        assert prediction_row(serving, study(image(1)), [ImageScore(score, "a")], NOW, 1)["decision"] is decision


def test_the_prediction_id_follows_from_what_it_names(serving: Serving) -> None:
    one, two = study(image(1)), UnitToScore(Unit.STUDY, "t", (image(2, "t"),))
    score = [ImageScore(0.5, "a")]
    first = prediction_row(serving, one, score, NOW, 1)["prediction_id"]
    assert prediction_row(serving, one, score, NOW, 2)["prediction_id"] == first
    assert prediction_row(serving, two, score, NOW, 1)["prediction_id"] != first
    assert prediction_row(replace(serving, stated=Mode.SHADOW), one, score, NOW, 1)["prediction_id"] == first
    assert prediction_row(replace(serving, stated=Mode.RETROSPECTIVE), one, score, NOW, 1)["prediction_id"] != first


@pytest.mark.parametrize(
    ("deployed", "acquired_at", "mode"),
    [
        ("shadow", "2026-03-01T09:00:00.000000Z", Mode.SHADOW),
        ("pilot", "2026-03-01T09:00:00.000000Z", Mode.LIVE),
        ("live", "2026-03-01T09:00:00.000000Z", Mode.LIVE),
        ("live", "2026-01-31T09:00:00.000000Z", Mode.LIVE),
        ("live", "2026-01-31T08:59:59.999999Z", Mode.RETROSPECTIVE),
    ],
)
def test_the_mode_follows_from_deployment_and_age(
    serving: Serving, deployed: str, acquired_at: str, mode: Mode
) -> None:
    deployment: Deployment = replace(serving.deployment, mode=deployed)
    assert replace(serving, deployment=deployment).mode_of(acquired_at, NOW) is mode


def test_a_site_has_its_own_operating_point_where_there_is_one(serving: Serving) -> None:
    own = OperatingPoint("general", 11, "tune", "youden")
    version = replace(serving.version, operating_points=(*serving.version.operating_points, own))
    assert Serving.of(serving.deployment, version, None).point == own
    with pytest.raises(EvidenceMissingError):
        Serving.of(serving.deployment, replace(serving.version, operating_points=()), None)


def test_images_fall_into_the_units_of_the_target(trained: Workspace, trained_root: Path) -> None:
    found = find_images(trained, [volume(trained_root, 0), volume(trained_root, 1)], "general", NoProgress())
    with trained.ledger.transaction() as tx:
        for unit in (Unit.STUDY, Unit.SERIES, Unit.LESION):
            register_target(tx, Target(f"{unit.value}-question", unit), trained.actor)
    with reading(trained.engine) as session:
        assert known_targets(session)[TARGET].analysis_unit is Unit.INSTANCE
    assert [len(units_of(trained, name, found.images)) for name in (TARGET, "series-question", "study-question")] == [
        8,
        2,
        2,
    ]
    with pytest.raises(UsageError, match="lesions"):
        units_of(trained, "lesion-question", found.images)
    with pytest.raises(UnknownNameError):
        units_of(trained, "no-question", found.images)


def test_the_same_file_twice_is_one_image(trained: Workspace, trained_root: Path, tmp_path: Path) -> None:
    copied = Path(shutil.copytree(volume(trained_root, 0), tmp_path / "copy"))
    found = find_images(trained, [volume(trained_root, 0), copied], SITES[0], NoProgress())
    assert (len(found.images), found.unreadable) == (4, 0)


def test_rows_that_break_the_contract_are_blocked_whole_and_that_is_on_record(
    trained: Workspace, serving: Serving
) -> None:
    good = prediction_row(serving, study(image(1)), [ImageScore(0.5, "a")], NOW, 1)
    late = prediction_row(serving, study(image(2)), [ImageScore(0.5, "a")], datetime(2030, 1, 1, tzinfo=UTC), 1)
    before = count(trained)
    with pytest.raises(ContractBrokenError, match="predicted_at"):
        store_predictions(trained, [good, late])
    assert count(trained) == before
    assert trained.ledger.events(1)[0].record["type"] == "intake.blocked"
