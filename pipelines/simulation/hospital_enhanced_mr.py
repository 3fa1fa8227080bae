"""What an Enhanced MR object says beyond the common part: image, pulse sequence, and the MR functional groups."""

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from pipelines.simulation.hospital_header import Planned, made

_TYPE = ["ORIGINAL", "PRIMARY", "T1", "NONE"]


def mr_image(planned: Planned) -> Dataset:
    """Return the Enhanced MR Image and MR Pulse Sequence modules."""
    return made(
        ImageType=_TYPE,
        MagneticFieldStrength=planned.study.scanner.field_strength_t,
        ResonantNucleus="1H",
        KSpaceFiltering="NONE",
        ApplicableSafetyStandardAgency="IEC",
        ComplexImageComponent="MAGNITUDE",
        AcquisitionContrast="T1",
        PulseSequenceName="SE",
        MRAcquisitionType="2D",
        EchoPulseSequence="SPIN",
        MultipleSpinEcho="NO",
        MultiPlanarExcitation="NO",
        PhaseContrast="NO",
        TimeOfFlightContrast="NO",
        SteadyStatePulseSequence="NONE",
        EchoPlanarPulseSequence="NO",
        SaturationRecovery="NO",
        SpectrallySelectedSuppression="NONE",
        OversamplingPhase="NONE",
        GeometryOfKSpaceTraversal="RECTILINEAR",
        RectilinearPhaseEncodeReordering="LINEAR",
        SegmentedKSpaceTraversal="SINGLE",
        NumberOfKSpaceTrajectories=1,
    )


def mr_groups(planned: Planned) -> Dataset:
    """Return the MR functional groups that all frames share."""
    groups = {
        "MRImageFrameTypeSequence": _frame_type(),
        "MRTimingAndRelatedParametersSequence": _timing(planned),
        "MRFOVGeometrySequence": _field_of_view(planned),
        "MREchoSequence": made(EffectiveEchoTime=planned.scanner.echo_ms),
        "MRModifierSequence": _modifier(),
        "MRImagingModifierSequence": _imaging_modifier(planned),
        "MRReceiveCoilSequence": _receiver(planned),
        "MRTransmitCoilSequence": _transmitter(planned),
        "MRAveragesSequence": made(NumberOfAverages=1),
        "PixelValueTransformationSequence": made(RescaleIntercept=0, RescaleSlope=1, RescaleType="US"),
    }
    return made({keyword: Sequence([item]) for keyword, item in groups.items()})


def _frame_type() -> Dataset:
    return made(
        FrameType=_TYPE,
        PixelPresentation="MONOCHROME",
        VolumetricProperties="VOLUME",
        VolumeBasedCalculationTechnique="NONE",
        ComplexImageComponent="MAGNITUDE",
        AcquisitionContrast="T1",
    )


def _timing(planned: Planned) -> Dataset:
    return made(
        RepetitionTime=planned.scanner.repetition_ms,
        FlipAngle=90,
        EchoTrainLength=1,
        RFEchoTrainLength=1,
        GradientEchoTrainLength=0,
        SpecificAbsorptionRateSequence=Sequence(
            [made(SpecificAbsorptionRateDefinition="IEC_HEAD", SpecificAbsorptionRateValue=1.2)]
        ),
        GradientOutputType="DB_DT",
        GradientOutput=20.0,
        OperatingModeSequence=Sequence(
            [
                made(OperatingModeType="STATIC FIELD", OperatingMode="IEC_NORMAL"),
                made(OperatingModeType="RF", OperatingMode="IEC_NORMAL"),
                made(OperatingModeType="GRADIENT", OperatingMode="IEC_NORMAL"),
            ]
        ),
    )


def _field_of_view(planned: Planned) -> Dataset:
    return made(
        InPlanePhaseEncodingDirection="COLUMN",
        MRAcquisitionFrequencyEncodingSteps=planned.size,
        MRAcquisitionPhaseEncodingStepsInPlane=planned.size,
        PercentSampling=100.0,
        PercentPhaseFieldOfView=100.0,
    )


def _modifier() -> Dataset:
    return made(
        InversionRecovery="NO",
        FlowCompensation="NONE",
        Spoiling="NONE",
        T2Preparation="NO",
        SpectrallySelectedExcitation="NONE",
        SpatialPresaturation="NONE",
        PartialFourier="NO",
        ParallelAcquisition="NO",
    )


def _imaging_modifier(planned: Planned) -> Dataset:
    megahertz = round(42.577 * float(planned.study.scanner.field_strength_t or 0.0), 3)
    return made(
        MagnetizationTransfer="NONE",
        BloodSignalNulling="NO",
        Tagging="NONE",
        TransmitterFrequency=megahertz,
        PixelBandwidth=150.0,
    )


def _receiver(planned: Planned) -> Dataset:
    return made(
        ReceiveCoilName="HEAD",
        ReceiveCoilManufacturerName=planned.study.scanner.manufacturer,
        ReceiveCoilType="VOLUME",
        QuadratureReceiveCoil="YES",
    )


def _transmitter(planned: Planned) -> Dataset:
    return made(
        TransmitCoilName="BODY",
        TransmitCoilManufacturerName=planned.study.scanner.manufacturer,
        TransmitCoilType="BODY",
    )
