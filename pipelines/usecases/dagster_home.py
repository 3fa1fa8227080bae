"""Dagster's home in the workspace: its own store, telemetry off, loopback."""

from pathlib import Path

from registry.objects import keep_files_private, write_durably

SETTINGS = """\
# Written by Overread; Dagster's own store lies beside it.
telemetry:
  enabled: false
nux:
  enabled: false
run_coordinator:
  module: dagster._core.run_coordinator
  class: QueuedRunCoordinator
"""


def prepare_home(root: Path) -> Path:
    """Make the workspace's Dagster home and return it; what Dagster writes there is private."""
    keep_files_private()
    home = root / "dagster"
    home.mkdir(mode=0o700, exist_ok=True)
    if not (home / "dagster.yaml").exists():
        write_durably(home / "dagster.yaml", SETTINGS.encode())
    return home
