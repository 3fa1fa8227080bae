"""Usage reporting and chatter of every framework, switched off before any of them is imported."""

import os

from registry.models import SETTINGS

TELEMETRY_OFF = {
    **SETTINGS,  # MLflow's own, and DO_NOT_TRACK, which Evidently heeds too
    "GX_ANALYTICS_ENABLED": "false",
    "DAGSTER_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_LOGGING_LEVEL": "WARNING",
}


def telemetry_off() -> None:
    """Switch off the usage reporting of every framework, for this process and its children."""
    os.environ.update(TELEMETRY_OFF)
