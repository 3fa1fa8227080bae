"""A workspace that has taken in drawn DICOM images with instance labels, for tests of intake and cohorts."""

from dataclasses import replace
from datetime import date
from pathlib import Path

from fakes import FakeClock, NoProgress

from pipelines.bootstrap import Workspace, init_workspace, open_workspace
from pipelines.simulation.hospital import SimulatedHospital, standard_hospital
from pipelines.simulation.hospital_dicom import write_studies
from pipelines.usecases.ingest_dicom import DicomReport, ingest_dicom
from pipelines.usecases.ingest_rows import ingest_rows

TARGET = "lesion-visible"
SITES = ("general", "elsewhere")
MAP = """
[columns]
unit_uid = "sop"
study_uid = "study"
truth = "visible"
[constants]
unit = "instance"
target = "lesion-visible"
source = "consensus"
established_at = "2026-02-27T00:00:00Z"
"""


def empty_workspace(root: Path) -> Workspace:
    """Make a workspace without observations."""
    return init_workspace(root, FakeClock())


def two_sites() -> SimulatedHospital:
    """Return a hospital of two sites of equal size, nobody of which comes twice."""
    standard = standard_hospital(seed=5)
    named = zip(SITES, standard.sites[: len(SITES)], strict=True)
    return replace(
        standard, sites=tuple(replace(site, site=name, studies_per_day=1.0, follow_up=0.0) for name, site in named)
    )


def draw(folder: Path, patients: int = 6, slices: int = 4) -> Path:
    """Draw the studies of two sites, all patients with a lesion in some slices; `dicom` and `labels.csv`."""
    studies = patients * len(SITES)
    write_studies(
        folder, two_sites(), studies=studies, until=date(2026, 2, 28), slices=slices, size=32, lesion_share=1.0
    )
    return folder


def take_dicom(workspace: Workspace, path: Path, site: str = "general") -> DicomReport:
    """Take a folder or file in."""
    return ingest_dicom(workspace, [path], site, progress=NoProgress())


def labelled_workspace(root: Path, images: Path) -> Workspace:
    """Make a workspace with the images of two sites and their labels."""
    workspace = empty_workspace(root)
    for site in SITES:
        take_dicom(workspace, images / "dicom" / site, site)
    take_labels(workspace, images / "labels.csv")
    return workspace


def take_labels(workspace: Workspace, labels: Path) -> None:
    """Take instance labels in."""
    mapping = workspace.root / "map.toml"
    mapping.write_text(MAP)
    ingest_rows(workspace, "outcomes", [labels], mapping=mapping, progress=NoProgress())


def reopen(root: Path) -> Workspace:
    """Open a workspace again, or a copy of it."""
    return open_workspace(root, FakeClock())
