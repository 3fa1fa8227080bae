"""Checks of registration: whether MLflow still is what the ledger tells of."""

from collections.abc import Sequence

import dagster as dg

from pipelines.defs.resources import WorkspaceResource
from pipelines.defs.retries import final_unless_passing
from pipelines.defs.training.assets import model_version
from pipelines.usecases.reconcile import Difference, reconcile

CHECK = "mlflow_matches_ledger"
_SHOWN = 5


@dg.asset_check(asset=model_version, name=CHECK)
def mlflow_matches_ledger(workspace: WorkspaceResource) -> dg.AssetCheckResult:
    """MLflow holds exactly the versions of the ledger, with their files and without marks; else an ERROR."""
    with final_unless_passing():
        found = reconcile(workspace.opened())
    return dg.AssetCheckResult(passed=not found, severity=dg.AssetCheckSeverity.ERROR, description=said_of(found))


def said_of(found: Sequence[Difference]) -> str:
    """Say what differs, in at most five lines."""
    more = [f"and {len(found) - _SHOWN} more"] if len(found) > _SHOWN else []
    return "; ".join([*(one.line() for one in found[:_SHOWN]), *more]) or "MLflow matches the ledger"
