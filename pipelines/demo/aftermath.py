"""After the alerts: a candidate with studies made by the new software elsewhere, compared under the change plan."""

from datetime import date
from pathlib import Path

from pipelines.bootstrap import Workspace
from pipelines.demo.build import FOLDS, PLAN_TEST, TRAIN, TUNE, take_labels_in
from pipelines.demo.setting import ELSEWHERE, EPOCHS, HOME, MODEL, RETRAINING_STUDIES, SLICES, upgraded_hospital
from pipelines.demo.telling import Bars, Told, outcome
from pipelines.simulation.hospital_dicom import FOLDER, write_studies
from pipelines.usecases.compare_candidate import compare_candidate
from pipelines.usecases.freeze_cohort import freeze_cohort
from pipelines.usecases.ingest_dicom import ingest_dicom
from pipelines.usecases.train import train
from registry.domain.vocabulary import Role

TRAIN_AGAIN, TUNE_AGAIN = "demo-train-2", "demo-tune-2"


def retrain(workspace: Workspace, out: Path, seed: int, until: date, bars: Bars) -> Told:
    """Take in studies of a site that has the new software, and train a candidate on the old and the new ones.

    A patient's fold never changes, so the new cohorts share nobody with the test cohorts of the first version.
    """
    folder = out / "hospital-upgraded"
    with bars("drawing newer studies") as bar:
        write_studies(
            folder, upgraded_hospital(seed), studies=RETRAINING_STUDIES, until=until, slices=SLICES, progress=bar
        )
    with bars("taking newer studies in") as bar:
        series = ingest_dicom(workspace, [folder / FOLDER / ELSEWHERE], ELSEWHERE, progress=bar).acquisitions
    labels = take_labels_in(workspace, folder, bars)
    roles = {TRAIN_AGAIN: (Role.TRAIN, FOLDS[TRAIN]), TUNE_AGAIN: (Role.TUNE, FOLDS[TUNE])}
    with bars("freezing cohorts") as bar:
        for name, (role, fold) in roles.items():
            freeze_cohort(
                workspace, name, MODEL, role, (f"site={HOME},{ELSEWHERE}", f"patient_fold={fold}"), progress=bar
            )
    with bars("training the candidate") as bar:
        version = train(workspace, MODEL, TRAIN_AGAIN, TUNE_AGAIN, seed=2, epochs=EPOCHS, progress=bar)
    says = [
        f"{series} series of {ELSEWHERE}, which has the new software, {labels} labelled studies",
        f"candidate: {version.name}",
    ]
    return {"candidate": version.name, "says": says}


def compare(workspace: Workspace, bars: Bars) -> Told:
    """Compare the candidate with the version in use and with the original, on the plan's test cohort."""
    candidate = workspace.lifecycle.version(MODEL)
    with bars("comparing") as bar:
        found = compare_candidate(workspace, MODEL, candidate.version, PLAN_TEST, HOME, progress=bar)
    says = [f"{candidate.name} against the version in use: {found['verdict']}; {found['why']}"]
    again = outcome(lambda: str(_again(workspace, candidate.version, bars)))
    says.append(f"asked a second time: {again}")
    return {"verdict": found["verdict"], "digest": found["digest"], "says": says}


def _again(workspace: Workspace, version: str, bars: Bars) -> str:
    """Ask for the same look again: it is not made twice."""
    with bars("looking it up") as bar:
        found = compare_candidate(workspace, MODEL, version, PLAN_TEST, HOME, progress=bar)
    return f"the record of event {found['event_seq']}, no second look"
