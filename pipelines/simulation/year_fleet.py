"""The hospital as numbered lists: sites, scanners with their software and protocols, readers; what a year indexes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

import numpy as np
import numpy.typing as npt

from pipelines.simulation.hospital import Examination, Look, SimulatedHospital, SimulatedReader, SimulatedScanner

CHANGED = " V2"  # added to the name of a changed protocol
UPGRADED = " SP1"  # added to the version of an upgraded software


@dataclass(frozen=True)
class Protocol:
    """How one kind of series is made; what does not apply to a modality is NaN.

    Attributes:
        name: the protocol's name.
        share: of a scanner's studies.
        contrast: whether contrast agent is given, `contrast_ml` of it.
        thickness_mm, spacing_mm, echo_ms, repetition_ms, inversion_ms, flip_deg: geometry and timing.
        exposure_mas, ctdi_mgy, dlp_mgy_cm: dose (CT).
    """

    name: str
    share: float
    contrast: bool
    thickness_mm: float
    spacing_mm: float
    repetition_ms: float = np.nan
    echo_ms: float = np.nan
    inversion_ms: float = np.nan
    flip_deg: float = np.nan
    exposure_mas: float = np.nan
    ctdi_mgy: float = np.nan
    dlp_mgy_cm: float = np.nan
    contrast_ml: float = np.nan


PROTOCOLS: Mapping[Examination, tuple[Protocol, ...]] = {
    Examination.HEAD_MR: (
        Protocol("HEAD T1 POST", 0.7, True, 1.0, 0.94, 1900.0, 2.9, 900.0, 9.0, contrast_ml=7.5),  # noqa: FBT003 - a value
        Protocol("HEAD FLAIR", 0.3, False, 4.0, 0.72, 9000.0, 110.0, 2500.0, 150.0),  # noqa: FBT003 - as above
    ),
    Examination.CHEST_CT: (
        Protocol("CHEST ROUTINE", 0.6, contrast=True, thickness_mm=1.5, spacing_mm=0.70,
                 exposure_mas=90.0, ctdi_mgy=6.5, dlp_mgy_cm=230.0, contrast_ml=80.0),
        Protocol("CHEST LOW DOSE", 0.4, contrast=False, thickness_mm=1.0, spacing_mm=0.70,
                 exposure_mas=25.0, ctdi_mgy=1.8, dlp_mgy_cm=65.0),
    ),
    Examination.HEAD_CT: (
        Protocol("HEAD ROUTINE", 0.7, contrast=False, thickness_mm=5.0, spacing_mm=0.45,
                 exposure_mas=280.0, ctdi_mgy=48.0, dlp_mgy_cm=800.0),
        Protocol("HEAD THIN", 0.3, contrast=False, thickness_mm=1.0, spacing_mm=0.45,
                 exposure_mas=300.0, ctdi_mgy=52.0, dlp_mgy_cm=860.0),
    ),
}  # fmt: skip
BODY_PART: Mapping[Examination, str] = {
    Examination.HEAD_MR: "HEAD",
    Examination.CHEST_CT: "CHEST",
    Examination.HEAD_CT: "HEAD",
}


@dataclass(frozen=True)
class Fleet:
    """Sites, scanners and readers of a hospital, numbered; `added` are scanners that come during the year."""

    hospital: SimulatedHospital
    added: tuple[tuple[int, SimulatedScanner], ...] = ()  # (place of the site, scanner)
    first: date = field(default=date(2026, 1, 1))

    @cached_property
    def scanners(self) -> tuple[SimulatedScanner, ...]:
        """All scanners: the sites' in order, then the added ones."""
        own = [scanner for site in self.hospital.sites for scanner in site.scanners]
        return (*own, *(scanner for _, scanner in self.added))

    @cached_property
    def readers(self) -> tuple[SimulatedReader, ...]:
        """All readers, the sites' in order."""
        return tuple(reader for site in self.hospital.sites for reader in site.readers)

    @cached_property
    def scanners_of(self) -> tuple[tuple[int, npt.NDArray[np.float64]], ...]:
        """Of each site: the place of its first scanner, and its scanners' cumulated shares."""
        found, place = [], 0
        for site in self.hospital.sites:
            shares = np.cumsum([scanner.share for scanner in site.scanners])
            found.append((place, shares / shares[-1]))
            place += len(site.scanners)
        return tuple(found)

    @cached_property
    def readers_of(self) -> tuple[tuple[int, int], ...]:
        """Of each site: the place of its first reader, and how many there are."""
        sizes = [len(site.readers) for site in self.hospital.sites]
        return tuple((sum(sizes[:place]), size) for place, size in enumerate(sizes))

    @cached_property
    def protocols(self) -> tuple[Protocol, ...]:
        """The protocols of what is examined; every scanner has them all."""
        return PROTOCOLS[self.hospital.examination]

    @cached_property
    def protocol_names(self) -> tuple[str, ...]:
        """Names of the protocols, then those of the changed ones."""
        names = [protocol.name for protocol in self.protocols]
        return (*names, *(name + CHANGED for name in names))

    @cached_property
    def software(self) -> tuple[str, ...]:
        """Every software version of every scanner, scanner by scanner."""
        return tuple(version for scanner in self.scanners for version in _versions(scanner))

    def software_at(
        self, scanner: npt.NDArray[np.int16], day: npt.NDArray[np.int16], upgraded: npt.NDArray[np.bool_]
    ) -> npt.NDArray[np.int16]:
        """Return the place in `software` of each study's version."""
        sizes = [len(_versions(one)) for one in self.scanners]
        start = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int16)
        found = start[scanner]
        for place, one in enumerate(self.scanners):
            for since, _ in one.history:
                late = (scanner == place) & (day >= (date.fromisoformat(since) - self.first).days)
                found = np.where(late, found + np.int16(1), found)
        return np.where(upgraded, start[scanner + 1] - np.int16(1), found)

    def looks(self, name: str) -> npt.NDArray[np.float32]:
        """Return one property of every scanner's look."""
        return np.array([getattr(scanner.look, name) for scanner in self.scanners], np.float32)

    def skills(self, name: str) -> npt.NDArray[np.float32]:
        """Return one number of every reader."""
        return np.array([getattr(reader, name) for reader in self.readers], np.float32)


def new_scanner(serial: str, hospital: SimulatedHospital) -> SimulatedScanner:
    """Return a device of a maker that the hospital has not seen, for its modality."""
    modality = hospital.examination.modality
    look = Look(0.08, 0.5, 0.9, 0.85)
    maker = ("UIH", "SYNTHETIC N 3T", "uMR 10") if modality == "MR" else ("NMS", "SYNTHETIC N 64", "NeuViz 3")
    station = f"{serial}{modality}"
    if modality == "MR":
        return SimulatedScanner(serial, station, *maker[:2], modality, maker[2], look, field_strength_t=3.0)
    return SimulatedScanner(serial, station, *maker[:2], modality, maker[2], look, kvp=120.0, kernel="F20")


def _versions(scanner: SimulatedScanner) -> Sequence[str]:
    later = [software for _, software in scanner.history]
    newest = (later or [scanner.software])[-1]
    return [scanner.software, *later, newest + UPGRADED]
