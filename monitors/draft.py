"""From a reading to a signal: state, reason, and the sentence that a quality officer understands."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from monitors.catalogue import CATALOGUE
from monitors.scope import View
from monitors.shares import thin
from monitors.signal_type import SignalType
from registry.domain.signal import Signal
from registry.domain.vocabulary import NotAssessed, SignalState
from validation.statistics.proportions import Bounds, ClusteredShare

# The last clause of a sentence, which names the limit: it falls where there is none.
_LIMIT_CLAUSE = re.compile(r"(?:;|\.) (?:(?!; |\. ).)*\{limit\}")
CELL_WORDS = {
    "ai+read+": "called positive by the model and by the reader",
    "ai+read-": "called positive by the model and negative by the reader",
    "ai-read+": "called negative by the model and positive by the reader",
    "ai-read-": "called negative by the model and by the reader",
}


@dataclass(frozen=True)
class Reading:
    """What one statistic measured, before it is judged.

    Attributes:
        n, n_positive, n_patients: counts behind it.
        value, interval, limit, p_value: as in the signal.
        subject: whom it speaks of, beside the scope.
        reason: why it is not judged; None when it is.
        why: the reason in words, or a note that follows the sentence.
        watch: whether a rule without p-value raises it.
        assumes: what had to be assumed.
    """

    n: int
    value: float | None = None
    interval: Bounds | None = None
    limit: float | None = None
    p_value: float | None = None
    n_positive: int | None = None
    n_patients: int | None = None
    subject: Mapping[str, str] = field(default_factory=dict)
    reason: NotAssessed | None = None
    why: str = ""
    watch: bool = False
    assumes: str | None = None


def reading_of(share: ClusteredShare, limit: float | None = None) -> Reading:
    """Return a clustered share as a reading."""
    return Reading(share.n, share.value, share.bounds, limit, n_positive=share.successes, n_patients=share.patients)


def drafted(view: View, code: str, reading: Reading) -> Signal:
    """Return a reading as a signal; its p-value is judged later, with those of its family."""
    entry, reading = CATALOGUE[code], _of_enough_patients(reading)
    state = _state(reading)
    return Signal(
        code=code,
        monitor=entry.monitor,
        version=view.scope.version,
        mode=view.scope.mode,
        target=view.scope.target,
        statistic=entry.statistic,
        window=view.window,
        n=reading.n,
        state=state,
        explains=_sentence(entry, reading, state),
        site=view.scope.site or None,
        subject=dict(reading.subject),
        reference_digest=view.reference_digest,
        n_positive=reading.n_positive,
        n_patients=reading.n_patients,
        value=reading.value,
        interval=None if reading.interval is None else (reading.interval.low, reading.interval.high),
        limit=reading.limit,
        p_value=None if state is SignalState.NOT_ASSESSED else reading.p_value,
        reason=reading.reason,
        assumes=reading.assumes,
    )


def subject_words(subject: Mapping[str, str]) -> str:
    """Spell a subject, such as `sex F`."""
    if "cell" in subject:
        return CELL_WORDS[subject["cell"]]
    if "false_positives" in subject:
        return f"{subject['false_positives']} false positives ({subject['label']})"
    if "feature" in subject:
        return subject["feature"].replace("_", " ")
    return ", ".join(
        value.replace("_", " ") if key == "measure" else f"{key.removeprefix('axis:').replace('_', ' ')} {value}"
        for key, value in subject.items()
    )


def _of_enough_patients(reading: Reading) -> Reading:
    """Leave unjudged what a test of units from very few patients says."""
    few = "" if reading.n_patients is None else thin(reading.n, reading.n_patients)
    if reading.p_value is None or reading.reason is not None or not few:
        return reading
    return replace(reading, reason=NotAssessed.CLUSTERED, why=few)


def _state(reading: Reading) -> SignalState:
    if reading.reason is not None and not reading.watch:
        return SignalState.NOT_ASSESSED
    return SignalState.WATCH if reading.watch else SignalState.OK


def _sentence(entry: SignalType, reading: Reading, state: SignalState) -> str:
    """Spell a reading; where its p-value decides, the judgement follows later."""
    parts = [_measured(entry, reading)] if reading.value is not None else []
    if state is SignalState.NOT_ASSESSED:
        return " ".join([*parts, f"{entry.title}: not assessed ({reading.why})."])
    if reading.p_value is None:
        parts.append(entry.raised if state is SignalState.WATCH else entry.calm)
    return " ".join([*parts, f"{reading.why[:1].upper()}{reading.why[1:]}." if reading.why else ""]).strip()


def _measured(entry: SignalType, reading: Reading) -> str:
    bounds = reading.interval
    interval = f"({_shown(entry, bounds.low)} to {_shown(entry, bounds.high)})" if bounds else ""
    says = entry.says if reading.limit is not None else _LIMIT_CLAUSE.sub("", entry.says)
    text = says.format(
        value=_shown(entry, reading.value),
        interval=interval,
        n=reading.n,
        patients=reading.n_patients if reading.n_patients is not None else "unknown",
        limit=_shown(entry, reading.limit),
        subject=subject_words(reading.subject),
    )
    return " ".join(text.split()).replace(" ,", ",").replace(" 1 patients", " 1 patient")


def _shown(entry: SignalType, value: float | None) -> str:
    if value is None:
        return ""
    return f"{100 * value:.1f} %" if entry.share else f"{value:.3g}" if 0 < abs(value) < 0.01 else f"{value:.3f}"
