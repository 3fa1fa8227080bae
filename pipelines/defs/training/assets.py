"""Assets of training: cohorts and the model version."""

import dagster as dg

from pipelines.defs.intake.assets import outcomes
from pipelines.defs.resources import About, WorkspaceResource
from pipelines.defs.retries import PATIENCE, final_unless_passing
from pipelines.progress import Silent
from pipelines.usecases.named_cohorts import freeze_named, newest_of_role
from pipelines.usecases.train import DEFAULT_EPOCHS, train
from registry.domain.vocabulary import Role


@dg.asset(group_name="training", deps=[outcomes], retry_policy=PATIENCE)
def cohorts(workspace: WorkspaceResource) -> dg.MaterializeResult:
    """The frozen cohorts of `[[pipeline.cohorts]]`; a leak fails the step."""
    with final_unless_passing():
        frozen = freeze_named(workspace.opened())
    return dg.MaterializeResult(metadata={cohort.name: cohort.digest for cohort in frozen})


@dg.asset(group_name="training", deps=[cohorts], pool="gpu", retry_policy=PATIENCE)
def model_version(config: About, workspace: WorkspaceResource) -> dg.MaterializeResult:
    """A version fitted on the train cohort and tuned on the tune cohort; the same files are registered once."""
    with final_unless_passing():
        opened = workspace.opened()
        plan = opened.settings.pipeline
        version = train(
            opened,
            plan.target,
            newest_of_role(opened, Role.TRAIN),
            newest_of_role(opened, Role.TUNE),
            model=config.model_of(opened),
            seed=plan.seed,
            epochs=plan.epochs or DEFAULT_EPOCHS,
            again=False,
            progress=Silent(),
        )
    facts = {"version": version.name, "artifact_digest": version.artifact_digest, "mlflow_run": version.mlflow_run}
    return dg.MaterializeResult(metadata=facts)
