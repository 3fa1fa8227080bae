"""A small synthetic DICOM set with known truth: MR slices of a limb, some of which show a lesion.

Every patient is invented, every picture is drawn, and every object says `SYNTHETIC` in its image comments. Each
patient has slices with and without the lesion, so that truth is a property of the slice and never of the patient.
"""

import csv
import io
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path

import numpy as np
from pydicom import dcmwrite

from pipelines.simulation.phantom_header import PhantomPatient, draw_patient, instance_uid, phantom_dataset
from pipelines.simulation.phantom_images import PhantomBody, draw_body, draw_slice, lesion_slices
from pipelines.simulation.phantom_scanners import PhantomScanner, PhantomSite
from registry.domain.errors import UsageError
from registry.domain.ports import Progress
from registry.objects import write_durably

MANIFEST = "labels.csv"
COLUMNS = ("sop", "study", "patient", "visible")
SPREAD_DAYS = 120


@dataclass(frozen=True)
class PhantomLabel:
    """The truth of one slice."""

    sop: str
    study: str
    patient: str
    visible: bool


@dataclass(frozen=True)
class PhantomPlan:
    """How many phantoms are written and how large; `until` is the last day of study."""

    seed: int
    until: date
    patients_per_site: int = 12
    slices: int = 12
    size: int = 64


@dataclass(frozen=True)
class _Volume:
    patient: PhantomPatient
    scanner: PhantomScanner
    body: PhantomBody
    with_lesion: frozenset[int]
    streams: Sequence[np.random.Generator]


def write_phantoms(
    folder: Path,
    *,
    seed: int,
    sites: Sequence[PhantomSite],
    patients_per_site: int,
    slices: int = 12,
    until: date,
    size: int = 64,
    progress: Progress | None = None,
) -> Path:
    """Write `folder/<site>/<patient number>/<slice>.dcm` and, last, the manifest of instance labels.

    The same arguments give the same bytes.

    Args:
        folder: a new or empty folder.
        seed: source of all randomness.
        sites: the sites and their scanners, see `phantom_sites`.
        patients_per_site: patients, one study each, dates spread over the 120 days that end with `until`.
        slices: slices of each volume, at least three.
        until: the last day of study.
        size: rows and columns of each slice.
        progress: advances once a patient.

    Returns:
        The manifest: a CSV file with the columns sop, study, patient and visible (0 or 1).

    Raises:
        UsageError: when the folder already holds something, or a number is too small.
    """
    plan = PhantomPlan(seed, until, patients_per_site, slices, size)
    _check(folder, sites, plan)
    numbered = ((site, number) for site in sites for number in range(patients_per_site))
    labels: list[PhantomLabel] = []
    for site, number in numbered:
        labels.extend(_write_volume(folder, plan, site, number))
        if progress is not None:
            progress.advance()
    manifest = folder / MANIFEST
    write_durably(manifest, _manifest(labels))
    return manifest


def _check(folder: Path, sites: Sequence[PhantomSite], plan: PhantomPlan) -> None:
    if folder.exists() and any(folder.iterdir()):
        raise UsageError("the folder for the phantoms is not empty", where=folder.name, mend="name a new one")
    if not sites or plan.patients_per_site < 1 or plan.slices < 3 or plan.size < 16 or plan.seed < 0:
        raise UsageError(
            f"{len(sites)} sites, {plan.patients_per_site} patients, {plan.slices} slices of {plan.size} pixels, "
            f"seed {plan.seed}",
            mend="ask for at least one site, one patient, three slices, 16 pixels and a seed of 0",
        )


def _volume(plan: PhantomPlan, site: PhantomSite, number: int) -> _Volume:
    root = np.random.SeedSequence([plan.seed, zlib.crc32(site.site.encode()), number])
    first, *rest = (np.random.default_rng(child) for child in root.spawn(plan.slices + 1))
    patient = draw_patient(first, plan.seed, site.site, number, _acquired_at(first, number, plan))
    scanner = site.scanners[number % len(site.scanners)]
    return _Volume(patient, scanner, draw_body(first, plan.size), lesion_slices(first, plan.slices), rest)


def _acquired_at(random: np.random.Generator, number: int, plan: PhantomPlan) -> datetime:
    """Spread the patients evenly over the days up to `until`, in working hours."""
    last = plan.patients_per_site - 1
    back = (SPREAD_DAYS - 1) * (last - number) // max(1, last)
    opening = datetime.combine(plan.until - timedelta(days=back), time(7, 30))
    return opening + timedelta(seconds=int(random.integers(0, 9 * 3600)))


def _write_volume(folder: Path, plan: PhantomPlan, site: PhantomSite, number: int) -> Iterator[PhantomLabel]:
    volume = _volume(plan, site, number)
    place = folder / site.site / f"{number:03d}"
    place.mkdir(parents=True)
    for index, random in enumerate(volume.streams):
        pixels = draw_slice(random, volume.body, volume.scanner, plan.size, _cut(index, volume.with_lesion))
        sop = instance_uid(plan.seed, volume.patient, index)
        dataset = phantom_dataset(volume.patient, volume.scanner, sop, index, pixels)
        dcmwrite(place / f"{index:03d}.dcm", dataset, enforce_file_format=True)
        yield PhantomLabel(sop, volume.patient.study_uid, volume.patient.patient_id, index in volume.with_lesion)


def _cut(index: int, lesion: frozenset[int]) -> float:
    """Return how much of the lesion a slice cuts: 1 in the middle of its run, less towards the ends, 0 outside."""
    if index not in lesion:
        return 0.0
    middle, half = (min(lesion) + max(lesion)) / 2, len(lesion) / 2
    return float(1 - ((index - middle) / (half + 0.5)) ** 2)


def _manifest(labels: Sequence[PhantomLabel]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows((label.sop, label.study, label.patient, int(label.visible)) for label in labels)
    return text.getvalue().encode()
