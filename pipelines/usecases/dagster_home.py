"""Dagster's home in the workspace: its own store, telemetry off, loopback."""

import importlib.util
import json
from pathlib import Path

from pipelines.settings import FILE_NAME, Settings
from registry.database import server_url
from registry.domain.errors import UsageError
from registry.objects import keep_files_private, write_durably

SETTINGS = """\
# Written by Overread from overread.toml; what is changed here is lost at the next start.
telemetry:
  enabled: false
nux:
  enabled: false
run_coordinator:
  module: dagster._core.run_coordinator
  class: QueuedRunCoordinator
"""


def prepare_home(root: Path) -> Path:
    """Make the workspace's Dagster home and return it; what Dagster writes there is private.

    Raises:
        ServiceUnreachableError: when Dagster's own database does not answer.
    """
    keep_files_private()
    home = root / "dagster"
    home.mkdir(mode=0o700, exist_ok=True)
    wanted = settings_text(Settings.read(root / FILE_NAME).dagster_url()).encode()
    place = home / "dagster.yaml"
    if not place.exists() or place.read_bytes() != wanted:
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
