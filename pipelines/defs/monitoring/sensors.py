"""Sensors of monitoring: alerts and unseen strata ask for work; what was done is closed."""

from collections.abc import Sequence

import dagster as dg

from pipelines.defs.resources import WorkspaceResource
from pipelines.usecases.envelope import unseen_strata
from pipelines.usecases.open_tasks import (
    ask_for_retraining,
    ask_for_revalidation,
    settle_tasks,
    suspend_unseen_strata,
)
from registry.tasks import Task


@dg.sensor(minimum_interval_seconds=60, default_status=dg.DefaultSensorStatus.RUNNING)
def alerts_ask_for_retraining(workspace: WorkspaceResource) -> dg.SkipReason:
    """Ask for a retraining for each alert on record; the same cause asks once."""
    return _said(ask_for_retraining(workspace.opened()))


@dg.sensor(minimum_interval_seconds=300, default_status=dg.DefaultSensorStatus.RUNNING)
def unseen_asks_for_revalidation(workspace: WorkspaceResource) -> dg.SkipReason:
    """Suspend and ask to revalidate each scanner, software version or protocol outside a running version's envelope."""
    opened = workspace.opened()
    unseen = unseen_strata(opened)
    suspended, asked = suspend_unseen_strata(opened, unseen), _said(ask_for_revalidation(opened, unseen))
    return dg.SkipReason("; ".join([*suspended, str(asked.skip_message)]))


@dg.sensor(minimum_interval_seconds=300, default_status=dg.DefaultSensorStatus.RUNNING)
def done_work_is_closed(workspace: WorkspaceResource) -> dg.SkipReason:
    """Close tasks of which the work was done."""
    return dg.SkipReason(f"{len(settle_tasks(workspace.opened()))} tasks closed")


def _said(opened: Sequence[Task]) -> dg.SkipReason:
    return dg.SkipReason("; ".join(task.why for task in opened) or "nothing new asks for work")
