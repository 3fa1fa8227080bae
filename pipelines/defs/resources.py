"""The workspace as a Dagster resource."""

from pathlib import Path

import dagster as dg

from pipelines.bootstrap import Workspace, find_workspace, open_workspace


class WorkspaceResource(dg.ConfigurableResource[Workspace]):
    """Opens the workspace that `OVERREAD_WORKSPACE` names, or the nearest one upwards; `root` overrides it.

    Jobs carry the person who is logged in to that workspace, or nobody.
    """

    root: str = ""

    def opened(self) -> Workspace:
        """Open the workspace; each asset opens its own, so that steps share nothing but the record."""
        return open_workspace(find_workspace(Path(self.root) if self.root else None))
