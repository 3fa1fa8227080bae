"""Dagster's home in the workspace: its own store, telemetry off, loopback, one at a time in each pool."""

from pathlib import Path

from registry.objects import keep_files_private, write_durably

MARK = "# Written by Overread"
SETTINGS = f"""\
{MARK}; Dagster's own store lies beside it. Remove this line to keep changes of your own.
telemetry:
  enabled: false
nux:
  enabled: false
# The pool "gpu" has one place: what computes on the GPU waits for its turn, over all runs.
concurrency:
  pools:
    default_limit: 1
    granularity: op
  runs:
    max_concurrent_runs: 4
# A worker that dies (killed, out of memory) is noticed within seconds, and its run is started again; every step may be
# done again. A step that failed by itself is not: its own policy has tried again where that makes sense.
run_monitoring:
  enabled: true
  start_timeout_seconds: 300
  poll_interval_seconds: 5
run_retries:
  enabled: true
  max_retries: 3
  retry_on_asset_or_op_failure: false
"""


def prepare_home(root: Path) -> Path:
    """Make the workspace's Dagster home and return it; what Dagster writes there is private.

    A `dagster.yaml` that Overread wrote is brought up to date; one whose first line was removed stays as it is.
    """
    keep_files_private()
    home = root / "dagster"
    home.mkdir(mode=0o700, exist_ok=True)
    place = home / "dagster.yaml"
    if not place.exists() or place.read_text(encoding="utf-8").startswith(MARK):
        write_durably(place, SETTINGS.encode())
    return home
