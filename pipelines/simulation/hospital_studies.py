"""Who comes to the synthetic hospital and when: invented patients, their studies and follow-ups, and what they have.

A study follows from the hospital's seed, its site and its number at the site: asking for more studies changes no
earlier one.
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from pydicom.uid import generate_uid

from pipelines.simulation.hospital import Examination, SimulatedHospital, SimulatedScanner, SimulatedSite
from pipelines.simulation.hospital_chest import Chest
from pipelines.simulation.hospital_head import Head, Lesion
from pipelines.simulation.hospital_pictures import Shot, draw_anatomy, draw_lesion, grown
from pipelines.simulation.hospital_shapes import Pose

SPREAD_DAYS = 120
_RETURN_DAYS = (21, 90)  # between a study and its follow-up
_NEW_LESION = 0.08  # of the follow-ups of a patient without one
_AGENT_SHARE = {Examination.HEAD_MR: 1.0, Examination.CHEST_CT: 0.5, Examination.HEAD_CT: 0.0}
_GROWS = 0.5  # of the follow-ups of a patient with one
_FIRST_NAMES = {
    "F": ("Alva", "Brona", "Cilia", "Dorete", "Elowen", "Fenna"),
    "M": ("Anskar", "Bertin", "Corvin", "Dagrun", "Emrys", "Florian"),
}
_SURNAMES = ("Quillfeather", "Wimblestone", "Thornycroft", "Underbarrow", "Plumbwright", "Marrowgate", "Vexley")


@dataclass(frozen=True)
class SimulatedPatient:
    """One invented patient of one site; `number` is that of the first study there."""

    site: str
    number: int
    record: str
    name: str
    sex: str
    birth_date: date
    anatomy: Head | Chest


@dataclass(frozen=True)
class SimulatedStudy:
    """One study of one series: who, when, on which scanner, with which lesion; instants are aware, in the site's zone.

    Attributes:
        number: of the study at its site, from 0.
        software: the scanner's version on that day.
        shot: how the pictures show the body; `lesion` is that of the day, None without.
    """

    patient: SimulatedPatient
    number: int
    scanner: SimulatedScanner
    software: str
    ordered_at: datetime
    acquired_at: datetime
    received_at: datetime
    accession: str
    lesion: Lesion | None
    shot: Shot

    @property
    def age_years(self) -> int:
        """Whole years of age on the day of the study."""
        day, born = self.acquired_at.date(), self.patient.birth_date
        return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


@dataclass(frozen=True)
class _Desk:
    """Where the studies of one site are made up."""

    hospital: SimulatedHospital
    site: SimulatedSite
    until: date
    lesion_share: float

    def stream(self, number: int, purpose: str) -> np.random.Generator:
        """Return the source of randomness of one study for one purpose."""
        words = (self.hospital.target, self.site.site, purpose)
        return np.random.default_rng([self.hospital.seed, number, *(zlib.crc32(word.encode()) for word in words)])


def shares(hospital: SimulatedHospital, studies: int) -> dict[str, int]:
    """Return how many of a number of studies each site makes, in proportion to its studies a day."""
    total = sum(site.studies_per_day for site in hospital.sites)
    counts = dict.fromkeys((site.site for site in hospital.sites), 0)
    for done in range(1, studies + 1):
        behind = max(hospital.sites, key=lambda site: site.studies_per_day / total * done - counts[site.site])
        counts[behind.site] += 1
    return counts


def site_studies(
    hospital: SimulatedHospital, site: SimulatedSite, count: int, *, until: date, lesion_share: float
) -> list[SimulatedStudy]:
    """Make up the first studies of a site, in the order of their numbers.

    Args:
        hospital: the site's hospital, the source of all randomness.
        site: one of its sites.
        count: how many.
        until: the last day; the studies lie in the 120 days that end with it.
        lesion_share: share of the patients who have a lesion at their first study.
    """
    desk = _Desk(hospital, site, until, lesion_share)
    made: list[SimulatedStudy] = []
    for number in range(count):
        made.append(_study(desk, number, made))
    return made


def study_uid(seed: int, study: SimulatedStudy, kind: str) -> str:
    """Return a UID of a study, such as that of its `series` or of its `slice 3`; never spelled like a pseudonym."""
    words = ["overread hospital", str(seed), study.scanner.modality, study.patient.site, study.accession, kind]
    return str(generate_uid(entropy_srcs=words))


def _study(desk: _Desk, number: int, earlier: Sequence[SimulatedStudy]) -> SimulatedStudy:
    random = desk.stream(number, "study")
    before = _before(desk, random, earlier)
    day = _day(random, desk.until) if before is None else _return_day(random, before, desk.until)
    patient = _patient(desk, number, day) if before is None else before.patient
    scanner = _scanner(random, desk.site)
    zone = ZoneInfo(desk.site.time_zone)
    minutes = float(np.clip(random.normal(12.5 * 60, 150), 7 * 60, 20 * 60))
    acquired = datetime.combine(day, time(), zone) + timedelta(seconds=int(60 * minutes))
    return SimulatedStudy(
        patient=patient,
        number=number,
        scanner=scanner,
        software=scanner.software_on(day),
        ordered_at=acquired - timedelta(minutes=int(random.gamma(1.2, 900)) + 15),
        acquired_at=acquired,
        received_at=acquired + timedelta(seconds=int(random.integers(240, 1500))),
        accession=f"ACC{int(random.integers(10**6, 10**7))}{number:04d}",
        lesion=_first_lesion(desk, number) if before is None else _later_lesion(desk, number, before.lesion),
        shot=_shot(random, scanner, contrast_agent=random.random() < _AGENT_SHARE[desk.hospital.examination]),
    )


def _before(desk: _Desk, random: np.random.Generator, earlier: Sequence[SimulatedStudy]) -> SimulatedStudy | None:
    """Return the study that a new one follows up; None when it is a patient's first."""
    latest = {study.patient.number: study for study in earlier}
    limit = desk.until - timedelta(days=_RETURN_DAYS[0])
    due = [study for study in latest.values() if study.acquired_at.date() <= limit]
    wanted, pick = random.random() < desk.site.follow_up, random.random()
    return due[int(pick * len(due))] if wanted and due else None


def _day(random: np.random.Generator, until: date) -> date:
    """Draw a day; most of those that fall on a weekend are moved to the Friday before."""
    day = until - timedelta(days=int(random.integers(0, SPREAD_DAYS)))
    back = day.weekday() - 4
    first = until - timedelta(days=SPREAD_DAYS - 1)
    moved = back > 0 and random.random() < 0.7 and day - timedelta(days=back) >= first
    return day - timedelta(days=back) if moved else day


def _return_day(random: np.random.Generator, before: SimulatedStudy, until: date) -> date:
    day = before.acquired_at.date()
    longest = min(_RETURN_DAYS[1], (until - day).days)
    return day + timedelta(days=int(random.integers(_RETURN_DAYS[0], longest + 1)))


def _patient(desk: _Desk, number: int, day: date) -> SimulatedPatient:
    random = desk.stream(number, "patient")
    sex = "F" if random.random() < desk.site.women else "M"
    age = int(np.clip(random.normal(*desk.site.age), 18, 96))
    birth = day - timedelta(days=round(365.25 * age) + int(random.integers(1, 300)))
    name = f"{random.choice(_SURNAMES)}^{random.choice(_FIRST_NAMES[sex])}"
    record = f"MRN{int(random.integers(10**7, 10**8))}{number:04d}"
    anatomy = draw_anatomy(desk.stream(number, "body"), desk.hospital.examination, age)
    return SimulatedPatient(desk.site.site, number, record, name, sex, birth, anatomy)


def _scanner(random: np.random.Generator, site: SimulatedSite) -> SimulatedScanner:
    weights = np.cumsum([scanner.share for scanner in site.scanners])
    return site.scanners[int(np.searchsorted(weights / weights[-1], random.random(), side="right"))]


def _shot(random: np.random.Generator, scanner: SimulatedScanner, *, contrast_agent: bool) -> Shot:
    pose = Pose(random.uniform(-8, 8), random.uniform(-8, 8), random.uniform(-0.2, 0.2))
    return Shot(scanner.look, pose, contrast_agent, bool(random.random() < scanner.look.motion))


def _first_lesion(desk: _Desk, number: int) -> Lesion | None:
    """Give every so many patients a lesion: their share holds for few patients too."""
    start = desk.stream(0, "lesions").random()
    has = np.floor((number + 1) * desk.lesion_share + start) > np.floor(number * desk.lesion_share + start)
    return draw_lesion(desk.stream(number, "lesion"), desk.hospital.examination) if has else None


def _later_lesion(desk: _Desk, number: int, before: Lesion | None) -> Lesion | None:
    random = desk.stream(number, "lesion")
    if before is None:
        return draw_lesion(random, desk.hospital.examination) if random.random() < _NEW_LESION else None
    return grown(before, random.uniform(1.15, 1.4) if random.random() < _GROWS else random.uniform(0.95, 1.05))
