"""The course of a hospital with regimes: days hang together, and case mix, volume and referral change now and then.

None of it is a failure of the model: what it sees changes, how well it sees it does not.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipelines.simulation.year_calendar import Calendar

REFERRALS = ("emergency", "inpatient", "outpatient")
_BASE = np.array([3.0, 5.0, 12.0])  # weights of a Dirichlet distribution
_DAYS_A_REGIME = 110.0  # mean length
_VOLUME, _PREVALENCE, _YEARS = 0.10, 0.12, 2.0  # standard deviations from regime to regime
_DAILY_VOLUME, _DAILY_PREVALENCE, _DAILY_OFFSET = 0.10, 0.10, 0.05  # of the daily course
_MEMORY = 0.8  # correlation from day to day

Course = npt.NDArray[np.float32]


@dataclass(frozen=True)
class SiteCourse:
    """How things go at one site, one value a day.

    Attributes:
        volume: factor on the expected studies.
        log_odds: added to the log odds of the lesion.
        age: years added.
        referral: cumulated shares of emergency, inpatient and outpatient studies.
        regime: number of the regime.
    """

    volume: Course
    log_odds: Course
    age: Course
    referral: Course
    regime: npt.NDArray[np.int64]


def draw_course(rng: np.random.Generator, calendar: Calendar) -> SiteCourse:
    """Draw one site's course: regimes of random length, and around them a stationary first-order autoregression."""
    days = calendar.days
    regime = np.cumsum((rng.random(days) < 1 / _DAYS_A_REGIME).astype(np.int64))
    regimes = days + 1
    level = rng.normal(0, 1, (3, regimes))
    mix = np.cumsum(rng.dirichlet(_BASE * 3, regimes), axis=1)[regime]
    volume = _VOLUME * level[0][regime] + drawn_memory(rng, days) * _DAILY_VOLUME
    log_odds = _PREVALENCE * level[1][regime] + drawn_memory(rng, days) * _DAILY_PREVALENCE
    return SiteCourse(
        volume=np.exp(volume - 0.01).astype(np.float32),
        log_odds=log_odds.astype(np.float32),
        age=(_YEARS * level[2][regime]).astype(np.float32),
        referral=mix.astype(np.float32),
        regime=regime,
    )


def drawn_memory(rng: np.random.Generator, days: int) -> npt.NDArray[np.float64]:
    """Return a first-order autoregression with variance 1."""
    steps = rng.standard_normal(days)
    found = np.empty(days)
    found[0] = steps[0]
    for day in range(1, days):
        found[day] = _MEMORY * found[day - 1] + np.sqrt(1 - _MEMORY**2) * steps[day]
    return found


def drawn_offsets(seeds: Sequence[np.random.SeedSequence], days: int) -> Course:
    """Return how each scanner's latent scores lie on each day: heavy-tailed between scanners, slow in time.

    Each scanner has its own seed, so that one that is added leaves the others as they are.
    """
    return np.stack([_drawn_offset(np.random.Generator(np.random.PCG64(seed)), days) for seed in seeds])


def _drawn_offset(rng: np.random.Generator, days: int) -> Course:
    found: Course = (0.06 * rng.standard_t(5) + drawn_memory(rng, days) * _DAILY_OFFSET).astype(np.float32)
    return found
