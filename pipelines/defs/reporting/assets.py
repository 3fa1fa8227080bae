"""Assets of reporting: the audit report, and the explorable appendix of the monitors."""

import dagster as dg

from pipelines.defs.monitoring.assets import monitor_run
from pipelines.defs.resources import WorkspaceResource
from pipelines.progress import Silent
from pipelines.usecases.issue_appendix import issue_appendix
from pipelines.usecases.issue_report import issue_report
from pipelines.usecases.run_monitors import read_plan, run_monitors
from registry.domain.errors import IncompleteError


@dg.asset(group_name="reporting", deps=[monitor_run])
def audit_report(workspace: WorkspaceResource) -> dg.MaterializeResult:
    """The audit report of the newest version, as PDF."""
    opened = workspace.opened()
    issued = issue_report(opened, opened.settings.pipeline.target, None, None, "pdf", None)
    return dg.MaterializeResult(metadata={"file": str(issued.file), "digest": issued.digest})


@dg.asset(
    group_name="reporting",
    deps=[monitor_run],
    check_specs=[dg.AssetCheckSpec("comparable", asset="drift_appendix")],
)
def drift_appendix(workspace: WorkspaceResource) -> dg.MaterializeResult:
    """Evidently's page of the window beside the reference, to explore; verdicts come from the monitors alone."""
    opened = workspace.opened()
    settings, plan = opened.settings.pipeline, read_plan(opened, None)
    run = run_monitors(opened, settings.target, as_of=settings.as_of or None, plan=plan, progress=Silent())
    try:
        issued = issue_appendix(opened, run.json, plan)
    except IncompleteError as missing:
        return dg.MaterializeResult(check_results=[_comparable(missing.line())])
    return dg.MaterializeResult(metadata={"digest": issued.digest}, check_results=[_comparable("")])


def _comparable(why: str) -> dg.AssetCheckResult:
    """Say whether there was a window to compare with a reference; where there was none, no page was made."""
    says = why or "a window was compared with a reference"
    return dg.AssetCheckResult(passed=not why, severity=dg.AssetCheckSeverity.WARN, description=says)
