"""Dagster's home in the workspace: its own store, telemetry off, loopback, one at a time in each pool."""

import importlib.util
import json
from pathlib import Path

from pipelines.settings import FILE_NAME, Settings
from registry.database import server_url
from registry.domain.errors import UsageError
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
  # A dead worker's place in a pool is given to the next one: without this the GPU would wait for it for ever.
  free_slots_after_run_end_seconds: 10
run_retries:
  enabled: true
  max_retries: 3
  retry_on_asset_or_op_failure: false
"""


def prepare_home(root: Path) -> Path:
    """Make the workspace's Dagster home and return it; what Dagster writes there is private.

    A `dagster.yaml` that Overread wrote is brought up to date; one whose first line was removed stays as it is.

    Raises:
        ServiceUnreachableError: when Dagster's own database does not answer.
    """
    keep_files_private()
    home = root / "dagster"
    home.mkdir(mode=0o700, exist_ok=True)
    wanted = settings_text(Settings.read(root / FILE_NAME).dagster_url()).encode()
    place = home / "dagster.yaml"
    if not place.exists() or place.read_text(encoding="utf-8").startswith(MARK):
        write_durably(place, wanted)
    return home


def settings_text(url: str) -> str:
    """Return what `dagster.yaml` says: Dagster's own store is SQLite beside it, or the database of a URL.

    Raises:
        UsageError: when the library for PostgreSQL is not installed.
    """
    if not url:
        return SETTINGS
    if importlib.util.find_spec("dagster_postgres") is None:
        raise UsageError("Dagster's store on PostgreSQL needs a library", mend="pip install 'overread[postgresql]'")
    server_url(url)  # Dagster itself would try for minutes
    plain = url.replace("postgresql+psycopg://", "postgresql://", 1)
    return f"{SETTINGS}storage:\n  postgres:\n    postgres_url: {json.dumps(plain)}\n"
