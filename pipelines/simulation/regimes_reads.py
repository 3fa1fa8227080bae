"""Reads and outcomes of the generator with regimes: rosters by week, subtle lesions that all miss, proof in batches."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pipelines.simulation.hospital_failures import Plants
from pipelines.simulation.planted_effects import Integers, Reading
from pipelines.simulation.regimes_scores import SUBTLE
from pipelines.simulation.year_batch import (
    ACTIONS,
    SOURCES,
    UNKNOWN,
    VERIFICATIONS,
    Answers,
    Outcomes,
    Reads,
    Studies,
    stacked,
)
from pipelines.simulation.year_calendar import DAY, MINUTE, SECOND
from pipelines.simulation.year_fleet import Fleet

_DUTY = np.array([0.5, 0.3, 0.2, 0.0])  # shares of a week's readers; whoever has 0 is away
_SURE = 1.5  # log odds from the threshold beyond which the model looks sure
_WORKED_UP = (0.9, 0.85, 0.7)  # share of flagged studies that are verified, by referral
_BOARD, _IMPORT = 7 * DAY, 30 * DAY  # proof becomes known at the weekly board, and at the monthly import


@dataclass(frozen=True)
class Rota:
    """Who reads when: cumulated shares of each site's readers by week, and each reader's habit.

    Attributes:
        shares: by site, week and reader of the site.
        before: share of studies in which a reader commits an opinion before the answer is shown.
    """

    shares: tuple[npt.NDArray[np.float64], ...]
    before: npt.NDArray[np.float64]

    @classmethod
    def drawn(cls, rng: np.random.Generator, fleet: Fleet, weeks: int) -> "Rota":
        """Draw the rosters of a year."""
        shares = tuple(_rosters(rng, size, weeks) for _, size in fleet.readers_of)
        return cls(shares, rng.uniform(0.05, 0.3, len(fleet.readers)))

    def assigned(self, rng: np.random.Generator, fleet: Fleet, site: Integers, week: Integers) -> Integers:
        """Return the place of the reader of each study."""
        chance, found = rng.random(site.size), np.zeros(site.size, np.int16)
        for place, (first, size) in enumerate(fleet.readers_of):
            mine = site == place
            passed = chance[mine][:, None] >= self.shares[place][week[mine]][:, : size - 1]
            found[mine] = first + passed.sum(axis=1)
        return found


def _rosters(rng: np.random.Generator, size: int, weeks: int) -> npt.NDArray[np.float64]:
    """Return cumulated shares of a site's readers, week by week; one in four is away where there are four."""
    duty = np.resize(_DUTY, size) if size > 1 else np.ones(1)
    rows = np.stack([rng.permutation(duty) for _ in range(weeks)])
    return np.cumsum(rows / rows.sum(axis=1, keepdims=True), axis=1)


def read_and_prove(
    rng: np.random.Generator, plants: Plants, rota: Rota, sampling: float, seen: tuple[Studies, Answers, Any, Integers]
) -> tuple[Reads, Outcomes]:
    """Return the reads of studies and what is proved later.

    Args:
        rng: source of randomness.
        plants: what is planted.
        rota: who reads when.
        sampling: share of the unflagged studies that are audited.
        seen: studies, answers, which lesions are subtle, and the referral of each study.
    """
    studies, answers, subtle, referral = seen
    final = _finals(rng, plants, rota, studies, answers, subtle)
    reads = stacked(final, *_others(rng, plants.fleet, studies, final))
    flagged = final.decision | ((final.shown == 1) & answers.decision)
    reports = _reports(final)
    proof = _proof(rng, plants.fleet, studies, final, (flagged, referral, sampling))
    return reads, stacked(reports, proof)


def _finals(
    rng: np.random.Generator, plants: Plants, rota: Rota, studies: Studies, answers: Answers, subtle: Any
) -> Reads:
    n, fleet = studies.day.size, plants.fleet
    reader = rota.assigned(rng, fleet, studies.site, studies.day // 7)
    knobs = Reading.neutral(studies.day, studies.site, reader)
    plants.read(knobs)
    glitch, early, trusting, dismissal, click, sees = rng.random((6, n))
    shown = np.where(knobs.accepts, 1, np.select([glitch < 0.015, glitch < 0.04], [UNKNOWN, 0], 1))
    shown = np.where(answers.scored & ~answers.shadow, shown, 0).astype(np.int8)
    before = np.where(shown == 1, (early < rota.before[reader]) & ~knobs.accepts, UNKNOWN).astype(np.int8)
    own = _sees(fleet, reader, studies, subtle, sees)
    odds = np.log(answers.score / (1 - answers.score)) - np.log(answers.threshold / (1 - answers.threshold))
    trust = fleet.skills("trust")[reader] * np.where(np.abs(odds) > _SURE, 1.2, 0.8) * np.where(before == 1, 0.4, 1)
    follows = (shown == 1) & (knobs.accepts | (trusting < trust))
    dropped = (shown == 1) & answers.decision & (dismissal < knobs.dismisses)
    decision = np.where(follows, answers.decision, own) & ~dropped
    slow = rng.gamma(6.0, 1 / 6.0, n) * (1 + 0.25 * decision)
    seconds = fleet.skills("seconds")[reader] * slow * knobs.pace
    begun = np.where(answers.made, np.maximum(answers.at, studies.received), studies.received)
    at = begun + ((5 + rng.weibull(0.8, n).clip(0, 12) * 55) * MINUTE + seconds * SECOND).astype(np.int64)
    agrees = decision == answers.decision
    names = np.select(
        [shown == 0, shown < 0, agrees & (click < 0.97), agrees, click < 0.8],
        [ACTIONS.index(word) for word in ("not_viewed", "unknown", "accepted", "unknown", "rejected")],
        ACTIONS.index("modified"),
    ).astype(np.int8)
    sure = rng.beta(8, 2, n).astype(np.float32)
    none = np.zeros(n, np.int8)
    named = answers.scored & (shown == 1)
    return Reads(
        np.arange(n), none, reader, at, decision, named, shown, before, names, seconds.astype(np.float32), sure
    )


def _sees(fleet: Fleet, reader: Integers, studies: Studies, subtle: Any, chance: Any) -> Any:
    """Return the own opinion: obvious lesions are missed half as often, so that the reader's sensitivity holds."""
    misses = 1 - fleet.skills("sensitivity")[reader]
    obvious = misses / 2
    hard = np.minimum(1.0, (misses - (1 - SUBTLE) * obvious) / SUBTLE)
    wrong = np.where(subtle, hard, np.where(studies.truth, obvious, 1 - fleet.skills("specificity")[reader]))
    return studies.truth ^ (chance < wrong)


def _others(rng: np.random.Generator, fleet: Fleet, studies: Studies, final: Reads) -> tuple[Reads, Reads]:
    """Return preliminary reads by the next reader of the site, mostly at night, and addenda after a conference."""
    early, right, late, wait = rng.random((4, studies.day.size))
    hour = studies.acquired // (60 * MINUTE) % 24
    first = np.flatnonzero(early < np.where((hour < 7) | (hour > 19), 0.25, 0.02))
    start, size = np.array(fleet.readers_of)[studies.site[first]].T
    junior = (start + (final.reader[first] - start + 1) % size).astype(np.int16)
    good = np.where(studies.truth[first], fleet.skills("sensitivity")[junior], fleet.skills("specificity")[junior])
    gap = final.at[first] - studies.received[first]
    decision = studies.truth[first] ^ (right[first] >= good * 0.97)
    preliminary = _bare(first, 1, junior, final.at[first] - gap // 2, decision, final)
    second = np.flatnonzero(late < np.where(final.decision, 0.04, 0.005))
    at = final.at[second] + ((0.5 + 6 * wait[second]) * DAY).astype(np.int64)
    return preliminary, _bare(second, 2, final.reader[second], at, studies.truth[second], final)


def _bare(rows: Integers, stage: int, reader: Integers, at: Integers, decision: Any, final: Reads) -> Reads:
    """Return reads without the model."""
    none = np.full(rows.size, UNKNOWN, np.int8)
    unseen = np.full(rows.size, ACTIONS.index("not_viewed"), np.int8)
    return Reads(
        rows, none * 0 + np.int8(stage), reader, at, decision, none > 0, none * 0, none, unseen,
        final.seconds[rows] * np.float32(0.5), final.confidence[rows],
    )  # fmt: skip


def _reports(final: Reads) -> Outcomes:
    n, at = final.study.size, final.at + MINUTE
    source, every = (
        np.full(n, words.index(word), np.int8) for words, word in ((SOURCES, "report"), (VERIFICATIONS, "all"))
    )
    nobody, nan = np.full(n, UNKNOWN, np.int16), np.full(n, np.nan, np.float32)
    blinded = final.shown == 0
    return Outcomes(
        final.study, final.decision, source, at, at + MINUTE, final.reader, nobody, blinded, nan > 0, every, nan
    )


def _proof(
    rng: np.random.Generator, fleet: Fleet, studies: Studies, final: Reads, how: tuple[Any, Integers, float]
) -> Outcomes:
    flagged, referral, sampling = how
    chance, kind, wait, doubt = rng.random((4, studies.day.size))
    some = np.flatnonzero(chance < np.where(flagged, np.array(_WORKED_UP)[referral], sampling))
    worked, kind, wait = flagged[some], kind[some], wait[some]
    audit = np.where(worked, 0.05, 0.7)  # share of consensus panels
    source = np.select([kind < audit, worked & (kind < 0.6)], [2, 0], 1).astype(np.int8)
    least, most = np.array([[2, 21], [45, 150], [7, 30]], float)[source].T
    at = final.at[some] + ((least + (most - least) * wait**1.5) * DAY).astype(np.int64)
    step = np.where(source == 0, _BOARD, _IMPORT)
    known = (at // step + 1) * step
    start, size = np.array(fleet.readers_of)[studies.site[some]].T
    colleagues = [(start + (final.reader[some] - start + k) % size).astype(np.int16) for k in (1, 2)]
    by = np.where(source == 0, UNKNOWN, colleagues[0])
    return Outcomes(
        some, studies.truth[some], source, at, known, by, np.where(source == 2, colleagues[1], UNKNOWN),
        source != 1, doubt[some] < 0.02, np.where(worked, 0, 1).astype(np.int8),
        np.where(worked, np.nan, sampling).astype(np.float32),
    )  # fmt: skip
