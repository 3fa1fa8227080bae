"""Partitions: a day of what is observed, in the workspace's time zone; a month of reports.

They begin where `[pipeline] start` says. Dagster reads that when it loads the definitions, from the workspace that
`OVERREAD_WORKSPACE` names; without a workspace the settings' defaults count.
"""

import os
from datetime import date
from pathlib import Path

import dagster as dg

from pipelines.settings import FILE_NAME, Settings


def settings_at_load() -> Settings:
    """Return the settings of the workspace that the environment names, or the defaults."""
    named = os.environ.get("OVERREAD_WORKSPACE", "")
    file = Path(named) / FILE_NAME
    return Settings.read(file) if named and file.is_file() else Settings()


_SETTINGS = settings_at_load()
DAYS = dg.DailyPartitionsDefinition(_SETTINGS.pipeline.start, timezone=_SETTINGS.defaults.time_zone)
MONTHS = dg.MonthlyPartitionsDefinition(
    _SETTINGS.pipeline.start[:7], fmt="%Y-%m", timezone=_SETTINGS.defaults.time_zone
)


def days_of(context: dg.AssetExecutionContext) -> list[date]:
    """Return the days that a run is for: one, or a range."""
    return [date.fromisoformat(key) for key in context.partition_keys]


def months_of(context: dg.AssetExecutionContext) -> list[str]:
    """Return the months that a run is for, as `2026-07`."""
    return list(context.partition_keys)
