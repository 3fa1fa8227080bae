"""Assets of reporting: the audit report of everything on record and of each month, and the drift appendix."""

import dagster as dg

from pipelines.defs.monitoring.assets import monitor_run
from pipelines.defs.partitions import MONTHS, months_of
from pipelines.defs.resources import About, WorkspaceResource
from pipelines.defs.retries import PATIENCE, final_unless_passing
from pipelines.defs.verdicts import comparable_check
from pipelines.usecases.issue_report import issue_report_once
from pipelines.usecases.newest_appendix import newest_appendix


@dg.asset(group_name="reporting", deps=[monitor_run], retry_policy=PATIENCE)
def audit_report(config: About, workspace: WorkspaceResource) -> dg.MaterializeResult:
    """The audit report of the newest version over everything on record, as PDF."""
    with final_unless_passing():
        opened = workspace.opened()
        issued = issue_report_once(opened, config.model_of(opened), None)
    return dg.MaterializeResult(metadata={"file": issued.file.name, "digest": issued.digest})


@dg.asset(
    group_name="reporting",
    deps=[monitor_run],
    partitions_def=MONTHS,
    backfill_policy=dg.BackfillPolicy.single_run(),
    retry_policy=PATIENCE,
)
def monthly_report(
    context: dg.AssetExecutionContext, config: About, workspace: WorkspaceResource
) -> dg.MaterializeResult:
    """The audit report of the newest version over a month, as PDF; one for each month of a range."""
    with final_unless_passing():
        opened = workspace.opened()
        issued = [issue_report_once(opened, config.model_of(opened), month) for month in months_of(context)]
    return dg.MaterializeResult(metadata={one.file.name: one.digest for one in issued})


@dg.asset(
    group_name="reporting",
    deps=[monitor_run],
    check_specs=[dg.AssetCheckSpec("comparable", asset="drift_appendix")],
    retry_policy=PATIENCE,
)
def drift_appendix(config: About, workspace: WorkspaceResource) -> dg.MaterializeResult:
    """Evidently's page of the newest monitor run's window beside its reference; verdicts come from the monitors."""
    with final_unless_passing():
        opened = workspace.opened()
        issued, why = newest_appendix(opened, config.model_of(opened))
    facts = {} if issued is None else {"digest": issued.digest}
    return dg.MaterializeResult(metadata=facts, check_results=[comparable_check(why)])
