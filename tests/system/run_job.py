"""A run worker: a process that runs one job as Dagster's run worker does.

Its argument is `{"job": …, "days": [first, last]}`. When everything is imported it says `ready` and waits for a line on
standard input, so that whoever kills it knows how far its work is. It is started, never forked: a fork of a process
with threads (Arrow, torch, gRPC) may hang.
"""

import json
import sys

import dagster as dg

from pipelines.definitions import defs

RANGE = ("dagster/asset_partition_range_start", "dagster/asset_partition_range_end")


def warm_up() -> None:
    """Import what the job's work imports lazily: the slowest of it takes longer than the work."""
    import great_expectations  # noqa: F401 - so that a kill falls into the work
    import pyarrow.parquet  # noqa: F401


def work(job: str, days: list[str]) -> None:
    """Run a job on Dagster's home of the environment."""
    with dg.DagsterInstance.get() as instance:
        tags = dict(zip(RANGE, days, strict=True))
        defs.resolve_job_def(job).execute_in_process(instance=instance, tags=tags)


if __name__ == "__main__":
    order = json.loads(sys.argv[1])
    warm_up()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    work(**order)
