"""Failures that can be planted into a year: what each means, how strong it is, which named cause counts as right.

The table `FAILURES` is the truth against which monitors are judged; `Plants` turns the knobs of `planted_effects` for
every generator alike. Sizes in standard deviations refer to the latent score of one class at home.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

import numpy as np

from pipelines.simulation.hospital import Failure, SimulatedHospital
from pipelines.simulation.planted_effects import Answering, Arriving, Booleans, Reading
from pipelines.simulation.year_fleet import Fleet, new_scanner
from registry.domain.errors import UnknownNameError, UsageError
from registry.domain.vocabulary import AGE_BANDS


class Who(StrEnum):
    """Whom the field `who` of a failure names."""

    NOBODY = "nobody: the whole site, or every site"
    SCANNER = "a scanner's serial"
    SCANNER_OR_SITE = "a scanner's serial, or nobody for the whole site"
    NEW_SCANNER = "the serial of the new scanner"
    GROUP = "a group, as sex=F or age_band=65-79"
    READER = "a reader"


Turn = Callable[[Any, Booleans, float], None]  # knobs, the studies that are struck, size


@dataclass(frozen=True)
class FailureKind:
    """One kind of failure.

    Attributes:
        meaning: what goes wrong.
        who: whom `Failure.who` names.
        size: what `Failure.size` means.
        default: the size where 0 is given.
        causes: kinds of cause (contract, section 9) that name it rightly.
        without_labels: whether it shows before any outcome is known.
        arrive, answer, read: how it turns the knobs, by moment.
        ramp: days over which it grows to its size; 0 for at once.
    """

    meaning: str
    who: Who
    size: str
    default: float
    causes: tuple[str, ...]
    without_labels: bool
    arrive: Turn | None = None
    answer: Turn | None = None
    read: Turn | None = None
    ramp: int = 0


def _upgraded(knobs: Answering, struck: Booleans, size: float) -> None:
    knobs.software_changed |= struck
    knobs.offset[struck] += size
    knobs.skill[struck] *= 0.75


def _unfamiliar(knobs: Answering, struck: Booleans, _size: float) -> None:
    knobs.offset[struck] += 0.4
    knobs.skill[struck] *= 0.85


def _degraded(knobs: Answering, struck: Booleans, size: float) -> None:
    knobs.snr[struck] *= size
    knobs.offset[struck] -= 0.5
    knobs.skill[struck] *= 0.8


def _other_protocol(knobs: Answering, struck: Booleans, size: float) -> None:
    knobs.protocol_changed |= struck
    knobs.thickness[struck] *= size
    knobs.echo[struck] *= 1.25
    knobs.offset[struck] -= 0.4


def _missed(knobs: Answering, struck: Booleans, size: float) -> None:
    knobs.left[struck] = size


def _more_disease(knobs: Arriving, struck: Booleans, size: float) -> None:
    knobs.log_odds[struck] += np.log(size)


def _preprocessed(knobs: Answering, struck: Booleans, size: float) -> None:
    knobs.offset[struck] += size
    knobs.sharpness[struck] *= 0.75


def _swapped(knobs: Answering, struck: Booleans, size: float) -> None:
    knobs.skill[struck] *= size
    knobs.spread[struck] *= 1.35


def _other_threshold(knobs: Answering, struck: Booleans, size: float) -> None:
    knobs.threshold[struck] = size


def _ghosts(knobs: Answering, struck: Booleans, size: float) -> None:
    knobs.ghosts[struck] += size


def _weaker(knobs: Answering, struck: Booleans, size: Any) -> None:
    knobs.skill[struck] *= size


def _accepts(knobs: Reading, struck: Booleans, size: float) -> None:
    knobs.accepts |= struck
    knobs.pace[struck] *= size


def _dismisses(knobs: Reading, struck: Booleans, size: float) -> None:
    knobs.dismisses[struck] = size


def _cut_off(knobs: Answering, struck: Booleans, _size: float) -> None:
    knobs.routed &= ~struck


def _younger(knobs: Arriving, struck: Booleans, size: float) -> None:
    knobs.age[struck] += size


def _strange(knobs: Answering, struck: Booleans, _size: float) -> None:
    knobs.offset[struck] += 0.4
    knobs.skill[struck] *= 0.85


FAILURES: Mapping[str, FailureKind] = {
    "scanner-upgrade": FailureKind(
        "one scanner gets new software: its version changes, its scores shift, the model's skill on it falls to 3/4",
        Who.SCANNER, "shift of its scores, in standard deviations", 0.6,
        ("software", "scanner"), without_labels=True, answer=_upgraded,
    ),
    "new-scanner": FailureKind(
        "a scanner of an unknown maker takes a share of a site's studies; the model is a little less skilled on it",
        Who.NEW_SCANNER, "share of the site's studies", 0.5,
        ("scanner",), without_labels=True, answer=_unfamiliar,
    ),
    "scanner-degradation": FailureKind(
        "one scanner silently becomes noisy: the signal-to-noise ratio falls, scores fall, skill falls to 4/5",
        Who.SCANNER, "factor on the signal-to-noise ratio", 0.6,
        ("scanner",), without_labels=True, answer=_degraded,
    ),
    "protocol-change": FailureKind(
        "the protocol is changed and renamed: thicker slices, longer echo time, scores fall",
        Who.SCANNER_OR_SITE, "factor on the slice thickness", 1.6,
        ("protocol",), without_labels=True, answer=_other_protocol,
    ),
    "subgroup-decline": FailureKind(
        "the model misses lesions of one group; studies without a lesion score as before",
        Who.GROUP, "sensitivity that is left in the group at the operating point", 0.55,
        ("subgroup",), without_labels=False, answer=_missed,
    ),
    "prevalence-change": FailureKind(
        "more patients have the lesion",
        Who.NOBODY, "factor on the odds of the lesion", 2.0,
        ("prevalence",), without_labels=True, arrive=_more_disease,
    ),
    "preprocessing-shift": FailureKind(
        "the pictures reach the model resampled: sharpness falls by a quarter, all scores of a site shift",
        Who.NOBODY, "shift of the scores, in standard deviations", 0.6,
        ("input",), without_labels=True, answer=_preprocessed,
    ),
    "model-swap": FailureKind(
        "another model answers under the same version: less skill, scores further apart",
        Who.NOBODY, "factor on the distance of the classes", 0.6,
        ("model",), without_labels=True, answer=_swapped,
    ),
    "operating-point": FailureKind(
        "decisions are made, and stated, at another threshold",
        Who.NOBODY, "the new threshold as a number of 65536ths; default: 5/2 of the odds of the old one", 0.0,
        ("threshold",), without_labels=True, answer=_other_threshold,
    ),
    "motion-wave": FailureKind(
        "many studies have ghosts of motion; on those the quality falls and the model loses skill",
        Who.SCANNER_OR_SITE, "share of studies with ghosts, added", 0.35,
        ("input",), without_labels=True, answer=_ghosts,
    ),
    "slow-decline": FailureKind(
        "the model loses skill evenly over 180 days",
        Who.NOBODY, "factor on the distance of the classes at the end", 0.5,
        ("model",), without_labels=False, answer=_weaker, ramp=180,
    ),
    "reader-accepts": FailureKind(
        "one reader starts to accept whatever the model says, in a fraction of the time",
        Who.READER, "factor on the reading time", 0.3,
        ("reader",), without_labels=True, read=_accepts,
    ),
    "reader-rejects": FailureKind(
        "one reader dismisses positive answers of the model unseen",
        Who.READER, "share of positive answers that are dismissed", 0.9,
        ("reader",), without_labels=True, read=_dismisses,
    ),
    "routing-stop": FailureKind(
        "studies no longer reach the model; they are acquired and read without it",
        Who.SCANNER_OR_SITE, "without meaning", 1.0,
        ("routing",), without_labels=True, answer=_cut_off,
    ),
    "unusual-population": FailureKind(
        "other patients come: by default 30 years younger; the model, made for others, scores them higher",
        Who.NOBODY, "years added to the age of new patients", -30.0,
        ("input",), without_labels=True, arrive=_younger, answer=_strange,
    ),
}  # fmt: skip
_BOUNDS = {
    "new-scanner": (0.01, 1.0), "scanner-degradation": (0.05, 1.0), "protocol-change": (0.1, 10.0),
    "subgroup-decline": (0.01, 0.99), "prevalence-change": (0.01, 100.0), "model-swap": (0.0, 2.0),
    "motion-wave": (0.01, 1.0), "slow-decline": (0.0, 1.0), "reader-accepts": (0.01, 1.0),
    "reader-rejects": (0.01, 1.0), "unusual-population": (-90.0, 90.0),
}  # fmt: skip
_BY_PATIENT = frozenset({"unusual-population"})  # strikes patients who are first seen since then


@dataclass(frozen=True)
class Planted:
    """A failure, resolved: first day from the year's, places instead of names (-1 for all), its size."""

    failure: Failure
    kind: FailureKind
    day: int
    site: int
    scanner: int
    reader: int
    size: float

    def to_json(self) -> dict[str, Any]:
        """Return the truth about it, by which monitors are judged."""
        return {
            "kind": self.failure.kind, "since": self.failure.since, "site": self.failure.site or None,
            "who": self.failure.who or None, "size": self.size, "meaning": self.kind.meaning,
            "causes": list(self.kind.causes), "without_labels": self.kind.without_labels,
        }  # fmt: skip


class Plants:
    """The failures of one year: the fleet with what they add, and their effects.

    Args:
        hospital: where they strike.
        failures: what is planted.
        first: first day of the year.
        threshold: the year's operating point.

    Raises:
        UnknownNameError: for an unknown kind, site, scanner or reader.
        UsageError: for a day that is none, or a group or threshold that cannot be.
    """

    def __init__(self, hospital: SimulatedHospital, failures: Sequence[Failure], first: date, threshold: float) -> None:
        added = [_added(hospital, one) for one in failures if one.kind == "new-scanner"]
        self.fleet = Fleet(hospital, tuple(added), first)
        self.planted = tuple(_resolved(self.fleet, one, first, threshold) for one in failures)

    def arrive(self, knobs: Arriving) -> None:
        """Turn what is planted about who comes, and where."""
        for one in self.planted:
            if one.failure.kind == "new-scanner":
                moved = _since(one, knobs) & (knobs.chance < one.size)
                knobs.scanner[moved] = one.scanner
            elif one.kind.arrive is not None:
                one.kind.arrive(knobs, _since(one, knobs), one.size)

    def answer(self, knobs: Answering) -> None:
        """Turn what is planted about acquisition and answer."""
        for one in self.planted:
            if one.kind.answer is None:
                continue
            struck = _since(one, knobs)
            if one.scanner >= 0:
                struck &= knobs.scanner == one.scanner
            if one.kind.who is Who.GROUP:
                struck &= _group(one.failure.who, knobs)
            one.kind.answer(knobs, struck, _ramped(one, knobs.day[struck]))

    def read(self, knobs: Reading) -> None:
        """Turn what is planted about reading."""
        for one in self.planted:
            if one.kind.read is not None:
                one.kind.read(knobs, _since(one, knobs) & (knobs.reader == one.reader), one.size)


def _since(one: Planted, knobs: Any) -> Booleans:
    day = knobs.first if one.failure.kind in _BY_PATIENT else knobs.day
    struck: Booleans = day >= one.day
    return struck if one.site < 0 else struck & (knobs.site == one.site)


def _ramped(one: Planted, day: Any) -> Any:
    """Return the size of each struck day of a failure that grows; of others the size."""
    if not one.kind.ramp:
        return one.size
    part = np.minimum(1.0, (day - one.day + 1) / one.kind.ramp)
    return (1 + (one.size - 1) * part).astype(np.float32)


def _group(who: str, knobs: Answering) -> Booleans:
    axis, _, value = who.partition("=")
    if axis == "sex":
        return knobs.female if value == "F" else ~knobs.female
    low, high = next((low, high) for low, high in AGE_BANDS if _band(low, high) == value)
    return (knobs.age >= low) & (knobs.age < (999 if high is None else high + 1))


def _band(low: int, high: int | None) -> str:
    return f"{low}+" if high is None else f"{low}-{high}"


def _added(hospital: SimulatedHospital, failure: Failure) -> tuple[int, Any]:
    if not failure.site or not failure.who:
        raise UsageError("a new scanner needs a site and a serial", mend="state both")
    return _place("site", failure.site, [site.site for site in hospital.sites]), new_scanner(failure.who, hospital)


def _place(kind: str, name: str, known: Sequence[str]) -> int:
    if name not in known:
        raise UnknownNameError.of(kind, name, known)
    return known.index(name)


def _resolved(fleet: Fleet, failure: Failure, first: date, threshold: float) -> Planted:
    if failure.kind not in FAILURES:
        raise UnknownNameError.of("failure", failure.kind, FAILURES)
    kind = FAILURES[failure.kind]
    sites = [site.site for site in fleet.hospital.sites]
    site = _place("site", failure.site, sites) if failure.site else -1
    scanner, reader = _who(fleet, failure, kind)
    return Planted(failure, kind, _day(failure, first), site, scanner, reader, _size(failure, kind, threshold))


def _who(fleet: Fleet, failure: Failure, kind: FailureKind) -> tuple[int, int]:
    """Return the places of the named scanner and reader; -1 where none is named."""
    serials, readers = [one.serial for one in fleet.scanners], [one.reader for one in fleet.readers]
    if kind.who is Who.GROUP:
        _check_group(failure.who)
    elif kind.who is Who.READER:
        return -1, _place("reader", failure.who, readers)
    elif kind.who is Who.NOBODY and failure.who:
        raise UsageError(f"'{failure.kind}' strikes whole sites, not '{failure.who}'", mend="leave who empty")
    elif failure.who or kind.who is Who.SCANNER:
        return _place("scanner", failure.who, serials), -1
    return -1, -1


def _check_group(who: str) -> None:
    groups = ["sex=F", "sex=M", *(f"age_band={_band(low, high)}" for low, high in AGE_BANDS)]
    if who not in groups:
        raise UnknownNameError.of("group", who, groups)


def _day(failure: Failure, first: date) -> int:
    try:
        return (date.fromisoformat(failure.since) - first).days
    except ValueError as error:
        raise UsageError(f"'{failure.since}' is no day", mend="write it as 2026-04-01") from error


def _within(failure: Failure, size: float) -> float:
    low, high = _BOUNDS.get(failure.kind, (-100.0, 100.0))
    if not low <= size <= high:
        raise UsageError(f"a size of {size:g} is none of '{failure.kind}'", mend=f"give one from {low:g} to {high:g}")
    return size


def _size(failure: Failure, kind: FailureKind, threshold: float) -> float:
    if failure.kind != "operating-point":
        return _within(failure, failure.size or kind.default)
    odds = 2.5 * threshold / (1 - threshold)
    cells = failure.size or round(65536 * odds / (1 + odds))
    if not (cells == int(cells) and 0 < cells < 65536):
        raise UsageError(f"{failure.size:g} is no threshold", mend="give a whole number of 65536ths")
    return cells / 65536
