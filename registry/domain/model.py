"""Model versions, their operating points, evaluations and deployments: the records that decisions stand on."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from registry.domain.digest import digest_value
from registry.domain.estimate import Estimate
from registry.domain.group_report import GroupReport
from registry.domain.lifecycle import VersionState
from registry.domain.vocabulary import Role, Verdict


@dataclass(frozen=True)
class OperatingPoint:
    """A threshold k/65536, for one site or all (`*`), with where and by which rule it was chosen."""

    site: str
    k: int
    tune_cohort: str
    rule: str

    @property
    def threshold(self) -> float:
        """The threshold as a score."""
        return self.k / 65536

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {"site": self.site, "k": self.k, "tune_cohort": self.tune_cohort, "rule": self.rule}


@dataclass(frozen=True)
class ModelVersion:
    """A registered version: what it is, what it was fitted on, by whom, and where it stands."""

    model: str
    version: str
    target: str
    state: VersionState
    artifact_digest: str
    train_cohort: str
    tune_cohort: str
    operating_points: tuple[OperatingPoint, ...]
    trained_by: str
    registered_at: str
    mlflow_run: str
    mlflow_version: str
    synthetic: bool = False
    submitted_at: str | None = None

    @property
    def name(self) -> str:
        """`model@version`."""
        return f"{self.model}@{self.version}"

    def operating_point(self, site: str) -> OperatingPoint | None:
        """Return the operating point of a site, else the one of all sites, else None."""
        points = {point.site: point for point in self.operating_points}
        return points.get(site, points.get("*"))


@dataclass(frozen=True)
class CriterionResult:
    """One acceptance criterion, judged on the bound of the interval and never on the point estimate (VAL-04)."""

    criterion: str
    verdict: Verdict
    estimate: Estimate
    limit: float
    why: str

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "criterion": self.criterion,
            "verdict": self.verdict.value,
            "estimate": self.estimate.to_json(),
            "limit": format(self.limit, ".12g"),
            "why": self.why,
        }


@dataclass(frozen=True)
class Evaluation:
    """A version judged on one frozen cohort under one frozen protocol, over everybody and by groups."""

    model: str
    version: str
    artifact_digest: str
    cohort: str
    cohort_digest: str
    cohort_role: Role
    protocol_digest: str
    threshold: float
    metrics: tuple[Estimate, ...]
    criteria: tuple[CriterionResult, ...]
    verdict: Verdict
    why: str
    scores_digest: str
    proofs: tuple[Mapping[str, Any], ...] = ()
    synthetic: bool = False
    groups: GroupReport | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the record whose canonical bytes are the evaluation."""
        groups = {} if self.groups is None else {"groups": self.groups.to_json()}
        return {
            "schema": "overread.evaluation/1",
            "model": self.model,
            "version": self.version,
            "artifact_digest": self.artifact_digest,
            "cohort": self.cohort,
            "cohort_digest": self.cohort_digest,
            "cohort_role": self.cohort_role.value,
            "protocol_digest": self.protocol_digest,
            "threshold": format(self.threshold, ".12g"),
            "metrics": [metric.to_json() for metric in self.metrics],
            "criteria": [criterion.to_json() for criterion in self.criteria],
            "verdict": self.verdict.value,
            "why": self.why,
            "scores_digest": self.scores_digest,
            "proofs": [dict(proof) for proof in self.proofs],
            "synthetic": self.synthetic,
            **groups,
        }

    @property
    def digest(self) -> str:
        """Digest of the record."""
        return digest_value(self.to_json())


@dataclass(frozen=True)
class Deployment:
    """A version at a site: shadow, pilot or live; stopped or ended."""

    deployment: str
    model: str
    version: str
    site: str
    target: str
    mode: str
    state: str
    started_at: str
    artifact_digest: str
    signature: str
    event_seq: int
