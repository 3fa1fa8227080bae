"""Simulated reads: readers with their own skill, speed and trust in the model; every row is marked synthetic."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from registry.domain.digest import digest_value
from registry.domain.instants import instant_text

MARK = "synthetic"
DISPLAY_MARK = "simulated_display"
_DELAY_MINUTES = 45.0  # median time from the prediction to the read
_SECONDS = 90.0  # median reading time


@dataclass(frozen=True)
class Reader:
    """A simulated reader.

    Attributes:
        reader: pseudonym.
        sensitivity, specificity: alone, without the model.
        trust: chance to follow the model where it disagrees with the own opinion.
        pace: factor on the median reading time.
    """

    reader: str
    sensitivity: float
    specificity: float
    trust: float
    pace: float


@dataclass(frozen=True)
class Case:
    """A prediction that is read: the model's decision and probability, and the truth where it is known."""

    prediction_id: str
    study_uid: str
    unit: str
    unit_uid: str
    target: str
    predicted_at: datetime
    decision: bool
    probability: float
    truth: bool | None


@dataclass(frozen=True)
class ReadingRoom:
    """How the reads are simulated.

    Attributes:
        seed: the same seed gives the same reads.
        shown: whether the model's answer is on the readers' screen.
        simulated_display: whether that display is itself an assumption of the simulation.
        until: no read is later.
    """

    seed: int
    shown: bool
    simulated_display: bool
    until: datetime


def draw_readers(names: Sequence[str], seed: int) -> tuple[Reader, ...]:
    """Draw the readers' skills; the same seed gives the same readers.

    Raises:
        ValueError: when nobody is named.
    """
    if not names:
        raise ValueError("a reading room needs a reader")
    rng = np.random.default_rng([seed, 1])
    rows = rng.random((len(names), 4))
    return tuple(
        Reader(name, 0.75 + 0.2 * a, 0.8 + 0.18 * b, 0.2 + 0.6 * c, 0.6 + 0.8 * d)
        for name, (a, b, c, d) in zip(names, rows.tolist(), strict=True)
    )


def draw_reads(cases: Sequence[Case], readers: Sequence[Reader], room: ReadingRoom) -> list[dict[str, Any]]:
    """Return one final read a case, as rows of the reads table.

    Each case has its own stream of random numbers, so that adding cases leaves the others' reads as they are.
    """
    return [_read(case, readers, room) for case in sorted(cases, key=lambda case: case.prediction_id)]


def read_id_of(case: Case, room: ReadingRoom) -> str:
    """Return the id of a case's read: the same case, seed and kind of display give the same id."""
    seed = ["overread.simulated-read/1", room.seed, room.shown, room.simulated_display, case.prediction_id]
    return f"simulated-{digest_value(seed).removeprefix('sha256:')[:24]}"


def _read(case: Case, readers: Sequence[Reader], room: ReadingRoom) -> dict[str, Any]:
    read_id = read_id_of(case, room)
    rng = np.random.default_rng([room.seed, int(read_id[-24:], 16)])
    reader = readers[int(rng.integers(len(readers)))]
    opinion = _opinion(case, reader, rng)
    follows = room.shown and opinion != case.decision and bool(rng.random() < reader.trust)
    decision = case.decision if follows else opinion
    return {
        "read_id": read_id,
        "study_uid": case.study_uid,
        "target": case.target,
        "reader": reader.reader,
        "read_at": instant_text(_read_at(case, room, rng)),
        "decision": decision,
        "unit": case.unit,
        "unit_uid": case.unit_uid,
        "prediction_id": case.prediction_id,
        "ai_shown": room.shown,
        "action": _action(case, room, decision=decision),
        "stage": "final",
        "read_seconds": round(_SECONDS * reader.pace * math.exp(0.4 * float(rng.normal())), 1),
        "attributes": _marks(room),
    }


def _opinion(case: Case, reader: Reader, rng: np.random.Generator) -> bool:
    """Return what the reader thinks alone; an unknown truth is drawn from the model's probability."""
    latent, chance = rng.random(2).tolist()
    truth = case.truth if case.truth is not None else latent < case.probability
    return bool(chance < reader.sensitivity) if truth else bool(chance >= reader.specificity)


def _read_at(case: Case, room: ReadingRoom, rng: np.random.Generator) -> datetime:
    """Return a time within hours after the prediction, never after `until`, never before the prediction."""
    delay = timedelta(minutes=min(360.0, _DELAY_MINUTES * math.exp(0.8 * float(rng.normal()))))
    return max(case.predicted_at, min(case.predicted_at + delay, room.until))


def _action(case: Case, room: ReadingRoom, *, decision: bool) -> str:
    if not room.shown:
        return "not_viewed"
    return "accepted" if decision == case.decision else "rejected"


def _marks(room: ReadingRoom) -> Mapping[str, str]:
    return {MARK: "true"} | ({DISPLAY_MARK: "true"} if room.simulated_display else {})
