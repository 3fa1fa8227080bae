"""The watch at the command line: run, replay, and what persons do about its alerts."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from command import Command
from fakes import FakeClock
from monitored import MODEL, NOW, acquisitions, outcomes, predictions, take
from referencing import Registry, Resource

from pipelines.bootstrap import init_workspace
from pipelines.usecases.monitoring_plan import stops_reached
from registry.domain.plan import plan_from

SCHEMAS = {
    path.name: json.loads(path.read_text())
    for path in (Path(__file__).parents[3] / "docs/reference/schemas").glob("monitor-*.schema.json")
}
DAYS, PER_DAY = 100, 8
ARGUMENTS = ("--model", MODEL)
REPLAY = ("monitor", "replay", *ARGUMENTS, "--from", "2026-05-05", "--to", "2026-05-30", "--every", "5d")


def shifted() -> list[dict[str, Any]]:
    """Return predictions whose scores rise from day 75 on."""
    rows = predictions(DAYS, PER_DAY, "live")
    raised = np.random.default_rng(9).uniform(0.5, 1.0, len(rows)).tolist()
    late = 75 * PER_DAY
    return [row | {"score": raised[at], "decision": True} if at >= late else row for at, row in enumerate(rows)]


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Command:
    """Return a workspace in which the scores of a site rose, and its two persons."""
    root = tmp_path_factory.mktemp("watched") / "workspace"
    workspace = init_workspace(root, FakeClock(NOW))
    take(workspace, "acquisitions", acquisitions(DAYS, PER_DAY))
    take(workspace, "predictions", shifted())
    take(workspace, "outcomes", outcomes(DAYS, PER_DAY))
    workspace.engine.dispose()
    command = Command(root)
    for person, role in (("engineer", "engineer"), ("clinician", "clinical lead")):
        command.well(
            "people", "add", person, "--name", person.title(), "--role", role, "--passphrase-file", command.secret
        )
        command.well("people", "train", person, "--course", "overread", "--valid-days", "365")
    return command


def replayed(watched: Command) -> Any:
    return watched.well(*REPLAY, "--json").json


def test_a_replay_gives_a_run_a_date_and_each_alert_once(watched: Command) -> None:
    done = replayed(watched)
    resources = [(key, Resource.from_contents(schema)) for key, schema in SCHEMAS.items()]
    schema, registry = SCHEMAS["monitor-replay.schema.json"], Registry().with_resources(resources)
    jsonschema.Draft202012Validator(schema, registry=registry).validate(done)
    assert [run["as_of"] for run in done["runs"]] == [f"2026-05-{day:02}" for day in (5, 10, 15, 20, 25, 30)]
    assert [(alert["cause"], alert["state"]) for alert in done["alerts"]] == [
        ({"kind": "input", "who": "general"}, "open")
    ]
    assert done["runs"][0]["alerts"] == []


def test_a_run_says_what_the_replay_said_of_its_day(watched: Command) -> None:
    run = watched.well("monitor", "run", *ARGUMENTS, "--as-of", "2026-05-30", "--known", "assumed", "--json").json
    last = replayed(watched)["runs"][-1]
    assert [one for one in run["signals"] if one["code"].startswith("SEQ")] == last["signals"]
    decided = {"state": "", "closed": ""}  # what persons did is laid over a run, not over a replay
    assert [one | decided for one in run["alerts"]] == [one | decided for one in last["alerts"]]


def test_recorded_known_times_count_the_rows_of_each_date_anew(watched: Command) -> None:
    done = watched.well(*REPLAY[:4], "--from", "2026-06-01", "--to", "2026-06-01", "--known", "recorded", "--json").json
    assert done["runs"][0]["known_time"] == "recorded"
    assert len(done["alerts"]) == 1


def test_an_alert_lives_at_the_command_line(watched: Command) -> None:
    run = ("monitor", "run", *ARGUMENTS, "--as-of", "2026-05-31", "--known", "assumed", "--fail-on", "alert")
    assert watched(*run).code == 1
    (alert,) = watched.well("alerts", "list", "--json").json["alerts"]
    assert alert["model"] == MODEL
    signed = ("--passphrase-file", watched.secret)
    assert watched("alerts", "ack", alert["id"], "--signer", "engineer", *signed).code == 5
    taken = watched.well("alerts", "ack", alert["id"], "--signer", "clinician", *signed, "--json").json
    assert taken["state"] == "acknowledged"
    assert watched(*run).code == 1
    assert watched("alerts", "resolve", alert["id"], "--signer", "clinician", *signed).code == 2
    reason = ("--reason", "gain set back")
    watched.well("alerts", "resolve", alert["id"], "--signer", "clinician", *signed, *reason)
    assert "Clinician" in watched.well("alerts", "show", alert["id"]).out
    assert watched(*run).code == 0
    assert watched("alerts", "show", "ffffffffffffffff").code == 2
    assert watched.well("alerts", "list", "--state", "open", "--json").json == {"alerts": []}


@pytest.mark.parametrize("wrong", [("--every", "1w"), ("--to", "2026-01-01"), ("--to", "soon")])
def test_a_replay_of_no_days_is_refused(watched: Command, wrong: tuple[str, str]) -> None:
    assert watched(*REPLAY, *wrong).code == 2


def test_a_run_says_that_its_plan_is_unsigned_until_both_roles_signed_it(watched: Command) -> None:
    run = ("monitor", "run", *ARGUMENTS, "--as-of", "2026-05-30", "--known", "assumed")
    assert "is not signed by: quality officer, clinical lead" in watched(*run).err
    watched.well(
        "people",
        "add",
        "quality",
        "--name",
        "Quality",
        "--role",
        "quality officer",
        "--passphrase-file",
        watched.secret,
    )
    watched.well("people", "train", "quality", "--course", "overread", "--valid-days", "365")
    signed = ("--passphrase-file", watched.secret)
    assert watched("plan", "sign", "--signer", "engineer", *signed).code == 5
    assert watched.well("plan", "sign", "--signer", "quality", *signed, "--json").json["missing"] == ["clinical lead"]
    assert "is not signed by: clinical lead" in watched(*run).err
    assert watched.well("plan", "sign", "--signer", "clinician", *signed, "--json").json["adopted"] is True
    assert "signed" not in watched(*run).err
    shown = watched.well("plan", "show").out
    assert "signed by Quality (quality officer) and Clinician (clinical lead)" in shown
    assert "fallback" in shown
    assert watched("plan", "sign", "--signer", "quality", *signed).code == 1


def test_what_the_stop_rules_of_an_unsigned_plan_would_stop_is_said_until_somebody_takes_the_alert_up() -> None:
    plan = plan_from({"stop_rules": {"score": 7}})
    alert = {"id": "0" * 16, "code": "SEQ002", "state": "open", "opened": "2026-05-01", "cause": {"kind": "input"}}
    run = {"model": "nodule", "as_of": "2026-05-08", "alerts": [alert]}
    (note,) = stops_reached(plan, run)
    assert "nobody took up alert 0000000000000000 in 7 days; it stops nothing, for the plan is not signed" in note
    assert plan.fallbacks["score"] in note
    assert not list(stops_reached(plan, run | {"as_of": "2026-05-07"}))
    for other in ({"state": "acknowledged"}, {"cause": {"kind": "routing"}}):
        assert not list(stops_reached(plan, run | {"alerts": [alert | other]}))


def test_a_rehearsal_prints_its_table_and_gives_the_same_bytes_twice(watched: Command) -> None:
    asked = ("monitor", "rehearse", *ARGUMENTS, "--years", "1", "--failure", "preprocessing-shift")
    first, again = (watched.well(*asked, "--json").out for _ in range(2))
    assert first == again
    assert json.loads(first)["failures"][0]["failure"] == "preprocessing-shift"
    assert "| preprocessing-shift | 1 of 1 |" in watched.well(*asked).out
    assert watched("monitor", "rehearse", *ARGUMENTS, "--failure", "earthquake").code == 2
    assert watched("monitor", "rehearse", *ARGUMENTS, "--years", "0").code == 2
