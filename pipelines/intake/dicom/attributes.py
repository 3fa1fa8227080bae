"""Attributes beside the contract's columns: which header elements are kept as text, under which name."""

from collections.abc import Callable, Iterator, Mapping

from pipelines.intake.dicom.fields import Fields
from pipelines.intake.dicom.geometry import SliceGeometry
from pipelines.intake.dicom.text import clean

# Code strings and numbers of the acquisition itself; free descriptors are not among them.
TEXTS: Mapping[str, str] = {
    "image_type": "ImageType",
    "scanning_sequence": "ScanningSequence",
    "sequence_variant": "SequenceVariant",
    "scan_options": "ScanOptions",
    "mr_acquisition_type": "MRAcquisitionType",
    "sequence_name": "SequenceName",
    "pulse_sequence_name": "PulseSequenceName",
    "phase_encoding_direction": "InPlanePhaseEncodingDirection",
    "parallel_technique": "ParallelAcquisitionTechnique",
    "receive_coil": "ReceiveCoilName",
    "transmit_coil": "TransmitCoilName",
    "patient_position": "PatientPosition",
    "photometric_interpretation": "PhotometricInterpretation",
    "lossy_image_compression": "LossyImageCompression",
    "filter_type": "FilterType",
    "rescale_type": "RescaleType",
    "reconstruction_algorithm": "ReconstructionAlgorithm",
    "dose_modulation": "ExposureModulationType",
    "longitudinal_temporal_information_modified": "LongitudinalTemporalInformationModified",
    "burned_in_annotation": "BurnedInAnnotation",
}
NUMBERS: Mapping[str, str] = {
    "rows": "Rows",
    "columns": "Columns",
    "bits_stored": "BitsStored",
    "spacing_between_slices_mm": "SpacingBetweenSlices",
    "echo_train_length": "EchoTrainLength",
    "averages": "NumberOfAverages",
    "pixel_bandwidth_hz": "PixelBandwidth",
    "imaging_frequency_mhz": "ImagingFrequency",
    "percent_sampling": "PercentSampling",
    "percent_phase_fov": "PercentPhaseFieldOfView",
    "parallel_factor": "ParallelReductionFactorInPlane",
    "sar_w_per_kg": "SAR",
    "b_value": "DiffusionBValue",
    "reconstruction_diameter_mm": "ReconstructionDiameter",
    "tube_current_ma": "XRayTubeCurrent",
    "exposure_time_ms": "ExposureTime",
    "revolution_time_s": "RevolutionTime",
    "total_collimation_mm": "TotalCollimationWidth",
    "pitch": "SpiralPitchFactor",
    "gantry_tilt_tag_deg": "GantryDetectorTilt",
}


def header_attributes(fields: Fields) -> dict[str, str]:
    """Return the attributes of a header as texts; what the header lacks is absent."""
    texts = {name: fields.text(keyword) for name, keyword in TEXTS.items()}
    numbers = {name: _spelled(fields.number(keyword)) for name, keyword in NUMBERS.items()}
    return {name: value for name, value in (texts | numbers).items() if value}


def geometry_attributes(geometry: SliceGeometry | None, tilt_tag: float | None) -> dict[str, str]:
    """Return the attributes of a series' geometry as texts; codes of what is odd stand in `geometry_findings`."""
    if geometry is None:
        return {"geometry_findings": "no_geometry"}
    found = {
        "slices": str(geometry.slices),
        "volumes": str(geometry.volumes),
        "orientation": geometry.orientation,
        "slice_spacing_mm": _spelled(geometry.spacing_mm),
        "missing_slices": str(geometry.gaps) if geometry.gaps else None,
        "duplicate_slices": str(geometry.duplicates) if geometry.duplicates else None,
        "gantry_tilt_deg": _spelled(geometry.tilt_deg) if geometry.tilt_deg else None,
        "geometry_findings": ",".join(_findings(geometry, tilt_tag)) or None,
    }
    return {name: value for name, value in found.items() if value}


_FINDINGS: Mapping[str, Callable[[SliceGeometry], bool]] = {
    "gaps": lambda geometry: geometry.gaps > 0,
    "uneven_spacing": lambda geometry: geometry.uneven and geometry.gaps == 0,
    "duplicate_slices": lambda geometry: geometry.duplicates > 0,
    "mixed_orientation": lambda geometry: geometry.mixed_orientation,
    "tilted": lambda geometry: bool(geometry.tilt_deg),
}


def _findings(geometry: SliceGeometry, tilt_tag: float | None) -> Iterator[str]:
    yield from (name for name, holds in _FINDINGS.items() if holds(geometry))
    if geometry.tilt_deg and tilt_tag == 0:
        yield "tilt_tag_zero"


def _spelled(number: float | None) -> str | None:
    return None if number is None else clean(f"{number:.9g}")
