"""No framework phones home: a fresh process that works with each of them opens no connection to anywhere else."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

# Python's audit hook sees every look-up and connection, whoever makes it.
LISTEN = """
import json, sys
seen = []
def hook(event, arguments):
    if event in ("socket.getaddrinfo", "socket.gethostbyname"):
        seen.append(str(arguments[0]))
    if event == "socket.connect" and isinstance(arguments[1], tuple):
        seen.append(str(arguments[1][0]))
sys.addaudithook(hook)
"""
OFF = "from pipelines.telemetry import telemetry_off\ntelemetry_off()\n"
TELL = """
import time
time.sleep(1.0)
home = {"127.0.0.1", "::1", "localhost", "None", "", "0.0.0.0"}
print(json.dumps(sorted(set(seen) - home)))
"""
WORK = {
    "mlflow": """
import mlflow
mlflow.set_tracking_uri("sqlite:///mlflow.db")
with mlflow.start_run():
    mlflow.log_metric("auc", 0.5)
""",
    "great_expectations": """
import pandas
from validation.contracts.check import _library
gx = _library()
context = gx.get_context(mode="ephemeral")
batch = context.data_sources.add_pandas("p").add_dataframe_asset("a").add_batch_definition_whole_dataframe("b")
batch.get_batch({"dataframe": pandas.DataFrame({"x": [1]})}).validate(gx.expectations.ExpectColumnToExist(column="x"))
""",
    "dagster": """
import dagster
@dagster.asset
def one(): return 1
dagster.materialize([one])
""",
    "evidently": """
import evidently, pandas
from evidently import Report
from evidently.metrics import RowCount
Report([RowCount()]).run(pandas.DataFrame({"x": [1.0]}), None)
""",
    "monai": "import monai, monai.networks.nets",
}
SWITCHES = {
    "mlflow": "from mlflow.telemetry.utils import is_telemetry_disabled as off; print(off())",
    "evidently": "from evidently.telemetry import event_logger; print(not event_logger.is_enabled())",
    "dagster": "from dagster._core.telemetry_upload import is_running_in_test as off; print(off())",
}


def answer(code: str, folder: Path) -> str:
    """Run code in a fresh interpreter and return the last line that it prints."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=False, cwd=folder
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout.splitlines()[-1]


@pytest.mark.parametrize("framework", sorted(WORK))
def test_working_with_a_framework_opens_no_outside_connection(framework: str, tmp_path: Path) -> None:
    assert json.loads(answer(LISTEN + OFF + WORK[framework] + TELL, tmp_path)) == []


def test_the_listener_hears_a_look_up(tmp_path: Path) -> None:
    call = "import socket\ntry:\n    socket.getaddrinfo('telemetry.invalid', 443)\nexcept OSError:\n    pass\n"
    assert json.loads(answer(LISTEN + call + TELL, tmp_path)) == ["telemetry.invalid"]


@pytest.mark.parametrize("framework", sorted(SWITCHES))
def test_the_framework_reads_the_switch(framework: str, tmp_path: Path) -> None:
    assert answer(OFF + SWITCHES[framework], tmp_path) == "True"
