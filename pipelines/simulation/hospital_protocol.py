"""How each examination of the synthetic hospital is made: its names, and the parameters by manufacturer."""

from collections.abc import Mapping
from dataclasses import dataclass

from pipelines.simulation.hospital import Examination, SimulatedScanner


@dataclass(frozen=True)
class ExaminationProtocol:
    """What the headers of an examination say, whoever made the scanner.

    Attributes:
        field_of_view_mm: of the square picture.
        region: code (SCT) and meaning of the anatomic region.
        exposure_mas, ctdi_vol_mgy: of CT.
    """

    study: str
    series: str
    name: str
    body_part: str
    region: tuple[str, str]
    field_of_view_mm: float
    exposure_mas: int = 0
    ctdi_vol_mgy: float = 0.0
    phantom: tuple[str, str] = ("", "")


@dataclass(frozen=True)
class ScannerProtocol:
    """The parameters by which one manufacturer's scanners are run; lengths in mm, times in ms.

    Attributes:
        gain: stored value of grey matter's brightness (MR).
        gap: distance of two slices as a factor of their thickness.
    """

    thickness_mm: float
    gap: float
    repetition_ms: float = 0.0
    echo_ms: float = 0.0
    gain: float = 0.0
    collimation_mm: float = 0.0

    @property
    def spacing_mm(self) -> float:
        """Distance between the middles of two slices."""
        return round(self.thickness_mm * self.gap, 4)


_HEAD, _BODY = ("113690", "IEC Head Dosimetry Phantom"), ("113691", "IEC Body Dosimetry Phantom")
EXAMINATIONS: Mapping[Examination, ExaminationProtocol] = {
    Examination.HEAD_MR: ExaminationProtocol(
        "MR HEAD", "T1 FS AX GD", "T1 SE FS AX GD", "HEAD", ("69536005", "Head"), 220.0
    ),
    Examination.CHEST_CT: ExaminationProtocol(
        "CT CHEST", "CHEST AX", "CHEST ROUTINE", "CHEST", ("51185008", "Chest"), 360.0, 90, 5.4, _BODY
    ),
    Examination.HEAD_CT: ExaminationProtocol(
        "CT HEAD", "HEAD AX", "HEAD ROUTINE", "HEAD", ("69536005", "Head"), 220.0, 280, 48.0, _HEAD
    ),
}
_MR: Mapping[str, ScannerProtocol] = {
    "SIEMENS": ScannerProtocol(5.0, 1.1, 520, 11, 460),
    "GE MEDICAL SYSTEMS": ScannerProtocol(4.5, 1.2, 640, 9, 1150),
    "Philips Healthcare": ScannerProtocol(4.5, 1.1, 580, 10, 760),
    "CANON_MEC": ScannerProtocol(5.5, 1.0, 560, 12, 1000),
}
_CT: Mapping[str, ScannerProtocol] = {
    "SIEMENS": ScannerProtocol(5.0, 1.0, collimation_mm=38.4),
    "GE MEDICAL SYSTEMS": ScannerProtocol(5.0, 1.0, collimation_mm=40.0),
    "Philips": ScannerProtocol(4.5, 1.0, collimation_mm=80.0),
    "TOSHIBA": ScannerProtocol(6.0, 1.0, collimation_mm=160.0),
}


def scanner_protocol(scanner: SimulatedScanner) -> ScannerProtocol:
    """Return how a scanner is run; one of an unknown manufacturer like the first known one."""
    known = _MR if scanner.modality == "MR" else _CT
    return known.get(scanner.manufacturer, next(iter(known.values())))
