"""One canonical acquisitions row from the headers of one series, classic or enhanced."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pipelines.intake.dicom.attributes import geometry_attributes, header_attributes
from pipelines.intake.dicom.field_strength import nominal_tesla
from pipelines.intake.dicom.fields import Fields
from pipelines.intake.dicom.geometry import describe
from pipelines.intake.dicom.instance import Instance, Origin
from pipelines.intake.dicom.person import age_years, sex
from pipelines.intake.dicom.sequence import sequence_attributes
from pipelines.intake.dicom.text import code_string, known_protocol
from pipelines.intake.dicom.times import acquired_at
from pipelines.intake.dicom.vendors import normal_vendor
from registry.domain.instants import instant_text, local_day
from registry.domain.pseudonym import Identifier, Pseudonymizer

# Column -> the header elements that may hold it, in order of preference.
NUMBERS: Mapping[str, tuple[str, ...]] = {
    "kvp": ("KVP",),
    "slice_thickness_mm": ("SliceThickness",),
    "pixel_spacing_mm": ("PixelSpacing", "ImagerPixelSpacing"),
    "repetition_time_ms": ("RepetitionTime",),
    "echo_time_ms": ("EchoTime", "EffectiveEchoTime"),
    "inversion_time_ms": ("InversionTime", "InversionTimes"),
    "flip_angle_deg": ("FlipAngle",),
    "ctdi_vol_mgy": ("CTDIvol",),
    "contrast_volume_ml": ("ContrastBolusVolume",),
}
_NO_CONTRAST = frozenset({"no", "none", "no contrast", "without", "w/o", "n"})


def series_row(fields: Fields, instances: Sequence[Instance], origin: Origin) -> dict[str, Any]:
    """Return the acquisitions row of one series.

    Args:
        fields: the header of the series' first instance; its scalars stand for the series.
        instances: all instances of the series, in geometry order.
        origin: the site, its time zone and the pseudonyms.

    Returns:
        Column to value, with a mapping of texts under `attributes`; absent values are absent.
    """
    first = instances[0]
    row: dict[str, Any] = {
        "series_uid": first.series_uid,
        "study_uid": first.study_uid,
        "patient": first.patient,
        "site": first.site,
        "modality": first.modality,
        "acquired_at": first.acquired_at,
    }
    attributes: dict[str, str] = {}
    for part in (_time, _device, _physics, _subject, _protocol):
        columns, extra = part(fields, origin)
        row |= columns
        attributes |= extra
    attributes |= header_attributes(fields) | sequence_attributes(fields, first.modality)
    attributes |= _extent(fields, instances)
    if fields.flags:
        attributes["intake_flags"] = ",".join(sorted(fields.flags))
    return {name: value for name, value in row.items() if value is not None} | {"attributes": attributes}


_Part = tuple[dict[str, Any], dict[str, str]]


def _time(fields: Fields, origin: Origin) -> _Part:
    when = acquired_at(fields, origin.time_zone)
    if when is None:
        return {}, {}
    age = age_years(fields, local_day(when.instant, origin.time_zone))
    return {"acquired_at": instant_text(when.instant), "age_years": age}, {"acquired_at_source": when.source}


def _device(fields: Fields, origin: Origin) -> _Part:
    raw = fields.text("Manufacturer") or ""
    vendor = normal_vendor(raw)
    model = fields.text("ManufacturerModelName")
    scanner, source = _scanner(fields, origin, vendor.name or "", model or "")
    columns = {
        "manufacturer": vendor.name,
        "manufacturer_model_name": model,
        "software_versions": fields.text("SoftwareVersions"),
        "scanner": scanner,
    }
    extra = {"manufacturer_raw": raw, "manufacturer_rule": vendor.rule, "scanner_source": source}
    return columns, {name: value for name, value in extra.items() if value}


def _scanner(fields: Fields, origin: Origin, vendor: str, model: str) -> tuple[str, str]:
    """Return the scanner's pseudonym and what it was made of: serial, else station, else model and site."""
    serial = str(fields.raw("DeviceSerialNumber") or "").strip()
    if serial:
        return origin.pseudonyms.of(Identifier.DEVICE, serial), "serial"
    station = str(fields.raw("StationName") or "").strip()
    if station:
        return origin.pseudonyms.of(Identifier.STATION, station), "station"
    return origin.pseudonyms.of(Identifier.DEVICE, f"{vendor}|{model}|{origin.site}"), "model-level"


def _physics(fields: Fields, _origin: Origin) -> _Part:
    columns: dict[str, Any] = {column: fields.first_number(*keywords) for column, keywords in NUMBERS.items()}
    tesla, flag = nominal_tesla(fields.number("MagneticFieldStrength"))
    if flag:
        fields.flag(flag)
    columns["magnetic_field_strength"] = tesla
    columns["exposure_mas"] = _exposure(fields)
    columns["convolution_kernel"] = fields.text("ConvolutionKernel")
    columns["contrast"] = _contrast(fields)
    stated = fields.number("MagneticFieldStrength")
    return columns, {} if stated is None or stated == tesla else {"magnetic_field_strength_raw": f"{stated:.9g}"}


def _exposure(fields: Fields) -> float | None:
    """Return the exposure in mA.s: stated in mA.s, in uA.s, or as tube current times exposure time."""
    stated = fields.first_number("ExposureInmAs", "Exposure")
    if stated is not None:
        return stated
    micro = fields.number("ExposureInuAs")
    if micro is not None:
        return micro / 1000
    current = fields.first_number("XRayTubeCurrentInmA", "XRayTubeCurrent")
    milliseconds = fields.first_number("ExposureTimeInms", "ExposureTime")
    return None if current is None or milliseconds is None else current * milliseconds / 1000


def _contrast(fields: Fields) -> bool | None:
    """Say whether an agent is named; an absent or empty element leaves it unknown."""
    agent = fields.text("ContrastBolusAgent")
    if agent is None:
        return True if fields.raw("ContrastBolusAgentSequence") else None
    return agent.casefold() not in _NO_CONTRAST


def _subject(fields: Fields, _origin: Origin) -> _Part:
    return {"sex": sex(fields), "body_part_examined": code_string(fields.raw("BodyPartExamined") or "")}, {}


def _protocol(fields: Fields, origin: Origin) -> _Part:
    name = fields.text("ProtocolName")
    if name is None:
        return {}, {}
    return {"protocol_name": protocol_name(name, origin.pseudonyms)}, {}


def protocol_name(name: str, pseudonyms: Pseudonymizer) -> str:
    """Return a protocol name as it may be stored: in the vocabulary's words, else as a pseudonym."""
    return known_protocol(name) or pseudonyms.of(Identifier.TEXT, name)


_SPREAD: Mapping[str, Callable[[Instance], Any]] = {
    "mixed_modality": lambda instance: instance.modality,
    "mixed_class": lambda instance: instance.sop_class,
}


def _extent(fields: Fields, instances: Sequence[Instance]) -> dict[str, str]:
    planes = [plane for instance in instances for plane in instance.planes]
    for finding, of in _SPREAD.items():
        if len({of(instance) for instance in instances}) > 1:
            fields.flag(finding)
    counts = {"instances": str(len(instances)), "frames": str(sum(instance.frames for instance in instances))}
    return counts | geometry_attributes(describe(planes), fields.number("GantryDetectorTilt"))
