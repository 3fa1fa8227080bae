"""The Dagster code location: assets, checks, jobs and sensors over the same use cases as the command line."""

import dagster as dg

from pipelines.defs.jobs import ASSETS, JOBS
from pipelines.defs.monitoring.sensors import (
    alerts_ask_for_retraining,
    done_work_is_closed,
    unseen_asks_for_revalidation,
)
from pipelines.defs.registration.checks import mlflow_matches_ledger
from pipelines.defs.registration.sensors import approvals_at_their_end, mlflow_reconciliation
from pipelines.defs.resources import WorkspaceResource
from pipelines.defs.scheduling.sensors import scheduled_work

defs = dg.Definitions(
    assets=ASSETS,
    asset_checks=[mlflow_matches_ledger],
    jobs=JOBS,
    sensors=[
        scheduled_work,
        alerts_ask_for_retraining,
        unseen_asks_for_revalidation,
        done_work_is_closed,
        mlflow_reconciliation,
        approvals_at_their_end,
    ],
    resources={"workspace": WorkspaceResource()},
    executor=dg.in_process_executor,
)
