"""Assets of training: cohorts and the model version."""

import dagster as dg

from pipelines.defs.intake.assets import outcomes
from pipelines.defs.resources import WorkspaceResource
from pipelines.progress import Silent
from pipelines.usecases.freeze_cohort import freeze_cohort
from pipelines.usecases.train import DEFAULT_EPOCHS, train
from registry.domain.vocabulary import Role


@dg.asset(group_name="training", deps=[outcomes])
def cohorts(workspace: WorkspaceResource) -> dg.MaterializeResult:
    """The frozen cohorts of `[[pipeline.cohorts]]`; a leak fails the step."""
    opened = workspace.opened()
    plan = opened.settings.pipeline
    frozen = [
        freeze_cohort(opened, source.name, plan.target, Role(source.role), source.select, progress=Silent())
        for source in plan.cohorts
    ]
    return dg.MaterializeResult(metadata={cohort.name: cohort.digest for cohort in frozen})


@dg.asset(group_name="training", deps=[cohorts], pool="gpu")
def model_version(workspace: WorkspaceResource) -> dg.MaterializeResult:
    """A new version, fitted on the train cohort and tuned on the tune cohort, registered in MLflow and the ledger."""
    opened = workspace.opened()
    plan = opened.settings.pipeline
    named = {source.role: source.name for source in plan.cohorts}
    version = train(
        opened,
        plan.target,
        named["train"],
        named["tune"],
        seed=plan.seed,
        epochs=plan.epochs or DEFAULT_EPOCHS,
        progress=Silent(),
    )
    facts = {"version": version.name, "artifact_digest": version.artifact_digest, "mlflow_run": version.mlflow_run}
    return dg.MaterializeResult(metadata=facts)
