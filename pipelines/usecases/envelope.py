"""The envelope of a version: scanners, software and protocols on which it was validated; and what lies outside."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.bootstrap import Workspace
from registry.domain.lifecycle import DeploymentState
from registry.domain.model import Deployment, ModelVersion
from registry.domain.vocabulary import Verdict

AXES = {"scanner": "scanner", "software": "software_versions", "protocol": "protocol_name"}
_RUNNING = frozenset({DeploymentState.SHADOW, DeploymentState.PILOT, DeploymentState.LIVE})
_COLUMNS = ("study_uid", "site", "acquired_at", *AXES.values())
Value = tuple[str, str]  # axis and value


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
    Segments are read one after the other, by columns: of the rows only distinct values are kept.
    """
    running = [one for one in workspace.lifecycle.deployments() if one.state in _RUNNING]
    found = {stratum: None for one in running for stratum in _outside(workspace, one)}
    return sorted(found, key=lambda one: (one.version.name, one.site, one.axis, one.value))


def _outside(workspace: Workspace, deployment: Deployment) -> list[Stratum]:
    version = workspace.lifecycle.version(deployment.model, deployment.version)
    studies = pa.array(sorted(_validated_studies(workspace, version)), pa.string())
    validated: set[Value] = set()
    met: set[Value] = set()
    for rows in workspace.tables.pieces("acquisitions", _COLUMNS):
        validated |= _values(rows.filter(pc.is_in(rows["study_uid"], value_set=studies)))
        here, since = pc.equal(rows["site"], deployment.site), _since(rows, deployment)
        met |= _values(rows.filter(pc.and_(here, since)))
    met |= _scored_before(workspace, deployment, validated | met)
    return [Stratum(version, deployment.site, axis, value) for axis, value in met - validated]


def _scored_before(workspace: Workspace, deployment: Deployment, known: set[Value]) -> set[Value]:
    """Return what the version met in studies that it scored though they were acquired before it was deployed there."""
    earlier: dict[str, set[Value]] = {}
    for rows in workspace.tables.pieces("acquisitions", _COLUMNS):
        before = rows.filter(pc.and_(pc.equal(rows["site"], deployment.site), pc.invert(_since(rows, deployment))))
        for axis, column in AXES.items():
            told = pa.array(sorted(value for of, value in known if of == axis), pa.string())
            other = before.filter(pc.invert(pc.is_in(pc.coalesce(before[column], ""), value_set=told)))
            for study, value in zip(other["study_uid"].to_pylist(), other[column].to_pylist(), strict=True):
                if value:
                    earlier.setdefault(study, set()).add((axis, str(value)))
    return {value for study in _scored(workspace, deployment, earlier) for value in earlier[study]}


def _scored(workspace: Workspace, deployment: Deployment, studies: Collection[str]) -> set[str]:
    """Return those of some studies that the version scored."""
    if not studies:
        return set()
    wanted, found = pa.array(sorted(studies), pa.string()), set[str]()
    for rows in workspace.tables.pieces("predictions", ("model", "version", "study_uid")):
        own = pc.and_(pc.equal(rows["model"], deployment.model), pc.equal(rows["version"], deployment.version))
        mine = rows.filter(pc.and_(own, pc.is_in(rows["study_uid"], value_set=wanted)))
        found |= set(pc.unique(mine["study_uid"]).to_pylist())
    return found


def _since(rows: Any, deployment: Deployment) -> Any:
    return pc.greater_equal(rows["acquired_at"], deployment.started_at)


def _values(rows: Any) -> set[Value]:
    return {(axis, str(one)) for axis, column in AXES.items() for one in pc.unique(rows[column]).to_pylist() if one}


def _validated_studies(workspace: Workspace, version: ModelVersion) -> frozenset[str]:
    evaluations = workspace.lifecycle.evaluations(version.model, version.version)
    names = {one.cohort for one in evaluations if one.verdict is Verdict.PASSED}
    return frozenset(unit.study_uid for name in names for unit in workspace.cohorts.get(name).units)
