import re
import shutil
from pathlib import Path

import pytest
from dicom_files import write
from fakes import NoProgress
from intake_workspace import TARGET, draw, labelled_workspace, reopen, take_dicom, take_labels
from pydicom import dcmread
from pydicom.uid import generate_uid

from pipelines.bootstrap import Workspace
from pipelines.intake.selection import share_of
from pipelines.usecases.freeze_cohort import freeze_cohort
from registry.domain.cohort import Cohort
from registry.domain.errors import LeakFoundError, UnknownNameError, UsageError
from registry.domain.vocabulary import Role


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cohorts")
    labelled_workspace(folder / "workspace", draw(folder / "images", patients=8))
    return folder


@pytest.fixture
def workspace(made: Path, tmp_path: Path) -> Workspace:
    return reopen(shutil.copytree(made / "workspace", tmp_path / "workspace"))


def freeze(workspace: Workspace, name: str, role: Role, *select: str) -> Cohort:
    return freeze_cohort(workspace, name, TARGET, role, select, NoProgress())


def event_types(workspace: Workspace) -> list[str]:
    return [str(event.record["type"]) for event in workspace.ledger.events(3)]


def test_a_cohort_holds_the_units_of_its_selection_and_says_how_it_came_to_them(workspace: Workspace) -> None:
    cohort = freeze(workspace, "here", Role.TRAIN, "site=general")
    assert len(cohort.units) == 32
    assert len(cohort.patients()) == 8
    assert [count for _, count in cohort.flow] == [64, 64, 64, 32, 32]
    assert cohort.synthetic
    assert all(unit.pixel_digest.startswith("sha256:") and len(unit.fingerprint) == 64 for unit in cohort.units)
    assert workspace.cohorts.get("here") == cohort


def test_freezing_the_same_again_changes_nothing(workspace: Workspace) -> None:
    first = freeze(workspace, "here", Role.TRAIN, "site=general")
    head = workspace.ledger.head()
    assert freeze(workspace, "here", Role.TRAIN, "site=general").digest == first.digest
    assert workspace.ledger.head() == head


def test_a_frozen_name_keeps_its_content(workspace: Workspace) -> None:
    freeze(workspace, "here", Role.TRAIN, "site=general")
    with pytest.raises(UsageError, match="frozen with other content"):
        freeze(workspace, "here", Role.TRAIN, "site=elsewhere")


def test_shares_of_patients_are_disjoint_and_complete(workspace: Workspace) -> None:
    parts = [
        freeze(workspace, "train", Role.TRAIN, "patients=0-40%"),
        freeze(workspace, "tune", Role.TUNE, "patients=40-70%"),
        freeze(workspace, "test", Role.INTERNAL_TEST, "patients=70-100%"),
    ]
    patients = [patient for part in parts for patient in part.patients()]
    assert len(patients) == len(set(patients)) == 16
    assert event_types(workspace)[0] == "cohort.frozen"


def test_a_split_by_unit_is_refused_as_a_leak_and_put_on_record(workspace: Workspace) -> None:
    freeze(workspace, "train", Role.TRAIN, "site=general", "patients=0-60%")
    with pytest.raises(
        LeakFoundError, match=r"shares \d+ patient.*split by patient: --select patients=0-60%"
    ) as caught:
        freeze(workspace, "leaky", Role.INTERNAL_TEST, "site=general", "units=0-30%")
    assert caught.value.exit_code == 1
    assert event_types(workspace)[0] == "cohort.refused"
    with pytest.raises(UnknownNameError):
        workspace.cohorts.get("leaky")


def test_an_external_test_shares_no_site(workspace: Workspace) -> None:
    freeze(workspace, "train", Role.TRAIN, "site=general", "patients=0-60%")
    with pytest.raises(LeakFoundError, match="site"):
        freeze(workspace, "outside", Role.EXTERNAL_TEST, "site=general", "patients=60-100%")
    assert freeze(workspace, "outside", Role.EXTERNAL_TEST, "site=elsewhere").patients()


def test_copied_pixels_under_another_name_are_found(workspace: Workspace, made: Path, tmp_path: Path) -> None:
    freeze(workspace, "train", Role.TRAIN, "site=general")
    dataset = dcmread(sorted((made / "images" / "dicom" / "general").rglob("*.dcm"))[1])
    for keyword in ("SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID"):
        setattr(dataset, keyword, generate_uid(entropy_srcs=[keyword]))
    dataset.PatientID = "SOMEBODY ELSE"
    write(tmp_path / "copy", "a.dcm", dataset)
    take_dicom(workspace, tmp_path / "copy", "third")
    (tmp_path / "labels.csv").write_text(f"sop,study,visible\n{dataset.SOPInstanceUID},{dataset.StudyInstanceUID},1\n")
    take_labels(workspace, tmp_path / "labels.csv")
    with pytest.raises(LeakFoundError) as caught:
        freeze(workspace, "copied", Role.EXTERNAL_TEST, "site=third")
    found = r"shares 1 pixel digest\(s\), [1-4] near-duplicate\(s\) with cohort 'train'"  # or of its neighbour slices
    assert re.search(found, caught.value.line())


@pytest.mark.parametrize(
    ("select", "units"),
    [
        (("manufacturer!=Siemens",), 40),
        (("manufacturer=siemens,GE", "site=general"), 20),
        (("magnetic_field_strength>=2",), 28),
        (("magnetic_field_strength=1.5",), 36),
        (("age_years>=0", "age_years<=200"), 64),
        (("modality=MR",), 64),
        (("acquired_at>=2026-01-01",), None),
    ],
)
def test_conditions_select_by_acquisition(workspace: Workspace, select: tuple[str, ...], units: int | None) -> None:
    found = len(freeze(workspace, "some", Role.TRAIN, *select).units)
    assert found == units if units is not None else 0 < found <= 64


@pytest.mark.parametrize("select", ["", "modality", "modality>MR", "patients=60-40%", "patients=0-101%", "units=5%"])
def test_a_condition_that_cannot_be_read_is_a_usage_error(workspace: Workspace, select: str) -> None:
    with pytest.raises(UsageError):
        freeze(workspace, "x", Role.TRAIN, select)


@pytest.mark.parametrize("select", ["kvp=many", "kvp>=many", "modality>=MR", "contrast>=1"])
def test_values_must_fit_their_column(workspace: Workspace, select: str) -> None:
    with pytest.raises(UsageError):
        freeze(workspace, "x", Role.TRAIN, select)


def test_unknown_columns_and_targets_get_a_hint(workspace: Workspace) -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'manufacturer'"):
        freeze(workspace, "x", Role.TRAIN, "manufactuer=GE")
    with pytest.raises(UnknownNameError, match=f"did you mean '{TARGET}'"):
        freeze_cohort(workspace, "x", "lesion-visibel", Role.TRAIN, (), NoProgress())


def test_an_empty_cohort_says_where_it_became_empty(workspace: Workspace) -> None:
    with pytest.raises(UsageError, match="0 after modality=CT"):
        freeze(workspace, "x", Role.TRAIN, "modality=CT")


def test_a_strange_name_is_refused(workspace: Workspace) -> None:
    with pytest.raises(UsageError):
        freeze(workspace, "../x", Role.TRAIN)


def test_images_that_are_gone_are_counted_out(workspace: Workspace, made: Path, tmp_path: Path) -> None:
    hidden = tmp_path / "hidden"
    shutil.move(made / "images" / "dicom" / "elsewhere", hidden)
    try:
        cohort = freeze(workspace, "here", Role.TRAIN)
    finally:
        shutil.move(hidden, made / "images" / "dicom" / "elsewhere")
    assert cohort.flow[-2:] == (("image taken in", 64), ("pixels readable", 32))


def test_the_share_of_a_patient_depends_on_the_key_alone(workspace: Workspace) -> None:
    shares = [share_of(workspace.pseudonyms, f"p:{number:032x}") for number in range(2000)]
    assert all(0 <= share < 100 for share in shares)
    assert abs(sum(share < 60 for share in shares) / 2000 - 0.6) < 0.05
