"""Signals and alerts, in the final JSON of the contract's section 9."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from registry.domain.estimate import rounded
from registry.domain.vocabulary import NotAssessed, SignalState

MONITORS = (
    "input",
    "score",
    "performance",
    "calibration",
    "subgroup",
    "scanner",
    "override",
    "oversight",
    "workload",
    "coverage",
    "routing",
    "data",
)
CAUSES = (
    "scanner",
    "software",
    "protocol",
    "site",
    "subgroup",
    "reader",
    "input",
    "model",
    "threshold",
    "prevalence",
    "routing",
    "label",
)
ALERT_STATES = ("open", "acknowledged", "resolved", "cleared")


@dataclass(frozen=True)
class Window:
    """A span of site-local days, both ends included, as ISO dates."""

    start: str
    end: str

    def to_json(self) -> dict[str, str]:
        """Return the JSON form."""
        return {"start": self.start, "end": self.end}


@dataclass(frozen=True)
class Signal:
    """One statistic of one monitor for one subject and window, with its uncertainty."""

    code: str
    monitor: str
    version: str
    mode: str
    target: str
    statistic: str
    window: Window
    n: int
    state: SignalState
    explains: str
    site: str | None = None
    subject: Mapping[str, str] = field(default_factory=dict)
    reference_digest: str | None = None
    n_positive: int | None = None
    n_patients: int | None = None
    value: float | None = None
    interval: tuple[float | None, float | None] | None = None
    limit: float | None = None
    p_value: float | None = None
    q_value: float | None = None
    evidence: float | None = None
    reason: NotAssessed | None = None
    assumes: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form; numbers have 12 significant digits."""
        bounds = None if self.interval is None else [rounded(bound) for bound in self.interval]
        return {
            "code": self.code,
            "monitor": self.monitor,
            "version": self.version,
            "mode": self.mode,
            "target": self.target,
            "site": self.site,
            "subject": dict(self.subject),
            "statistic": self.statistic,
            "window": self.window.to_json(),
            "reference": None if self.reference_digest is None else {"digest": self.reference_digest},
            "n": self.n,
            "n_positive": self.n_positive,
            "n_patients": self.n_patients,
            "value": rounded(self.value),
            "interval": bounds,
            "limit": rounded(self.limit),
            "p_value": rounded(self.p_value),
            "q_value": rounded(self.q_value),
            "evidence": rounded(self.evidence),
            "state": self.state.value,
            "reason": None if self.reason is None else self.reason.value,
            "assumes": self.assumes,
            "explains": self.explains,
        }


@dataclass(frozen=True)
class Alert:
    """An alarm with owner, action plan and life; whose it is stands beside its JSON, which the contract fixes.

    `first_cause` is the one that it was opened with, `named_on` the day from which it bears `cause`.
    """

    id: str
    code: str
    opened: str
    state: str
    since: Mapping[str, Any]
    cause: Mapping[str, str]
    studies_affected: int
    action: str
    closed: str | None = None
    version: str = ""
    mode: str = ""
    target: str = ""
    site: str | None = None
    first_cause: Mapping[str, str] = field(default_factory=dict)
    named_on: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "id": self.id,
            "code": self.code,
            "site": self.site,
            "opened": self.opened,
            "closed": self.closed,
            "state": self.state,
            "since": dict(self.since),
            "cause": dict(self.cause),
            "studies_affected": self.studies_affected,
            "action": self.action,
        }
