"""Make the appendix of a model's newest monitor run, where it has a window to compare with a reference."""

from pipelines.bootstrap import Workspace
from pipelines.dossiers import newest_run
from pipelines.usecases.issue_appendix import IssuedAppendix, issue_appendix
from pipelines.usecases.monitoring_plan import read_plan
from pipelines.usecases.run_monitors import stored_run
from registry.domain.errors import IncompleteError


def newest_appendix(workspace: Workspace, model: str) -> tuple[IssuedAppendix | None, str]:
    """Return the appendix of the newest run; or None and why there is none."""
    row = newest_run(workspace, model)
    if row is None:
        return None, f"the monitors of '{model}' never ran"
    run, _ = stored_run(workspace, row)
    try:
        return issue_appendix(workspace, run, read_plan(workspace, None)), ""
    except IncompleteError as missing:
        return None, missing.line()
