"""The headers of the synthetic hospital's enhanced objects: one multi-frame object a series, with functional groups."""

from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import UID, EnhancedCTImageStorage, EnhancedMRImageStorage

from pipelines.simulation.hospital_enhanced_ct import ct_groups, ct_image
from pipelines.simulation.hospital_enhanced_mr import mr_groups, mr_image
from pipelines.simulation.hospital_header import Planned, code, common_header, made, pixel_elements, window

_AGENT = {"MR": ("418351005", "Gadobutrol"), "CT": ("395751004", "Iohexol")}
_CLASSIC_ONLY = ("AcquisitionDate", "AcquisitionTime", "BodyPartExamined")
_FRAME_S = 4.0


def enhanced_object(planned: Planned, pixels: NDArray[np.uint16]) -> Dataset:
    """Return a series as one Enhanced MR or Enhanced CT Image Storage object.

    Args:
        planned: the study.
        pixels: stored values, shape (frames, size, size), upwards.
    """
    storage: UID = EnhancedMRImageStorage if planned.modality == "MR" else EnhancedCTImageStorage
    dataset = common_header(planned, storage, planned.uid("volume"))
    for keyword in _CLASSIC_ONLY:
        delattr(dataset, keyword)
    dataset.update(_image(planned))
    dataset.update(mr_image(planned) if planned.modality == "MR" else ct_image())
    dataset.update(_agent(planned))
    dataset.update(_dimensions(planned))
    dataset.SharedFunctionalGroupsSequence = Sequence([_shared(planned, pixels)])
    dataset.PerFrameFunctionalGroupsSequence = Sequence([_frame(planned, index) for index in range(planned.slices)])
    dataset.NumberOfFrames = planned.slices
    dataset.update(pixel_elements(planned, pixels))
    return dataset


def _image(planned: Planned) -> Dataset:
    """Return what both image modules ask for."""
    return made(
        AcquisitionDateTime=_instant(planned.study.acquired_at),
        AcquisitionDuration=_FRAME_S * planned.slices,
        AcquisitionContextSequence=Sequence([]),
        ContentQualification="RESEARCH",
        PixelPresentation="MONOCHROME",
        VolumetricProperties="VOLUME",
        VolumeBasedCalculationTechnique="NONE",
        BurnedInAnnotation="NO",
        LossyImageCompression="00",
        PresentationLUTShape="IDENTITY",
    )


def _instant(instant: datetime) -> str:
    return instant.strftime("%Y%m%d%H%M%S%z")


def _agent(planned: Planned) -> Dataset:
    """Return the contrast agent, by code; nothing where none was given."""
    if not planned.study.shot.contrast_agent:
        return Dataset()
    agent = made(
        CodeValue=_AGENT[planned.modality][0],
        CodingSchemeDesignator="SCT",
        CodeMeaning=_AGENT[planned.modality][1],
        ContrastBolusAgentNumber=1,
        ContrastBolusAdministrationRouteSequence=code("47625008", "Intravenous route"),
        ContrastBolusIngredientCodeSequence=_ingredient(planned),
        ContrastBolusVolume=None,
        ContrastBolusIngredientConcentration=None,
    )
    return made(ContrastBolusAgentSequence=Sequence([agent]))


def _ingredient(planned: Planned) -> Sequence:
    return code("105879004", "Gadolinium") if planned.modality == "MR" else code("44588005", "Iodine")


def _dimensions(planned: Planned) -> Dataset:
    organisation = planned.uid("dimensions")
    index = made(
        DimensionOrganizationUID=organisation,
        DimensionIndexPointer=0x00209057,  # In-Stack Position Number
        FunctionalGroupPointer=0x00209111,  # Frame Content Sequence
    )
    return made(
        DimensionOrganizationSequence=Sequence([made(DimensionOrganizationUID=organisation)]),
        DimensionIndexSequence=Sequence([index]),
    )


def _shared(planned: Planned, pixels: NDArray[np.uint16]) -> Dataset:
    """Return the functional groups that hold for every frame."""
    centre, width = window(planned, pixels)
    measures = made(
        PixelSpacing=[planned.pixel_mm, planned.pixel_mm],
        SliceThickness=planned.scanner.thickness_mm,
        SpacingBetweenSlices=planned.scanner.spacing_mm,
    )
    anatomy = made(AnatomicRegionSequence=code(*planned.examination.region), FrameLaterality="U")
    shared = made(
        PixelMeasuresSequence=Sequence([measures]),
        PlaneOrientationSequence=Sequence([made(ImageOrientationPatient=[1, 0, 0, 0, 1, 0])]),
        FrameAnatomySequence=Sequence([anatomy]),
        FrameVOILUTSequence=Sequence([made(WindowCenter=centre, WindowWidth=width)]),
    )
    if planned.study.shot.contrast_agent:
        usage = made(ContrastBolusAgentNumber=1, ContrastBolusAgentAdministered="YES", ContrastBolusAgentDetected="YES")
        shared.ContrastBolusUsageSequence = Sequence([usage])
    shared.update(mr_groups(planned) if planned.modality == "MR" else ct_groups(planned))
    return shared


def _frame(planned: Planned, index: int) -> Dataset:
    """Return the functional groups of one frame: when and where."""
    start = planned.study.acquired_at + timedelta(seconds=_FRAME_S * index)
    content = made(
        FrameAcquisitionNumber=1,
        FrameReferenceDateTime=_instant(start),
        FrameAcquisitionDateTime=_instant(start),
        FrameAcquisitionDuration=1000 * _FRAME_S,
        StackID="1",
        InStackPositionNumber=index + 1,
        DimensionIndexValues=index + 1,
    )
    position = made(ImagePositionPatient=planned.corner_mm(index))
    return made(FrameContentSequence=Sequence([content]), PlanePositionSequence=Sequence([position]))
