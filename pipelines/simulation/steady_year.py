"""The steady generator of a year: given the plan, days are independent; scores are binormal on the logit scale."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from scipy.special import expit, ndtri

from pipelines.simulation.hospital_failures import Plants
from pipelines.simulation.planted_effects import Answering, Arriving, Floats, Integers
from pipelines.simulation.steady_reads import outcomes_of, reads_of
from pipelines.simulation.year_batch import AGAIN, Answers, Batch, Studies
from pipelines.simulation.year_calendar import HOURS, MINUTE, SECOND, Calendar
from registry.domain.score_grid import CELLS

if TYPE_CHECKING:
    from pipelines.simulation.hospital_year import Year

Uniforms = npt.NDArray[np.float32]
_STREAM = 0x57EAD1  # apart from every other use of the seed
_SPREAD = 0.16  # coefficient of variation of a day's intensity: volumes are negative binomial
_OFFSET = 0.08  # standard deviation of the offsets of sites and scanners on the latent score
_WOBBLE = 0.05  # of a scanner's offset from day to day
_SKILL = 0.02  # of a site's factor on the distance of the classes
_KIN = 0.8  # correlation of the liability within a patient
_LIKE = 0.4  # correlation of the score's noise within a patient and class
_SKIPPED, _FAILED = 0.012, 0.004
_GHOSTED = 0.8  # factor on the distance of the classes in studies with ghosts


class SteadyYear:
    """Draws a year day by day.

    Args:
        year: what is drawn.
        plants: what is planted.
        calendar: the plan.
    """

    def __init__(self, year: "Year", plants: Plants, calendar: Calendar) -> None:
        self._year, self._plants, self._calendar = year, plants, calendar
        self._fleet = plants.fleet
        hospital = calendar.hospital
        self._seed = [hospital.seed & (2**63 - 1), _STREAM]
        rng = np.random.Generator(np.random.SFC64([*self._seed, 0]))
        sites, scanners = len(hospital.sites), len(self._fleet.scanners)
        self._site_offset = (rng.standard_normal(sites) * _OFFSET).astype(np.float32)
        self._site_skill = (1 + rng.standard_normal(sites) * _SKILL).astype(np.float32)
        self._scanner_offset = (rng.standard_normal(scanners) * _OFFSET).astype(np.float32)
        self._distance = float(np.sqrt(2) * ndtri(year.skill))
        self._cut = self._distance - float(ndtri(year.sensitivity))
        self._modes = [year.modes.get(site.site) for site in hospital.sites]
        self._begun = np.zeros((sites, calendar.days + 1), np.int64)  # patients first seen before each day, from 1

    def batches(self) -> Iterator[tuple[int, Batch]]:
        """Yield runs of days, each with the number of days that are done."""
        number = 0
        for start, stop in self._calendar.chunks(31):
            batch = self._draw(start, stop, number)
            number += batch.studies.day.size
            yield stop, batch

    def _draw(self, start: int, stop: int, number: int) -> Batch:
        rng = np.random.Generator(np.random.SFC64([*self._seed, 1 + start]))
        wobble = self._wobble(start, stop)
        day, site, acquired = self._arrivals(rng, start, stop)
        first, patient = self._patients(rng, day, site, start, stop)
        arriving = Arriving.neutral(day, site, first, self._scanners(rng, site), _uniform(rng, day.size))
        self._plants.arrive(arriving)
        keys = _keys(self._seed[0], site, patient)
        sex, age = self._people(arriving, keys)
        answering = Answering.neutral(arriving, sex == 0, age)
        self._plants.answer(answering)
        truth = self._truth(rng, arriving, keys)
        studies = self._studies(rng, answering, (patient, sex, truth), acquired)
        answers = self._answers(rng, answering, studies, keys, wobble[arriving.scanner, day - start])
        reads = reads_of(rng, self._plants, studies, answers)
        outcomes = outcomes_of(rng, self._fleet, self._year.sampling, studies, answers, reads)
        return Batch(number, studies, answers, reads, outcomes)

    def _wobble(self, start: int, stop: int) -> Floats:
        """Return the offsets of each scanner on each day; a scanner that is added leaves the others' as they are."""
        rng = np.random.Generator(np.random.SFC64([*self._seed, 1 + start, 1]))
        found: Floats = rng.standard_normal((len(self._fleet.scanners), stop - start), np.float32) * np.float32(_WOBBLE)
        return found

    def _arrivals(self, rng: np.random.Generator, start: int, stop: int) -> tuple[Any, Any, Any]:
        """Return day, site and time of the studies of a run of days, in order of time."""
        expected = self._calendar.expected[:, start:stop]
        shape = 1 / _SPREAD**2
        counts = rng.poisson(rng.gamma(shape, expected / shape))
        sites, days = np.indices(counts.shape)
        site = np.repeat(sites.ravel(), counts.ravel()).astype(np.int16)
        day = np.repeat(days.ravel(), counts.ravel()).astype(np.int16) + np.int16(start)
        hour = self._hours(rng, self._calendar.calm[day])
        within = (_uniform(rng, day.size) * (3600 * SECOND - 1)).astype(np.int64)
        acquired = self._calendar.starts[site, day, hour] + within
        order = np.argsort(acquired, kind="stable")
        return day[order], site[order], acquired[order]

    def _hours(self, rng: np.random.Generator, calm: Any) -> Integers:
        shares = [self._calendar.hour_shares[self._calendar.calm == kind] for kind in (False, True)]
        cells = [np.cumsum(rows[0]) if len(rows) else np.ones(HOURS) for rows in shares]
        chance = _uniform(rng, calm.size)
        busy, quiet = (np.searchsorted(steps, chance, side="right") for steps in cells)
        return np.minimum(np.where(calm, quiet, busy), HOURS - 1)

    def _patients(
        self, rng: np.random.Generator, day: Integers, site: Integers, start: int, stop: int
    ) -> tuple[Integers, Integers]:
        """Return each study's patient, and the day on which the patient was first seen.

        A later study belongs to a patient who was first seen some weeks before, chosen evenly among those of that day.
        """
        share = np.array([one.follow_up for one in self._fleet.hospital.sites], np.float32)[site]
        back = day - (7 + rng.standard_exponential(day.size, np.float32) * 75).astype(np.int16)
        later = (_uniform(rng, day.size) < share) & (back >= 0)
        pick = rng.random(day.size)
        patient = np.empty(day.size, np.int64)
        for place in range(len(self._begun)):
            mine = np.flatnonzero(site == place)
            new = mine[~later[mine]]
            begun = self._begun[place]
            fresh = np.bincount(day[new] - start, minlength=stop - start)
            begun[start + 1 : stop + 1] = begun[start] + np.cumsum(fresh)
            patient[new] = begun[start] + 1 + np.arange(new.size)
            old = mine[later[mine]]
            low, high = begun[back[old]], begun[back[old] + 1]
            patient[old] = low + np.minimum((pick[old] * (high - low)).astype(np.int64) + 1, high - low)
        return np.where(later, back, day).astype(np.int16), patient

    def _scanners(self, rng: np.random.Generator, site: Integers) -> Integers:
        chance = _uniform(rng, site.size)
        found = np.zeros(site.size, np.int16)
        for place, (first, shares) in enumerate(self._fleet.scanners_of):
            mine = site == place
            found[mine] = first + np.minimum(np.searchsorted(shares, chance[mine], side="right"), shares.size - 1)
        return found

    def _people(self, arriving: Arriving, keys: npt.NDArray[np.uint64]) -> tuple[Integers, Floats]:
        """Return sex and age; they are the patient's, whichever study it is."""
        sites = self._fleet.hospital.sites
        women = np.array([site.women for site in sites], np.float32)[arriving.site]
        mean, spread = (np.array([site.age[k] for site in sites], np.float32)[arriving.site] for k in (0, 1))
        chance = _hashed(keys, 1)
        sex = np.where(chance < women * 0.995, 0, np.where(chance < 0.995, 1, 2)).astype(np.int8)
        then = mean + spread * ndtri(_hashed(keys, 2)) + arriving.age
        now = np.clip(then, 0.0, 98.0) + (arriving.day - arriving.first) / np.float32(365.25)
        return sex, np.floor(now).astype(np.float32)

    def _truth(self, rng: np.random.Generator, arriving: Arriving, keys: npt.NDArray[np.uint64]) -> Any:
        prevalence = np.array([site.prevalence for site in self._fleet.hospital.sites])
        log_odds = np.log(prevalence / (1 - prevalence)).astype(np.float32)[arriving.site] + arriving.log_odds
        own = rng.standard_normal(arriving.day.size, np.float32)
        liability = np.sqrt(_KIN) * ndtri(_hashed(keys, 3)) + np.sqrt(1 - _KIN) * own
        return liability < ndtri(expit(log_odds))

    def _studies(self, rng: np.random.Generator, knobs: Answering, who: tuple[Any, Any, Any], acquired: Any) -> Studies:
        patient, sex, truth = who
        n, fleet, scanner = knobs.day.size, self._fleet, knobs.scanner
        ghosts = _uniform(rng, n) < fleet.looks("motion")[scanner] + knobs.ghosts
        depth = _uniform(rng, n)
        repeated = ghosts & (_uniform(rng, n) < 0.3)
        noise = fleet.looks("noise")[scanner] * np.exp(0.08 * rng.standard_normal(n, np.float32)) / knobs.snr
        noise *= np.where(ghosts, 1.25, 1.0)
        protocol = np.searchsorted(np.cumsum([p.share for p in fleet.protocols])[:-1], _uniform(rng, n), side="right")
        lead = (MINUTE * np.exp(4.0 + 1.4 * rng.standard_normal(n, np.float32))).astype(np.int64)
        transfer = (MINUTE * np.exp(1.8 + 0.5 * rng.standard_normal(n, np.float32))).astype(np.int64)
        thickness, echo = (
            np.array([getattr(p, name) for p in fleet.protocols]) for name in ("thickness_mm", "echo_ms")
        )
        blur = fleet.looks("blur")[scanner]
        sharpness = np.exp(0.05 * rng.standard_normal(n, np.float32)) / (1 + blur) * knobs.sharpness
        return Studies(
            knobs.day, knobs.site, scanner, patient, sex, knobs.age,
            protocol + len(fleet.protocols) * knobs.protocol_changed,
            fleet.software_at(scanner, knobs.day, knobs.software_changed),
            acquired, acquired - lead, acquired + transfer + repeated * (AGAIN + MINUTE),
            thickness[protocol] * knobs.thickness, echo[protocol] * knobs.echo,
            np.exp(0.15 * rng.standard_normal(n, np.float32)),
            1 / noise, 0.4 * fleet.looks("contrast")[scanner] / noise, noise,
            np.where(ghosts, sharpness * 0.85, sharpness),
            np.where(ghosts, 0.3 + 0.5 * depth, 0.02 + 0.1 * depth), repeated, truth,
        )  # fmt: skip

    def _answers(
        self, rng: np.random.Generator, knobs: Answering, studies: Studies, keys: Any, wobble: Floats
    ) -> Answers:
        n, year = knobs.day.size, self._year
        latent = self._latent(rng, knobs, studies, keys) + wobble
        base = np.log(year.threshold / (1 - year.threshold))
        score = expit(base + self._distance * (latent.astype(np.float64) - self._cut))
        threshold = np.where(knobs.threshold > 0, knobs.threshold, year.threshold)
        chance, which = _uniform(rng, n), _uniform(rng, n)
        status = np.where(chance < _SKIPPED, 1, np.where(chance < _SKIPPED + _FAILED, 2, 0)).astype(np.int8)
        reason = np.where(status == 0, 0, 2 * status - 1 + (which < 0.4)).astype(np.int8)
        latency = 1800 * np.exp(0.4 * rng.standard_normal(n, np.float32))
        queue = (MINUTE * np.exp(0.3 + 0.6 * rng.standard_normal(n, np.float32))).astype(np.int64)
        served = np.array([mode is not None for mode in self._modes])[knobs.site]
        shadow = np.array([mode == "shadow" for mode in self._modes])[knobs.site]
        decision = np.floor(score * CELLS) >= threshold * CELLS
        at = studies.received + queue + (latency * 1000).astype(np.int64)
        embedding = self._embedding(rng, knobs, studies) if year.embedding else None
        made = served & knobs.routed
        return Answers(made, shadow, at, status, reason, score, decision, threshold, latency, embedding)

    def _latent(self, rng: np.random.Generator, knobs: Answering, studies: Studies, keys: Any) -> Floats:
        """Return the latent score: standard normal without the lesion, `_distance` higher with it, at home."""
        own = rng.standard_normal(knobs.day.size, np.float32)
        kin = ndtri(_hashed(keys, 4 + studies.truth.astype(np.uint64)))
        noise = np.sqrt(_LIKE) * kin + np.sqrt(1 - _LIKE) * own
        skill = knobs.skill * self._site_skill[knobs.site] * np.where(studies.motion > 0.25, _GHOSTED, 1.0)
        middle = self._distance / 2
        half = np.where(studies.truth, middle, -middle) * skill
        offset = self._site_offset[knobs.site] + self._scanner_offset[knobs.scanner]
        planted = knobs.offset - self._fall(knobs.left) * studies.truth
        latent: Floats = (middle + (half + noise) * knobs.spread + offset + planted).astype(np.float32)
        return latent

    def _fall(self, left: Floats) -> Floats:
        """Return by how much the scores of lesions fall for the sensitivity that is left."""
        fall = ndtri(self._year.sensitivity) - ndtri(np.where(left > 0, left, 0.5))
        return np.where(left > 0, fall, 0.0).astype(np.float32)

    def _embedding(self, rng: np.random.Generator, knobs: Answering, studies: Studies) -> Floats:
        size = self._year.embedding
        places = np.random.Generator(np.random.SFC64([*self._seed, 0, 1]))
        scanners = places.standard_normal((len(self._fleet.scanners), size)).astype(np.float32) * 0.3
        lesion, shift = places.standard_normal((2, size)).astype(np.float32)
        found = rng.standard_normal((knobs.day.size, size), np.float32) + scanners[knobs.scanner]
        found += np.outer(studies.truth, lesion * 0.5) + np.outer(knobs.offset, shift)
        return found


def _uniform(rng: np.random.Generator, n: int) -> Uniforms:
    return rng.random(n, np.float32)


def _keys(seed: int, site: Integers, patient: Integers) -> npt.NDArray[np.uint64]:
    """Return one key a patient: what is drawn from it is the same in each of the patient's studies."""
    salt = np.random.SeedSequence([seed, _STREAM, 2]).generate_state(1, np.uint64)[0]
    return _mixed((patient.astype(np.uint64) << np.uint64(8)) + site.astype(np.uint64) + salt)


def _hashed(keys: npt.NDArray[np.uint64], what: Any) -> Uniforms:
    """Return uniform numbers strictly between 0 and 1 from keys, one stream for each `what` (SplitMix64)."""
    step = np.uint64(0x9E3779B97F4A7C15)
    bits = _mixed(keys + np.asarray(what, np.uint64) * step) >> np.uint64(42)
    return (bits.astype(np.float32) + np.float32(0.5)) * np.float32(2.0**-22)


def _mixed(values: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Return the finaliser of SplitMix64 (Steele, Lea, Flood 2014)."""
    mixed = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))
