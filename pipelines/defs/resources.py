"""The workspace as a Dagster resource, and whose name and which model a run goes by."""

from pathlib import Path

import dagster as dg
from pydantic import PrivateAttr

from pipelines.bootstrap import Workspace, find_workspace, open_workspace

TICKET_TAG = "overread/ticket"
SCHEDULE_TAG = "overread/schedule"


class About(dg.Config):
    """Which model an asset works on; empty: the target of `[pipeline]`."""

    model: str = ""

    def model_of(self, workspace: Workspace) -> str:
        """Return the model's name."""
        return self.model or workspace.settings.pipeline.target


class WorkspaceResource(dg.ConfigurableResource[Workspace]):
    """Opens the workspace that `OVERREAD_WORKSPACE` names, or the nearest one upwards; `root` overrides it.

    A run that a schedule started carries the person who set the schedule, by the signed ticket in its tags; another run
    carries whoever is logged in to that workspace, or nobody.
    """

    root: str = ""
    _ticket: str = PrivateAttr(default="")
    _job: str = PrivateAttr(default="")

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:
        """Keep the ticket of the run and the name of its job."""
        if context.run is not None:
            self._ticket = context.run.tags.get(TICKET_TAG, "")
            self._job = context.run.job_name

    def opened(self) -> Workspace:
        """Open the workspace; each asset opens its own, so that steps share nothing but the record.

        Raises:
            SignatureBrokenError, NotAllowedError: when the run's ticket does not hold.
        """
        return open_workspace(
            find_workspace(Path(self.root) if self.root else None), ticket=(self._ticket, self._job), client="dagster"
        )
