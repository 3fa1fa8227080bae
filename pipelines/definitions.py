"""The Dagster code location: assets, checks and jobs over the same use cases as the command line."""

import dagster as dg

from pipelines.defs.external_validation.assets import evaluations
from pipelines.defs.intake.assets import acquisitions, outcomes
from pipelines.defs.monitoring.assets import monitor_run, predictions
from pipelines.defs.reporting.assets import audit_report, drift_appendix
from pipelines.defs.resources import WorkspaceResource
from pipelines.defs.training.assets import cohorts, model_version

RETRAIN = (acquisitions, outcomes, cohorts, model_version, evaluations)
WATCH = (predictions, monitor_run, audit_report, drift_appendix)

retrain_job = dg.define_asset_job(
    "retrain",
    selection=list(RETRAIN),
    executor_def=dg.in_process_executor,
    description="From folders to a judged version; what goes live is decided by signatures, never by a job.",
)
watch_job = dg.define_asset_job(
    "watch",
    selection=list(WATCH),
    executor_def=dg.in_process_executor,
    description="Score through the serving gate, run the monitors, issue the audit report.",
)

defs = dg.Definitions(
    assets=[*RETRAIN, *WATCH],
    jobs=[retrain_job, watch_job],
    resources={"workspace": WorkspaceResource()},
    executor=dg.in_process_executor,
)
