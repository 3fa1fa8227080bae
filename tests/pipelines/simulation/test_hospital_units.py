"""Labels of whole studies: one a study, and a model that is trained and judged on their middle slices."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from fakes import NoProgress
from intake_workspace import empty_workspace, two_sites
from trained_workspace import LENIENT

from pipelines.bootstrap import Workspace
from pipelines.simulation.hospital_dicom import STUDIES, read_labels, write_studies
from pipelines.usecases.freeze_cohort import freeze_cohort
from pipelines.usecases.ingest_dicom import ingest_dicom
from pipelines.usecases.ingest_rows import IngestReport, ingest_rows
from pipelines.usecases.train import train
from pipelines.usecases.validate import validate
from registry.domain.cohort import Cohort
from registry.domain.vocabulary import Role, Verdict

TARGET = "brain-tumour"
MAP = """
[columns]
study_uid = "study"
truth = "lesion"
[constants]
target = "brain-tumour"
unit = "study"
source = "pathology"
established_at = "2026-02-27T00:00:00Z"
"""
COHORTS = (("train", Role.TRAIN, 0, 35), ("tune", Role.TUNE, 35, 60), ("test", Role.INTERNAL_TEST, 60, 100))
Made = tuple[Workspace, IngestReport, Path]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Take one site's studies in, with their labels by study."""
    folder = tmp_path_factory.mktemp("units")
    one_site = replace(two_sites(), sites=two_sites().sites[:1])
    labels = write_studies(folder, one_site, studies=30, until=date(2026, 2, 28), slices=3, size=32)
    studies = labels.with_name(STUDIES)
    workspace = empty_workspace(folder / "workspace")
    ingest_dicom(workspace, [folder / "dicom" / "general"], "general", progress=NoProgress())
    (folder / "map.toml").write_text(MAP)
    report = ingest_rows(workspace, "outcomes", [studies], mapping=folder / "map.toml", progress=NoProgress())
    return workspace, report, labels


@pytest.fixture(scope="module")
def cohorts(made: Made) -> dict[str, Cohort]:
    """Freeze three cohorts that are split by patient."""
    return {
        name: freeze_cohort(made[0], name, TARGET, role, [f"patients={low}-{high}%"], progress=NoProgress())
        for name, role, low, high in COHORTS
    }


def test_the_file_of_studies_has_one_label_a_study(made: Made) -> None:
    studies = {label.study for label in read_labels(made[2])}
    assert made[1].accepted == len(studies) == 30


def test_a_unit_is_a_study_with_its_truth(made: Made, cohorts: dict[str, Cohort]) -> None:
    lesions = {made[0].pseudonyms.uid(label.study): bool(label.lesion) for label in read_labels(made[2])}
    units = [unit for cohort in cohorts.values() for unit in cohort.units]
    assert len(units) == len({unit.study_uid for unit in units}) == 30
    for unit in units:
        assert (unit.unit, unit.unit_uid) == ("study", unit.study_uid)
        assert unit.truth is lesions[unit.study_uid]


def test_a_model_is_trained_and_judged_on_studies(made: Made, cohorts: dict[str, Cohort]) -> None:
    workspace = made[0]
    train(workspace, TARGET, "train", "tune", device="cpu", epochs=1, progress=NoProgress())
    evaluation = validate(workspace, TARGET, None, "test", LENIENT, progress=NoProgress())
    auc = next(metric for metric in evaluation.metrics if metric.name == "auc")
    assert auc.n == len(cohorts["test"].units)
    assert evaluation.verdict in {Verdict.PASSED, Verdict.NOT_ASSESSED}
