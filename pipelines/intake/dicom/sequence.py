"""Which family of sequences made an MR series, in how many dimensions, and how a CT was scanned: from coded values.

Sources: DICOM PS3.3, modules MR Image, MR Pulse Sequence and CT Acquisition Type. Descriptions are free text, differ by
site and may name a patient: they are not read. Where vendors code one thing in two ways (an echo-planar gradient echo
of Philips says GR with a long echo train in two dimensions, one of GE says EP and GR) the family is the same.
"""

from collections.abc import Callable, Mapping

from pipelines.intake.dicom.fields import Fields

_TRAIN, _FLAT, _DIFFUSION = "several echoes", "2D", "diffusion"
# The first all of whose marks a header bears: codes of Scanning Sequence and Sequence Variant, and three of ours.
FAMILIES: tuple[tuple[str, frozenset[str]], ...] = (
    ("gradient echo-planar", frozenset({"EP", "GR"})),
    ("spin echo-planar", frozenset({"EP", "SE"})),
    ("echo-planar", frozenset({"EP"})),
    ("gradient and spin echo", frozenset({"GR", "SE"})),
    ("prepared gradient echo", frozenset({"GR", "MP"})),
    ("prepared gradient echo", frozenset({"GR", "IR"})),
    ("gradient echo-planar", frozenset({"GR", _TRAIN, _FLAT})),
    ("spoiled gradient echo", frozenset({"GR", "SP"})),
    ("steady-state gradient echo", frozenset({"GR", "SS"})),
    ("steady-state gradient echo", frozenset({"GR", "TRSS"})),
    ("gradient echo", frozenset({"GR"})),
    ("inversion recovery", frozenset({"IR"})),
    ("spin echo-planar", frozenset({"SE", _TRAIN, _DIFFUSION})),
    ("turbo spin echo", frozenset({"SE", _TRAIN})),
    ("spin echo", frozenset({"SE"})),
    ("research", frozenset({"RM"})),
)
_CODES = frozenset({"SE", "IR", "GR", "EP", "RM", "SS", "TRSS", "SP", "MP"})
# What an enhanced object says in elements of its own.
_ECHOES: Mapping[str, frozenset[str]] = {
    "SPIN": frozenset({"SE"}),
    "GRADIENT": frozenset({"GR"}),
    "BOTH": frozenset({"SE", "GR"}),
}
_MARKS: Mapping[str, Callable[[Fields], bool]] = {
    "IR": lambda fields: _says(fields, "InversionRecovery") or _inverted(fields),
    "EP": lambda fields: _says(fields, "EchoPlanarPulseSequence"),
    "SP": lambda fields: fields.text("Spoiling") not in {None, "NONE"},
    "SS": lambda fields: fields.text("SteadyStatePulseSequence") not in {None, "NONE"},
    _TRAIN: lambda fields: _says(fields, "MultipleSpinEcho") or (fields.number("EchoTrainLength") or 0) > 1,
    _FLAT: lambda fields: fields.text("MRAcquisitionType") == "2D",
    _DIFFUSION: lambda fields: fields.number("DiffusionBValue") is not None,
}
_SCANS: Mapping[str, str] = {
    "SPIRAL": "helical",
    "SEQUENCED": "none",
    "STATIONARY": "none",
    "CONSTANT_ANGLE": "none",
    "HELICAL MODE": "helical",
    "HELICAL_CT": "helical",
    "HELIX": "helical",
    "AXIAL MODE": "none",
    "AXIAL": "none",
    "NORMAL_CT": "none",
    "SCOUT MODE": "none",
}


def sequence_attributes(fields: Fields, modality: str) -> dict[str, str]:
    """Return `sequence_family` and `dimensionality` of an MR series, `pitch_class` of a CT, where they are coded.

    Args:
        fields: the header of the series' first instance.
        modality: of the series.
    """
    found: dict[str, str | None] = {}
    if modality == "MR":
        found = {"sequence_family": _family(fields), "dimensionality": _dimensionality(fields)}
    elif modality == "CT":
        found = {"pitch_class": _pitch_class(fields)}
    return {name: value for name, value in found.items() if value}


def _family(fields: Fields) -> str | None:
    stated = {*fields.texts("ScanningSequence"), *fields.texts("SequenceVariant")} & _CODES
    stated |= _ECHOES.get(fields.text("EchoPulseSequence") or "", frozenset())
    marks = stated | {mark for mark, bears in _MARKS.items() if bears(fields)}
    if not stated & {"SE", "IR", "GR", "EP", "RM"}:
        return None
    return next((name for name, needed in FAMILIES if needed <= marks), None)


def _dimensionality(fields: Fields) -> str | None:
    stated = fields.text("MRAcquisitionType")
    return stated if stated in {"2D", "3D"} else None


def _pitch_class(fields: Fields) -> str | None:
    words = (*fields.texts("AcquisitionType"), *fields.texts("ScanOptions"))
    coded = next((found for word in words if (found := _SCANS.get(word.upper()))), None)
    return coded or ("helical" if (fields.number("SpiralPitchFactor") or 0) > 0 else None)


def _says(fields: Fields, keyword: str) -> bool:
    return fields.text(keyword) == "YES"


def _inverted(fields: Fields) -> bool:
    return (fields.first_number("InversionTime", "InversionTimes") or 0) > 0
