"""Which images some paths hold, and how they fall into the units that a model speaks of."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.intake.dicom.batch import Reader
from pipelines.intake.dicom.instance import Instance, Origin
from pipelines.intake.dicom.limits import DEFAULT_LIMITS
from pipelines.intake.dicom.place import Opener
from pipelines.intake.dicom.quarantine import Code
from pipelines.intake.dicom.quiet import quiet_pydicom
from pipelines.intake.dicom.walker import list_places
from registry.database import reading
from registry.domain.errors import UsageError
from registry.domain.ports import Progress
from registry.domain.vocabulary import Unit
from registry.registered import known_sites, target_named

if TYPE_CHECKING:
    from pipelines.bootstrap import Workspace

# Files that are no image: passing them over loses nothing that a model could have scored.
_NO_IMAGE = frozenset({Code.NOT_DICOM, Code.NOT_IMAGE, Code.NO_PIXELS, Code.NOT_A_FILE})


@dataclass(frozen=True)
class Found:
    """The images whose headers can be read, once each, and how many more files could not be read as images."""

    images: tuple[Instance, ...]
    unreadable: int


@dataclass(frozen=True)
class UnitToScore:
    """One unit of a target: what it is, and its images in the order of their UIDs."""

    unit: Unit
    unit_uid: str
    images: tuple[Instance, ...]

    @property
    def acquired_at(self) -> str:
        """The newest acquisition time of its images, UTC text."""
        return max(image.acquired_at for image in self.images)

    @property
    def series_uid(self) -> str | None:
        """The series, where all images are of one."""
        series = {image.series_uid for image in self.images}
        return series.pop() if len(series) == 1 else None


def find_images(workspace: "Workspace", paths: Sequence[Path], site: str, progress: Progress) -> Found:
    """Read the headers of all files below some paths.

    Args:
        workspace: whose pseudonyms the images get.
        paths: folders, DICOM files, zip archives, DICOMDIRs.
        site: a site on record.
        progress: advances by files.

    Raises:
        UnreadableFileError: when a path does not exist.
    """
    listing = list_places(paths, DEFAULT_LIMITS)
    origin = Origin(site, _zone(workspace, site), workspace.pseudonyms, DEFAULT_LIMITS)
    with quiet_pydicom(), Opener() as opener:
        images, refused = Reader(origin, opener, workspace.seal).read(listing.places, progress)
    unreadable = sum(one.code not in _NO_IMAGE for one in refused) + len(listing.refused)
    once = {image.instance_uid: image for image in reversed(images)}
    return Found(tuple(once[uid] for uid in sorted(once)), unreadable)


def units_of(workspace: "Workspace", target: str, images: Sequence[Instance]) -> list[UnitToScore]:
    """Group images into the target's analysis units, in the order of the units' UIDs.

    Raises:
        UnknownNameError: for an unknown target.
        UsageError: when the target speaks of lesions, which a classifier of images does not find.
    """
    with reading(workspace.engine) as session:
        unit = target_named(session, target).analysis_unit
    if unit is Unit.LESION:
        raise UsageError(f"target '{target}' speaks of lesions", mend="a classifier of images cannot answer it")
    groups: Mapping[str, list[Instance]] = defaultdict(list)
    for image in images:
        groups[_uid(unit, image)].append(image)
    return [UnitToScore(unit, uid, tuple(groups[uid])) for uid in sorted(groups)]


def _uid(unit: Unit, image: Instance) -> str:
    return {Unit.INSTANCE: image.instance_uid, Unit.SERIES: image.series_uid}.get(unit, image.study_uid)


def _zone(workspace: "Workspace", site: str) -> str:
    with reading(workspace.engine) as session:
        known = known_sites(session).get(site)
    return workspace.settings.time_zone(site) if known is None else known.time_zone
