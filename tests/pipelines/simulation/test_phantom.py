"""The synthetic DICOM set: valid, deterministic, marked synthetic, with truth per slice."""

import csv
import os
import shutil
import subprocess
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pydicom
import pytest

from pipelines.simulation.phantom import MANIFEST, write_phantoms
from pipelines.simulation.phantom_images import draw_body, draw_slice, lesion_slices
from pipelines.simulation.phantom_scanners import phantom_sites
from registry.domain.errors import UsageError

UNTIL = date(2026, 3, 1)
VALIDATOR = shutil.which("dciodvfy")


def make(folder: Path, seed: int = 7, patients: int = 3, slices: int = 6) -> Path:
    sites = phantom_sites(["north", "south"])
    return write_phantoms(folder, seed=seed, sites=sites, patients_per_site=patients, slices=slices, until=UNTIL)


@pytest.fixture(scope="module")
def phantoms(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("phantoms") / "set").parent


def labels(folder: Path) -> list[dict[str, str]]:
    with (folder / MANIFEST).open(newline="") as file:
        return list(csv.DictReader(file))


def headers(folder: Path) -> list[pydicom.Dataset]:
    return [pydicom.dcmread(path) for path in sorted(folder.rglob("*.dcm"))]


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(phantoms: Path, tmp_path: Path) -> None:
    make(tmp_path / "again")
    make(tmp_path / "other", seed=8)
    assert contents(tmp_path / "again") == contents(phantoms)
    assert not set(contents(tmp_path / "other").values()) & set(contents(phantoms).values())


def test_the_manifest_names_every_object_once_and_both_classes_in_every_patient(phantoms: Path) -> None:
    rows = labels(phantoms)
    found = {str(dataset.SOPInstanceUID): dataset for dataset in headers(phantoms)}
    assert len(rows) == len(found) == 2 * 3 * 6
    for row in rows:
        assert found[row["sop"]].StudyInstanceUID == row["study"]
        assert found[row["sop"]].PatientID == row["patient"]
    classes = {(row["patient"], row["visible"]) for row in rows}
    assert classes == {(patient, visible) for patient in {row["patient"] for row in rows} for visible in ("0", "1")}


def test_every_object_says_that_it_is_synthetic(phantoms: Path) -> None:
    assert {str(dataset.ImageComments) for dataset in headers(phantoms)} == {"SYNTHETIC"}


def test_studies_lie_in_the_120_days_that_end_with_the_date(phantoms: Path) -> None:
    days = {pydicom.valuerep.DA(dataset.StudyDate) for dataset in headers(phantoms)}
    assert min(days) == UNTIL - timedelta(days=119)
    assert max(days) == UNTIL


def test_a_site_has_two_scanners_of_different_manufacturers(phantoms: Path) -> None:
    found = {(dataset.StationName, dataset.Manufacturer, dataset.DeviceSerialNumber) for dataset in headers(phantoms)}
    assert len(found) == 4
    for site in ("NORTH", "SOUTH"):
        assert len({manufacturer for station, manufacturer, _ in found if station.startswith(site)}) == 2


def test_no_uid_is_spelled_like_a_pseudonym(phantoms: Path) -> None:
    assert not any(str(dataset.StudyInstanceUID).startswith("2.25.") for dataset in headers(phantoms))


def test_the_lesion_changes_the_picture_at_its_place_and_nowhere_else() -> None:
    size, scanner = 64, phantom_sites(["north"])[0].scanners[0]
    body = draw_body(np.random.default_rng(1), size)
    without, with_it = (
        draw_slice(np.random.default_rng(2), body, scanner, size, cut).astype(int) for cut in (0.0, 1.0)
    )
    rows, columns = np.nonzero(np.abs(with_it - without) > 0.05 * scanner.gain)
    assert len(rows) > 20
    assert np.hypot(rows - body.lesion[0], columns - body.lesion[1]).max() < 2 * body.radius


@pytest.mark.parametrize("slices", [3, 4, 7, 12, 40])
def test_the_lesion_is_a_run_that_leaves_both_ends_free(slices: int) -> None:
    for seed in range(20):
        run = sorted(lesion_slices(np.random.default_rng(seed), slices))
        assert run == list(range(run[0], run[-1] + 1))
        assert run[0] >= 1
        assert run[-1] <= slices - 2


def test_a_folder_that_holds_something_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("keep")
    with pytest.raises(UsageError, match="not empty"):
        make(tmp_path)
    assert list(tmp_path.iterdir()) == [tmp_path / "mine.txt"]


def test_too_few_slices_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="2 slices"):
        make(tmp_path / "set", slices=2)


def test_dciodvfy_finds_no_error(phantoms: Path) -> None:
    if VALIDATOR is None:
        if os.environ.get("OVERREAD_REQUIRE_SERVICES") == "1":
            pytest.fail("dciodvfy is missing: apt-get install dicom3tools")
        pytest.skip("dciodvfy is missing: apt-get install dicom3tools")
    for path in sorted(phantoms.rglob("000.dcm")):
        done = subprocess.run([VALIDATOR, str(path)], capture_output=True, text=True, check=False)
        said = done.stdout + done.stderr
        assert "MRImage" in said
        assert "Error" not in said
