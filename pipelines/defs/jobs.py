"""The jobs: which assets run together, each in one process."""

from collections.abc import Sequence
from functools import partial

import dagster as dg

from pipelines.defs.external_validation.assets import evaluations
from pipelines.defs.intake.assets import acquisitions, observations, outcomes
from pipelines.defs.monitoring.assets import monitor_run, predictions
from pipelines.defs.reporting.assets import audit_report, drift_appendix, monthly_report
from pipelines.defs.training.assets import cohorts, model_version

RETRAIN = (acquisitions, outcomes, cohorts, model_version, evaluations)
DAILY = (observations, predictions, monitor_run)
ASSETS: Sequence[dg.AssetsDefinition] = (*RETRAIN, *DAILY, audit_report, monthly_report, drift_appendix)

_job = partial(dg.define_asset_job, executor_def=dg.in_process_executor)

JOBS = (
    _job(
        "retrain",
        selection=list(RETRAIN),
        description="From folders to a judged version; what goes live is decided by signatures, never by a job.",
    ),
    _job(
        "revalidate",
        selection=[evaluations],
        description="Judge the newest version anew on the newest test cohorts.",
    ),
    _job(
        "daily",
        selection=list(DAILY),
        description="Take in what was observed of a day, score its images through the serving gate, run the monitors.",
    ),
    _job(
        "watch",
        selection=[*DAILY, audit_report, drift_appendix],
        description="The same, the audit report over everything on record, and the drift appendix.",
    ),
    _job("report", selection=[monthly_report], description="The audit report of a month."),
)
