"""What the fleet page shows."""

from collections.abc import Sequence
from typing import Any

from dashboards.view.signals import STATES
from registry.domain.dossier import FleetRow


def fleet_values(rows: Sequence[FleetRow]) -> dict[str, Any]:
    """Return the values of the fleet page's template."""
    return {
        "rows": rows,
        "states": STATES,
        "tiles": fleet_tiles(rows),
        "any_synthetic": any(row.synthetic for row in rows),
    }


def fleet_tiles(rows: Sequence[FleetRow]) -> tuple[tuple[str, int], ...]:
    """Return the counts above the table: models, open alerts and tasks, models with a watch, models never monitored."""
    models = {row.model: row for row in rows}.values()  # what is counted belongs to a model, not to its versions
    return (
        ("Models", len(models)),
        ("Open alerts", sum(row.open_alerts for row in models)),
        ("Open tasks", sum(row.open_tasks for row in models)),
        ("Models with a signal to watch", sum(1 for row in models if row.signals.get("watch"))),
        ("Models never monitored", sum(1 for row in models if not row.last_monitored)),
    )
