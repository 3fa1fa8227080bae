"""A monitor run in the contract's JSON that tests of figures and pages share: ok, watch and not assessed."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from registry.domain.signal import Signal, Window
from registry.domain.vocabulary import NotAssessed, SignalState

WINDOW = Window("2026-09-03", "2026-09-30")
MODEL = "sarcoma-visible"


def digest(word: str) -> str:
    """Return a digest that looks like a real one."""
    return "sha256:" + hashlib.sha256(word.encode()).hexdigest()


def signal(code: str, monitor: str, statistic: str, **values: Any) -> Signal:
    """Return a signal with the fields that tests do not care about filled in."""
    filled: dict[str, Any] = {
        "version": "3",
        "mode": "shadow",
        "target": MODEL,
        "window": WINDOW,
        "n": 412,
        "n_positive": 96,
        "n_patients": 180,
        "state": SignalState.OK,
        "explains": "This is within what chance explains.",
        "site": "general",
    }
    return Signal(code=code, monitor=monitor, statistic=statistic, **(filled | values))


def unassessed(code: str, monitor: str, statistic: str, reason: NotAssessed, **values: Any) -> Signal:
    """Return a signal without a judgement."""
    said = "There is no judgement: the window holds too little."
    return signal(code, monitor, statistic, state=SignalState.NOT_ASSESSED, reason=reason, explains=said, **values)


def subgroup_signals() -> list[Signal]:
    """Return signals of two groups with a value and one without."""
    groups = (("F", 0.93, SignalState.OK), ("M", 0.861, SignalState.WATCH))
    found = [
        signal(
            "SUB003",
            "subgroup",
            "auc",
            subject={"axis:sex": sex},
            value=value,
            interval=(value - 0.06, min(1.0, value + 0.05)),
            limit=0.85,
            state=state,
            n=200,
            explains=f"In the group sex {sex} the AUC is {value}.",
        )
        for sex, value, state in groups
    ]
    return [*found, unassessed("SUB003", "subgroup", "auc", NotAssessed.TOO_FEW, subject={"axis:sex": "O"}, n=3)]


def scanner_signals() -> list[Signal]:
    """Return the positive rates of seven scanners, one of them far off."""
    rates = ((31, 0.29), (44, 0.2), (52, 0.25), (66, 0.21), (81, 0.41), (95, 0.22), (128, 0.24))
    return [
        signal(
            "SCN001",
            "scanner",
            "positive_rate",
            subject={"scanner": f"p:{digest(str(n))[7:15]}"},
            n=n,
            value=rate,
            interval=(rate - 0.08, rate + 0.09),
            limit=0.38,
            q_value=0.004 if rate > 0.4 else 0.6,
            state=SignalState.WATCH if rate > 0.4 else SignalState.OK,
            explains=f"On this scanner the model called {rate:.0%} of {n} units positive.",
        )
        for n, rate in rates
    ]


def override_signals() -> list[Signal]:
    """Return the override rate and the four cells of its table, of 412 reads."""
    cells = {"ai+read+": 78, "ai+read-": 18, "ai-read+": 7, "ai-read-": 309}
    found = [
        signal(
            "OVR002",
            "override",
            "override_cell",
            subject={"cell": cell},
            value=n / 412,
            interval=(max(0.0, n / 412 - 0.03), n / 412 + 0.03),
            explains=f"Among 412 reads {n} were {cell}.",
        )
        for cell, n in cells.items()
    ]
    return [signal("OVR001", "override", "override_rate", value=25 / 412, interval=(0.04, 0.09), limit=0.05), *found]


def signals() -> list[Signal]:
    """Return the signals of a run: ok, watch and not assessed."""
    return [
        signal("SCO001", "score", "score_ks", value=0.0421, limit=0.12, q_value=0.41),
        signal(
            "SCO002",
            "score",
            "positive_rate",
            value=0.233,
            interval=(0.19, 0.28),
            limit=0.18,
            q_value=0.031,
            state=SignalState.WATCH,
            explains="The model called 23.3 % of 412 units positive; in the reference it was 18 %.",
        ),
        unassessed("PRF001", "performance", "auc", NotAssessed.NO_OUTCOMES, n=0, n_positive=None, n_patients=None),
        unassessed("CAL001", "calibration", "calibration_in_the_large", NotAssessed.NO_OUTCOMES, n=0),
        *subgroup_signals(),
        *scanner_signals(),
        *override_signals(),
        unassessed("SEQ001", "input", "sequential", NotAssessed.NOT_RUN, n=0, n_positive=None, n_patients=None),
    ]


def monitor(found: Sequence[Signal] | None = None) -> Mapping[str, Any]:
    """Return the monitor JSON of the contract's section 9."""
    return {
        "model": MODEL,
        "as_of": "2026-09-30",
        "plan": digest("plan"),
        "known_time": "recorded",
        "tables": {
            "predictions": {"version": 12, "digest": digest("predictions")},
            "reads": {"version": 4, "digest": digest("reads")},
        },
        "signals": [entry.to_json() for entry in (signals() if found is None else found)],
        "alerts": [],
    }
