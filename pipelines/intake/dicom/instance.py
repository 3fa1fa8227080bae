"""What one accepted file says about itself, by pseudonyms."""

from dataclasses import dataclass
from typing import BinaryIO

from pipelines.intake.dicom.fields import Fields
from pipelines.intake.dicom.geometry import Plane, plane_of
from pipelines.intake.dicom.header import Header, read_header
from pipelines.intake.dicom.image import Shape, judge_image
from pipelines.intake.dicom.limits import Limits
from pipelines.intake.dicom.place import Place
from pipelines.intake.dicom.quarantine import Code, FileRefusedError
from pipelines.intake.dicom.text import code_string
from pipelines.intake.dicom.times import acquired_at
from registry.domain.instants import instant_text
from registry.domain.pseudonym import Identifier, Pseudonymizer

SYNTHETIC_COMMENT = "SYNTHETIC"


@dataclass(frozen=True)
class Origin:
    """Who takes a file in, and for which site: what turns foreign identifiers and local times into ours."""

    site: str
    time_zone: str
    pseudonyms: Pseudonymizer
    limits: Limits


@dataclass(frozen=True)
class Instance:
    """One image file; identifiers are pseudonyms, `planes` has one entry for each frame that states its plane."""

    place: Place
    content_digest: str
    instance_uid: str
    series_uid: str
    study_uid: str
    patient: str
    site: str
    modality: str
    sop_class: str
    frames: int
    planes: tuple[Plane, ...]
    acquired_at: str
    number: float
    synthetic: bool

    @property
    def position_mm(self) -> float | None:
        """Position of the first frame along its normal; None when the header has no geometry."""
        return self.planes[0].projection if self.planes else None

    @property
    def order(self) -> tuple[bool, float, str, float, str]:
        """Key of the series' order: by projection, then time, then number, then UID."""
        position = self.position_mm
        return (position is None, position or 0.0, self.acquired_at, self.number, self.instance_uid)


def inspect(file: BinaryIO, place: Place, origin: Origin) -> Instance:
    """Read and judge one file.

    Raises:
        FileRefusedError: with the code of why it is not taken in.
    """
    header = read_header(file, origin.limits)
    fields = Fields(header.dataset)
    shape = judge_image(header, file, origin.limits)
    identity = _identity(fields, origin.pseudonyms)
    when = acquired_at(fields, origin.time_zone)
    if when is None:
        raise FileRefusedError(Code.MISSING_TIME)
    return Instance(
        place=place,
        content_digest=header.content_digest,
        **identity,
        site=origin.site,
        modality=_modality(fields),
        sop_class=str(fields.raw("SOPClassUID"))[:64],
        frames=shape.frames,
        planes=planes_of(header, shape),
        acquired_at=instant_text(when.instant),
        number=fields.number("InstanceNumber") or 0.0,
        synthetic=_is_synthetic(fields),
    )


def planes_of(header: Header, shape: Shape) -> tuple[Plane, ...]:
    """Return the plane of each frame that states one."""
    frames = shape.frames if "PerFrameFunctionalGroupsSequence" in header.dataset else 1
    found = []
    for frame in range(frames):
        fields = Fields(header.dataset, frame)
        found.append(plane_of(fields.numbers("ImagePositionPatient"), fields.numbers("ImageOrientationPatient")))
    return tuple(plane for plane in found if plane is not None)


def _identity(fields: Fields, pseudonyms: Pseudonymizer) -> dict[str, str]:
    uids = {
        "instance_uid": _uid(fields, "SOPInstanceUID"),
        "series_uid": _uid(fields, "SeriesInstanceUID"),
        "study_uid": _uid(fields, "StudyInstanceUID"),
    }
    if not all(uids.values()) or not _uid(fields, "SOPClassUID"):
        raise FileRefusedError(Code.MISSING_UID)
    patient = pseudonyms.of(Identifier.PATIENT, str(fields.raw("PatientID") or ""))
    if not patient:
        raise FileRefusedError(Code.MISSING_PATIENT)
    return {name: pseudonyms.uid(uid) for name, uid in uids.items()} | {"patient": patient}


def _uid(fields: Fields, keyword: str) -> str:
    return str(fields.raw(keyword) or "").strip("\0 ")


def _modality(fields: Fields) -> str:
    found = code_string(fields.raw("Modality") or "")
    if not found:
        raise FileRefusedError(Code.MISSING_MODALITY)
    return found


def _is_synthetic(fields: Fields) -> bool:
    stated = (fields.text("SyntheticData") or "").upper() == "YES"
    return stated or (fields.text("ImageComments") or "").upper() == SYNTHETIC_COMMENT
