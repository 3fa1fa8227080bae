"""A workspace that has taken in drawn DICOM images with instance labels, for tests of intake and cohorts."""

from datetime import date
from pathlib import Path

from fakes import FakeClock, NoProgress

from pipelines.bootstrap import Workspace, init_workspace, open_workspace
from pipelines.simulation.phantom import write_phantoms
from pipelines.simulation.phantom_scanners import phantom_sites
from pipelines.usecases.ingest_dicom import DicomReport, ingest_dicom
from pipelines.usecases.ingest_rows import ingest_rows

TARGET = "lesion-visible"
SITES = ("general", "elsewhere")
MAP = """
[columns]
unit_uid = "sop"
truth = "visible"
[constants]
unit = "instance"
target = "lesion-visible"
source = "consensus"
established_at = "2026-02-27T00:00:00Z"
[lookup]
study_uid = "unit_uid"
"""


def empty_workspace(root: Path) -> Workspace:
    """Make a workspace without observations."""
    return init_workspace(root, FakeClock())


def draw(folder: Path, patients: int = 6, slices: int = 4) -> Path:
    """Draw phantoms of two sites and return the folder."""
    write_phantoms(
        folder,
        seed=5,
        sites=phantom_sites(SITES),
        patients_per_site=patients,
        slices=slices,
        until=date(2026, 2, 28),
        size=32,
    )
    return folder


def take_dicom(workspace: Workspace, path: Path, site: str = "general") -> DicomReport:
    """Take a folder or file in."""
    return ingest_dicom(workspace, [path], site, progress=NoProgress())


def labelled_workspace(root: Path, images: Path) -> Workspace:
    """Make a workspace with the images of two sites and their labels."""
    workspace = empty_workspace(root)
    for site in SITES:
        take_dicom(workspace, images / site, site)
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
