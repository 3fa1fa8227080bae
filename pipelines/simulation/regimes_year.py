"""The generator of a year with regimes: correlated days, changing case mix, heavy-tailed scores, rosters, late batches.

It shares with the steady generator the hospital, the plan, the planted knobs and the columns, and no drawing code, so
that monitors are never tuned to one.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import expit, logit

from pipelines.simulation.hospital_failures import Plants
from pipelines.simulation.planted_effects import Answering, Arriving, Floats, Integers
from pipelines.simulation.regimes_course import draw_course, drawn_offsets
from pipelines.simulation.regimes_panel import Panel, People
from pipelines.simulation.regimes_reads import Rota, read_and_prove
from pipelines.simulation.regimes_scores import SUBTLE, Separation, scores, tails
from pipelines.simulation.year_batch import AGAIN, Answers, Batch, Studies
from pipelines.simulation.year_calendar import HOURS, MINUTE, SECOND, Calendar
from registry.domain.score_grid import CELLS

if TYPE_CHECKING:
    from pipelines.simulation.hospital_year import Year

_STREAM = 0x4E61E5  # apart from every other use of the seed
_WEEK = 7
_CLUMPS = 25.0  # a day's intensity varies by 1 / sqrt of this, beside its course
_LASTING = 0.75  # chance that a later study shows what the first one did
_SLOPE = 0.012  # of the log odds of the lesion, a year of age
_EMERGENCY = 0  # referral
_REFERRED = np.array([0.15, 0.1, -0.08], np.float32)  # log odds of the lesion by referral
_LEAD = np.array([25.0, 300.0, 12_000.0], np.float32)  # minutes from order to acquisition by referral, median
_GHOSTED = 0.35  # standard deviations by which ghosts hide a lesion


class RegimesYear:
    """Draws a year week by week.

    Args:
        year: what is drawn.
        plants: what is planted.
        calendar: the plan.
    """

    def __init__(self, year: "Year", plants: Plants, calendar: Calendar) -> None:
        self._year, self._plants, self._calendar = year, plants, calendar
        self._fleet, sites = plants.fleet, calendar.hospital.sites
        self._seed = np.random.SeedSequence([calendar.hospital.seed & (2**63 - 1), _STREAM])
        course, self._weeks, devices = self._seed.spawn(3)
        rng = np.random.Generator(np.random.PCG64(course))
        self._courses = [draw_course(rng, calendar) for _ in sites]
        self._offsets = drawn_offsets(devices.spawn(len(self._fleet.scanners)), calendar.days)
        self._rota = Rota.drawn(rng, self._fleet, calendar.days // _WEEK + 1)
        self._panels = [Panel(site.follow_up, site.studies_per_day * calendar.volume * _WEEK) for site in sites]
        self._apart = Separation.of(year.skill, year.sensitivity)
        modes = [year.modes.get(site.site) for site in sites]
        self._served, self._shadow = (
            np.array(x) for x in ([m is not None for m in modes], [m == "shadow" for m in modes])
        )

    def batches(self) -> Iterator[tuple[int, Batch]]:
        """Yield weeks or less, each with the number of days that are done."""
        number = 0
        chunks = list(self._calendar.chunks(_WEEK))
        for (start, stop), seed in zip(chunks, self._weeks.spawn(len(chunks)), strict=True):
            batch = self._draw(np.random.Generator(np.random.PCG64(seed)), start, stop, number)
            number += batch.studies.day.size
            yield stop, batch

    def _draw(self, rng: np.random.Generator, start: int, stop: int, number: int) -> Batch:
        day, site, referral, acquired, people = self._come(rng, start, stop)
        arriving = Arriving.neutral(day, site, people.first, self._scanner(rng, site), rng.random(day.size, np.float32))
        self._plants.arrive(arriving)
        sex, age = self._who(arriving, people)
        answering = Answering.neutral(arriving, sex == 0, age)
        self._plants.answer(answering)
        truth = self._ill(rng, arriving, people, age, referral)
        studies = self._acquire(rng, answering, (people.number, sex, truth), (acquired, referral))
        subtle = truth & (rng.random(day.size, np.float32) < SUBTLE)
        answers = self._answer(rng, answering, studies, (people.kin, subtle))
        reads, outcomes = read_and_prove(
            rng, self._plants, self._rota, self._year.sampling, (studies, answers, subtle, referral)
        )
        return Batch(number, studies, answers, reads, outcomes)

    def _come(self, rng: np.random.Generator, start: int, stop: int) -> tuple[Any, Any, Any, Any, People]:
        """Return day, site, referral, time and patient of each study, in order of time."""
        found = [self._come_to(rng, place, start, stop) for place in range(len(self._courses))]
        day, referral, acquired = (np.concatenate([part[k] for part in found]) for k in range(3))
        site = np.repeat(np.arange(len(found)), [part[0].size for part in found]).astype(np.int16)
        people = found[0][3]
        for part in found[1:]:
            people = People.joined(people, part[3])
        order = np.argsort(acquired, kind="stable")
        return day[order], site[order], referral[order], acquired[order], people.take(order)

    def _come_to(self, rng: np.random.Generator, place: int, start: int, stop: int) -> tuple[Any, Any, Any, People]:
        course, days = self._courses[place], slice(start, stop)
        intensity = (
            self._calendar.expected[place, days] * course.volume[days] * rng.gamma(_CLUMPS, 1 / _CLUMPS, stop - start)
        )
        counts = rng.poisson(intensity)
        day = np.repeat(np.arange(start, stop), counts).astype(np.int16)
        chance = rng.random(day.size, np.float32)
        referral = (chance[:, None] >= course.referral[day][:, :2]).sum(axis=1)
        shares = self._calendar.hour_shares[days] ** 0.9
        at_hour = np.concatenate([
            rng.choice(HOURS, n, p=row / row.sum()) for n, row in zip(counts, shares, strict=True)
        ])  # fmt: skip
        around = rng.integers(0, HOURS, day.size)
        hour = np.where((referral == _EMERGENCY) & (rng.random(day.size) < 0.5), around, at_hour)
        acquired = self._calendar.starts[place, day, hour] + rng.integers(0, 3600 * SECOND, day.size)
        order = np.argsort(acquired, kind="stable")
        day = day[order]
        return day, referral[order], acquired[order], self._panels[place].come(rng, day)

    def _scanner(self, rng: np.random.Generator, site: Integers) -> Integers:
        """Return the scanner of each study."""
        chance = rng.random(site.size)
        firsts = np.array([first for first, _ in self._fleet.scanners_of])[site]
        found = np.zeros(site.size, np.int64)
        for place, (_, shares) in enumerate(self._fleet.scanners_of):
            for share in shares[:-1]:
                found += (site == place) & (chance >= share)
        return (firsts + found).astype(np.int16)

    def _who(self, arriving: Arriving, people: People) -> tuple[Integers, Floats]:
        """Return sex and age; age follows the regime of the day on which the patient was first seen."""
        sites = self._fleet.hospital.sites
        women = np.array([site.women for site in sites])[arriving.site]
        sex = np.where(people.woman < 0.004, 2, np.where(people.woman < 0.004 + women * 0.996, 0, 1)).astype(np.int8)
        mean, spread = np.array([site.age for site in sites], np.float32)[arriving.site].T
        regime = np.stack([course.age for course in self._courses])[arriving.site, people.first]
        bent = np.sinh(people.years * 0.5) / 0.57  # a little heavier than normal
        years = mean + spread * bent * 0.97 + regime + arriving.age
        return sex, np.floor(np.clip(years, 1.0, 97.0) + (arriving.day - arriving.first) / 365.25).astype(np.float32)

    def _ill(
        self, rng: np.random.Generator, arriving: Arriving, people: People, age: Floats, referral: Integers
    ) -> Any:
        """Return the truth: the chance rises with age; a patient's later study mostly shows what the first did."""
        base = logit(np.array([site.prevalence for site in self._fleet.hospital.sites]))[arriving.site]
        course = np.stack([course.log_odds for course in self._courses])[arriving.site, arriving.day]
        chance = expit(base + course + _REFERRED[referral] + _SLOPE * (age - 58) + arriving.log_odds)
        afresh, other = rng.random((2, age.size), np.float32)
        return np.where(afresh < _LASTING, people.liability, other) < chance

    def _acquire(
        self, rng: np.random.Generator, knobs: Answering, who: tuple[Any, ...], when: tuple[Any, Any]
    ) -> Studies:
        (patient, sex, truth), (acquired, referral) = who, when
        n, fleet, scanner = knobs.day.size, self._fleet, knobs.scanner
        restless = fleet.looks("motion")[scanner] * np.where(referral == _EMERGENCY, 1.6, 0.85) + knobs.ghosts
        ghosts, depth, again = rng.random(n) < restless, rng.beta(2, 5, n), rng.random(n) < 0.25
        repeated = ghosts & again
        snr = knobs.snr / fleet.looks("noise")[scanner] * rng.gamma(120, 1 / 120, n) * np.where(ghosts, 0.8, 1)
        kind = (rng.random(n) >= fleet.protocols[0].share).astype(np.int64)
        lead = _LEAD[referral] * rng.standard_exponential(n) * 1.44
        transfer = 3 + rng.gamma(2.0, 2.0, n)
        made = np.array([[p.thickness_mm, p.echo_ms] for p in fleet.protocols])[kind]
        sharp = knobs.sharpness / (1 + fleet.looks("blur")[scanner]) * rng.gamma(300, 1 / 300, n)
        return Studies(
            knobs.day, knobs.site, scanner, patient, sex, knobs.age,
            kind + len(fleet.protocols) * knobs.protocol_changed,
            fleet.software_at(scanner, knobs.day, knobs.software_changed), acquired,
            acquired - ((3 + lead) * MINUTE).astype(np.int64),
            acquired + (transfer * MINUTE).astype(np.int64) + repeated * (AGAIN + MINUTE),
            made[:, 0] * knobs.thickness, made[:, 1] * knobs.echo, rng.gamma(40, 1 / 40, n).astype(np.float32),
            snr, snr * 0.4 * fleet.looks("contrast")[scanner], 1 / snr, sharp * np.where(ghosts, 0.85, 1.0),
            np.where(ghosts, 0.3 + 0.6 * depth, 0.25 * depth), repeated, truth,
        )  # fmt: skip

    def _answer(
        self, rng: np.random.Generator, knobs: Answering, studies: Studies, hidden: tuple[Floats, Any]
    ) -> Answers:
        kin, subtle = hidden
        n, year, apart = knobs.day.size, self._year, self._apart
        distance = np.where(studies.truth, np.where(subtle, apart.subtle, apart.obvious), 0.0)
        ghosted = _GHOSTED * (studies.motion >= 0.3) * studies.truth
        drift = self._offsets[knobs.scanner, knobs.day]
        middle = apart.obvious / 2
        lies = middle + (distance - middle) * knobs.skill - ghosted - self._fall(knobs.left) * studies.truth
        latent = apart.cut + (lies + tails(rng, kin) - apart.cut) * knobs.spread + knobs.offset + drift
        score = scores(latent, apart.cut, year.threshold)
        threshold = np.where(knobs.threshold > 0, knobs.threshold, year.threshold)
        trouble, which = rng.random((2, n))
        status = (trouble < 0.014).astype(np.int8) + (trouble < 0.003)
        reason = np.select([status == 0, status == 1], [0, 1 + (which < 0.3)], 3 + (which < 0.5)).astype(np.int8)
        latency = 900 + rng.gamma(3.0, 400.0, n)
        at = studies.received + (rng.gamma(1.5, 60.0, n) * SECOND + latency * 1000).astype(np.int64)
        embedding = self._embedding(rng, knobs, kin, studies) if year.embedding else None
        return Answers(
            self._served[knobs.site] & knobs.routed, self._shadow[knobs.site], at, status, reason, score,
            np.floor(score * CELLS) >= threshold * CELLS, threshold, latency.astype(np.float32), embedding,
        )  # fmt: skip

    def _fall(self, left: Floats) -> Floats:
        """Return by how much the scores of lesions fall for the sensitivity that is left."""
        found = np.zeros(left.size, np.float32)
        for value in np.unique(left[left > 0]):
            found[left == value] = self._apart.fall(float(value))
        return found

    def _embedding(self, rng: np.random.Generator, knobs: Answering, kin: Floats, studies: Studies) -> Floats:
        """Return low-rank embeddings: age, noise, patient and lesion on fixed directions, and Laplace noise."""
        size = self._year.embedding
        ways = np.random.Generator(np.random.PCG64(self._seed.generate_state(2))).standard_normal((5, size))
        causes = np.stack([(studies.age - 58) / 17, studies.noise * 10, kin, studies.truth, knobs.offset * 2], axis=1)
        return (causes @ ways * 0.4 + rng.laplace(0, 0.6, (studies.age.size, size))).astype(np.float32)
