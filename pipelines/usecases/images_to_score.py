"""Which images some paths hold, and how they fall into the units that a model speaks of."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.intake.dicom.batch import Reader
from pipelines.intake.dicom.instance import Instance, Origin
from pipelines.intake.dicom.limits import DEFAULT_LIMITS
from pipelines.intake.dicom.place import Opener
from pipelines.intake.dicom.quarantine import Code
from pipelines.intake.dicom.quiet import quiet_pydicom
from pipelines.intake.dicom.walker import list_places
from registry.catalogue import Catalogue
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
    """One unit of a target: what it is, and the images by which it is scored.

    An instance is its own image. A series is scored by its middle slice, as `ImageReader` chooses it for a cohort, and
    a study by one image a series: what is served is what was validated.
    """

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
    """Group images that were taken in into the target's analysis units, in the order of the units' UIDs.

    The middle slice of a series is that of the catalogue: paths that hold half a series score the same image. A series
    with an image that intake refused (it is known with other content) is represented by that one, so that it fails.

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
    return [UnitToScore(unit, uid, _scored_by(workspace.catalogue, unit, groups[uid])) for uid in sorted(groups)]


def _scored_by(catalogue: Catalogue, unit: Unit, images: Sequence[Instance]) -> tuple[Instance, ...]:
    if unit is Unit.INSTANCE:
        return tuple(images)
    series: Mapping[str, list[Instance]] = defaultdict(list)
    for image in sorted(images, key=lambda image: (image.acquired_at, image.series_uid, image.instance_uid)):
        series[image.series_uid].append(image)
    return tuple(_standing(catalogue, uid, found) for uid, found in series.items())


def _standing(catalogue: Catalogue, series_uid: str, images: Sequence[Instance]) -> Instance:
    taken_in = {one.instance_uid: one.content_digest for one in catalogue.instances(Unit.SERIES, series_uid)}
    refused = [image for image in images if taken_in.get(image.instance_uid) != image.content_digest]
    middle = catalogue.image_of(Unit.SERIES, series_uid)
    if refused or middle is None:
        return refused[0]
    return replace(images[0], instance_uid=middle.instance_uid, content_digest=middle.content_digest)


def _uid(unit: Unit, image: Instance) -> str:
    return {Unit.INSTANCE: image.instance_uid, Unit.SERIES: image.series_uid}.get(unit, image.study_uid)


def _zone(workspace: "Workspace", site: str) -> str:
    with reading(workspace.engine) as session:
        known = known_sites(session).get(site)
    return workspace.settings.time_zone(site) if known is None else known.time_zone
