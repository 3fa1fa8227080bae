"""The joining rules a to g (contract, section 4), as pure functions on rows.

A row is a mapping from column name to value as the observation tables store them: instants are UTC texts with
microseconds, so they compare as text; an absent key and None mean the same. These functions are the reference for
every engine that counts.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Any

from registry.domain.instants import instant_text, local_day, parse_instant
from registry.domain.vocabulary import SOURCES, Mode

Row = Mapping[str, Any]

RETROSPECTIVE_AFTER = timedelta(days=30)
INDEPENDENT_SOURCES = frozenset({"pathology", "follow-up", "consensus"})
MIXED = "mixed"
STUDY_RULE = "max"  # of every version; what a study's series are scored by (rule c)
_PRECEDENCE = {source: rank for rank, source in enumerate(SOURCES)}
CLICKS: Mapping[str, bool] = {"accepted": False, "rejected": True, "modified": True}  # whether a click says override
_ANALYSED = ("unit", "unit_uid", "target", "model", "version", "mode")
_STUDY = ("study_uid", "target", "model", "version", "mode")
_SUBJECT = ("unit", "unit_uid", "target")


# a. Day


def day_of(instant: str, zone: str) -> date:
    """Return the site-local day of a stored instant (rule a)."""
    return local_day(parse_instant(instant), zone)


# b. Prediction analysed


@dataclass(frozen=True)
class AnalysedPredictions:
    """The predictions that are analysed, and how many were counted but not analysed."""

    rows: tuple[Row, ...]
    reruns: int
    not_scored: int


def analysed_predictions(predictions: Iterable[Row]) -> AnalysedPredictions:
    """Return the first scored prediction of each (unit, target, model, version, mode); later ones are reruns."""
    ordered = sorted(predictions, key=lambda row: (row["predicted_at"], row["prediction_id"]))
    scored = [row for row in ordered if row.get("status", "scored") == "scored"]
    first: dict[tuple[Any, ...], Row] = {}
    for row in scored:
        first.setdefault(_key(row, _ANALYSED), row)
    return AnalysedPredictions(tuple(first.values()), len(scored) - len(first), len(ordered) - len(scored))


def mode_of(stated: str | None, predicted_at: str, acquired_at: str | None) -> Mode:
    """Return the mode of a prediction: as stated, else `retrospective` for a study older than 30 days, else `live`."""
    if stated:
        return Mode(stated)
    if acquired_at is None:
        return Mode.LIVE
    age = parse_instant(predicted_at) - parse_instant(acquired_at)
    return Mode.RETROSPECTIVE if age > RETROSPECTIVE_AFTER else Mode.LIVE


# c. Study scores and the scanner of a study


_RULES: Mapping[str, Callable[[Sequence[float]], float]] = {
    "max": max,
    "mean": lambda scores: sum(scores) / len(scores),
    "first": lambda scores: scores[0],
}


def study_score(scores: Sequence[float], rule: str) -> float:
    """Return the study's score from its series' scores (each in 0..1) in time order.

    Args:
        scores: at least one score.
        rule: `max`, `mean` or `first`.

    Raises:
        ValueError: for an unknown rule, or no scores.
    """
    if rule not in _RULES or not scores:
        raise ValueError("a study score needs scores and one of the rules max, mean, first")
    return _RULES[rule](scores)


def study_predictions(predictions: Iterable[Row], rule: str) -> tuple[Row, ...]:
    """Return one row a study from analysed predictions of its parts; rows of unit `study` pass as they are.

    The decision follows from the common threshold; where thresholds differ or are missing it is None, except for
    `max` (any part positive) and `first` (the first part's).
    """
    parts: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    whole = []
    for row in sorted(predictions, key=lambda row: (row["predicted_at"], row["prediction_id"])):
        if row["unit"] == "study":
            whole.append(row)
        else:
            parts[_key(row, _STUDY)].append(row)
    return (*whole, *(_as_study(rows, rule) for rows in parts.values()))


def _as_study(rows: Sequence[Row], rule: str) -> Row:
    score = study_score([row["score"] for row in rows], rule)
    made = {"unit": "study", "unit_uid": rows[0]["study_uid"], "score": score, "decision": _decision(rows, rule, score)}
    return {**rows[0], **made, "predicted_at": rows[-1]["predicted_at"]}


def _decision(rows: Sequence[Row], rule: str, score: float) -> bool | None:
    if rule == "max":
        return any(row["decision"] for row in rows)
    if rule == "first":
        return bool(rows[0]["decision"])
    thresholds = {row.get("threshold") for row in rows}
    threshold = thresholds.pop() if len(thresholds) == 1 else None
    return None if threshold is None else bool(score >= threshold)


def scanner_of_study(acquisitions: Iterable[Row], series_uid: str | None = None) -> str | None:
    """Return the scanner of the prediction's series, else the scanner all series share, else `mixed`.

    None when no series of the study states its scanner.
    """
    rows = list(acquisitions)
    own = {row["scanner"] for row in rows if series_uid and row["series_uid"] == series_uid and row.get("scanner")}
    found = own or {row["scanner"] for row in rows if row.get("scanner")}
    if len(found) > 1:
        return MIXED
    return next(iter(found), None)


# d. Read analysed, and overrides


def analysed_read(reads: Iterable[Row]) -> Row | None:
    """Return the last `final` read before any addendum, of the reads of one unit and target; None without one."""
    ordered = sorted(reads, key=lambda row: (row["read_at"], row["read_id"]))
    addenda = [row["read_at"] for row in ordered if row.get("stage", "final") == "addendum"]
    until = min(addenda, default=None)
    finals = [row for row in ordered if row.get("stage", "final") == "final"]
    return next((row for row in reversed(finals) if until is None or row["read_at"] < until), None)


def analysed_reads(reads: Iterable[Row]) -> tuple[Row, ...]:
    """Return the analysed read of each unit and target."""
    groups: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for read in reads:
        groups[_key(read, _SUBJECT)].append(read)
    found = (analysed_read(rows) for rows in groups.values())
    return tuple(row for row in found if row is not None)


def prediction_of_read(read: Row, predictions: Iterable[Row]) -> Row | None:
    """Return the prediction that a read names, else the newest live one of its unit and target at `read_at`.

    A read that names a prediction which is not among `predictions` has none: no other is put in its place.
    """
    rows = list(predictions)
    named = read.get("prediction_id")
    if named:
        return next((row for row in rows if row["prediction_id"] == named), None)
    subject = _key(read, _SUBJECT)
    live = [
        row
        for row in rows
        if row["mode"] == Mode.LIVE and _key(row, _SUBJECT) == subject and row["predicted_at"] <= read["read_at"]
    ]
    return max(live, key=lambda row: (row["predicted_at"], row["prediction_id"]), default=None)


class Shown(StrEnum):
    """Whether the prediction was shown to the reader; unknown is its own class."""

    SHOWN = "shown"
    HIDDEN = "hidden"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Override:
    """Whether a read overrode its prediction.

    Attributes:
        shown: whether the AI was shown.
        overridden: None where the read does not count as a reaction to the prediction.
        action_disagrees: the click says something else than the decisions.
    """

    shown: Shown
    overridden: bool | None
    action_disagrees: bool


def override_of(read: Row, prediction: Row | None) -> Override:
    """Compare a read with the prediction it names: an override differs from it, seen and made before the read."""
    shown = {True: Shown.SHOWN, False: Shown.HIDDEN}.get(read.get("ai_shown"), Shown.UNKNOWN)  # type: ignore[arg-type]
    if prediction is None or shown is not Shown.SHOWN or not _preceded(read, prediction):
        return Override(shown, overridden=None, action_disagrees=False)
    overridden = read["decision"] != prediction["decision"]
    said = CLICKS.get(read.get("action") or "", overridden)
    return Override(shown, overridden, action_disagrees=said != overridden)


def _preceded(read: Row, prediction: Row) -> bool:
    return prediction.get("decision") is not None and bool(prediction["predicted_at"] <= read["read_at"])


# e. Outcome analysed, and its independence of the read


@dataclass(frozen=True)
class AnalysedOutcome:
    """The outcome of one unit and target that is analysed, and how many were indeterminate."""

    row: Row | None
    indeterminate: int


def analysed_outcome(outcomes: Iterable[Row]) -> AnalysedOutcome:
    """Return the outcome of best source (pathology, follow-up, consensus, report), then the latest."""
    rows = list(outcomes)
    determinate = [row for row in rows if not row.get("indeterminate")]
    best = min((_PRECEDENCE[row["source"]] for row in determinate), default=None)
    latest = max(
        (row for row in determinate if _PRECEDENCE[row["source"]] == best),
        key=lambda row: row["established_at"],
        default=None,
    )
    return AnalysedOutcome(latest, len(rows) - len(determinate))


def analysed_outcomes(outcomes: Iterable[Row]) -> tuple[tuple[Row, ...], int]:
    """Return the analysed outcome of each unit and target, and the number of indeterminate rows."""
    groups: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for row in outcomes:
        groups[_key(row, _SUBJECT)].append(row)
    found = [analysed_outcome(rows) for rows in groups.values()]
    return tuple(one.row for one in found if one.row is not None), sum(one.indeterminate for one in found)


@dataclass(frozen=True)
class Independence:
    """Whether an outcome counts as independent of the read, and whether that was only assumed."""

    independent: bool
    assumed: bool


def independence(outcome: Row, read: Row | None = None) -> Independence:
    """Judge whether an outcome is independent of a read.

    Pathology and follow-up are; a consensus is when it was blinded to the AI and shares no reader; what is not stated
    is assumed, and said so; a report never is.
    """
    if outcome["source"] not in INDEPENDENT_SOURCES:
        return Independence(independent=False, assumed=False)
    blinded = outcome.get("ai_blinded")
    if outcome["source"] != "consensus":
        return Independence(independent=True, assumed=blinded is None)
    readers = outcome.get("established_by") or ()
    common = read is not None and read["reader"] in readers
    independent = blinded is not False and not common
    return Independence(independent, assumed=independent and (blinded is None or not readers))


# f. Known time


class Known(StrEnum):
    """Which known time is used (rule f)."""

    RECORDED = "recorded"
    ASSUMED = "assumed"


def end_of_day(day: date) -> str:
    """Return the last microsecond of a day in UTC, as stored instants are spelled."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return instant_text(midnight + timedelta(days=1) - timedelta(microseconds=1))


def known_at(row: Row, event_time: str, known: Known = Known.RECORDED) -> str:
    """Return when a row became known.

    Recorded: `available_at`, else the take-in time. Assumed: `available_at` where it was stated, else the row's event
    time; a table without one keeps the take-in time.
    """
    recorded = row.get("available_at") or row["taken_in_at"]
    if known is Known.RECORDED or recorded != row["taken_in_at"]:
        return str(recorded)
    return str(row.get(event_time) or recorded)


def known_by(rows: Iterable[Row], day: date, event_time: str, known: Known = Known.RECORDED) -> tuple[Row, ...]:
    """Return the rows that were known by the end of a day."""
    until = end_of_day(day)
    return tuple(row for row in rows if known_at(row, event_time, known) <= until)


# g. Clusters


@dataclass(frozen=True)
class Clusters:
    """How many units and patients a window holds; clustered variance is due when a patient has several units."""

    n_units: int
    n_patients: int
    largest: int

    @property
    def clustered(self) -> bool:
        """Say whether the variance must be clustered by patient."""
        return self.largest > 1


def clusters(patients: Iterable[str]) -> Clusters:
    """Count the units of each patient; `patients` names the patient of each unit."""
    counts = Counter(patients)
    return Clusters(counts.total(), len(counts), max(counts.values(), default=0))


def _key(row: Row, names: Sequence[str]) -> tuple[Any, ...]:
    return tuple(row.get(name) for name in names)
