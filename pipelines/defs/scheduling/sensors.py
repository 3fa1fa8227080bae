"""The sensor that runs the schedules on record."""

import dagster as dg

from pipelines.defs.jobs import JOBS
from pipelines.defs.resources import SCHEDULE_TAG, TICKET_TAG, WorkspaceResource
from pipelines.usecases.launch_schedules import Launch, due_launches
from registry.domain.instants import instant_text, parse_instant

# Which assets of a job are told the model.
TOLD = {
    "retrain": ("model_version", "evaluations"),
    "revalidate": ("evaluations",),
    "daily": ("predictions", "monitor_run"),
    "report": ("monthly_report",),
}


@dg.sensor(
    jobs=[job for job in JOBS if job.name in TOLD],
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def scheduled_work(context: dg.SensorEvaluationContext, workspace: WorkspaceResource) -> dg.SensorResult:
    """Start what `overread schedule` put on record, each due tick once; a change counts at the next look, in 30 s."""
    opened = workspace.opened()
    now = opened.clock.now()
    since = parse_instant(context.cursor) if context.cursor else None
    requests = [run_request(launch) for launch in due_launches(opened, since, now)]
    return dg.SensorResult(run_requests=requests, cursor=instant_text(now))


def run_request(launch: Launch) -> dg.RunRequest:
    """Return the request of one due tick; Dagster starts a run for a key once."""
    config = {"config": {"model": launch.model}}
    return dg.RunRequest(
        run_key=launch.key,
        job_name=launch.job,
        partition_key=launch.partition,
        run_config={"ops": dict.fromkeys(TOLD[launch.job], config)},
        tags={SCHEDULE_TAG: launch.schedule, TICKET_TAG: launch.ticket},
    )
