"""Compare a candidate with the deployed and the original version under the model's change plan."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pipelines.usecases.classify_change import plan_in_force, reclassify
from pipelines.usecases.validate import cohort_to_test_on, operating_point_of, proofs_of, score_cohort
from registry.change_plans import AdoptedPlan
from registry.comparisons import (
    Look,
    LookAsked,
    begin_look,
    comparisons_of,
    kept_comparison,
    record_comparison,
)
from registry.database import reading
from registry.domain.canonical import canonical_bytes
from registry.domain.cohort import Cohort
from registry.domain.comparison import DEPLOYED, ORIGINAL, Comparison
from registry.domain.errors import AnswerIsNoError, EvidenceMissingError, UsageError
from registry.domain.event import Subject
from registry.domain.lifecycle import DeploymentState
from registry.domain.model import ModelVersion
from registry.domain.ports import Progress
from registry.domain.score_grid import to_grid
from registry.schema import CohortRow
from registry.told import require_event

if TYPE_CHECKING:
    from pipelines.bootstrap import Workspace
    from validation.protocol.comparison import Arm

CANDIDATE = "candidate"
_IN_USE = (DeploymentState.SHADOW.value, DeploymentState.PILOT.value, DeploymentState.LIVE.value)
Arms = Mapping[str, ModelVersion]


def compare_candidate(
    workspace: "Workspace", model: str, version: str | None, cohort_name: str, site: str | None, *, progress: Progress
) -> Mapping[str, Any]:
    """Count the look, score all three versions on the plan's test cohort, judge, and keep the verdict.

    The same look asked for twice is made once: its record is given back.

    Args:
        workspace: where the versions, the plan and the cohort are.
        model: the model's name.
        version: the candidate; the newest unless given.
        cohort_name: the plan's test cohort.
        site: whose deployed version, where sites differ.
        progress: advances once an image and version.

    Raises:
        UnknownNameError: for an unknown version or cohort.
        EvidenceMissingError: when the model has no plan, or no other version is deployed.
        UsageError: when the cohort is not the plan's, or several versions are deployed and no site is named.
        LeakFoundError: when the cohort shares something with those that a version was fitted on.
        AnswerIsNoError: when the budget of looks is spent, or the candidate was scored before the plan.
    """
    candidate = workspace.lifecycle.version(model, version)
    plan = _plan(workspace, candidate, cohort_name)
    deployed = deployed_version(workspace, candidate, site)
    original = workspace.lifecycle.version(model, plan.plan.acceptance.original_version)
    arms: Arms = {CANDIDATE: candidate, DEPLOYED: deployed, ORIGINAL: original}
    cohort = cohort_to_test_on(workspace, candidate, cohort_name)
    for arm in arms.values():
        _require_disjoint(workspace, arm, cohort)
    seq = _cohort_event(workspace, cohort)
    _require_unseen(workspace, candidate, cohort, plan)
    look = begin_look(workspace.lifecycle.record, _asked(arms, cohort, plan), workspace.actor)
    kept = kept_comparison(workspace.lifecycle.record, candidate.model, look)
    if kept is not None:
        return kept
    order = {"plan": plan.event_seq, "cohort": seq, "frozen": look.event_seq}
    comparison = _judged(workspace, arms, cohort, plan, look, order, progress)
    event = record_comparison(workspace.lifecycle.record, comparison, workspace.actor)
    reclassify(workspace, candidate)
    return comparison.to_json() | {
        "digest": comparison.digest,
        "event_seq": event.seq,
        "completed_at": event.record["at"],
        "warning": look.warning,
    }


def deployed_version(workspace: "Workspace", candidate: ModelVersion, site: str | None) -> ModelVersion:
    """Return the version in use beside a candidate: live before pilot before shadow.

    Raises:
        EvidenceMissingError: when no other version is deployed.
        UsageError: when several are, and no site is named.
    """
    running = [
        one
        for one in workspace.lifecycle.deployments(candidate.model)
        if one.state in _IN_USE and one.version != candidate.version and site in {None, one.site}
    ]
    if not running:
        raise EvidenceMissingError(f"no other version of {candidate.model} is deployed", mend="deploy one first")
    best = max(_IN_USE.index(one.state) for one in running)
    versions = sorted({one.version for one in running if _IN_USE.index(one.state) == best})
    if len(versions) > 1:
        raise UsageError(
            f"versions {', '.join(versions)} of {candidate.model} are deployed", mend="name one by --site SITE"
        )
    return workspace.lifecycle.version(candidate.model, versions[0])


def _plan(workspace: "Workspace", candidate: ModelVersion, cohort_name: str) -> AdoptedPlan:
    found = plan_in_force(workspace, candidate.model)
    rules = found.plan.acceptance
    if rules.test_cohort != cohort_name:
        raise UsageError(f"{found.plan.name} compares on '{rules.test_cohort}'", mend="name that cohort")
    if rules.original_version == candidate.version:
        raise UsageError(f"{candidate.name} is the original version itself", mend="name a later version")
    return found


def _require_disjoint(workspace: "Workspace", version: ModelVersion, cohort: Cohort) -> None:
    from validation.external import check_role  # noqa: PLC0415 - lazy: scipy is slow to import

    check_role(cohort, proofs_of(workspace, version, cohort))


def _cohort_event(workspace: "Workspace", cohort: Cohort) -> int:
    """Return the event that froze the cohort, once the ledger tells so."""
    with reading(workspace.engine) as session:
        seq = session.get_one(CohortRow, cohort.name).event_seq
        require_event(session, seq, Subject("cohort", cohort.name, cohort.digest))
    return seq


def _require_unseen(workspace: "Workspace", candidate: ModelVersion, cohort: Cohort, plan: AdoptedPlan) -> None:
    """Refuse a candidate that was scored on the cohort before the plan: its criteria could have been fitted to it."""
    evaluations = workspace.lifecycle.evaluations(candidate.model, candidate.version)
    seen = [found.event_seq for found in evaluations if found.cohort_digest == cohort.digest]
    seen += [
        one["event_seq"]
        for one in comparisons_of(workspace.lifecycle.record, candidate.model)
        if one["cohort_digest"] == cohort.digest and candidate.version in one["scores"]
    ]
    for seq in seen:
        if seq < plan.event_seq:
            raise AnswerIsNoError(
                f"{candidate.name} was scored on '{cohort.name}' in event {seq}, before {plan.plan.name}",
                mend="adopt the plan before a candidate is scored",
            )


def _asked(arms: Arms, cohort: Cohort, plan: AdoptedPlan) -> LookAsked:
    """Return what is frozen before anything is scored, once the code that judges is the one that was signed."""
    from validation.protocol.code import metric_code  # noqa: PLC0415 - lazy: scipy is slow to import

    frozen, code = plan.plan.frozen, metric_code()
    if (frozen.get("metric_code"), frozen.get("test_set")) != (code, cohort.digest):
        raise AnswerIsNoError(
            f"the code that judges is another than {plan.plan.name} froze",
            mend=f"adopt plan {plan.plan.number + 1}, which freezes the present one",
        )
    return LookAsked(
        arms[CANDIDATE].model,
        {name: (arm.version, arm.artifact_digest) for name, arm in arms.items()},
        cohort.name,
        cohort.digest,
        plan.plan.digest,
        plan.plan.acceptance.to_json(),
        code,
        frozen["statistics"],
    )


def _judged(
    workspace: "Workspace",
    arms: Arms,
    cohort: Cohort,
    plan: AdoptedPlan,
    look: Look,
    order: Mapping[str, int],
    progress: Progress,
) -> Comparison:
    from validation.protocol.comparison import compare, level_of  # noqa: PLC0415 - lazy: scipy is slow to import

    rules = plan.plan.acceptance
    scored = {version.version: version for version in arms.values()}
    scores = {name: score_cohort(workspace, version, cohort, progress) for name, version in scored.items()}
    judged = {name: _arm(version, cohort, scores[version.version]) for name, version in arms.items()}
    metrics, verdict, why = compare(judged[CANDIDATE], judged[DEPLOYED], judged[ORIGINAL], rules)
    return Comparison(
        model=arms[CANDIDATE].model,
        candidate=arms[CANDIDATE].version,
        deployed=arms[DEPLOYED].version,
        original=arms[ORIGINAL].version,
        artifacts={name: version.artifact_digest for name, version in scored.items()},
        cohort=cohort.name,
        cohort_digest=cohort.digest,
        plan=plan.plan.number,
        plan_digest=plan.plan.digest,
        protocol_digest=look.digest,
        metric_code=plan.plan.frozen["metric_code"],
        look=look.number,
        looks=rules.looks,
        level=level_of(rules),
        order=order,
        scores={name: _stored(workspace, cohort, found) for name, found in scores.items()},
        metrics=metrics,
        verdict=verdict,
        why=why,
        synthetic=cohort.synthetic,
    )


def _arm(version: ModelVersion, cohort: Cohort, scores: list[float]) -> "Arm":
    from validation.external import scored_units  # noqa: PLC0415 - lazy: scipy is slow to import
    from validation.protocol.comparison import Arm  # noqa: PLC0415 - lazy

    return Arm(version.version, scored_units(cohort, scores), operating_point_of(version, cohort).k)


def _stored(workspace: "Workspace", cohort: Cohort, scores: list[float]) -> str:
    rows = [[unit.unit_uid, to_grid(score)] for unit, score in zip(cohort.units, scores, strict=True)]
    return workspace.objects.put(canonical_bytes(sorted(rows)))
