"""Enhanced multi-frame objects keep their attributes in functional groups: per frame, then shared, then top level."""

from collections.abc import Mapping
from typing import Any

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset

# Attribute -> the functional group macro that holds it (PS3.3, C.7.6.16.2 and the MR and CT macros).
MACROS: Mapping[str, str] = {
    "SliceThickness": "PixelMeasuresSequence",
    "PixelSpacing": "PixelMeasuresSequence",
    "SpacingBetweenSlices": "PixelMeasuresSequence",
    "ImageOrientationPatient": "PlaneOrientationSequence",
    "ImagePositionPatient": "PlanePositionSequence",
    "RescaleSlope": "PixelValueTransformationSequence",
    "RescaleIntercept": "PixelValueTransformationSequence",
    "RescaleType": "PixelValueTransformationSequence",
    "RepetitionTime": "MRTimingAndRelatedParametersSequence",
    "FlipAngle": "MRTimingAndRelatedParametersSequence",
    "EchoTrainLength": "MRTimingAndRelatedParametersSequence",
    "EffectiveEchoTime": "MREchoSequence",
    "InversionTimes": "MRModifierSequence",
    "ParallelReductionFactorInPlane": "MRModifierSequence",
    "ParallelAcquisitionTechnique": "MRModifierSequence",
    "PixelBandwidth": "MRImagingModifierSequence",
    "ReceiveCoilName": "MRReceiveCoilSequence",
    "ReceiveCoilType": "MRReceiveCoilSequence",
    "TransmitCoilName": "MRTransmitCoilSequence",
    "InPlanePhaseEncodingDirection": "MRFOVGeometrySequence",
    "NumberOfAverages": "MRAveragesSequence",
    "DiffusionBValue": "MRDiffusionSequence",
    "ConvolutionKernel": "CTReconstructionSequence",
    "ReconstructionDiameter": "CTReconstructionSequence",
    "ExposureInmAs": "CTExposureSequence",
    "XRayTubeCurrentInmA": "CTExposureSequence",
    "ExposureTimeInms": "CTExposureSequence",
    "CTDIvol": "CTExposureSequence",
    "KVP": "CTXRayDetailsSequence",
    "FocalSpots": "CTXRayDetailsSequence",
    "FilterType": "CTXRayDetailsSequence",
    "GantryDetectorTilt": "CTGeometrySequence",
    "SpiralPitchFactor": "CTTableDynamicsSequence",
    "AcquisitionType": "CTAcquisitionTypeSequence",
    "TableSpeed": "CTTableDynamicsSequence",
    "RevolutionTime": "CTAcquisitionDetailsSequence",
    "TableHeight": "CTAcquisitionDetailsSequence",
    "FrameAcquisitionDateTime": "FrameContentSequence",
    "AnatomicRegionSequence": "FrameAnatomySequence",
}


def locate(dataset: Dataset, keyword: str, frame: int = 0) -> DataElement | None:
    """Return the element of an attribute for one frame; None when no level holds it.

    Args:
        dataset: a classic or an enhanced image header.
        keyword: the attribute's DICOM keyword.
        frame: index of the frame, from 0.

    Raises:
        ValueError: among others, where the element's bytes do not fit its representation; see `HEADER_ERRORS`.
    """
    macro = MACROS.get(keyword)
    if macro is not None:
        for group in functional_groups(dataset, frame):
            item = _first(group.get(macro))
            if item is not None and keyword in item:
                return _element(item, keyword)
    return _element(dataset, keyword) if keyword in dataset else None


def functional_groups(dataset: Dataset, frame: int) -> list[Dataset]:
    """Return the functional groups that hold for one frame, the most specific first."""
    per_frame = dataset.get("PerFrameFunctionalGroupsSequence") or []
    shared = dataset.get("SharedFunctionalGroupsSequence") or []
    return [*per_frame[frame : frame + 1], *shared[:1]]


def _first(sequence: Any) -> Dataset | None:
    return sequence[0] if sequence and isinstance(sequence[0], Dataset) else None


def _element(dataset: Dataset, keyword: str) -> DataElement:
    found: DataElement = dataset[keyword]
    return found
