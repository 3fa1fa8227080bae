"""The synthetic sites and scanners: what a phantom's header says, and how its pictures look."""

from collections.abc import Sequence
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class PhantomScanner:
    """One synthetic MR scanner.

    Attributes:
        manufacturer, model, software, serial, station: header texts in one manufacturer's way of spelling.
        field_t, repetition_ms, echo_ms, pixel_mm, thickness_mm: acquisition parameters.
        gain: grey values of full brightness.
        noise: standard deviation of the noise, as a fraction of the gain.
        bias: depth of the shading from edge to edge, as a fraction.
        blur: standard deviation of the point spread, in pixels.
    """

    manufacturer: str
    model: str
    software: str
    serial: str
    station: str
    field_t: float
    repetition_ms: float
    echo_ms: float
    pixel_mm: float
    thickness_mm: float
    gain: float
    noise: float
    bias: float
    blur: float


@dataclass(frozen=True)
class PhantomSite:
    """A synthetic site: its name and its two scanners."""

    site: str
    scanners: tuple[PhantomScanner, ...]


_STYLES = (
    PhantomScanner("SIEMENS", "SYNTHETIC A 1.5", "syngo MR B17", "", "", 1.5, 520, 11, 1.25, 5, 900, 0.055, 0.25, 0.5),
    PhantomScanner(
        "GE MEDICAL SYSTEMS", "SYNTHETIC B 3T", "27\\LX\\MR", "", "", 3, 640, 9, 1.1, 4, 2600, 0.045, 0.45, 0.6
    ),
    PhantomScanner(
        "Philips Healthcare", "SYNTHETIC C 3T", "5.7.1", "", "", 3, 580, 10, 1.2, 4.5, 1500, 0.05, 0.35, 0.55
    ),
    PhantomScanner("CANON_MEC", "SYNTHETIC D 1.5", "V6.0", "", "", 1.5, 560, 12, 1.3, 5, 4200, 0.055, 0.3, 0.5),
)


def phantom_sites(names: Sequence[str]) -> tuple[PhantomSite, ...]:
    """Return synthetic sites of these names, each with two scanners of different manufacturers.

    Args:
        names: site names; the order decides which scanners stand where.
    """
    return tuple(PhantomSite(name, _scanners(index, name)) for index, name in enumerate(names))


def _scanners(index: int, name: str) -> tuple[PhantomScanner, ...]:
    chosen = (_STYLES[(2 * index + which) % len(_STYLES)] for which in range(2))
    return tuple(_installed(style, name, index, which) for which, style in enumerate(chosen))


def _installed(style: PhantomScanner, name: str, index: int, which: int) -> PhantomScanner:
    return replace(style, serial=f"SN{4000 + 10 * index + which}", station=f"{name[:10].upper()}MR{which + 1}")
