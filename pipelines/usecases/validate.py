"""Judge a registered version on a frozen test cohort, under a protocol that is frozen before anything is scored."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sqlalchemy.orm import Session

from pipelines.usecases.classify_change import reclassify
from pipelines.usecases.unit_attributes import unit_attributes
from registry.domain.canonical import canonical_bytes
from registry.domain.cohort import TEST_ROLES, Cohort, DisjointnessProof, prove_disjoint
from registry.domain.errors import EvidenceMissingError, UsageError
from registry.domain.event import EventDraft, Subject
from registry.domain.model import Evaluation, ModelVersion, OperatingPoint
from registry.domain.person import actor_record
from registry.domain.ports import Progress
from registry.domain.score_grid import to_grid
from registry.domain.vocabulary import Role
from registry.test_sets import Budget, budget_of, sequestered

if TYPE_CHECKING:
    from pipelines.bootstrap import Workspace
    from validation.protocol.protocol import Protocol


def validate(
    workspace: "Workspace",
    model: str,
    version: str | None,
    cohort_name: str,
    protocol: Mapping[str, Any] | None,
    *,
    progress: Progress,
) -> Evaluation:
    """Prove the cohort disjoint, freeze the protocol, score the cohort, judge, and put the evaluation on record.

    Args:
        workspace: where the version and the cohort are.
        model: the model's name.
        version: its version; the newest unless given.
        cohort_name: a frozen cohort of a test role.
        protocol: endpoints and acceptance criteria; the default protocol unless given.
        progress: advances once an image.

    Raises:
        UnknownNameError: for an unknown version or cohort.
        UsageError: when the cohort is none to test on, answers another question, or the protocol is unusable.
        LeakFoundError: when the cohort shares something with those that the version was fitted or tested on.
        ArtifactChangedError: when the model's files are not those that were registered.
        AnswerIsNoError: when the cohort is a change plan's test set, and its budget of looks is spent.
    """
    from validation.external import check_role, evaluate  # noqa: PLC0415 - lazy: scipy is slow to import

    known = workspace.lifecycle.version(model, version)
    cohort = cohort_to_test_on(workspace, known, cohort_name)
    proofs = proofs_of(workspace, known, cohort)
    check_role(cohort, proofs)
    frozen = _frozen(workspace, known, cohort, protocol)
    point = operating_point_of(known, cohort)
    scores = score_cohort(workspace, known, cohort, progress)
    stored = [[unit.unit_uid, to_grid(score)] for unit, score in zip(cohort.units, scores, strict=True)]
    evaluation = evaluate(
        cohort,
        scores,
        point.k,
        frozen,
        model=known.model,
        version=known.version,
        artifact_digest=known.artifact_digest,
        scores_digest=workspace.objects.put(canonical_bytes(sorted(stored))),
        proofs=proofs,
        known=unit_attributes(workspace, cohort),
    )
    workspace.lifecycle.record_evaluation(evaluation, workspace.actor)
    reclassify(workspace, known)
    return evaluation


def operating_point_of(version: ModelVersion, cohort: Cohort) -> OperatingPoint:
    """Return the operating point by which a cohort is judged: its site's where it has one site, else that of all.

    Raises:
        EvidenceMissingError: when the version has no operating point for it.
    """
    sites = {unit.site for unit in cohort.units}
    point = version.operating_point(next(iter(sites)) if len(sites) == 1 else "*")
    if point is None:
        raise EvidenceMissingError(f"{version.name} has no operating point for '{cohort.name}'", mend="train it anew")
    return point


def cohort_to_test_on(workspace: "Workspace", version: ModelVersion, name: str) -> Cohort:
    """Return a frozen test cohort of a version's target.

    Raises:
        UnknownNameError: for an unknown cohort.
        UsageError: when it is none to test on, or answers another question.
    """
    cohort = workspace.cohorts.get(name)
    if cohort.role not in TEST_ROLES:
        raise UsageError(f"'{cohort.name}' is a {cohort.role.value} cohort", mend="name a cohort frozen for testing")
    if cohort.target != version.target:
        raise UsageError(
            f"'{cohort.name}' answers '{cohort.target}', {version.name} answers '{version.target}'",
            mend="name a test cohort of the model's target",
        )
    return cohort


def proofs_of(workspace: "Workspace", version: ModelVersion, cohort: Cohort) -> tuple[DisjointnessProof, ...]:
    """Prove the cohort against those that the version was fitted on, and an external one against its internal tests."""
    names = [version.train_cohort, version.tune_cohort]
    if cohort.role is Role.EXTERNAL_TEST:
        evaluations = workspace.lifecycle.evaluations(version.model, version.version)
        names += sorted({found.cohort for found in evaluations if found.role is Role.INTERNAL_TEST})
    return tuple(prove_disjoint(cohort, workspace.cohorts.get(name)) for name in names)


def _frozen(
    workspace: "Workspace", version: ModelVersion, cohort: Cohort, record: Mapping[str, Any] | None
) -> "Protocol":
    """Freeze the protocol to the cohort and the artifact, and put it on record."""
    from validation.protocol.protocol import DEFAULT_PROTOCOL, protocol_from  # noqa: PLC0415 - lazy

    asked = DEFAULT_PROTOCOL if record is None else protocol_from(record)
    with workspace.ledger.transaction() as tx:
        budget = _budget(tx.session, cohort)
        if budget is not None:
            asked = asked.at_least(1 - 2 * budget.test_set.alpha_per_look)
        protocol = asked.frozen_to(cohort.digest, version.artifact_digest)
        digest = workspace.objects.put(canonical_bytes(protocol.to_json()))
        subjects = (
            Subject("protocol", protocol.name, digest),
            Subject("cohort", cohort.name, cohort.digest),
            Subject("version", version.name, version.artifact_digest),
        )
        told = {} if budget is None else _look(budget, digest)
        draft = EventDraft("protocol.frozen", actor_record(workspace.actor), subjects, {"digest": digest, **told})
        tx.append(draft)
    return protocol


def _budget(session: Session, cohort: Cohort) -> Budget | None:
    """Return the budget of looks at a cohort that a change plan set apart; None for any other cohort."""
    found = sequestered(session, cohort.digest)
    return None if found is None else budget_of(session, found)


def _look(budget: Budget, digest: str) -> dict[str, Any]:
    """Count an evaluation on a test set that is set apart as a look at it; the same one again is no further look."""
    known = budget.number_of(digest)
    if known is None:
        budget.require_left()
    number = len(budget.looks) + 1 if known is None else known.number
    warning = budget.warning if known is None else ""
    return {"look": number, "looks": budget.test_set.looks, "warning": warning}


def score_cohort(workspace: "Workspace", version: ModelVersion, cohort: Cohort, progress: Progress) -> list[float]:
    """Score the cohort's images with a private, checked copy of the model, in the order of the units."""
    from pipelines.intake.pixels import ImageReader  # noqa: PLC0415 - lazy: pydicom is slow to import
    from pipelines.training.datasets import load_to_score  # noqa: PLC0415 - lazy: torch is slow to import
    from pipelines.training.scorer import load_scorer  # noqa: PLC0415 - lazy: torch is slow to import
    from pipelines.usecases.model_copy import private_copy  # noqa: PLC0415 - lazy
    from pipelines.usecases.train import CACHE  # noqa: PLC0415 - lazy

    with private_copy(workspace, version) as folder, ImageReader(workspace) as reader:
        scorer = load_scorer(folder)
        spec, cache = scorer.network.input, workspace.root / CACHE
        examples = load_to_score(cohort.units, spec, reader.load, cache, progress)
    return [float(score) for score in examples.by_unit(scorer.score(examples.images))]
