"""The headers of the phantoms: complete MR Image Storage objects with invented identities."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian, MRImageStorage, generate_uid

from pipelines.simulation.phantom_scanners import PhantomScanner

SYNTHETIC_MARK = "SYNTHETIC"  # ImageComments of every phantom
_FIRST_NAMES = {"F": ("Alva", "Brona", "Cilia", "Dorete"), "M": ("Anskar", "Bertin", "Corvin", "Dagrun")}
_SURNAMES = ("Quillfeather", "Wimblestone", "Thornycroft", "Underbarrow", "Plumbwright", "Marrowgate", "Vexley")


@dataclass(frozen=True)
class PhantomPatient:
    """One invented patient and the one study made of them."""

    site: str
    number: int
    patient_id: str
    name: str
    sex: str
    age_years: int
    birth_date: date
    acquired_at: datetime
    study_uid: str
    series_uid: str
    frame_uid: str
    accession: str


def draw_patient(
    random: np.random.Generator, seed: int, site: str, number: int, acquired_at: datetime
) -> PhantomPatient:
    """Draw an invented patient; the UIDs follow from seed, site and number."""
    sex = "F" if random.random() < 0.5 else "M"
    age = int(random.integers(18, 90))
    name = f"{random.choice(_SURNAMES)}^{random.choice(_FIRST_NAMES[sex])}"
    birth = acquired_at.date() - timedelta(days=365 * age + age // 4 + int(random.integers(1, 300)))
    study, series, frame = (_uid(seed, site, number, kind) for kind in ("study", "series", "frame"))
    record = f"MRN{int(random.integers(10**7, 10**8))}{number:03d}"
    accession = f"ACC{int(random.integers(10**6, 10**7))}{number:03d}"
    return PhantomPatient(site, number, record, name, sex, age, birth, acquired_at, study, series, frame, accession)


def instance_uid(seed: int, patient: PhantomPatient, index: int) -> str:
    """Return the SOP instance UID of a patient's slice."""
    return _uid(seed, patient.site, patient.number, f"slice {index}")


def phantom_dataset(
    patient: PhantomPatient, scanner: PhantomScanner, sop: str, index: int, pixels: NDArray[np.uint16]
) -> Dataset:
    """Return one complete MR Image Storage object.

    Args:
        patient: whose study it is.
        scanner: the scanner that made it.
        sop: the SOP instance UID.
        index: number of the slice in the volume, from 0.
        pixels: grey values, shape (rows, columns).
    """
    dataset = Dataset()
    dataset.file_meta = _file_meta(sop)
    for part in (_who(patient), _which(patient, sop, index), _equipment(scanner), _technique(scanner)):
        dataset.update(part)
    dataset.update(_plane(scanner, index, pixels.shape[0]))
    dataset.update(_pixels(pixels))
    return dataset


def _uid(seed: int, site: str, number: int, kind: str) -> str:
    return str(generate_uid(entropy_srcs=["overread phantom", str(seed), site, str(number), kind]))


def _file_meta(sop: str) -> FileMetaDataset:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = MRImageStorage
    meta.MediaStorageSOPInstanceUID = UID(sop)
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = generate_uid(entropy_srcs=["overread phantom writer"])
    meta.ImplementationVersionName = "OVERREADPHANTOM"
    return meta


def _dataset(**elements: object) -> Dataset:
    dataset = Dataset()
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    return dataset


def _who(patient: PhantomPatient) -> Dataset:
    return _dataset(
        PatientName=patient.name,
        PatientID=patient.patient_id,
        PatientBirthDate=patient.birth_date.strftime("%Y%m%d"),
        PatientSex=patient.sex,
        PatientAge=f"{patient.age_years:03d}Y",
        ReferringPhysicianName="Referrer^Invented",
        ImageComments=SYNTHETIC_MARK,
    )


def _which(patient: PhantomPatient, sop: str, index: int) -> Dataset:
    day, time = patient.acquired_at.strftime("%Y%m%d"), patient.acquired_at.strftime("%H%M%S")
    dates = {f"{level}Date": day for level in ("Study", "Series", "Acquisition", "Content")}
    times = {f"{level}Time": time for level in ("Study", "Series", "Acquisition", "Content")}
    return _dataset(
        SpecificCharacterSet="ISO_IR 192",
        SOPClassUID=MRImageStorage,
        SOPInstanceUID=sop,
        StudyInstanceUID=patient.study_uid,
        SeriesInstanceUID=patient.series_uid,
        FrameOfReferenceUID=patient.frame_uid,
        PositionReferenceIndicator="",
        AccessionNumber=patient.accession,
        StudyID=f"S{patient.number:03d}",
        StudyDescription="MR LEG",
        SeriesDescription="T1 AX",
        SeriesNumber=1,
        InstanceNumber=index + 1,
        AcquisitionNumber=1,
        **dates,
        **times,
    )


def _equipment(scanner: PhantomScanner) -> Dataset:
    return _dataset(
        Modality="MR",
        Manufacturer=scanner.manufacturer,
        ManufacturerModelName=scanner.model,
        SoftwareVersions=scanner.software.split("\\"),
        DeviceSerialNumber=scanner.serial,
        StationName=scanner.station,
        InstitutionName="Invented Hospital",
    )


def _technique(scanner: PhantomScanner) -> Dataset:
    return _dataset(
        ImageType=["ORIGINAL", "PRIMARY", "OTHER"],
        ScanningSequence="SE",
        SequenceVariant="NONE",
        ScanOptions="",
        MRAcquisitionType="2D",
        RepetitionTime=scanner.repetition_ms,
        EchoTime=scanner.echo_ms,
        EchoTrainLength=1,
        FlipAngle=90,
        MagneticFieldStrength=scanner.field_t,
        ProtocolName="T1 AX",
        BodyPartExamined="LEG",
        Laterality="L",
        PatientPosition="FFS",
    )


def _plane(scanner: PhantomScanner, index: int, rows: int) -> Dataset:
    corner = -0.5 * rows * scanner.pixel_mm
    spacing = scanner.thickness_mm * 1.1
    return _dataset(
        PixelSpacing=[scanner.pixel_mm, scanner.pixel_mm],
        ImageOrientationPatient=[1, 0, 0, 0, 1, 0],
        ImagePositionPatient=[round(corner, 4), round(corner, 4), round(index * spacing, 4)],
        SliceThickness=scanner.thickness_mm,
        SpacingBetweenSlices=round(spacing, 4),
        SliceLocation=round(index * spacing, 4),
    )


def _pixels(pixels: NDArray[np.uint16]) -> Dataset:
    dataset = _dataset(
        SamplesPerPixel=1,
        PhotometricInterpretation="MONOCHROME2",
        Rows=pixels.shape[0],
        Columns=pixels.shape[1],
        BitsAllocated=16,
        BitsStored=16,
        HighBit=15,
        PixelRepresentation=0,
        WindowCenter=int(pixels.max()) // 2 + 1,
        WindowWidth=int(pixels.max()) + 1,
    )
    dataset.PixelData = pixels.astype("<u2").tobytes()
    return dataset
