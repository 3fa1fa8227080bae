"""Assets of operation: predictions through the serving gate, and the monitors, of each day."""

import dagster as dg

from pipelines.defs.intake.assets import observations
from pipelines.defs.partitions import DAYS, days_of
from pipelines.defs.resources import About, WorkspaceResource
from pipelines.defs.retries import PATIENCE, final_unless_passing
from pipelines.defs.training.assets import model_version
from pipelines.defs.verdicts import contract_check, signal_check
from pipelines.usecases.observed_days import monitor_days, score_days
from pipelines.usecases.stored_contract import stored_contract
from registry.domain.signal import MONITORS


@dg.asset(
    group_name="operation",
    deps=[observations, model_version],
    partitions_def=DAYS,
    backfill_policy=dg.BackfillPolicy.single_run(),
    check_specs=[dg.AssetCheckSpec("contract", asset="predictions", blocking=True)],
    pool="gpu",
    retry_policy=PATIENCE,
)
def predictions(context: dg.AssetExecutionContext, config: About, workspace: WorkspaceResource) -> dg.MaterializeResult:
    """What the running version says of a day's images in `[[pipeline.predict]]`; not deployed, the gate refuses."""
    with final_unless_passing():
        opened = workspace.opened()
        reports = score_days(opened, config.model_of(opened), days_of(context))
        counts = {"scored": sum(one.scored for one in reports), "failed": sum(one.failed for one in reports)}
        check = contract_check("predictions", stored_contract(opened, "predictions"))
    return dg.MaterializeResult(metadata=counts, check_results=[check])


@dg.asset(
    group_name="operation",
    deps=[observations, predictions],
    partitions_def=DAYS,
    backfill_policy=dg.BackfillPolicy.single_run(),
    check_specs=[dg.AssetCheckSpec(monitor, asset="monitor_run") for monitor in MONITORS],
    retry_policy=PATIENCE,
)
def monitor_run(context: dg.AssetExecutionContext, config: About, workspace: WorkspaceResource) -> dg.MaterializeResult:
    """Every signal of the monitors as of the end of each day; the checks speak of the last one."""
    with final_unless_passing():
        opened = workspace.opened()
        runs = monitor_days(opened, config.model_of(opened), days_of(context))
    last = runs[-1]
    checks = [signal_check("monitor_run", one, last.worst(one), last.says(one)) for one in MONITORS]
    facts = {"day": last.day, "digest": last.digest}
    return dg.MaterializeResult(metadata={"days": len(runs), **facts, **last.counts}, check_results=checks)
