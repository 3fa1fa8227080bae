"""Classify a candidate under its model's change plan: before it is trained, and again after it was evaluated."""

from typing import TYPE_CHECKING

from registry.change_plans import AdoptedPlan, plan_of
from registry.comparisons import comparisons_of
from registry.database import reading
from registry.domain.change_scope import Classification, Scope, Stage, VersionFacts, classify
from registry.domain.errors import AnswerIsNoError, EvidenceMissingError, UsageError
from registry.domain.lifecycle import DeploymentState, VersionState
from registry.domain.model import ModelVersion
from registry.domain.vocabulary import Verdict
from registry.scope import facts_of, plan_of_version, record_classification
from registry.versions import find

if TYPE_CHECKING:
    from pipelines.bootstrap import Workspace

_IN_USE = (DeploymentState.PILOT.value, DeploymentState.LIVE.value)


def plan_in_force(workspace: "Workspace", model: str) -> AdoptedPlan:
    """Return a model's change plan.

    Raises:
        EvidenceMissingError: when it has none.
    """
    found = plan_of(workspace.lifecycle.record, model)
    if found is None:
        raise EvidenceMissingError(f"{model} has no change plan", mend="adopt one: overread plan sign FILE")
    return found


def base_version(workspace: "Workspace", plan: AdoptedPlan) -> ModelVersion:
    """Return the version from which changes are told: the approved one in use, live before pilot; else the original.

    A version in shadow is none: what nobody approved cannot widen what the next candidate is compared with.
    """
    running = [one for one in workspace.lifecycle.deployments(plan.plan.model) if one.state in _IN_USE]
    for one in sorted(running, key=lambda one: (_IN_USE.index(one.state), one.started_at), reverse=True):
        version = workspace.lifecycle.version(one.model, one.version)
        if version.state is VersionState.APPROVED:
            return version
    return workspace.lifecycle.version(plan.plan.model, plan.plan.acceptance.original_version)


def intended_use_of(workspace: "Workspace", model: str, asked: str | None) -> str:
    """Return the intended use of a model's next version: what was asked for, else what its change plan says."""
    if asked is not None:
        return " ".join(asked.split())
    plan = plan_of(workspace.lifecycle.record, model)
    return str(plan.plan.record["intended_use"]) if plan is not None else ""


def classify_facts(workspace: "Workspace", plan: AdoptedPlan, facts: VersionFacts) -> Classification:
    """Classify facts against the plan, before training; nothing is put on record."""
    base = base_version(workspace, plan)
    return classify(plan.plan, (base.version, _facts(workspace, plan, base)), facts, Stage.BEFORE)


def foresee(workspace: "Workspace", model: str, facts: VersionFacts, submission: str | None) -> str:
    """Classify a candidate before it is trained, on record; without a change plan there is nothing to classify.

    Args:
        workspace: where plan and versions are.
        model: the model.
        facts: what the candidate is to be made of.
        submission: why it is a new submission, where it is declared one.

    Returns:
        The classification's digest; empty without a plan.

    Raises:
        AnswerIsNoError: when it is out of scope or unclear, and not declared a new submission.
        UsageError: when it is declared one and lies in scope, or there is no plan.
    """
    plan = plan_of(workspace.lifecycle.record, model)
    if plan is None:
        if submission is None:
            return ""
        raise UsageError(f"{model} has no change plan: every version of it is judged as new", where="--new-submission")
    found = classify_facts(workspace, plan, facts)
    if found.scope is Scope.IN and submission is not None:
        raise UsageError(
            f"the change lies within {plan.plan.name}", where="--new-submission", mend="leave it out; the plan judges"
        )
    record_classification(workspace.lifecycle.record, found, facts, workspace.actor, submission=submission or "")
    if found.scope is not Scope.IN and submission is None:
        raise AnswerIsNoError(
            f"the change is {found.scope.words} under {plan.plan.name}: {found.why}",
            mend="adopt a plan that covers it, or declare it with --new-submission WHY",
        )
    return found.digest


def reclassify(workspace: "Workspace", version: ModelVersion) -> Classification | None:
    """Classify a version again after it was evaluated, by what was really made and judged, on record.

    Returns:
        The classification; None for a version that was not made under a change plan.
    """
    record = workspace.lifecycle.record
    with reading(workspace.engine) as session:
        plan = plan_of_version(session, workspace.objects, find(session, version.model, version.version))
    facts = facts_of(record, version.model, version.version)
    if plan is None or facts is None:
        return None
    base = base_version(workspace, plan)
    if base.version == version.version:
        base = workspace.lifecycle.version(version.model, plan.plan.acceptance.original_version)
    found = classify(
        plan.plan, (base.version, _facts(workspace, plan, base)), facts, Stage.AFTER, _judged(workspace, version)
    )
    record_classification(record, found, facts, workspace.actor, version)
    return found


def _judged(workspace: "Workspace", version: ModelVersion) -> dict[str, Verdict]:
    """Return what a version did not reach, by cohort, and what its comparisons showed, by look."""
    evaluations = workspace.lifecycle.evaluations(version.model, version.version)
    failed = {one.cohort: one.verdict for one in evaluations if one.verdict is Verdict.FAILED}
    ours = [
        one for one in comparisons_of(workspace.lifecycle.record, version.model) if one["candidate"] == version.version
    ]
    return failed | {f"{one['cohort']} look {one['look']}": Verdict(one["verdict"]) for one in ours}


def _facts(workspace: "Workspace", plan: AdoptedPlan, base: ModelVersion) -> VersionFacts | None:
    """Return the base's facts; its intended use is the plan's where its training named none."""
    found = facts_of(workspace.lifecycle.record, base.model, base.version)
    if found is None or found.of("intended_use") != ("",):
        return found
    return VersionFacts({**found.values, "intended_use": (str(plan.plan.record["intended_use"]),)}, found.notes)
