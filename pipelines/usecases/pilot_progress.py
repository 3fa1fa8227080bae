"""How far a pilot is: the units that its deployment scored since it began."""

import json

from pipelines.bootstrap import Workspace
from registry.domain.vocabulary import Mode
from registry.pilots import pilot_of

_COLUMNS = ("unit", "unit_uid", "status", "mode", "predicted_at", "attributes")


def pilot_units(workspace: Workspace, deployment: str) -> int:
    """Count the units that a deployment scored live since its pilot began; 0 before."""
    found = pilot_of(workspace.lifecycle.record, deployment)
    if found is None or not found[1]:
        return 0
    rows = workspace.tables.read("predictions", columns=_COLUMNS).to_pylist()
    return len(
        {
            (row["unit"], row["unit_uid"])
            for row in rows
            if (row["status"], row["mode"]) == ("scored", Mode.LIVE)
            and row["predicted_at"] >= found[1]
            and json.loads(row["attributes"] or "{}").get("deployment") == deployment
        }
    )
