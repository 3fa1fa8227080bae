"""Reads and outcomes of the steady generator: readers judge alone, then may follow the model; proof comes late."""

from typing import Any

import numpy as np

from pipelines.simulation.hospital_failures import Plants
from pipelines.simulation.planted_effects import Booleans, Integers, Reading
from pipelines.simulation.year_batch import UNKNOWN, Answers, Outcomes, Reads, Studies, stacked
from pipelines.simulation.year_calendar import DAY, MINUTE, SECOND
from pipelines.simulation.year_fleet import Fleet

_SHOWN, _HIDDEN = 0.96, 0.98  # share that is shown; up to the second it is not, then nobody knows
_BEFORE = 0.15  # share of readers' opinions that are committed before the answer is shown
_LOYAL = 0.5  # factor on the trust of who has committed an opinion
_DELAY = 45.0  # minutes from answer to reading, median
_PRELIMINARY, _ADDENDUM = 0.06, 0.015
_WORKED_UP = 0.8  # share of flagged studies that are verified
_INDETERMINATE = 0.015
_ACCEPTED, _REJECTED, _MODIFIED, _IGNORED, _NOT_VIEWED, _NO_CLICK = range(6)
_PATHOLOGY, _FOLLOW_UP, _CONSENSUS, _REPORT = range(4)
_BY_DECISION, _SAMPLED, _ALL = range(3)


def reads_of(rng: np.random.Generator, plants: Plants, studies: Studies, answers: Answers) -> Reads:
    """Return one final read a study, some preliminary reads, some addenda."""
    n, fleet = studies.day.size, plants.fleet
    reader = _assigned(rng, fleet, studies.site)
    knobs = Reading.neutral(studies.day, studies.site, reader)
    plants.read(knobs)
    shown, before = _display(rng, answers, knobs)
    opinion = _opinion(rng, fleet, reader, studies.truth)
    decision = _decision(rng, fleet, knobs, opinion, (answers.decision, shown, before))
    pace = fleet.skills("seconds")[reader] * np.exp(0.35 * rng.standard_normal(n, np.float32))
    seconds = pace * knobs.pace * np.where(decision, 1.15, 1.0)
    begun = np.where(answers.made, np.maximum(answers.at, studies.received), studies.received)
    delay = np.minimum(_DELAY * np.exp(0.8 * rng.standard_normal(n, np.float32)), 720) * MINUTE
    at = begun + delay.astype(np.int64) + (seconds * SECOND).astype(np.int64)
    action = _action(rng, shown, decision == answers.decision)
    final = Reads(
        np.arange(n), np.zeros(n, np.int8), reader, at, decision, answers.scored & (shown == 1), shown, before, action,
        seconds, 1 - 0.5 * rng.random(n, np.float32) ** 2,
    )  # fmt: skip
    return stacked(final, _preliminary(rng, fleet, studies, final, begun), _addenda(rng, studies, final))


def _assigned(rng: np.random.Generator, fleet: Fleet, site: Integers) -> Integers:
    """Return the place of each study's reader; the quick ones read more."""
    chance = rng.random(site.size, np.float32)
    found = np.zeros(site.size, np.int16)
    quick = 1 / fleet.skills("seconds")
    for place, (first, size) in enumerate(fleet.readers_of):
        steps = np.cumsum(quick[first : first + size])
        mine = site == place
        found[mine] = first + np.minimum(np.searchsorted(steps / steps[-1], chance[mine], side="right"), size - 1)
    return found


def _display(rng: np.random.Generator, answers: Answers, knobs: Reading) -> tuple[Integers, Integers]:
    """Return whether the answer was on the screen, and whether an opinion was committed before."""
    live = answers.scored & ~answers.shadow
    chance, early = rng.random((2, live.size), np.float32)
    shown = np.where(chance < _SHOWN, 1, np.where(chance < _HIDDEN, 0, UNKNOWN))
    shown = np.where(live, np.where(knobs.accepts, 1, shown), 0).astype(np.int8)
    committed = (early < _BEFORE) & ~knobs.accepts
    return shown, np.where(shown == 1, committed, UNKNOWN).astype(np.int8)


def _opinion(rng: np.random.Generator, fleet: Fleet, reader: Integers, truth: Booleans) -> Booleans:
    chance = rng.random(truth.size, np.float32)
    sensitivity, specificity = fleet.skills("sensitivity")[reader], fleet.skills("specificity")[reader]
    found: Booleans = np.where(truth, chance < sensitivity, chance >= specificity)
    return found


def _decision(
    rng: np.random.Generator, fleet: Fleet, knobs: Reading, opinion: Booleans, model: tuple[Booleans, Any, Any]
) -> Booleans:
    """Return the final decision: the own opinion, or the model's where it is followed."""
    said, shown, before = model
    chance, dismissal = rng.random((2, opinion.size), np.float32)
    trust = fleet.skills("trust")[knobs.reader] * np.where(before == 1, _LOYAL, 1.0)
    follows = (shown == 1) & ((chance < trust) | knobs.accepts)
    dismissed = (shown == 1) & said & (dismissal < knobs.dismisses)
    found: Booleans = np.where(follows, said, opinion) & ~dismissed
    return found


def _action(rng: np.random.Generator, shown: Integers, agrees: Booleans) -> Integers:
    chance = rng.random(shown.size, np.float32)
    agreed = np.where(chance < 0.96, _ACCEPTED, np.where(chance < 0.98, _IGNORED, _NO_CLICK))
    differed = np.where(chance < 0.85, _REJECTED, _MODIFIED)
    seen = np.where(agrees, agreed, differed)
    return np.where(shown == 1, seen, np.where(shown == 0, _NOT_VIEWED, _NO_CLICK)).astype(np.int8)


def _preliminary(rng: np.random.Generator, fleet: Fleet, studies: Studies, final: Reads, begun: Integers) -> Reads:
    """Return earlier reads by a colleague, without the model."""
    chance = rng.random(studies.day.size, np.float32)
    opinion = rng.random(studies.day.size, np.float32)
    some = np.flatnonzero(chance < _PRELIMINARY)
    start, size = (np.array(fleet.readers_of, np.int16)[studies.site[some], k] for k in (0, 1))
    reader = (start + (final.reader[some] - start + 1) % size).astype(np.int16)
    truth = studies.truth[some]
    right = np.where(truth, fleet.skills("sensitivity")[reader], fleet.skills("specificity")[reader])
    at = begun[some] + (final.at[some] - begun[some]) * 2 // 5
    return _alone(some, 1, reader, at, truth ^ (opinion[some] >= right), final)


def _addenda(rng: np.random.Generator, studies: Studies, final: Reads) -> Reads:
    """Return later corrections by the same reader, who knows better by then."""
    chance, later = rng.random((2, studies.day.size), np.float32)
    some = np.flatnonzero(chance < _ADDENDUM)
    at = final.at[some] + ((1 + 9 * later[some]) * DAY).astype(np.int64)
    return _alone(some, 2, final.reader[some], at, studies.truth[some], final)


def _alone(some: Integers, stage: int, reader: Integers, at: Integers, decision: Booleans, final: Reads) -> Reads:
    """Return reads that were made without the model."""
    n = some.size
    return Reads(
        some, np.full(n, stage, np.int8), reader, at, decision, np.zeros(n, bool), np.zeros(n, np.int8),
        np.full(n, UNKNOWN, np.int8), np.full(n, _NOT_VIEWED, np.int8), final.seconds[some] * np.float32(0.6),
        final.confidence[some],
    )  # fmt: skip


def outcomes_of(
    rng: np.random.Generator, fleet: Fleet, sampling: float, studies: Studies, answers: Answers, reads: Reads
) -> Outcomes:
    """Return a report for every study, and proof for those that were worked up or sampled.

    A study is flagged when the final read, or the model where readers see it, is positive. Flagged studies are mostly
    worked up; of the others a share is sampled.
    """
    n = studies.day.size
    final = slice(0, n)  # the final reads come first, in the order of the studies
    decision, reader, at = reads.decision[final], reads.reader[final], reads.at[final]
    flagged = decision | (answers.scored & ~answers.shadow & answers.decision)
    chance = rng.random(n, np.float32)
    proof = np.flatnonzero(np.where(flagged, chance < _WORKED_UP, chance < sampling))
    return stacked(_reports(reads, n), _proof(rng, fleet, (studies, flagged, reader, at), proof, sampling))


def _reports(reads: Reads, n: int) -> Outcomes:
    at = reads.at[:n] + MINUTE
    return Outcomes(
        np.arange(n), reads.decision[:n], np.full(n, _REPORT, np.int8), at, at + 2 * MINUTE, reads.reader[:n],
        np.full(n, UNKNOWN, np.int16), reads.shown[:n] == 0, np.zeros(n, bool), np.full(n, _ALL, np.int8),
        np.full(n, np.nan, np.float32),
    )  # fmt: skip


def _proof(rng: np.random.Generator, fleet: Fleet, what: tuple[Any, ...], some: Integers, sampling: float) -> Outcomes:
    studies, flagged, reader, read_at = what
    n = studies.day.size
    kind, wait, lag, doubt = (column[some] for column in rng.random((4, n), np.float32))
    worked = flagged[some]
    source = np.where(
        worked, np.where(kind < 0.55, _PATHOLOGY, _FOLLOW_UP), np.where(kind < 0.6, _CONSENSUS, _FOLLOW_UP)
    ).astype(np.int8)
    least, mean = (np.array(days)[source] for days in ((3.0, 60.0, 5.0), (9.0, 35.0, 14.0)))
    at = read_at[some] + ((least - mean * np.log1p(-wait)) * DAY).astype(np.int64)
    known = at + ((0.1 - 2.0 * np.log1p(-lag)) * DAY).astype(np.int64)
    start, size = (np.array(fleet.readers_of, np.int16)[studies.site[some], k] for k in (0, 1))
    others = [(start + (reader[some] - start + step) % size).astype(np.int16) for step in (1, 2)]
    return Outcomes(
        some, studies.truth[some], source, at, known,
        np.where(source == _PATHOLOGY, UNKNOWN, others[0]), np.where(source == _CONSENSUS, others[1], UNKNOWN),
        source != _FOLLOW_UP, doubt < _INDETERMINATE,
        np.where(worked, _BY_DECISION, _SAMPLED).astype(np.int8),
        np.where(worked, np.nan, sampling).astype(np.float32),
    )  # fmt: skip
