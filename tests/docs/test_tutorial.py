"""The tutorial does what it says: from nothing to a found failure, named, answered and proved."""

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from pages import run, steps

PAGE = Path(__file__).parents[2] / "docs/tutorial/first-failure.md"


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run the page once and return the folder in which it ran."""
    folder = tmp_path_factory.mktemp("tutorial")
    environment = dict(os.environ) | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    environment.pop("OVERREAD_WORKSPACE", None)
    finished = run(steps(PAGE.read_text()), folder, environment)
    assert finished.returncode == 0, finished.stdout[-3000:] + finished.stderr[-3000:]
    return folder


def read(place: Path) -> Any:
    return json.loads(place.read_text())


def planted(done: Path) -> Any:
    (failure,) = read(done / "hospital/rows/year.json")["failures"]
    return failure


def test_the_planted_failure_is_found_and_named_and_nothing_else(done: Path) -> None:
    failure = planted(done)
    found = [alert for alert in read(done / "monitor.json")["alerts"] if alert["state"] == "open"]
    assert {alert["site"] for alert in found} == {failure["site"]}
    assert found[0]["cause"]["kind"] in failure["causes"]


def test_the_replay_opens_the_alert_after_the_failure_and_within_a_month(done: Path) -> None:
    failure, replay = planted(done), read(done / "replay.json")
    opened = min(alert["opened"] for alert in replay["alerts"] if alert["site"] == failure["site"])
    assert failure["since"] <= opened <= replay["runs"][30]["as_of"]
