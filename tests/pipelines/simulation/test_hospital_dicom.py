"""The synthetic hospital's pictures: valid DICOM, deterministic, marked synthetic, with the truth of every object."""

import shutil
import subprocess
from collections import defaultdict
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pydicom
import pytest
from services import absent

from pipelines.simulation.hospital import Examination, SimulatedHospital, standard_hospital
from pipelines.simulation.hospital_dicom import Label, read_labels, write_studies
from registry.domain.errors import UsageError

UNTIL = date(2026, 3, 1)
STUDIES, SLICES, SIZE = 14, 3, 32


def make(folder: Path, hospital: SimulatedHospital, studies: int = STUDIES, slices: int = SLICES) -> Path:
    write_studies(folder, hospital, studies=studies, until=UNTIL, slices=slices, size=SIZE)
    return folder


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[Examination, Path]:
    """Return the folder of each examination's studies."""
    folder = tmp_path_factory.mktemp("hospital")
    return {one: make(folder / one.name, standard_hospital(one, seed=7)) for one in Examination}


@pytest.fixture(params=list(Examination))
def studies(request: pytest.FixtureRequest, written: dict[Examination, Path]) -> Path:
    """Return the folder of one examination's studies."""
    return written[request.param]


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*.dcm")}


def headers(folder: Path) -> list[pydicom.Dataset]:
    return [pydicom.dcmread(path) for path in sorted(folder.rglob("*.dcm"))]


def by_study(folder: Path) -> dict[str, list[Label]]:
    found = defaultdict(list)
    for label in read_labels(folder / "labels.csv"):
        found[label.study].append(label)
    return found


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(
    written: dict[Examination, Path], tmp_path: Path
) -> None:
    first = written[Examination.HEAD_MR]
    make(tmp_path / "again", standard_hospital(seed=7))
    make(tmp_path / "other", standard_hospital(seed=8), studies=3)
    assert contents(tmp_path / "again") == contents(first)
    assert (tmp_path / "again" / "labels.csv").read_bytes() == (first / "labels.csv").read_bytes()
    assert not set(contents(tmp_path / "other").values()) & set(contents(first).values())


def test_more_studies_change_no_earlier_one(written: dict[Examination, Path], tmp_path: Path) -> None:
    fewer = contents(make(tmp_path / "fewer", standard_hospital(seed=7), studies=5))
    more = contents(written[Examination.HEAD_MR])
    assert len(fewer) < len(more)
    assert {name: more[name] for name in fewer} == fewer


def test_the_manifest_names_every_object_once(studies: Path) -> None:
    labels = read_labels(studies / "labels.csv")
    found = {str(dataset.SOPInstanceUID): dataset for dataset in headers(studies)}
    assert len(labels) == len(found)
    assert len(by_study(studies)) == STUDIES
    for label in labels:
        dataset = found[label.sop]
        assert (label.series, label.study) == (dataset.SeriesInstanceUID, dataset.StudyInstanceUID)
        assert label.patient == dataset.PatientID


def test_a_lesion_is_cut_by_the_middle_slice_of_its_series_and_seen_in_no_study_without_one(studies: Path) -> None:
    classes = set()
    for labels in by_study(studies).values():
        (lesion,) = {label.lesion for label in labels}
        assert labels[len(labels) // 2].visible == lesion
        assert lesion or not any(label.visible for label in labels)
        classes.add(lesion)
    assert classes == {0, 1}


def test_every_object_says_that_it_is_synthetic(studies: Path) -> None:
    assert {str(dataset.ImageComments) for dataset in headers(studies)} == {"SYNTHETIC"}


def test_studies_lie_in_the_120_days_that_end_with_the_date(studies: Path) -> None:
    days = {pydicom.valuerep.DA(dataset.StudyDate) for dataset in headers(studies)}
    assert UNTIL - timedelta(days=120) < min(days) <= max(days) <= UNTIL


def test_no_uid_is_spelled_like_a_pseudonym(studies: Path) -> None:
    assert not any(str(dataset.StudyInstanceUID).startswith("2.25.") for dataset in headers(studies))


def test_classic_and_enhanced_objects_are_both_written(studies: Path) -> None:
    frames = {int(dataset.get("NumberOfFrames", 1)) for dataset in headers(studies)}
    assert frames == {1, SLICES}


def test_dciodvfy_finds_no_error(studies: Path) -> None:
    validator = shutil.which("dciodvfy")
    if validator is None:
        absent("dciodvfy is missing: apt-get install dicom3tools")
    for path in sorted(studies.rglob("000.dcm")):
        done = subprocess.run([str(validator), str(path)], capture_output=True, text=True, check=False)
        said = done.stdout + done.stderr
        assert "MRImage" in said or "CTImage" in said
        assert "Error" not in said, said


@pytest.mark.parametrize("examination", [Examination.CHEST_CT, Examination.HEAD_CT])
def test_ct_is_in_hounsfield_units(tmp_path: Path, examination: Examination) -> None:
    write_studies(tmp_path, standard_hospital(examination, seed=7), studies=1, until=UNTIL, slices=SLICES)
    for dataset in headers(tmp_path):
        units = dataset.pixel_array * float(dataset.RescaleSlope) + float(dataset.RescaleIntercept)
        assert abs(np.median(units[:2]) + 1000) < 20, "air"
        assert units.max() > 300, "bone"
        tissue = units[(units > -20) & (units < 110)]
        assert tissue.size > 150
        assert 25 < np.median(tissue) < 65, "soft tissue"


def test_a_later_study_shows_the_same_patient_with_the_lesion_grown_or_not() -> None:
    from pipelines.simulation.hospital_studies import site_studies

    hospital = standard_hospital(seed=3)
    made = site_studies(hospital, hospital.sites[0], 60, until=UNTIL, lesion_share=0.45)
    later = [(study, first) for study in made for first in made if _follows(study, first)]
    assert len(later) > 5
    for study, first in later:
        assert study.patient is first.patient
        assert study.acquired_at - first.acquired_at >= timedelta(days=20)
        if first.lesion is not None and study.lesion is not None:
            assert (study.lesion.x, study.lesion.y) == (first.lesion.x, first.lesion.y)
    sizes = [study.lesion.radius / first.lesion.radius for study, first in later if study.lesion and first.lesion]
    assert max(sizes) > 1.1


def _follows(study: object, first: object) -> bool:
    return study.patient.number == first.number != study.number  # type: ignore[attr-defined]


def test_a_lesion_changes_the_picture_at_its_place_and_nowhere_else() -> None:
    from pipelines.simulation.hospital_pictures import Body, show
    from pipelines.simulation.hospital_studies import site_studies

    for examination in Examination:
        hospital = standard_hospital(examination, seed=2)
        made = site_studies(hospital, hospital.sites[0], 12, until=UNTIL, lesion_share=1.0)
        study = max(made, key=lambda one: one.lesion.strength if one.lesion and not one.shot.moved else 0)
        lesion, size, pixel_mm = study.lesion, 64, 5.0
        assert lesion is not None
        plain = replace(study.shot, look=replace(study.shot.look, noise=0.0), pose=type(study.shot.pose)())
        bodies = (Body(examination, study.patient.anatomy, one) for one in (None, lesion))
        without, with_it = (show(np.random.default_rng(2), body, plain, 0.0, size, pixel_mm) for body in bodies)
        rows, columns = np.nonzero(np.abs(with_it - without) > 0.2 * np.abs(with_it - without).max())
        away = np.hypot((rows - 31.5) * pixel_mm - lesion.y, (columns - 31.5) * pixel_mm - lesion.x)
        assert len(rows) > 3
        assert away.max() < 2.2 * lesion.radius + 10


def test_a_scanner_with_a_history_states_the_version_of_the_day(tmp_path: Path) -> None:
    standard = standard_hospital(seed=7)
    first, *rest = standard.sites[0].scanners
    renewed = replace(first, history=(("2026-01-01", "syngo MR XA50"),))
    hospital = replace(standard, sites=(replace(standard.sites[0], scanners=(renewed, *rest)),))
    found = {
        str(dataset.SoftwareVersions): dataset.StudyDate >= "20260101"
        for dataset in headers(make(tmp_path, hospital))
        if dataset.DeviceSerialNumber == first.serial
    }
    assert found == {first.software: False, "syngo MR XA50": True}


def test_a_folder_that_holds_studies_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text("keep")
    with pytest.raises(UsageError, match="holds synthetic studies"):
        make(tmp_path, standard_hospital())
    assert list(tmp_path.iterdir()) == [tmp_path / "labels.csv"]


@pytest.mark.parametrize("words", [{"studies": 0}, {"slices": 2}])
def test_numbers_out_of_bounds_are_refused(tmp_path: Path, words: dict[str, int]) -> None:
    with pytest.raises(UsageError, match="ask for at least one study"):
        make(tmp_path / "set", standard_hospital(), **words)
    assert list(tmp_path.iterdir()) == []
