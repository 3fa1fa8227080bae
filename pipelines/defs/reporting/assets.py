"""Assets of reporting: the audit report."""

import dagster as dg

from pipelines.defs.monitoring.assets import monitor_run
from pipelines.defs.resources import WorkspaceResource
from pipelines.usecases.issue_report import issue_report


@dg.asset(group_name="reporting", deps=[monitor_run])
def audit_report(workspace: WorkspaceResource) -> dg.MaterializeResult:
    """The audit report of the newest version, as PDF."""
    opened = workspace.opened()
    issued = issue_report(opened, opened.settings.pipeline.target, None, None, "pdf", None)
    return dg.MaterializeResult(metadata={"file": str(issued.file), "digest": issued.digest})
