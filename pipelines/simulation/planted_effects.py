"""What a planted failure can turn: knobs that every generator of a year reads, neutral unless something is planted.

Three moments: who comes and to which scanner (`Arriving`), how the study is made and answered (`Answering`), how it is
read (`Reading`). A knob is an array with one value a study (or read); a generator applies it in its own way.
"""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[Any]
Booleans = npt.NDArray[np.bool_]


@dataclass
class Arriving:
    """Who comes: knobs before age, sex, truth and scanner are settled.

    Attributes:
        day: day of the year that is drawn, from 0.
        site: place of the site.
        first: day on which the patient was first seen.
        scanner: place of the scanner; a plant may move the study to another one.
        chance: a uniform number a study, by which a share of the studies is chosen.
        age: years added.
        log_odds: added to the log odds of the lesion.
    """

    day: Integers
    site: Integers
    first: Integers
    scanner: Integers
    chance: Floats
    age: Floats
    log_odds: Floats

    @classmethod
    def neutral(cls, day: Integers, site: Integers, first: Integers, scanner: Integers, chance: Floats) -> Self:
        """Return knobs that change nothing."""
        return cls(day, site, first, scanner.copy(), chance, _zeros(day), _zeros(day))


@dataclass
class Answering:
    """How a study is made and answered.

    Attributes:
        day, site, scanner: as settled.
        first: day on which the patient was first seen.
        female, age: the patient, age in years.
        offset: added to the latent score, in standard deviations of one class at home.
        left: sensitivity that is left where there is a lesion; 0 for that at home.
        skill: factor on the distance of the classes.
        spread: factor on the latent score.
        snr, sharpness: factors on the measured quality; noise moves against snr.
        ghosts: added to the share of studies with ghosts of motion.
        thickness, echo: factors on slice thickness and echo time.
        protocol_changed, software_changed: whether name or version is another one.
        threshold: the operating point in force; 0 for the year's.
        routed: whether the study reaches the model.
    """

    day: Integers
    site: Integers
    scanner: Integers
    first: Integers
    female: Booleans
    age: Floats
    offset: Floats
    left: Floats
    skill: Floats
    spread: Floats
    snr: Floats
    sharpness: Floats
    ghosts: Floats
    thickness: Floats
    echo: Floats
    protocol_changed: Booleans
    software_changed: Booleans
    threshold: npt.NDArray[np.float64]
    routed: Booleans

    @classmethod
    def neutral(cls, arriving: Arriving, female: Booleans, age: Floats) -> Self:
        """Return knobs that change nothing, for those who came."""
        day = arriving.day
        none = np.zeros(day.size, bool)
        return cls(
            day, arriving.site, arriving.scanner, arriving.first, female, age,
            _zeros(day), _zeros(day), _ones(day), _ones(day), _ones(day), _ones(day), _zeros(day), _ones(day),
            _ones(day), none, none.copy(), np.zeros(day.size), ~none,
        )  # fmt: skip


@dataclass
class Reading:
    """How a study is read; one value a read.

    Attributes:
        day, site, reader: when, where, by whom (place of the reader in the hospital).
        accepts: whether the reader takes over what the model says.
        dismisses: chance that a positive answer of the model is dismissed unseen.
        pace: factor on the reading time.
    """

    day: Integers
    site: Integers
    reader: Integers
    accepts: Booleans
    dismisses: Floats
    pace: Floats

    @classmethod
    def neutral(cls, day: Integers, site: Integers, reader: Integers) -> Self:
        """Return knobs that change nothing."""
        return cls(day, site, reader, np.zeros(day.size, bool), _zeros(day), _ones(day))


def _zeros(like: Integers) -> Floats:
    return np.zeros(like.size, np.float32)


def _ones(like: Integers) -> Floats:
    return np.ones(like.size, np.float32)
