"""Sensors of registration: MLflow against the ledger, and approvals that come to their end."""

import dagster as dg

from pipelines.defs.registration.checks import CHECK, said_of
from pipelines.defs.resources import WorkspaceResource
from pipelines.usecases.open_tasks import watch_approvals, watch_emergencies, watch_stop_rules
from pipelines.usecases.reconcile import reconcile


@dg.sensor(
    asset_selection=["model_version"], minimum_interval_seconds=300, default_status=dg.DefaultSensorStatus.RUNNING
)
def mlflow_reconciliation(workspace: WorkspaceResource) -> dg.SensorResult:
    """Compare MLflow with the ledger every five minutes; a difference goes on record once and fails the check."""
    found = reconcile(workspace.opened())
    outcome = dg.AssetCheckEvaluation(
        asset_key=dg.AssetKey("model_version"),
        check_name=CHECK,
        passed=not found,
        metadata={"differences": len(found)},
        severity=dg.AssetCheckSeverity.ERROR,
        description=said_of(found),
    )
    return dg.SensorResult(asset_events=[outcome])


@dg.sensor(minimum_interval_seconds=3600, default_status=dg.DefaultSensorStatus.RUNNING)
def approvals_at_their_end(workspace: WorkspaceResource) -> dg.SkipReason:
    """Tell which approvals and emergency uses are over, ask for revalidations ahead of it, and fire stop rules."""
    opened = workspace.opened()
    said = [*watch_approvals(opened), *watch_emergencies(opened), *watch_stop_rules(opened)]
    return dg.SkipReason("; ".join(said) or "no approval is at its end")
