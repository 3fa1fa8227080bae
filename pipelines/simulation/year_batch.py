"""What a generator of a year hands to the writer: studies with their predictions, reads and outcomes, as arrays.

Instants are microseconds since 1970 in UTC. Places (`site`, `scanner`, `reader`) are those of the `Fleet`.
"""

from dataclasses import dataclass, fields
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Numbers = npt.NDArray[Any]  # binary32 or binary64
Integers = npt.NDArray[Any]
Instants = npt.NDArray[np.int64]
Booleans = npt.NDArray[np.bool_]
Record = TypeVar("Record", "Reads", "Outcomes")

SEXES = ("F", "M", None)  # codes of `Studies.sex`; None is unknown
STATUSES = ("scored", "skipped", "failed")
REASONS = (None, "no suitable series", "too few slices", "time limit exceeded", "out of memory")
STAGES = ("final", "preliminary", "addendum")
REPORTS = ("F", "P", "C")  # report status of each stage
ACTIONS = ("accepted", "rejected", "modified", "ignored", "not_viewed", "unknown")
SOURCES = ("pathology", "follow-up", "consensus", "report")
VERIFICATIONS = ("by_decision", "sampled", "all")
AGAIN = 7 * 60 * 1_000_000  # microseconds after which a series is repeated
UNKNOWN = -1  # code of a missing value


@dataclass
class Studies:
    """Studies in order of acquisition.

    Attributes:
        day: day of the year, site-local.
        patient: number of the patient at the site.
        sex: code of `SEXES`; age in years.
        protocol, software: places in the fleet's lists.
        thickness_mm, echo_ms: as made; the rest of a protocol's numbers are the fleet's.
        repeated: whether the series was repeated some minutes later.
        truth: whether the lesion is there.
    """

    day: Integers
    site: Integers
    scanner: Integers
    patient: Integers
    sex: Integers
    age: Floats
    protocol: Integers
    software: Integers
    acquired: Instants
    ordered: Instants
    received: Instants
    thickness_mm: Floats
    echo_ms: Floats
    dose: Floats  # factor on the protocol's dose
    snr: Numbers
    cnr: Numbers
    noise: Numbers
    sharpness: Numbers
    motion: Numbers
    repeated: Booleans
    truth: Booleans


@dataclass
class Answers:
    """One prediction a study, where one was made.

    Attributes:
        made: whether there is one; the other values mean nothing without.
        shadow: whether the model runs in shadow at the site.
        status, reason: codes of `STATUSES` and `REASONS`.
        score: 0..1 where scored, with the decision at `threshold`.
        embedding: one row a study, or None.
    """

    made: Booleans
    shadow: Booleans
    at: Instants
    status: Integers
    reason: Integers
    score: npt.NDArray[np.float64]
    decision: Booleans
    threshold: npt.NDArray[np.float64]
    latency_ms: Floats
    embedding: Floats | None = None

    @property
    def scored(self) -> Booleans:
        """Which studies have a score."""
        found: Booleans = self.made & (self.status == 0)
        return found


@dataclass
class Reads:
    """Reads; `study` is the place in the batch.

    Attributes:
        stage, action: codes of `STAGES` and `ACTIONS`.
        named: whether the read names its prediction.
        shown, before: 1, 0 or `UNKNOWN`.
        confidence: 0..1; seconds: reading time.
    """

    study: Integers
    stage: Integers
    reader: Integers
    at: Instants
    decision: Booleans
    named: Booleans
    shown: Integers
    before: Integers
    action: Integers
    seconds: Floats
    confidence: Floats


@dataclass
class Outcomes:
    """Outcomes; `study` is the place in the batch.

    Attributes:
        source, verification: codes of `SOURCES` and `VERIFICATIONS`.
        known: when it became known.
        by, second: places of the readers who established it, or `UNKNOWN`.
        fraction: share of the unflagged studies that were sampled; NaN where none were.
    """

    study: Integers
    truth: Booleans
    source: Integers
    at: Instants
    known: Instants
    by: Integers
    second: Integers
    blinded: Booleans
    indeterminate: Booleans
    verification: Integers
    fraction: Floats


def stacked(*parts: Record) -> Record:
    """Return the records of several parts, one part after the other."""
    names = [field.name for field in fields(parts[0])]
    return type(parts[0])(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


@dataclass
class Batch:
    """A run of days; `number` is that of its first study in the year."""

    number: int
    studies: Studies
    answers: Answers
    reads: Reads
    outcomes: Outcomes
