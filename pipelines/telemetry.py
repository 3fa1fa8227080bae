"""Usage reporting and chatter of every framework, switched off before any of them is imported."""

import os

TELEMETRY_OFF = {
    "DO_NOT_TRACK": "true",  # MLflow wants the word, Evidently any value
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false",
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    "GX_ANALYTICS_ENABLED": "false",
    "DAGSTER_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_LOGGING_LEVEL": "WARNING",
}


def telemetry_off() -> None:
    """Switch off the usage reporting of every framework, for this process and its children."""
    os.environ.update(TELEMETRY_OFF)
