"""The synthetic hospital: its sites, scanners and readers, and the clinical question that each examination answers.

Everything here is invented. Pictures (`hospital_dicom`) and rows (`hospital_year`) are drawn from the same hospital, so
that a scanner has one name, one look and one history in both.
"""

from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum


class Examination(StrEnum):
    """What is examined; its value is the target that a model answers about it."""

    HEAD_MR = "brain-tumour"
    CHEST_CT = "lung-nodule"
    HEAD_CT = "intracranial-haemorrhage"

    @property
    def modality(self) -> str:
        """DICOM Modality."""
        return "MR" if self is Examination.HEAD_MR else "CT"


@dataclass(frozen=True)
class Look:
    """How a scanner shows things; the unit of grey values is the brightness of grey matter (MR) or 100 HU (CT).

    Attributes:
        noise: standard deviation of the noise.
        bias: depth of the shading from edge to edge, as a fraction (MR).
        blur: standard deviation of the point spread, in pixels.
        contrast: factor on the difference of a lesion from its surroundings.
        motion: share of studies with ghosts of motion.
        tone: exponent on the brightness of tissues (MR): below 1 they look more alike, above 1 less.
    """

    noise: float
    bias: float
    blur: float
    contrast: float
    motion: float = 0.03
    tone: float = 1.0


@dataclass(frozen=True)
class SimulatedScanner:
    """One device of a site; `serial` and `station` are invented identifiers, replaced at intake like real ones.

    Attributes:
        software: the version that ran first; `history` says what came later.
    """

    serial: str
    station: str
    manufacturer: str
    model: str
    modality: str
    software: str
    look: Look
    field_strength_t: float | None = None
    kvp: float | None = None
    kernel: str = ""
    enhanced: bool = False  # writes enhanced multi-frame objects
    share: float = 1.0  # of the site's studies of its modality, before normalisation
    history: tuple[tuple[str, str], ...] = ()  # (first day, ISO; software): harmless updates, in order

    def software_on(self, day: date) -> str:
        """Return the version that ran on a day."""
        came = [software for first, software in self.history if date.fromisoformat(first) <= day]
        return came[-1] if came else self.software


@dataclass(frozen=True)
class SimulatedReader:
    """One radiologist.

    Attributes:
        reader: an invented identifier.
        sensitivity, specificity: alone, without a model.
        trust: chance to follow the model where it disagrees with the own opinion.
        seconds: median reading time.
    """

    reader: str
    sensitivity: float
    specificity: float
    trust: float
    seconds: float


@dataclass(frozen=True)
class SimulatedSite:
    """One site; `prevalence` is that of the lesion, `women` and `age` describe who comes (years, mean and spread)."""

    site: str
    time_zone: str
    organisation: str
    studies_per_day: float
    scanners: tuple[SimulatedScanner, ...]
    readers: tuple[SimulatedReader, ...]
    prevalence: float = 0.12
    women: float = 0.52
    age: tuple[float, float] = (58.0, 17.0)
    follow_up: float = 0.2  # share of studies that are a patient's later one


@dataclass(frozen=True)
class SimulatedHospital:
    """Several sites that examine one thing."""

    examination: Examination
    sites: tuple[SimulatedSite, ...]
    seed: int = 0

    @property
    def target(self) -> str:
        """The clinical question."""
        return self.examination.value


@dataclass(frozen=True)
class Failure:
    """A planted failure: what goes wrong, with whom, from which day on (ISO), how much.

    Attributes:
        kind: a word of `hospital_failures.FAILURES`, such as `scanner-upgrade`.
        since: the first day.
        site: where; empty for everywhere.
        who: the scanner's serial, the group (`sex=F`, `age_band=65-79`) or the reader, by kind.
        size: strength, whose meaning the kind says; 0 for its default.
    """

    kind: str
    since: str
    site: str = ""
    who: str = ""
    size: float = 0.0


_MR = (
    ("SIEMENS", "SYNTHETIC A 1.5", "syngo MR E11", 1.5, Look(0.060, 0.25, 0.50, 1.00)),
    ("GE MEDICAL SYSTEMS", "SYNTHETIC B 3T", "29\\LX\\MR Software release:MR29.1", 3.0, Look(0.045, 0.45, 0.60, 1.10)),
    ("Philips Healthcare", "SYNTHETIC C 3T", "5.7.1\\5.7.1.2", 3.0, Look(0.080, 0.60, 0.75, 0.65)),
    ("CANON_MEC", "SYNTHETIC D 1.5", "V6.0", 1.5, Look(0.065, 0.30, 0.70, 0.95)),
)
_CT = (
    ("SIEMENS", "SYNTHETIC S 128", "syngo CT VA30", 120.0, "Br40", Look(0.060, 0.0, 0.50, 1.00)),
    ("GE MEDICAL SYSTEMS", "SYNTHETIC R 64", "revo_ct_22bc", 120.0, "STANDARD", Look(0.070, 0.0, 0.70, 1.00)),
    ("Philips", "SYNTHETIC I 256", "4.1", 100.0, "B", Look(0.080, 0.0, 0.60, 1.10)),
    ("TOSHIBA", "SYNTHETIC Q 320", "V8.8", 135.0, "FC08", Look(0.055, 0.0, 0.80, 0.95)),
)
_SITES = (
    ("general", "Europe/Vienna", 46.0, 0.12, 0.52, (58.0, 17.0)),
    ("riverside", "Europe/London", 34.0, 0.10, 0.50, (61.0, 16.0)),
    ("hillcrest", "America/New_York", 24.0, 0.14, 0.55, (54.0, 18.0)),
    ("harbour", "Europe/Lisbon", 18.0, 0.11, 0.51, (60.0, 17.0)),
)
SITE_NAMES: tuple[str, ...] = tuple(row[0] for row in _SITES)
_READERS = 4


def standard_hospital(examination: Examination = Examination.HEAD_MR, *, seed: int = 0) -> SimulatedHospital:
    """Return the standard hospital: four sites in three time zones, two scanners and four readers each.

    Args:
        examination: what is examined.
        seed: source of all randomness of what is drawn from it.
    """
    return SimulatedHospital(examination, tuple(_site(index, examination) for index in range(len(_SITES))), seed)


def with_contrast(hospital: SimulatedHospital, factor: float) -> SimulatedHospital:
    """Return the hospital with the contrast of its lesions changed by a factor: above 1 they are easier to see."""
    return replace(hospital, sites=tuple(_contrasted(site, factor) for site in hospital.sites))


def _contrasted(site: SimulatedSite, factor: float) -> SimulatedSite:
    scanners = (replace(one, look=replace(one.look, contrast=one.look.contrast * factor)) for one in site.scanners)
    return replace(site, scanners=tuple(scanners))


def _site(index: int, examination: Examination) -> SimulatedSite:
    site, zone, per_day, prevalence, women, age = _SITES[index]
    scanners = tuple(_scanner(index, which, site, examination) for which in range(2))
    readers = tuple(_reader(site, place) for place in range(_READERS))
    organisation = f"{site.title()} Hospital"
    return SimulatedSite(site, zone, organisation, per_day, scanners, readers, prevalence, women, age)


def _scanner(index: int, which: int, site: str, examination: Examination) -> SimulatedScanner:
    style = (index + which * 2 + 1) % 4 if which else index % 4
    names = (f"SN{4000 + 10 * index + which}", f"{site[:10].upper()}{examination.modality}{which + 1}")
    if examination.modality == "MR":
        maker, model, software, field_t, look = _MR[style]
        scanner = SimulatedScanner(*names, maker, model, "MR", software, look, field_strength_t=field_t)
    else:
        maker, model, software, kvp, kernel, look = _CT[style]
        scanner = SimulatedScanner(*names, maker, model, "CT", software, look, kvp=kvp, kernel=kernel)
    return replace(scanner, enhanced=maker.startswith("Philips"), share=(0.6, 0.4)[which])


def _reader(site: str, place: int) -> SimulatedReader:
    """Return one of a site's readers: skill, trust and pace differ, the same in every year that is drawn."""
    return SimulatedReader(
        reader=f"{site}-reader-{place + 1}",
        sensitivity=(0.86, 0.82, 0.90, 0.78)[place % 4],
        specificity=(0.95, 0.97, 0.93, 0.96)[place % 4],
        trust=(0.35, 0.25, 0.20, 0.45)[place % 4],
        seconds=(140.0, 180.0, 210.0, 120.0)[place % 4],
    )
