"""A target that speaks of studies: what is validated is what is served, one middle slice a series."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pydicom
import pytest
from fakes import NoProgress
from intake_workspace import TARGET, empty_workspace, take_dicom
from pydicom.uid import generate_uid
from trained_workspace import LENIENT, PASSPHRASE
from worlds import teach

from pipelines.bootstrap import Workspace
from pipelines.intake.pixels import ImageReader
from pipelines.intake.selection import share_of
from pipelines.simulation.hospital import standard_hospital
from pipelines.simulation.hospital_dicom import write_studies
from pipelines.usecases.freeze_cohort import freeze_cohort
from pipelines.usecases.images_to_score import find_images, units_of
from pipelines.usecases.ingest_rows import ingest_rows
from pipelines.usecases.predict import predict
from pipelines.usecases.train import train
from pipelines.usecases.validate import validate
from registry.domain.canonical import parse_canonical
from registry.domain.cohort import Cohort
from registry.domain.errors import InputRefusedError
from registry.domain.person import LOCAL_ADMINISTRATOR, PersonRole
from registry.domain.score_grid import to_grid
from registry.domain.vocabulary import Role, Unit

MAP = """
[columns]
study_uid = "study"
truth = "positive"
[constants]
target = "lesion-visible"
source = "consensus"
established_at = "2026-02-27T00:00:00Z"
"""
SERIES_OF_STUDY = 2
PATIENTS = 28  # 20 of them for the internal test: 10 with each class


def draw(root: Path) -> Path:
    """Draw 28 studies; every study gets a second series, which holds the slices in another order."""
    standard = standard_hospital(seed=3)
    alone = replace(standard, sites=(replace(standard.sites[0], site="general", follow_up=0.0),))
    write_studies(root / "images", alone, studies=PATIENTS, until=date(2026, 2, 28), slices=3, size=32)
    folder = root / "images" / "dicom"
    for patient in sorted((folder / "general").iterdir()):
        add_series(patient)
    return folder


def write_labels(workspace: Workspace, folder: Path, file: Path) -> None:
    """Write the truth of each study so that every second patient, in the order of the shares, is positive."""
    found = find_images(workspace, [folder], "general", NoProgress()).images
    patients = sorted({image.patient for image in found}, key=lambda each: share_of(workspace.pseudonyms, each))
    truth = {patient: number % 2 for number, patient in enumerate(patients)}
    studies = {pydicom.dcmread(image.place.path, stop_before_pixels=True).StudyInstanceUID: truth[image.patient]
               for image in found}  # fmt: skip
    file.write_text("study,positive\n" + "".join(f"{uid},{value}\n" for uid, value in studies.items()))


def uid_after(uid: str, number: int) -> str:
    return str(generate_uid(entropy_srcs=[uid, str(number)]))


def add_series(patient: Path) -> None:
    """Add a second series of the same study: the first one's slices upside down, at places turned by one."""
    slices = [pydicom.dcmread(path) for path in sorted(patient.iterdir())]
    places = [dataset.ImagePositionPatient for dataset in slices]
    for number, dataset in enumerate(slices):
        dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = uid_after(dataset.SOPInstanceUID, 9)
        dataset.SeriesInstanceUID = uid_after(dataset.SeriesInstanceUID, 9)
        dataset.ImagePositionPatient = places[(number + 1) % len(places)]
        dataset.PixelData = dataset.pixel_array[::-1].copy().tobytes()
        dataset.save_as(patient / f"second-{number}.dcm")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("studies")


@pytest.fixture(scope="module")
def images(root: Path) -> Path:
    return draw(root)


@pytest.fixture(scope="module")
def served(root: Path, images: Path) -> Workspace:
    """Return a workspace whose version is trained, validated and deployed in shadow on studies."""
    workspace = empty_workspace(root / "workspace")
    take_dicom(workspace, images / "general")
    mapping = root / "map.toml"
    mapping.write_text(MAP)
    write_labels(workspace, images, root / "studies.csv")
    ingest_rows(workspace, "outcomes", [root / "studies.csv"], mapping=mapping, progress=NoProgress())
    for person, role in (("erin", PersonRole.ENGINEER), ("clara", PersonRole.CLINICAL_LEAD)):
        workspace.people.add(person, person.title(), (role,), PASSPHRASE, LOCAL_ADMINISTRATOR)
        teach(workspace.people, person)
    for name, role, share in (
        ("train", Role.TRAIN, "0-15%"), ("tune", Role.TUNE, "15-29%"), ("internal", Role.INTERNAL_TEST, "29-100%")
    ):  # fmt: skip
        freeze(workspace, name, role, f"patients={share}")
    train(workspace, TARGET, "train", "tune", device="cpu", epochs=1, progress=NoProgress())
    validate(workspace, TARGET, "1", "internal", LENIENT, progress=NoProgress())
    signer = workspace.people.unlock("clara", PASSPHRASE)
    workspace.lifecycle.deploy(TARGET, "1", "general", "shadow", signer, "watch first")
    return workspace


def freeze(workspace: Workspace, name: str, role: Role, *select: str) -> Cohort:
    return freeze_cohort(workspace, name, TARGET, role, select, progress=NoProgress())


def predicted(workspace: Workspace, path: Path) -> list[dict[str, Any]]:
    before = workspace.tables.read("predictions").num_rows
    predict(workspace, TARGET, None, [path], "general", progress=NoProgress())
    rows: list[dict[str, Any]] = workspace.tables.read("predictions").to_pylist()[before:]
    return rows


def test_the_prediction_of_a_study_equals_what_the_validation_scored_for_it(served: Workspace, images: Path) -> None:
    evaluation = validate(served, TARGET, "1", "internal", None, progress=NoProgress())
    validated = dict(parse_canonical(served.objects.get(evaluation.scores_digest)))
    rows = {row["unit_uid"]: row for row in predicted(served, images / "general")}
    assert len(rows) == PATIENTS
    assert {row["unit"] for row in rows.values()} == {"study"}
    assert len(validated) == 20
    assert {uid: to_grid(rows[uid]["score"]) for uid in validated} == validated


def test_a_study_is_scored_by_the_middle_slice_of_each_of_its_series(served: Workspace, images: Path) -> None:
    found = find_images(served, [images / "general" / "000"], "general", NoProgress()).images
    (unit,) = units_of(served, TARGET, found)
    assert (len(found), len(unit.images)) == (6, SERIES_OF_STUDY)
    for image in unit.images:
        middle = served.catalogue.image_of(Unit.SERIES, image.series_uid)
        assert middle is not None
        assert (image.instance_uid, image.content_digest) == (middle.instance_uid, middle.content_digest)


def test_a_cohort_holds_the_images_of_all_series_of_a_study_and_reads_them_back(served: Workspace) -> None:
    cohort = served.cohorts.get("internal")
    for unit in cohort.units:
        assert len(unit.images) == SERIES_OF_STUDY
        assert len({image.pixel_digest for image in unit.images}) == SERIES_OF_STUDY
        assert all(image.unit_uid == unit.study_uid and not image.also for image in unit.images)
    assert Cohort.from_json(cohort.to_json()) == cohort


def test_a_part_of_a_series_gives_the_score_of_the_whole_series(
    served: Workspace, images: Path, tmp_path: Path
) -> None:
    (whole,) = predicted(served, images / "general" / "001")
    for path in sorted((images / "general" / "001").iterdir()):
        if path.name in {"000.dcm", "second-2.dcm"}:
            (tmp_path / path.name).write_bytes(path.read_bytes())
    (part,) = predicted(served, tmp_path)
    assert (part["unit_uid"], part["score"]) == (whole["unit_uid"], whole["score"])


def test_a_study_with_an_image_that_is_known_with_other_content_is_failed(
    served: Workspace, images: Path, tmp_path: Path
) -> None:
    for path in sorted((images / "general" / "002").iterdir()):
        dataset = pydicom.dcmread(path)
        if path.name == "000.dcm":
            dataset.PixelData = bytes(len(dataset.PixelData))
        dataset.save_as(tmp_path / path.name)
    (row,) = predicted(served, tmp_path)
    assert (row["status"], row["score"]) == ("failed", None)
    assert "refused at intake" in row["reason"]


def test_a_frozen_unit_whose_series_grew_is_refused_and_not_scored_by_another_slice(
    served: Workspace, images: Path, tmp_path: Path
) -> None:
    unit = served.cohorts.get("train").units[0]
    with ImageReader(served) as reader:
        reader.load(unit)
        for path in grown(served, images, unit.series_uid, tmp_path):
            take_dicom(served, path)
        with pytest.raises(InputRefusedError, match="another than when it was frozen"):
            reader.load(unit)


def grown(workspace: Workspace, images: Path, series_uid: str, folder: Path) -> list[Path]:
    """Write two more slices at the far end of a series of the workspace."""
    for patient in sorted((images / "general").iterdir()):
        found = find_images(workspace, [patient], "general", NoProgress()).images
        if series_uid in {image.series_uid for image in found}:
            return [slice_beyond(patient, found, series_uid, number, folder) for number in (1, 2)]
    raise LookupError(series_uid)


def slice_beyond(patient: Path, found: Any, series_uid: str, number: int, folder: Path) -> Path:
    one = next(image for image in found if image.series_uid == series_uid)
    dataset = pydicom.dcmread(patient / Path(one.place.path).name)
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = uid_after(dataset.SOPInstanceUID, number)
    x, y, z = dataset.ImagePositionPatient
    dataset.ImagePositionPatient = [x, y, z + 500 * number]
    dataset.PixelData = bytes(len(dataset.PixelData))
    dataset.save_as(folder / f"{number}.dcm")
    return folder / f"{number}.dcm"
