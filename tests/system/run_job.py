"""Run workers: for each line on standard input, one forked process that runs a job as Dagster's run worker does.

A line is `{"job": …, "days": [first, last], "environment": {…}}`; the answers are the worker's process id, and how it
ended. What a worker imported is imported here after it, so that the next one starts at once; nothing is done with it
here, so no thread is lost by forking.
"""

import contextlib
import importlib
import json
import os
import sys
import traceback
from typing import Any

import dagster as dg

from pipelines.definitions import defs

RANGE = ("dagster/asset_partition_range_start", "dagster/asset_partition_range_end")


def work(job: str, days: list[str], environment: dict[str, str]) -> None:
    """Run a job on Dagster's home of the environment."""
    os.environ.update(environment)
    with dg.DagsterInstance.get() as instance:
        tags = dict(zip(RANGE, days, strict=True))
        defs.resolve_job_def(job).execute_in_process(instance=instance, tags=tags)


def worker(order: dict[str, Any], imported: int) -> int:
    """Fork a worker and return its process id; at its end it names the modules that it has."""
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        work(**order)
        os.write(imported, " ".join(sys.modules).encode() + b" ")
        code = 0
    except BaseException:  # noqa: BLE001 - the worker's end must not become the server's
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def say(number: int) -> None:
    """Answer with one number."""
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    say(0)
    for line in sys.stdin:
        names = os.memfd_create("modules")
        pid = worker(json.loads(line), names)
        say(pid)
        say(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
        os.lseek(names, 0, os.SEEK_SET)
        with os.fdopen(names, "rb") as listed:
            for name in listed.read().decode().split():
                with contextlib.suppress(Exception):  # some modules are no importable name
                    importlib.import_module(name)
