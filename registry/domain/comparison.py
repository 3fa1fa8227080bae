"""A candidate compared with the original and the deployed version under a change plan: the record of one look."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from registry.domain.digest import digest_value
from registry.domain.estimate import Estimate, decimal_text
from registry.domain.model import CriterionResult
from registry.domain.vocabulary import Verdict

ORIGINAL, DEPLOYED = "original", "deployed"


@dataclass(frozen=True)
class ComparedMetric:
    """One metric of the candidate against one other version, on the same units.

    Attributes:
        metric: `auc`, `sensitivity` or `specificity`.
        against: `original` or `deployed`.
        version: the other version.
        candidate, other: both estimates.
        margin: how much worse is not too much, a decimal text.
        result: the difference with its interval, judged on its lower bound.
    """

    metric: str
    against: str
    version: str
    candidate: Estimate
    other: Estimate
    margin: str
    result: CriterionResult

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "metric": self.metric,
            "against": self.against,
            "version": self.version,
            "candidate": self.candidate.to_json(),
            "other": self.other.to_json(),
            "margin": self.margin,
            "difference": self.result.estimate.to_json(),
            "verdict": self.result.verdict.value,
            "why": self.result.why,
        }


@dataclass(frozen=True)
class Comparison:
    """One look at a test cohort.

    Attributes:
        model, candidate, deployed, original: the model and the versions.
        artifacts: per version its artifact digest.
        cohort, cohort_digest: the test cohort.
        plan, plan_digest: number and digest of the change plan.
        protocol_digest: digest of what was frozen before: criteria, test set, metric code, statistical plan.
        metric_code: digest of the code that judged.
        look, looks: which look of how many this is.
        level: confidence level of every interval: 1 - 2 alpha / looks, for one-sided errors of alpha in all.
        order: events of the ledger: `plan`, `cohort` and `frozen`, the last before anything was scored.
        scores: per version the digest of its stored scores.
        metrics: what was compared.
        verdict, why: over all of it.
    """

    model: str
    candidate: str
    deployed: str
    original: str
    artifacts: Mapping[str, str]
    cohort: str
    cohort_digest: str
    plan: int
    plan_digest: str
    protocol_digest: str
    metric_code: str
    look: int
    looks: int
    level: float
    order: Mapping[str, int]
    scores: Mapping[str, str]
    metrics: tuple[ComparedMetric, ...]
    verdict: Verdict
    why: str
    synthetic: bool

    def to_json(self) -> dict[str, Any]:
        """Return the record whose canonical bytes are the comparison."""
        plain = {key: value for key, value in vars(self).items() if key != "metrics"}
        return (
            {"schema": "overread.comparison/2"}
            | plain
            | {
                "artifacts": dict(self.artifacts),
                "order": dict(self.order),
                "scores": dict(self.scores),
                "level": decimal_text(self.level),
                "verdict": self.verdict.value,
                "metrics": [metric.to_json() for metric in self.metrics],
            }
        )

    @property
    def digest(self) -> str:
        """Digest of the record."""
        return digest_value(self.to_json())
