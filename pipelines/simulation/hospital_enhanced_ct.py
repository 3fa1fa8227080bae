"""What an Enhanced CT object says beyond the common part: image, and the CT functional groups."""

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from pipelines.simulation.hospital_header import INTERCEPT_HU, Planned, code, made

_TYPE = ["ORIGINAL", "PRIMARY", "VOLUME", "NONE"]


def ct_image() -> Dataset:
    """Return the Enhanced CT Image module."""
    return made(ImageType=_TYPE)


def ct_groups(planned: Planned) -> Dataset:
    """Return the CT functional groups that all frames share."""
    groups = {
        "CTImageFrameTypeSequence": _frame_type(),
        "CTAcquisitionTypeSequence": _acquisition_type(),
        "CTAcquisitionDetailsSequence": _details(planned),
        "CTTableDynamicsSequence": _table(planned),
        "CTPositionSequence": _position(),
        "CTGeometrySequence": made(DistanceSourceToDetector=1040.0, DistanceSourceToDataCollectionCenter=570.0),
        "CTReconstructionSequence": _reconstruction(planned),
        "CTExposureSequence": _exposure(planned),
        "CTXRayDetailsSequence": _beam(planned),
        "PixelValueTransformationSequence": made(RescaleIntercept=INTERCEPT_HU, RescaleSlope=1, RescaleType="HU"),
        "IrradiationEventIdentificationSequence": made(IrradiationEventUID=planned.uid("irradiation")),
    }
    return made({keyword: Sequence([item]) for keyword, item in groups.items()})


def _frame_type() -> Dataset:
    return made(
        FrameType=_TYPE,
        PixelPresentation="MONOCHROME",
        VolumetricProperties="VOLUME",
        VolumeBasedCalculationTechnique="NONE",
    )


def _acquisition_type() -> Dataset:
    return made(AcquisitionType="SPIRAL", ConstantVolumeFlag="NO", FluoroscopyFlag="NO")


def _details(planned: Planned) -> Dataset:
    return made(
        RotationDirection="CW",
        RevolutionTime=0.5,
        SingleCollimationWidth=0.625,
        TotalCollimationWidth=planned.scanner.collimation_mm,
        TableHeight=150.0,
        GantryDetectorTilt=0.0,
        DataCollectionDiameter=500.0,
    )


def _table(planned: Planned) -> Dataset:
    advance = planned.scanner.collimation_mm
    return made(TableSpeed=2 * advance, TableFeedPerRotation=advance, SpiralPitchFactor=1.0)


def _position() -> Dataset:
    return made(
        TablePosition=0.0,
        DataCollectionCenterPatient=[0.0, 0.0, 0.0],
        ReconstructionTargetCenterPatient=[0.0, 0.0, 0.0],
    )


def _reconstruction(planned: Planned) -> Dataset:
    return made(
        ReconstructionAlgorithm="FILTER_BACK_PROJ",
        ConvolutionKernel=planned.study.scanner.kernel,
        ConvolutionKernelGroup="SOFT_TISSUE",
        ReconstructionDiameter=planned.examination.field_of_view_mm,
        ReconstructionPixelSpacing=[planned.pixel_mm, planned.pixel_mm],
        ReconstructionAngle=360.0,
        ImageFilter="NONE",
    )


def _exposure(planned: Planned) -> Dataset:
    examination = planned.examination
    return made(
        ExposureTimeInms=500.0,
        XRayTubeCurrentInmA=2.0 * examination.exposure_mas,
        ExposureInmAs=float(examination.exposure_mas),
        ExposureModulationType="NONE",
        CTDIvol=examination.ctdi_vol_mgy,
        CTDIPhantomTypeCodeSequence=code(*examination.phantom, scheme="DCM"),
    )


def _beam(planned: Planned) -> Dataset:
    return made(
        KVP=planned.study.scanner.kvp,
        FocalSpots=1.0,
        FilterType="FLAT",
        FilterMaterial="ALUMINUM",
        CalciumScoringMassFactorPatient=None,
    )
