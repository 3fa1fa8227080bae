"""Prepare the release of a version that was made under a change plan; its way back is loaded and run once."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pipelines.usecases.classify_change import plan_in_force
from registry.comparisons import comparisons_of
from registry.database import reading
from registry.domain.errors import AnswerIsNoError, EvidenceMissingError, UnknownNameError
from registry.domain.lifecycle import VersionState
from registry.domain.model import ModelVersion
from registry.domain.release import SCHEMA, require_complete
from registry.domain.score_grid import to_grid
from registry.domain.vocabulary import Verdict
from registry.registered import known_sites
from registry.releases import record_release
from registry.scope import classified
from registry.told import require_told
from registry.versions import find

if TYPE_CHECKING:
    from pipelines.bootstrap import Workspace


def prepare_release(workspace: "Workspace", model: str, version: str, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Check the description of a release, prove its roll-back target loadable, and put it on record.

    Args:
        workspace: where the versions are.
        model: the model's name.
        version: the version that is to be used.
        asked: notice, label, roll-back target and stages (`registry.domain.release`).

    Raises:
        AnswerIsNoError: when the description lacks something, or the target is not approved today.
        EvidenceMissingError: when the version passed no comparison under the plan.
        UnknownNameError: for an unknown version or site.
        ArtifactChangedError: when the target's files are not those that were registered.
    """
    known = workspace.lifecycle.version(model, version)
    require_complete(asked, known.version)
    _require_sites(workspace, asked)
    plan = plan_in_force(workspace, model)
    target = workspace.lifecycle.version(model, str(asked["roll_back_to"]))
    _require_approved(workspace, target)
    release = {
        "schema": SCHEMA,
        "model": known.model,
        "version": known.version,
        "artifact_digest": known.artifact_digest,
        "plan": plan.plan.number,
        "plan_digest": plan.plan.digest,
        "comparison": _comparison(workspace, known),
        "classification": _classification(workspace, known),
        "notice": " ".join(str(asked["notice"]).split()),
        "label": " ".join(str(asked["label"]).split()),
        "stages": [dict(stage) for stage in asked["stages"]],
        "roll_back": {"version": target.version, "artifact_digest": target.artifact_digest}
        | load_once(workspace, target),
    }
    event = record_release(workspace.lifecycle.record, release, workspace.actor)
    return release | {"event_seq": event.seq}


def load_once(workspace: "Workspace", version: ModelVersion) -> dict[str, Any]:
    """Load a version from a private, checked copy, and score a flat and a graded image: the dry run of a roll-back.

    Raises:
        ArtifactChangedError: when its files are missing, or not those that were registered.
        UnreadableFileError: when they are no model that Overread runs.
    """
    import numpy as np  # noqa: PLC0415 - lazy: only where a model is loaded

    from pipelines.training.scorer import load_scorer  # noqa: PLC0415 - lazy: torch is slow to import
    from pipelines.usecases.model_copy import private_copy  # noqa: PLC0415 - lazy

    with private_copy(workspace, version) as folder:
        scorer = load_scorer(folder)
        spec = scorer.network.input
        flat = np.full((1, spec.rows, spec.columns), 0.5, np.float32)
        graded = np.linspace(0, 1, spec.rows * spec.columns, dtype=np.float32).reshape(flat.shape)
        scores = scorer.score(np.stack([flat, graded]))
    cells = [to_grid(float(score)) for score in scores]
    return {"artifact_digest": version.artifact_digest, "loaded": True, "cells": cells}


def _require_sites(workspace: "Workspace", asked: Mapping[str, Any]) -> None:
    with reading(workspace.engine) as session:
        known = known_sites(session)
    for site in (site for stage in asked["stages"] for site in stage["sites"]):
        if site not in known:
            raise UnknownNameError.of("site", site, known)


def _require_approved(workspace: "Workspace", target: ModelVersion) -> None:
    with reading(workspace.engine) as session:
        require_told(session, find(session, target.model, target.version))
    if target.state is not VersionState.APPROVED:
        raise AnswerIsNoError(
            f"{target.name} is {target.state.value} and no way back",
            mend="name a version whose approval is valid today",
        )


def _comparison(workspace: "Workspace", version: ModelVersion) -> str:
    ours = [
        one for one in comparisons_of(workspace.lifecycle.record, version.model) if one["candidate"] == version.version
    ]
    if not ours or ours[-1]["verdict"] != Verdict.PASSED:
        raise EvidenceMissingError(
            f"{version.name} passed no comparison under the change plan", mend="overread validate --against deployed"
        )
    return str(ours[-1]["digest"])


def _classification(workspace: "Workspace", version: ModelVersion) -> str:
    found = [one for one in classified(workspace.lifecycle.record, version.model) if one.version == version.version]
    if not found:
        raise EvidenceMissingError(f"{version.name} was not classified under the change plan")
    return found[-1].digest
