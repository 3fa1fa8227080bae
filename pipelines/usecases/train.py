"""Train a classifier on frozen cohorts and register it; nothing of the test cohorts is read."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.training.recipe import DEFAULT_EPOCHS, Recipe
from pipelines.usecases.classify_change import classify_facts, foresee, intended_use_of, plan_in_force
from pipelines.usecases.version_facts import facts_of_cohorts, facts_of_making, facts_of_use, known_facts, notes_of
from registry.database import reading
from registry.domain.change_scope import Classification, VersionFacts
from registry.domain.cohort import Cohort, prove_disjoint
from registry.domain.errors import LeakFoundError, UnknownNameError, UsageError
from registry.domain.lifecycle import VersionState
from registry.domain.model import ModelVersion
from registry.domain.names import is_model_name
from registry.domain.ports import Progress
from registry.domain.vocabulary import Role
from registry.registered import known_sites
from registry.scope import record_training
from registry.version import __version__

if TYPE_CHECKING:
    from pipelines.bootstrap import Workspace
    from pipelines.training.fitting import Job, Trained
    from pipelines.training.networks import Network

__all__ = ["DEFAULT_EPOCHS", "train"]
RUNS = "runs"
EVERYWHERE = "*"
CACHE = Path("cache", "pixels")


@dataclass(frozen=True)
class _Plan:
    """What was asked for, checked."""

    model: str
    target: str
    train: Cohort
    tune: Cohort
    rule: str
    recipe: Recipe
    use: str
    sites: tuple[str, ...]


def train(  # noqa: PLR0913 - one keyword an option of the command
    workspace: "Workspace",
    target: str,
    train_cohort: str,
    tune_cohort: str,
    *,
    model: str | None = None,
    device: str = "auto",
    seed: int = 0,
    epochs: int = DEFAULT_EPOCHS,
    resume: str | None = None,
    again: bool = True,
    intended_use: str | None = None,
    sites: Sequence[str] = (),
    new_submission: str | None = None,
    progress: Progress,
) -> ModelVersion:
    """Fit on one cohort, stop and choose the operating point on another, and register the version.

    Args:
        workspace: where the cohorts are and the version goes.
        target: the clinical question.
        train_cohort: name of a frozen cohort of the role `train`.
        tune_cohort: name of a frozen cohort of the role `tune`.
        model: the model's name; the target's unless given.
        device: `auto`, `cpu`, `cuda` or `cuda:N`.
        seed: of everything random; the same seed on the same machine gives the same bytes.
        epochs: passes over the train cohort at most.
        resume: name of an interrupted run under the workspace's `runs`; its other arguments must be the same.
        again: whether a version is registered whose files are those of the newest one; else that one is returned.
        intended_use: what it is for; the change plan's unless given.
        sites: where it is meant to run; everywhere unless given.
        new_submission: why a change outside the change plan is made all the same; it is judged as a new model then.
        progress: advances once an image and once an epoch.

    Raises:
        UnknownNameError: for an unknown cohort or run.
        UsageError: for a cohort of another role or target or with one class only, an absent device, a bad name.
        LeakFoundError: when the cohorts share a patient, a study or pixels.
        AnswerIsNoError: when the change lies outside the model's change plan, and is declared no new submission.
    """
    from pipelines.training.fitting import known_run, train_model, training_place  # noqa: PLC0415 - lazy: torch

    use = intended_use_of(workspace, model or target, intended_use)
    recipe = Recipe(epochs=epochs, seed=seed)
    plan = _plan(workspace, target, (train_cohort, tune_cohort), model, recipe, use, tuple(sites) or (EVERYWHERE,))
    with training_place(device) as place:
        earlier = known_run(workspace.root / RUNS, resume) if resume else None
        classification = _foreseen(workspace, plan, new_submission) if place.ranks.first else ""
        job = _job(workspace, plan, progress)
        folder = earlier or workspace.root / RUNS / _run_name(plan, job)
        trained = train_model(job, folder, place, resume=earlier is not None, progress=progress)
        if place.ranks.first:
            if again or not _known(workspace, plan, trained):
                _register(workspace, plan, trained, classification)
            shutil.rmtree(folder)
        place.ranks.wait()
    return workspace.lifecycle.version(plan.model)


def classify_training(
    workspace: "Workspace",
    model: str,
    cohorts: tuple[str, str],
    *,
    intended_use: str | None = None,
    sites: Sequence[str] = (),
) -> Classification:
    """Classify what training on a train and a tune cohort would be, under the model's change plan; nothing is kept.

    Raises:
        UnknownNameError: for an unknown model or cohort.
        EvidenceMissingError: when the model has no change plan.
    """
    from pipelines.training.networks import Network  # noqa: PLC0415 - lazy: torch is slow to import

    known = workspace.lifecycle.version(model)
    use = intended_use_of(workspace, model, intended_use)
    asked = _plan(workspace, known.target, cohorts, model, Recipe(), use, tuple(sites) or (EVERYWHERE,))
    return classify_facts(workspace, plan_in_force(workspace, model), _facts(workspace, asked, Network()))


def _foreseen(workspace: "Workspace", plan: _Plan, new_submission: str | None) -> str:
    """Classify the candidate under its model's change plan before anything of it is trained."""
    from pipelines.training.networks import Network  # noqa: PLC0415 - lazy: torch is slow to import

    return foresee(workspace, plan.model, _facts(workspace, plan, Network()), new_submission)


def _facts(workspace: "Workspace", plan: _Plan, network: "Network") -> VersionFacts:
    return known_facts(
        facts_of_use(plan.target, plan.use, plan.sites),
        facts_of_cohorts(workspace, plan.target, (plan.train, plan.tune)),
        facts_of_making(network, plan.recipe, plan.rule),
        notes=notes_of(network, plan.recipe),
    )


def _plan(
    workspace: "Workspace",
    target: str,
    cohorts: tuple[str, str],
    model: str | None,
    recipe: Recipe,
    use: str,
    sites: tuple[str, ...],
) -> _Plan:
    name, rule = model or target, workspace.settings.defaults.threshold_rule
    _check_words(name, rule)
    _check_sites(workspace, sites)
    fitted = _cohort(workspace, cohorts[0], Role.TRAIN, target)
    tuned = _cohort(workspace, cohorts[1], Role.TUNE, target)
    proof = prove_disjoint(fitted, tuned)
    if not proof.disjoint:
        raise LeakFoundError(
            f"{proof.first} and {proof.second} share {proof.why()}", mend="freeze cohorts that are split by patient"
        )
    return _Plan(name, target, fitted, tuned, rule, recipe, use, sites)


def _check_words(name: str, rule: str) -> None:
    """Refuse, before anything is trained, a name or a rule that registration would refuse after it."""
    from validation.statistics.thresholds import check_rule  # noqa: PLC0415 - lazy: numpy

    if not is_model_name(name):
        raise UsageError("a model's name has a-z, 0-9, '.', '_', '-'", mend="give one with --model")
    try:
        check_rule(rule)
    except ValueError as error:
        raise UsageError(str(error), where="[defaults] threshold_rule", mend="mend overread.toml") from error


def _check_sites(workspace: "Workspace", sites: Sequence[str]) -> None:
    with reading(workspace.engine) as session:
        known = known_sites(session)
    for site in sites:
        if site not in {*known, EVERYWHERE}:
            raise UnknownNameError.of("site", site, known)


def _cohort(workspace: "Workspace", name: str, role: Role, target: str) -> Cohort:
    cohort = workspace.cohorts.get(name)
    if cohort.role is not role:
        raise UsageError(
            f"'{cohort.name}' is a {cohort.role.value} cohort",
            where=f"--{role.value}",
            mend=f"name a {role.value} cohort",
        )
    if cohort.target != target:
        raise UsageError(f"'{cohort.name}' answers '{cohort.target}', not '{target}'", mend="name one of the target")
    if len({unit.truth for unit in cohort.units}) < 2:
        raise UsageError(f"'{cohort.name}' holds one class only", mend="freeze one with positive and negative units")
    return cohort


def _job(workspace: "Workspace", plan: _Plan, progress: Progress) -> "Job":
    """Load the images of both cohorts, from the cache where they are there."""
    from pipelines.intake.pixels import ImageReader  # noqa: PLC0415 - lazy: pydicom is slow to import
    from pipelines.training.datasets import load_examples, load_to_score  # noqa: PLC0415 - lazy: torch
    from pipelines.training.fitting import Job  # noqa: PLC0415 - lazy: torch is slow to import
    from pipelines.training.networks import Network  # noqa: PLC0415 - lazy
    from pipelines.training.tuning import tune_auc  # noqa: PLC0415 - lazy

    network, cache = Network(), workspace.root / CACHE
    with ImageReader(workspace) as reader:
        fitted = load_examples(plan.train.units, network.input, reader.load, cache, progress)
        tuned = load_to_score(plan.tune.units, network.input, reader.load, cache, progress)
    digests = (plan.train.digest, plan.tune.digest)
    return Job(network, plan.recipe, fitted, tuned, digests, tune_auc)


def _run_name(plan: _Plan, job: "Job") -> str:
    return f"{plan.model}-{job.digest.removeprefix('sha256:')[:12]}"


def _known(workspace: "Workspace", plan: _Plan, trained: "Trained") -> bool:
    """Say whether the model's newest version has these files and was fitted on these cohorts."""
    newest = next((one for one in workspace.lifecycle.versions() if one.model == plan.model), None)
    made = (trained.digest, plan.train.name, plan.tune.name)
    return newest is not None and (newest.artifact_digest, newest.train_cohort, newest.tune_cohort) == made


def _register(workspace: "Workspace", plan: _Plan, trained: "Trained", classification: str) -> None:
    """Register the version, and put on record what it was really made from: the network is read from its folder."""
    from pipelines.training import tuning  # noqa: PLC0415 - lazy: torch is slow to import
    from pipelines.training.networks import FILE, parse_network  # noqa: PLC0415 - lazy

    point = tuning.choose_operating_point(plan.tune, trained.tune_scores, plan.rule)
    params = tuning.run_params(plan.train, plan.tune, trained)
    made = {"seed": str(plan.recipe.seed), "epochs": str(plan.recipe.epochs), "code_version": __version__}
    run, number = workspace.models.register(
        plan.model, trained.folder, params | made, tuning.run_metrics(plan.tune, trained)
    )
    version = workspace.lifecycle.register(
        ModelVersion(
            model=plan.model,
            version=workspace.lifecycle.next_version(plan.model),
            target=plan.target,
            state=VersionState.REGISTERED,
            artifact_digest=trained.digest,
            train_cohort=plan.train.name,
            tune_cohort=plan.tune.name,
            operating_points=(point,),
            trained_by=workspace.actor.person,
            registered_at="",
            mlflow_run=run,
            mlflow_version=number,
            synthetic=plan.train.synthetic or plan.tune.synthetic,
        ),
        workspace.actor,
    )
    made_from = _facts(workspace, plan, parse_network((trained.folder / FILE).read_bytes()))
    record_training(workspace.lifecycle.record, version, made_from, classification, workspace.actor)
