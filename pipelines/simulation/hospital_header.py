"""The headers of the synthetic hospital's classic objects: complete MR and CT Image Storage, identities invented."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import UID, CTImageStorage, ExplicitVRLittleEndian, MRImageStorage, generate_uid

from pipelines.simulation.hospital import SimulatedHospital
from pipelines.simulation.hospital_protocol import EXAMINATIONS, ExaminationProtocol, ScannerProtocol, scanner_protocol
from pipelines.simulation.hospital_studies import SimulatedStudy, study_uid

SYNTHETIC_MARK = "SYNTHETIC"  # ImageComments of every object
INTERCEPT_HU = -1024
AGENTS = {True: {"MR": "GADOBUTROL", "CT": "IOHEXOL"}, False: {"MR": "NONE", "CT": "NONE"}}


@dataclass(frozen=True)
class Planned:
    """A study with everything that its headers are written from.

    Attributes:
        size: rows and columns of each slice.
        organisation: of the site.
    """

    seed: int
    study: SimulatedStudy
    organisation: str
    examination: ExaminationProtocol
    scanner: ScannerProtocol
    slices: int
    size: int

    @classmethod
    def of(cls, hospital: SimulatedHospital, study: SimulatedStudy, *, slices: int, size: int) -> "Planned":
        """Look up how a study is made."""
        place = next(site.organisation for site in hospital.sites if site.site == study.patient.site)
        protocol = EXAMINATIONS[hospital.examination]
        return cls(hospital.seed, study, place, protocol, scanner_protocol(study.scanner), slices, size)

    @property
    def modality(self) -> str:
        """DICOM Modality."""
        return self.study.scanner.modality

    @property
    def pixel_mm(self) -> float:
        """Distance between neighbouring pixels."""
        return round(self.examination.field_of_view_mm / self.size, 6)

    def height_mm(self, index: int) -> float:
        """Return the height of a slice above the middle one."""
        return round((index - self.slices // 2) * self.scanner.spacing_mm, 4)

    def corner_mm(self, index: int) -> list[float]:
        """Return the position of a slice's first pixel."""
        edge = round(-0.5 * (self.size - 1) * self.pixel_mm, 4)
        return [edge, edge, self.height_mm(index)]

    def uid(self, kind: str) -> str:
        """Return a UID of the study."""
        return study_uid(self.seed, self.study, kind)


def made(elements: Mapping[str, Any] | None = None, /, **more: Any) -> Dataset:
    """Return a data set of elements by their keywords."""
    dataset = Dataset()
    for keyword, value in {**(elements or {}), **more}.items():
        setattr(dataset, keyword, value)
    return dataset


def code(value: str, meaning: str, scheme: str = "SCT") -> Sequence:
    """Return a code sequence of one item."""
    return Sequence([made(CodeValue=value, CodingSchemeDesignator=scheme, CodeMeaning=meaning)])


def classic_object(planned: Planned, index: int, pixels: NDArray[np.uint16]) -> Dataset:
    """Return one slice as a complete MR or CT Image Storage object.

    Args:
        planned: the study.
        index: number of the slice, from 0, upwards.
        pixels: stored values, shape (size, size).
    """
    storage = MRImageStorage if planned.modality == "MR" else CTImageStorage
    dataset = common_header(planned, storage, planned.uid(f"slice {index}"))
    dataset.update(_sequence(planned) if planned.modality == "MR" else _rotation(planned))
    dataset.update(_plane(planned, index))
    dataset.update(pixel_elements(planned, pixels))
    return dataset


def common_header(planned: Planned, storage: UID, sop: str) -> Dataset:
    """Return what classic and enhanced objects have in common: patient, study, series, equipment, times."""
    dataset = Dataset()
    dataset.file_meta = _file_meta(storage, sop)
    dataset.update(made(SOPClassUID=storage, SOPInstanceUID=sop))
    for part in (_who, _which, _when, _equipment):
        dataset.update(part(planned))
    return dataset


def _file_meta(storage: UID, sop: str) -> FileMetaDataset:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = storage
    meta.MediaStorageSOPInstanceUID = UID(sop)
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = generate_uid(entropy_srcs=["overread hospital writer"])
    meta.ImplementationVersionName = "OVERREADHOSPITAL"
    return meta


def _who(planned: Planned) -> Dataset:
    patient = planned.study.patient
    return made(
        PatientName=patient.name,
        PatientID=patient.record,
        PatientBirthDate=day_text(patient.birth_date),
        PatientSex=patient.sex,
        PatientAge=f"{planned.study.age_years:03d}Y",
        ReferringPhysicianName="Referrer^Invented",
        ImageComments=SYNTHETIC_MARK,
    )


def _which(planned: Planned) -> Dataset:
    study = planned.study
    return made(
        SpecificCharacterSet="ISO_IR 192",
        StudyInstanceUID=planned.uid("study"),
        SeriesInstanceUID=planned.uid("series"),
        FrameOfReferenceUID=planned.uid("frame"),
        PositionReferenceIndicator="",
        AccessionNumber=study.accession,
        StudyID=f"S{study.number:04d}",
        StudyDescription=planned.examination.study,
        SeriesDescription=planned.examination.series,
        SeriesNumber=1,
        InstanceNumber=1,
        AcquisitionNumber=1,
        PatientPosition="HFS",
        BodyPartExamined=planned.examination.body_part,
        ProtocolName=planned.examination.name,
    )


def _when(planned: Planned) -> Dataset:
    """Return the times: ordered, acquired and stored, in the site's time with its offset."""
    study = planned.study
    day, time = day_text(study.acquired_at), time_text(study.acquired_at)
    dates = {f"{level}Date": day for level in ("Study", "Series", "Acquisition", "Content")}
    times = {f"{level}Time": time for level in ("Study", "Series", "Acquisition", "Content")}
    ordered = study.ordered_at.astimezone(study.acquired_at.tzinfo)
    return made(
        dates | times,
        TimezoneOffsetFromUTC=study.acquired_at.strftime("%z"),
        IssueDateOfImagingServiceRequest=day_text(ordered),
        IssueTimeOfImagingServiceRequest=time_text(ordered),
        PerformedProcedureStepStartDate=day,
        PerformedProcedureStepStartTime=time,
        InstanceCreationDate=day_text(study.received_at),
        InstanceCreationTime=time_text(study.received_at),
    )


def day_text(day: Any) -> str:
    """Return a date as DICOM writes it."""
    return str(day.strftime("%Y%m%d"))


def time_text(instant: datetime) -> str:
    """Return a time of day as DICOM writes it."""
    return instant.strftime("%H%M%S")


def _equipment(planned: Planned) -> Dataset:
    scanner = planned.study.scanner
    return made(
        Modality=planned.modality,
        Manufacturer=scanner.manufacturer,
        ManufacturerModelName=scanner.model,
        SoftwareVersions=planned.study.software.split("\\"),
        DeviceSerialNumber=scanner.serial,
        StationName=scanner.station,
        InstitutionName=planned.organisation,
    )


def _sequence(planned: Planned) -> Dataset:
    return made(
        ImageType=["ORIGINAL", "PRIMARY", "OTHER"],
        ScanningSequence="SE",
        SequenceVariant="NONE",
        ScanOptions="",
        MRAcquisitionType="2D",
        RepetitionTime=planned.scanner.repetition_ms,
        EchoTime=planned.scanner.echo_ms,
        EchoTrainLength=1,
        FlipAngle=90,
        MagneticFieldStrength=planned.study.scanner.field_strength_t,
        ContrastBolusAgent=AGENTS[planned.study.shot.contrast_agent]["MR"],
    )


def _rotation(planned: Planned) -> Dataset:
    examination = planned.examination
    return made(
        ImageType=["ORIGINAL", "PRIMARY", "AXIAL"],
        KVP=planned.study.scanner.kvp,
        ConvolutionKernel=planned.study.scanner.kernel,
        XRayTubeCurrent=2 * examination.exposure_mas,
        ExposureTime=500,
        Exposure=examination.exposure_mas,
        CTDIvol=examination.ctdi_vol_mgy,
        CTDIPhantomTypeCodeSequence=code(*examination.phantom, scheme="DCM"),
        DataCollectionDiameter=500,
        ReconstructionDiameter=examination.field_of_view_mm,
        GantryDetectorTilt=0,
        TotalCollimationWidth=planned.scanner.collimation_mm,
        RevolutionTime=0.5,
        RescaleIntercept=INTERCEPT_HU,
        RescaleSlope=1,
        RescaleType="HU",
        ContrastBolusAgent=AGENTS[planned.study.shot.contrast_agent]["CT"],
    )


def _plane(planned: Planned, index: int) -> Dataset:
    return made(
        InstanceNumber=index + 1,
        PixelSpacing=[planned.pixel_mm, planned.pixel_mm],
        ImageOrientationPatient=[1, 0, 0, 0, 1, 0],
        ImagePositionPatient=planned.corner_mm(index),
        SliceThickness=planned.scanner.thickness_mm,
        SpacingBetweenSlices=planned.scanner.spacing_mm,
        SliceLocation=planned.height_mm(index),
    )


def pixel_elements(planned: Planned, pixels: NDArray[np.uint16]) -> Dataset:
    """Return the pixels and what describes them; shape (size, size), or (frames, size, size)."""
    dataset = made(
        SamplesPerPixel=1,
        PhotometricInterpretation="MONOCHROME2",
        Rows=planned.size,
        Columns=planned.size,
        BitsAllocated=16,
        BitsStored=12,
        HighBit=11,
        PixelRepresentation=0,
    )
    if pixels.ndim == 2:
        centre, width = window(planned, pixels)
        dataset.update(made(WindowCenter=centre, WindowWidth=width))
    dataset.PixelData = pixels.astype("<u2").tobytes()
    return dataset


def window(planned: Planned, pixels: NDArray[np.uint16]) -> tuple[int, int]:
    """Return middle and width of the grey values that a viewer shows first: of MR by the picture, of CT by the part."""
    if planned.modality == "MR":
        top = int(np.percentile(pixels, 99.5))
        return top // 2 + 1, top + 1
    return (40, 400) if planned.examination.body_part == "CHEST" else (40, 80)
