"""The dossier of a model: everything that a page or a report shows about it, in one record.

Pages, PDF and JSON are rendered from the same dossier, so that they show the same numbers by construction.
Every mapping in it is JSON, already free of identifiers.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from registry.domain.model import Deployment, ModelVersion
from registry.domain.stratum import Suspension

Json = Mapping[str, Any]


@dataclass(frozen=True)
class SignatureView:
    """A signature as every human-readable form must show it (21 CFR 11.50): name, time, meaning."""

    printed_name: str
    role: str
    meaning: str
    signed_at: str
    statement_digest: str
    key_id: str
    event_seq: int
    acting_for: str = ""
    proof: str = ""
    act: str = ""
    reason: str = ""


@dataclass(frozen=True)
class CheckpointView:
    """Where the ledger stood: its size, root and the signed note."""

    origin: str
    size: int
    root: str
    note: str
    signed_at: str


@dataclass(frozen=True)
class CurvePoint:
    """One operating point of a ROC curve."""

    false_positive_rate: float
    true_positive_rate: float


@dataclass(frozen=True)
class CalibrationBin:
    """One bin of a reliability curve: mean score, observed share of positives with its interval, n."""

    mean_score: float
    observed: float
    low: float
    high: float
    n: int


@dataclass(frozen=True)
class EvaluationView:
    """An evaluation's record with what its charts need."""

    record: Json
    digest: str
    event_seq: int
    completed_at: str
    roc: tuple[CurvePoint, ...]
    reliability: tuple[CalibrationBin, ...]


@dataclass(frozen=True)
class StoredAlert:
    """An alert on record.

    Attributes:
        model, version, mode, target: whose it is.
        record: the contract's JSON, with the state in which it stands now.
        event_seq: the event that told of it last.
        acknowledged_by, resolved_by: printed name and instant of who did; empty where nobody did.
        names: every cause that it had, the first one first, with the day from which it bore it.
    """

    model: str
    version: str
    mode: str
    target: str
    record: Json
    event_seq: int
    acknowledged_by: str = ""
    resolved_by: str = ""
    names: tuple[Json, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form: the contract's record, and whose it is."""
        return {
            "model": self.model,
            "version": self.version,
            "mode": self.mode,
            "target": self.target,
            **self.record,
            "acknowledged_by": self.acknowledged_by or None,
            "resolved_by": self.resolved_by or None,
            "names": [dict(one) for one in self.names],
        }


@dataclass(frozen=True)
class CohortView:
    """A cohort's counts: units, positives, patients, scanners, and the flow of its selection."""

    name: str
    role: str
    digest: str
    units: int
    positive: int
    patients: int
    scanners: int
    sites: tuple[str, ...]
    flow: tuple[tuple[str, int], ...]
    synthetic: bool


@dataclass(frozen=True)
class DailyPoint:
    """One day of a score or override series: n, positives by the AI, mean score."""

    day: str
    n: int
    n_positive: int
    mean_score: float


class Monitored(Protocol):
    """What is shown of the monitors of a model, whoever trained it."""

    @property
    def monitor(self) -> Json | None:
        """The newest monitor run; None where none ran."""
        ...

    @property
    def daily(self) -> tuple[DailyPoint, ...]:
        """Its daily series."""
        ...

    @property
    def alerts(self) -> tuple[StoredAlert, ...]:
        """The alerts on record."""
        ...

    @property
    def synthetic(self) -> bool:
        """Whether some of it is simulated."""
        ...


@dataclass(frozen=True)
class WatchedView:
    """A model that was not trained here, and how it does in use.

    Attributes:
        model, version, target: the name under which its results come in; the version is the one registered last, or
            that of the newest results where nobody registered one.
        identity: digest of what names it: the declared identity, or the name alone where nobody registered it.
        registered: whether it is on the inventory of third-party models.
        declared: what its vendor declares, by name; empty where nobody registered it.
        deployments: where it is said to run, oldest first: version, site, state, since when, fallback, event.
        signed_by: who signed for it, each once with the acts.
        period, monitor, daily, alerts, checkpoint, ledger_verdict, synthetic: as for a dossier.
    """

    model: str
    version: str
    target: str
    identity: str
    registered: bool
    declared: Mapping[str, str]
    deployments: tuple[Json, ...]
    signed_by: tuple[str, ...]
    period: tuple[str, str]
    monitor: Json | None
    daily: tuple[DailyPoint, ...]
    alerts: tuple[StoredAlert, ...]
    checkpoint: CheckpointView
    ledger_verdict: str
    synthetic: bool

    @property
    def name(self) -> str:
        """`model@version`; the model alone where no version is known."""
        return f"{self.model}@{self.version}" if self.version else self.model


@dataclass(frozen=True)
class Dossier:
    """Everything that is shown about one model version.

    `limits` lists in plain sentences what the evidence does not show: each not-assessed verdict, missing external
    site, synthetic data, unanchored ledger. It is never empty by silence: a dossier without limits says so.
    `suspensions` are the strata of its deployments that are or were suspended; `change_plan` is the model's plan in
    force, with who signed it; `comparisons` are the version's records as a candidate, or against others;
    `classifications` say where its change lies under the plan, before training and after evaluation.
    """

    model: ModelVersion
    period: tuple[str, str]
    as_of: str
    deployments: tuple[Deployment, ...]
    signatures: tuple[SignatureView, ...]
    refused_decisions: tuple[Json, ...]
    cohorts: tuple[CohortView, ...]
    evaluations: tuple[EvaluationView, ...]
    monitor: Json | None
    daily: tuple[DailyPoint, ...]
    limits: tuple[str, ...]
    checkpoint: CheckpointView
    ledger_verdict: str
    synthetic: bool
    code_version: str
    suspensions: tuple[Suspension, ...] = ()
    change_plan: Json | None = None
    comparisons: tuple[Json, ...] = ()
    alerts: tuple[StoredAlert, ...] = ()
    approval: Json | None = None
    tier: Json | None = None
    classifications: tuple[Json, ...] = ()


@dataclass(frozen=True)
class AppendixView:
    """An explorable appendix of the drift monitors on record: whom and what it shows, and the digest of its page."""

    as_of: str
    version: str
    mode: str
    target: str
    current: int
    reference: int
    tool: str
    digest: str
    synthetic: bool


@dataclass(frozen=True)
class FleetRow:
    """One row of the fleet page: a model's newest version and how it stands."""

    model: str
    version: str
    target: str
    state: str
    deployments: tuple[str, ...]
    last_evaluation: str
    last_verdict: str
    signals: Mapping[str, int]
    open_alerts: int
    last_monitored: str
    signed_by: tuple[str, ...]
    synthetic: bool
    open_tasks: int = 0


@dataclass(frozen=True)
class RoleRow:
    """One role on the people page: whether a release needs it, who fills it, and what they lack, each in words."""

    role: str
    needed: bool
    vacant: bool
    filled_by: tuple[str, ...]


@dataclass(frozen=True)
class LedgerRow:
    """One event on the audit page."""

    seq: int
    at: str
    type: str
    title: str
    person: str
    role: str
    subjects: tuple[str, ...]
    outcome: str
    reason: str
