"""The watch: every deployed model was monitored as often as the plan says."""

from collections.abc import Iterator
from datetime import timedelta

from sqlalchemy import func, select

from pipelines.bootstrap import Workspace
from pipelines.doctor.finding import Finding, State, ok
from pipelines.usecases.monitoring_plan import read_plan
from registry.database import reading
from registry.deployments import MODES
from registry.domain.instants import parse_instant
from registry.schema import MonitorRunRow

WATCH = ("monitoring",)


def monitoring(workspace: Workspace) -> Iterator[Finding]:
    """Name the deployed models whose last monitor run is older than the plan's cadence."""
    days = read_plan(workspace, None).cadence_days
    deployed = sorted({one.model for one in workspace.lifecycle.deployments() if one.state in MODES})
    query = select(MonitorRunRow.model, func.max(MonitorRunRow.completed_at)).group_by(MonitorRunRow.model)
    with reading(workspace.engine) as session:
        last = {model: parse_instant(at) for model, at in session.execute(query)}
    today = workspace.clock.now().date()
    late = [
        f"{model} ({last[model].date().isoformat() if model in last else 'never'})"
        for model in deployed
        if model not in last or today - last[model].date() > timedelta(days=days)
    ]
    if late:
        says = f"last run of {', '.join(late)}; the plan says every {days} d: overread schedule set monitor"
        yield Finding("monitoring", State.WATCH, says)
    else:
        yield ok("monitoring", f"{len(deployed)} deployed models were monitored within the plan's {days} d")
