"""From a result back to the files of its study and of the training studies, and from data forward, by the command."""

import json
from collections import Counter
from pathlib import Path

import pytest
from command import Command
from fakes import NoProgress
from intake_workspace import TARGET
from trained_workspace import images_of

from pipelines.bootstrap import Workspace
from pipelines.usecases.predict import predict
from registry.domain.pseudonym import Identifier
from registry.domain.vocabulary import Unit

NAME = f"{TARGET}@1"


@pytest.fixture(scope="module")
def command(own: Workspace, own_root: Path) -> Command:
    """Return `overread` in the trained workspace, with results on record."""
    predict(own, TARGET, None, [images_of(own_root) / "general" / "000"], "general", progress=NoProgress())
    return Command(own_root / "workspace")


def test_a_result_walks_back_to_every_file_that_it_rests_on(command: Command, own: Workspace) -> None:
    row = own.tables.read("predictions").to_pylist()[-1]
    found = command.well("lineage", "back", row["prediction_id"], "--json").json
    instances = own.catalogue.instances(Unit.STUDY, row["study_uid"])
    assert {one["content_digest"] for one in found["study"]["files"]} == {one.content_digest for one in instances}
    version = own.lifecycle.version(TARGET, "1")
    assert (found["model"]["artifact_digest"], found["model"]["same_artifact"]) == (version.artifact_digest, True)
    assert found["deployment"]["deployment"] == json.loads(row["attributes"])["deployment"]
    assert {one["cohort"] for one in found["evaluations"]} >= {"internal"}
    for name, one in zip(("train", "tune"), found["fitted_on"], strict=True):
        cohort = own.cohorts.get(name)
        assert (one["name"], one["digest"]) == (name, cohort.digest)
        digests = {digest for study in one["studies"] for digest in study["pixel_digests"]}
        assert digests == {image.pixel_digest for unit in cohort.units for image in unit.images}
        assert {study["study_uid"] for study in one["studies"]} == {unit.study_uid for unit in cohort.units}


def test_every_event_that_a_walk_back_names_is_in_the_ledger(command: Command, own: Workspace) -> None:
    row = own.tables.read("predictions").to_pylist()[-1]
    found = command.well("lineage", "back", row["prediction_id"], "--json").json
    expected = {
        found["prediction"]["intake"]["event_seq"]: "intake.batch",
        found["model"]["event_seq"]: "version.registered",
        found["deployment"]["event_seq"]: "deployment.started",
        found["fitted_on"][0]["event_seq"]: "cohort.frozen",
        found["evaluations"][0]["event_seq"]: "evaluation.completed",
    }
    assert {seq: own.ledger.event(seq).record["type"] for seq in expected} == expected


def test_an_unknown_result_ends_with_2(command: Command) -> None:
    assert command("lineage", "back", "f" * 32).code == 2


def test_the_recall_of_a_training_patient_counts_the_results_of_the_version(command: Command, own: Workspace) -> None:
    patient = own.cohorts.get("train").units[0].patient
    found = command.well("lineage", "recall", "--patient", patient, "--json").json
    assert found["fitted"] == [NAME]
    assert [one["name"] for one in found["cohorts"]] == ["train"]
    rows = own.tables.read("predictions").to_pylist()
    ours = Counter(f"{row['model']}@{row['version']}" for row in rows)
    assert found["results"]["of_fitted"] == ours[NAME]
    studies = {row["study_uid"] for row in own.tables.read("acquisitions").to_pylist() if row["patient"] == patient}
    assert found["results"]["on_the_recalled_studies"] == sum(row["study_uid"] in studies for row in rows)
    assert {one["site"] for one in found["deployments"]} == {"general", "elsewhere"}


def test_the_recall_of_a_test_patient_touches_the_evidence_alone(command: Command, own: Workspace) -> None:
    patient = own.cohorts.get("internal").units[0].patient
    found = command.well("lineage", "recall", "--patient", patient, "--json").json
    assert (found["fitted"], found["tested"]) == ([], [NAME])
    assert {one["cohort"] for one in found["evaluations"]} == {"internal"}


def test_original_identifiers_find_what_their_pseudonyms_find(command: Command, own: Workspace, own_root: Path) -> None:
    import pydicom

    header = pydicom.dcmread(next((images_of(own_root) / "general" / "000").rglob("*.dcm")), stop_before_pixels=True)
    for option, kind, value in (
        ("--patient", Identifier.PATIENT, header.PatientID),
        ("--study", Identifier.UID, header.StudyInstanceUID),
    ):
        by_original = command.well("lineage", "recall", option, value, "--json")
        by_pseudonym = command.well("lineage", "recall", option, own.pseudonyms.of(kind, value), "--json")
        assert by_original.json == by_pseudonym.json
        assert str(value) not in by_original.out


@pytest.mark.parametrize(
    "words", [[], ["--study", "1.2", "--patient", "x"], ["--cohort", "nobody"], ["--patient", "x"]]
)
def test_a_recall_of_nothing_or_of_two_things_ends_with_2(command: Command, words: list[str]) -> None:
    assert command("lineage", "recall", *words).code == 2


@pytest.mark.parametrize("as_format", ["openlineage", "prov"])
def test_the_graph_is_written_twice_alike(command: Command, tmp_path: Path, as_format: str) -> None:
    for name in ("first", "again"):
        command.well("lineage", "export", NAME, "--format", as_format, "--out", tmp_path / name)
    assert (tmp_path / "first").read_bytes() == (tmp_path / "again").read_bytes()
    text = (tmp_path / "first").read_text()
    assert trained_names(text)


def trained_names(text: str) -> bool:
    """Say whether a document names the version and its training cohort."""
    return NAME in text and "train" in text
