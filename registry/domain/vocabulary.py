"""The words: enumerations that files, tables and JSON share (contract, sections 1, 3 and 7)."""

from dataclasses import dataclass
from enum import StrEnum


class Unit(StrEnum):
    """What one prediction, read, outcome or finding speaks of."""

    STUDY = "study"
    SERIES = "series"
    INSTANCE = "instance"
    LESION = "lesion"


class Mode(StrEnum):
    """How a prediction came to be."""

    LIVE = "live"
    SHADOW = "shadow"
    RETROSPECTIVE = "retrospective"
    VALIDATION = "validation"


class Identifiers(StrEnum):
    """How the identifiers of a file come (contract, section 2)."""

    ORIGINAL = "original"
    PSEUDONYMISED = "pseudonymised"


class Role(StrEnum):
    """Roles of a cohort (contract, section 7)."""

    TRAIN = "train"
    TUNE = "tune"
    INTERNAL_TEST = "internal-test"
    TRANSFER_TEST = "transfer-test"
    EXTERNAL_TEST = "external-test"


class Verdict(StrEnum):
    """Verdict of a one-time judgement."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_ASSESSED = "not_assessed"


class SignalState(StrEnum):
    """State of a signal; nothing is green by silence."""

    OK = "ok"
    WATCH = "watch"
    ALERT = "alert"
    NOT_ASSESSED = "not_assessed"


class NotAssessed(StrEnum):
    """Reasons of `not_assessed` (contract, section 9)."""

    TOO_FEW = "too_few"
    NO_OUTCOMES = "no_outcomes"
    IMMATURE = "immature"
    VERIFICATION = "verification"
    CLUSTERED = "clustered"
    ATTRIBUTE_MISSING = "attribute_missing"
    SUPPRESSED = "suppressed"
    NOT_RUN = "not_run"
    GRID = "grid"
    DATES_SHIFTED = "dates_shifted"


STATUSES = frozenset({"scored", "skipped", "failed"})
ACTIONS = frozenset({"accepted", "rejected", "modified", "supplemented", "ignored", "not_viewed", "unknown"})
STAGES = frozenset({"preliminary", "final", "second", "addendum", "adjudication"})
REPORT_STATUSES = frozenset({"P", "F", "C", "A"})
SOURCES = ("pathology", "follow-up", "consensus", "report")  # in order of precedence
VERIFICATIONS = frozenset({"all", "sampled", "by_decision"})
SEXES = frozenset({"F", "M", "O"})
STUDY_RULES = frozenset({"max", "mean", "first"})
AGE_BANDS = ((0, 17), (18, 39), (40, 64), (65, 79), (80, None))
MIN_PATIENTS_PER_CLASS = 10


@dataclass(frozen=True)
class Target:
    """A clinical question: its analysis unit, and its cluster (always the patient)."""

    target: str
    analysis_unit: Unit
    cluster: str = "patient"


@dataclass(frozen=True)
class Site:
    """An organisation or campus that acquires or reads studies, with its IANA time zone."""

    site: str
    time_zone: str
    organisation: str = ""


def age_band(age_years: float | None) -> str | None:
    """Return the default age band of an age in years, such as `65-79`; None when the age is unknown or negative."""
    if age_years is None or age_years < 0:
        return None
    for low, high in AGE_BANDS:
        if high is None or age_years < high + 1:
            return f"{low}+" if high is None else f"{low}-{high}"
    return None
