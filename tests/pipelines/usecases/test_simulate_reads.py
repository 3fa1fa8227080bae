"""Simulated reads: synthetic everywhere, shown only where they may be, made once."""

import json
from pathlib import Path
from typing import Any

import pytest
from fakes import NoProgress
from monitored import MODEL, monitored_workspace

from pipelines.bootstrap import Workspace
from pipelines.usecases.run_monitors import run_monitors
from pipelines.usecases.simulate_reads import SimulatedReads, simulate_reads
from registry.domain.errors import UnknownNameError, UsageError

CASES = 600


def simulate(workspace: Workspace, **options: Any) -> SimulatedReads:
    settings = {"seed": 3, "progress": NoProgress()} | options
    return simulate_reads(workspace, MODEL, settings.pop("version", "1"), **settings)


def signal(workspace: Workspace, code: str) -> dict[str, Any]:
    run = run_monitors(workspace, MODEL, progress=NoProgress())
    return next(one for one in run.json["signals"] if one["code"] == code)


@pytest.fixture
def live(tmp_path: Path) -> Workspace:
    return monitored_workspace(tmp_path / "live")


@pytest.fixture
def shadow(tmp_path: Path) -> Workspace:
    return monitored_workspace(tmp_path / "shadow", mode="shadow")


def test_every_row_the_batch_and_the_event_say_synthetic(live: Workspace) -> None:
    report = simulate(live)
    reads = live.tables.read("reads").to_pylist()
    assert report.reads == len(reads) == CASES
    assert {json.loads(row["attributes"])["synthetic"] for row in reads} == {"true"}
    assert live.tables.version("reads").synthetic
    said = next(event for event in live.ledger.events(5) if event.record["type"] == "data.simulated")
    payload = live.ledger.payload(said.seq)
    assert payload is not None
    assert (payload["table"], payload["rows"], payload["seed"]) == ("reads", CASES, 3)
    assert report.to_json()["synthetic"] is True
    assert all("synthetic" in line or "screen" in line for line in report.lines())


def test_readers_are_pseudonyms_and_as_many_as_asked(live: Workspace) -> None:
    simulate(live, readers=3)
    readers = set(live.tables.read("reads", columns=["reader"])["reader"].to_pylist())
    assert len(readers) == 3
    assert all(reader.startswith("p:") for reader in readers)


def test_the_same_seed_twice_changes_nothing(live: Workspace) -> None:
    simulate(live)
    version = live.tables.version("reads")
    again = simulate(live)
    assert (again.reads, again.unchanged) == (0, CASES)
    assert live.tables.version("reads") == version


def test_live_answers_are_shown_and_overrides_are_monitored_as_synthetic(live: Workspace) -> None:
    report = simulate(live)
    assert report.shown == CASES
    assert report.overrides > 0
    rate = signal(live, "OVR001")
    assert rate["state"] in {"ok", "watch"}
    assert "synthetic" in rate["explains"]


def test_shadow_answers_are_not_shown_so_overrides_are_not_assessed(shadow: Workspace) -> None:
    report = simulate(shadow)
    assert (report.shown, report.overrides) == (0, 0)
    rate = signal(shadow, "OVR001")
    assert (rate["state"], rate["mode"]) == ("not_assessed", "shadow")
    assert "not shown" in rate["explains"]


def test_a_reader_study_over_shadow_answers_says_that_the_display_is_simulated(shadow: Workspace) -> None:
    report = simulate(shadow, assume_shown=True)
    assert report.display_simulated
    reads = shadow.tables.read("reads").to_pylist()
    assert {json.loads(row["attributes"])["simulated_display"] for row in reads} == {"true"}
    rate = signal(shadow, "OVR001")
    assert rate["state"] in {"ok", "watch"}
    assert "simulated too" in rate["explains"]


def test_reads_follow_their_prediction_and_are_never_in_the_future(live: Workspace) -> None:
    simulate(live)
    made = {row["prediction_id"]: row["predicted_at"] for row in live.tables.read("predictions").to_pylist()}
    for row in live.tables.read("reads").to_pylist():
        assert made[row["prediction_id"]] <= row["read_at"] <= "2026-06-01T09:01"


def test_a_version_that_nobody_knows_is_an_unknown_name(live: Workspace) -> None:
    with pytest.raises(UnknownNameError, match="nodule"):
        simulate(live, version="7")


@pytest.mark.parametrize("readers", [0, 51])
def test_a_room_without_readers_or_with_too_many_is_refused(live: Workspace, readers: int) -> None:
    with pytest.raises(UsageError):
        simulate(live, readers=readers)
