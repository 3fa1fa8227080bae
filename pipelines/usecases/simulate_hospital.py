"""Write the synthetic hospital's studies as DICOM files, with the truth of every object."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from pipelines.simulation.hospital import Examination, standard_hospital, with_contrast
from registry.domain.errors import UnknownNameError, UsageError
from registry.domain.ports import Progress

MOST_CONTRAST = 5.0
EXAMINATIONS = {examination.name.lower().replace("_", "-"): examination for examination in Examination}


@dataclass(frozen=True)
class HospitalReport:
    """What was written.

    Attributes:
        studies, patients, objects: how many, over all sites; an enhanced object holds all slices of its study.
        lesions: studies with a lesion.
    """

    folder: Path
    labels: Path
    studies_file: Path
    target: str
    sites: tuple[str, ...]
    studies: int
    patients: int
    objects: int
    lesions: int
    seed: int

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        places = {
            "folder": str(self.folder),
            "labels": str(self.labels),
            "studies_file": str(self.studies_file),
            "sites": list(self.sites),
        }
        counts = {"studies": self.studies, "patients": self.patients, "objects": self.objects, "lesions": self.lesions}
        return places | {"target": self.target} | counts | {"seed": self.seed, "synthetic": True}

    def lines(self) -> list[str]:
        """Say what was written and where."""
        counts = (
            f"{self.studies} synthetic studies of {self.patients} invented patients in {self.objects} objects, "
            f"{self.lesions} studies with a lesion, seed {self.seed}"
        )
        return [
            counts,
            *(f"  {self.folder / site}" for site in self.sites),
            f"  {self.labels}   the truth of every object",
            f"  {self.studies_file}   the truth of every study, for '{self.target}'",
        ]


def simulate_hospital(
    folder: Path,
    *,
    examination: str,
    studies: int,
    slices: int = 8,
    contrast: float = 1.0,
    seed: int,
    until: str,
    progress: Progress,
) -> HospitalReport:
    """Write the studies of the standard hospital's four sites, some with a lesion.

    Args:
        folder: where `dicom/<site>/<study number>/<n>.dcm` and `labels.csv` go.
        examination: `head-mr`, `chest-ct` or `head-ct`.
        studies: how many, over all sites.
        slices: of each study, three or more.
        contrast: factor on the contrast of the lesions: above 1 they are easier to see.
        seed: source of all randomness; the same seed gives the same bytes.
        until: the last day, `YYYY-MM-DD`.
        progress: advances once a study.

    Raises:
        UnknownNameError: for an unknown examination.
        UsageError: when the folder holds such a set already, or an argument is no number of studies or no date.
    """
    from pipelines.simulation.hospital_dicom import FOLDER, write_studies  # noqa: PLC0415 - lazy: scipy, pydicom

    if examination not in EXAMINATIONS:
        raise UnknownNameError.of("examination", examination, EXAMINATIONS)
    if seed < 0:
        raise UsageError(f"seed {seed}", where="--seed", mend="a seed is 0 or more")
    if not 0 < contrast <= MOST_CONTRAST:
        raise UsageError(f"contrast {contrast:g}", where="--contrast", mend=f"above 0, at most {MOST_CONTRAST:g}")
    hospital = with_contrast(standard_hospital(EXAMINATIONS[examination], seed=seed), contrast)
    labels = write_studies(folder, hospital, studies=studies, until=_day(until), slices=slices, progress=progress)
    sites = tuple(site.site for site in hospital.sites if (folder / FOLDER / site.site).is_dir())
    return _report(folder / FOLDER, labels, hospital.target, sites, seed)


def _report(folder: Path, labels: Path, target: str, sites: tuple[str, ...], seed: int) -> HospitalReport:
    from pipelines.simulation.hospital_dicom import STUDIES, read_labels  # noqa: PLC0415 - lazy: scipy, pydicom

    found = read_labels(labels)
    studies = {label.study: label.lesion for label in found}
    patients = {(label.site, label.patient) for label in found}
    lesions = sum(studies.values())
    return HospitalReport(
        folder, labels, labels.with_name(STUDIES), target, sites, len(studies), len(patients), len(found), lesions, seed
    )


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise UsageError("that is no date", where="--until", mend="write it as 2026-06-30") from error
