"""The envelope of a version: scanners, software and protocols on which it was validated; and what lies outside."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pipelines.bootstrap import Workspace
from registry.domain.lifecycle import DeploymentState
from registry.domain.model import Deployment, ModelVersion
from registry.domain.vocabulary import Verdict

AXES = {"scanner": "scanner", "software": "software_versions", "protocol": "protocol_name"}
_RUNNING = frozenset({DeploymentState.SHADOW, DeploymentState.PILOT, DeploymentState.LIVE})
_COLUMNS = ("study_uid", "site", "acquired_at", *AXES.values())
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Stratum:
    """One value of an axis at a site where a version runs."""

    version: ModelVersion
    site: str
    axis: str
    value: str


def unseen_strata(workspace: Workspace) -> list[Stratum]:
    """Return the scanners, software versions and protocols that running versions meet outside their envelopes.

    What a version meets at a site: acquisitions since it was deployed there, and those that it scored. Its envelope:
    the acquisitions of the cohorts on which an evaluation of it passed. An attribute that is absent is no stratum.
    """
    running = [one for one in workspace.lifecycle.deployments() if one.state in _RUNNING]
    if not running:
        return []
    rows = workspace.tables.read("acquisitions", columns=list(_COLUMNS)).to_pylist()
    found = {stratum: None for one in running for stratum in _outside(workspace, one, rows)}
    return sorted(found, key=lambda one: (one.version.name, one.site, one.axis, one.value))


def _outside(workspace: Workspace, deployment: Deployment, rows: Iterable[Row]) -> list[Stratum]:
    version = workspace.lifecycle.version(deployment.model, deployment.version)
    studies, scored = _validated_studies(workspace, version), _scored_studies(workspace, version)
    validated = _values([row for row in rows if row["study_uid"] in studies])
    met = _values([row for row in rows if _meets(deployment, row, scored)])
    return [Stratum(version, deployment.site, axis, value) for axis in AXES for value in met[axis] - validated[axis]]


def _meets(deployment: Deployment, row: Row, scored: frozenset[str]) -> bool:
    since = row["acquired_at"] >= deployment.started_at
    return bool(row["site"] == deployment.site and (since or row["study_uid"] in scored))


def _values(rows: Iterable[Row]) -> Mapping[str, set[str]]:
    kept = list(rows)
    return {axis: {str(row[column]) for row in kept if row[column]} for axis, column in AXES.items()}


def _validated_studies(workspace: Workspace, version: ModelVersion) -> frozenset[str]:
    evaluations = workspace.lifecycle.evaluations(version.model, version.version)
    names = {one.cohort for one in evaluations if one.verdict is Verdict.PASSED}
    return frozenset(unit.study_uid for name in names for unit in workspace.cohorts.get(name).units)


def _scored_studies(workspace: Workspace, version: ModelVersion) -> frozenset[str]:
    rows = workspace.tables.read("predictions", columns=["model", "version", "study_uid"]).to_pylist()
    return frozenset(
        row["study_uid"] for row in rows if (row["model"], row["version"]) == (version.model, version.version)
    )
