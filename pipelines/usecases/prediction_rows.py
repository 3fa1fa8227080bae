"""The rows of the predictions table: what an admitted version says of a unit."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pipelines.usecases.images_to_score import UnitToScore
from registry.domain.digest import digest_hex, digest_value
from registry.domain.errors import EvidenceMissingError, NotAllowedError
from registry.domain.instants import instant_text
from registry.domain.joining import STUDY_RULE, mode_of, study_score
from registry.domain.lifecycle import DeploymentState
from registry.domain.model import Deployment, ModelVersion, OperatingPoint
from registry.domain.score_grid import to_grid
from registry.domain.vocabulary import Mode

_MODES = {DeploymentState.SHADOW: Mode.SHADOW, DeploymentState.PILOT: Mode.LIVE, DeploymentState.LIVE: Mode.LIVE}


@dataclass(frozen=True)
class ImageScore:
    """What became of one image: a score with the digest of what the network was fed, or why there is none."""

    score: float | None
    input_digest: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Serving:
    """Under which deployment of which version, by which operating point, and in which mode where it was stated."""

    deployment: Deployment
    version: ModelVersion
    point: OperatingPoint
    stated: Mode | None

    @classmethod
    def of(cls, deployment: Deployment, version: ModelVersion, stated: Mode | None) -> "Serving":
        """Build it for a deployment.

        Raises:
            EvidenceMissingError: when the version has no operating point for the site.
            NotAllowedError: when live predictions are asked of a deployment that is not clinical.
        """
        point = version.operating_point(deployment.site)
        if point is None:
            raise EvidenceMissingError(f"{version.name} has no operating point for this site", mend="train it anew")
        if stated is Mode.LIVE and _MODES[DeploymentState(deployment.mode)] is not Mode.LIVE:
            raise NotAllowedError(f"{version.name} is deployed in {deployment.mode} here", mend="leave --mode out")
        return cls(deployment, version, point, stated)

    def mode_of(self, acquired_at: str, now: datetime) -> Mode:
        """Return how a prediction on a study of this time counts (contract, section 4b)."""
        found = mode_of(self.stated, instant_text(now), acquired_at)
        timely = self.stated is None and found is Mode.LIVE
        return _MODES[DeploymentState(self.deployment.mode)] if timely else found


def prediction_row(
    serving: Serving, unit: UnitToScore, scores: Sequence[ImageScore], at: datetime, latency_ms: float
) -> dict[str, Any]:
    """Return the row of one unit; its score is that of its images, one a series, by the study rule.

    A unit of which an image has no score is `failed`: the greatest of the others could be too low.

    Args:
        serving: the admitted version.
        unit: what was scored.
        scores: one an image, in the order of the unit's images.
        at: when it was scored.
        latency_ms: how long that took, reading the files included.
    """
    mode = serving.mode_of(unit.acquired_at, at)
    row = _identity(serving, unit, mode, instant_text(at)) | {"latency_ms": round(latency_ms, 3)}
    row["attributes"] = _attributes(serving, scores)
    failed = [one for one in scores if one.score is None]
    if failed:
        why = failed[0].reason if len(scores) == 1 else f"{len(failed)} of {len(scores)} images: {failed[0].reason}"
        return row | {"status": "failed", "reason": why}
    score = study_score([one.score for one in scores if one.score is not None], STUDY_RULE)
    decided = {"decision": to_grid(score) >= serving.point.k, "threshold": serving.point.threshold}
    return row | {"status": "scored", "score": score} | decided


def _identity(serving: Serving, unit: UnitToScore, mode: Mode, at: str) -> dict[str, Any]:
    version = serving.version
    named = digest_value([version.model, version.version, unit.unit_uid, mode.value, at])
    return {
        "prediction_id": digest_hex(named)[:32],
        "model": version.model,
        "version": version.version,
        "target": version.target,
        "study_uid": unit.images[0].study_uid,
        "series_uid": unit.series_uid,
        "unit": unit.unit.value,
        "unit_uid": unit.unit_uid,
        "predicted_at": at,
        "mode": mode.value,
    }


def _attributes(serving: Serving, scores: Sequence[ImageScore]) -> dict[str, str]:
    digests = [one.input_digest for one in scores]
    fed = digests[0] if len(digests) == 1 else digest_value(digests)
    return {
        "artifact_digest": serving.version.artifact_digest,
        "deployment": serving.deployment.deployment,
        "input_digest": fed,
        "threshold_cell": str(serving.point.k),
    }
