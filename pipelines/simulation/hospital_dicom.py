"""The pictures of the synthetic hospital as DICOM files, with the truth of every study and object.

Every patient is invented, every picture is drawn, and every object says `SYNTHETIC` in its image comments.
"""

import csv
import io
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import astuple, dataclass
from datetime import date
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom import dcmwrite
from pydicom.dataset import Dataset

from pipelines.simulation.hospital import SimulatedHospital
from pipelines.simulation.hospital_enhanced import enhanced_object
from pipelines.simulation.hospital_header import INTERCEPT_HU, Planned, classic_object
from pipelines.simulation.hospital_pictures import Body, is_visible, show, stored_ct, stored_mr
from pipelines.simulation.hospital_studies import SimulatedStudy, shares, site_studies
from registry.domain.errors import UsageError
from registry.domain.ports import Progress
from registry.objects import write_durably

FOLDER, MANIFEST, STUDIES = "dicom", "labels.csv", "studies.csv"
STUDY_COLUMNS = ("study", "patient", "site", "lesion")
COLUMNS = ("sop", "series", "study", "patient", "site", "lesion", "visible")
LESION_SHARE = 0.45
SLICES, SIZE = 8, 64
_LEAST_SLICES, _LEAST_SIZE = 3, 16


@dataclass(frozen=True)
class Label:
    """The truth of one object: whether its study has a lesion, and whether this object's slice cuts it.

    A multi-frame object is judged by its middle frame.
    """

    sop: str
    series: str
    study: str
    patient: str
    site: str
    lesion: int
    visible: int


def write_studies(
    folder: Path,
    hospital: SimulatedHospital,
    *,
    studies: int,
    until: date,
    slices: int = SLICES,
    size: int = SIZE,
    lesion_share: float = LESION_SHARE,
    progress: Progress | None = None,
) -> Path:
    """Write `folder/dicom/<site>/<study number>/<n>.dcm` and, last, the manifests of labels.

    The same arguments give the same bytes; more studies change no earlier one.

    Args:
        folder: may exist; must not hold `dicom`, `labels.csv` or `studies.csv`.
        hospital: whose studies.
        studies: how many, over all sites, in proportion to their studies a day.
        until: the last day; the studies lie in the 120 days that end with it.
        slices: of each study; a scanner that writes enhanced objects puts them into one object.
        size: rows and columns of each slice.
        lesion_share: share of the patients who have a lesion at their first study.
        progress: advances once a study.

    Returns:
        `folder/labels.csv`, one row an object: sop, series, study, patient, site, lesion and visible (0 or 1). Beside
        it lies `studies.csv`, one row a study: study, patient, site and lesion. The middle slice of a study's series
        cuts its lesion.

    Raises:
        UsageError: when the folder holds such a set already, or a number is out of bounds.
    """
    _check(folder, hospital, (studies, slices, size), lesion_share)
    counts = shares(hospital, studies)
    labels: list[Label] = []
    for site in hospital.sites:
        for study in site_studies(hospital, site, counts[site.site], until=until, lesion_share=lesion_share):
            planned = Planned.of(hospital, study, slices=slices, size=size)
            labels.extend(_write_study(folder / FOLDER / site.site / f"{study.number:03d}", hospital, planned))
            if progress is not None:
                progress.advance()
    manifest = folder / MANIFEST
    by_study = {label.study: (label.study, label.patient, label.site, label.lesion) for label in labels}
    write_durably(folder / STUDIES, _table(STUDY_COLUMNS, by_study.values()))
    write_durably(manifest, _table(COLUMNS, (astuple(label) for label in labels)))
    return manifest


def read_labels(manifest: Path) -> list[Label]:
    """Return the labels of a manifest, in its order."""
    with manifest.open(newline="") as file:
        rows = list(csv.DictReader(file))
    return [Label(**row | {name: int(row[name]) for name in ("lesion", "visible")}) for row in rows]  # type: ignore[arg-type]


def _check(folder: Path, hospital: SimulatedHospital, numbers: tuple[int, int, int], lesion_share: float) -> None:
    if any((folder / name).exists() for name in (FOLDER, MANIFEST, STUDIES)):
        raise UsageError("the folder holds synthetic studies already", where=folder.name, mend="name a new one")
    studies, slices, size = numbers
    enough = studies >= 1 and slices >= _LEAST_SLICES and size >= _LEAST_SIZE and hospital.seed >= 0
    if not enough or not 0 <= lesion_share <= 1 or not hospital.sites:
        raise UsageError(
            f"{studies} studies of {slices} slices of {size} pixels, seed {hospital.seed}, lesions in {lesion_share:g}",
            mend="ask for at least one study, three slices, 16 pixels, a seed of 0 and a share from 0 to 1",
        )


def _write_study(place: Path, hospital: SimulatedHospital, planned: Planned) -> Iterator[Label]:
    study = planned.study
    volume = draw_volume(hospital, planned)
    place.mkdir(parents=True)
    if study.scanner.enhanced:
        yield _write(place / "000.dcm", enhanced_object(planned, volume), study, planned.height_mm(planned.slices // 2))
        return
    for index, pixels in enumerate(volume):
        dataset = classic_object(planned, index, pixels)
        yield _write(place / f"{index:03d}.dcm", dataset, study, planned.height_mm(index))


def _write(place: Path, dataset: Dataset, study: SimulatedStudy, z: float) -> Label:
    dcmwrite(place, dataset, enforce_file_format=True)
    return Label(
        sop=str(dataset.SOPInstanceUID),
        series=str(dataset.SeriesInstanceUID),
        study=str(dataset.StudyInstanceUID),
        patient=study.patient.record,
        site=study.patient.site,
        lesion=int(study.lesion is not None),
        visible=int(is_visible(study.lesion, z)),
    )


def draw_volume(hospital: SimulatedHospital, planned: Planned) -> NDArray[np.uint16]:
    """Return the slices of a study as stored values, upwards, shape (slices, size, size)."""
    return np.stack([draw_slice(hospital, planned, index) for index in range(planned.slices)])


def draw_slice(hospital: SimulatedHospital, planned: Planned, index: int) -> NDArray[np.uint16]:
    """Return one slice of a study as stored values, shape (size, size); `index` counts upwards from 0."""
    study = planned.study
    words = [zlib.crc32(word.encode()) for word in (hospital.target, study.patient.site, "pictures")]
    random = np.random.default_rng([hospital.seed, study.number, index, *words])
    body = Body(hospital.examination, study.patient.anatomy, study.lesion)
    picture = show(random, body, study.shot, planned.height_mm(index), planned.size, planned.pixel_mm)
    return stored_mr(picture, planned.scanner.gain) if planned.modality == "MR" else stored_ct(picture, INTERCEPT_HU)


def _table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue().encode()
