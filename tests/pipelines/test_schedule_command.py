"""`overread schedule`: what it sets, what it refuses, how it ends."""

from pathlib import Path

import pytest
from command import Command
from monitored import MODEL, monitored_workspace


@pytest.fixture(scope="module")
def command(tmp_path_factory: pytest.TempPathFactory) -> Command:
    """Return the command line in a workspace with predictions and no registered model; nobody is logged in."""
    root = tmp_path_factory.mktemp("schedule") / "workspace"
    monitored_workspace(root, days=3, per_day=1).engine.dispose()
    return Command(root)


def test_a_schedule_set_by_nobody_says_so_and_is_listed(command: Command) -> None:
    done = command("schedule", "set", "monitor", "--cron", "0  6 * * MON-FRI", "--model", MODEL, "--json")
    assert done.code == 0
    assert "nobody is logged in" in done.line
    (listed,) = command.well("schedule", "list", "--json").json["schedules"]
    assert (listed["kind"], listed["model"], listed["cron"]) == ("monitor", MODEL, "0 6 * * mon-fri")
    assert (listed["set_by"], listed["time_zone"], listed["paused"]) == ("unauthenticated", "UTC", False)
    assert listed["next"].endswith("T06:00:00.000000Z")


def test_a_paused_schedule_has_no_next_tick(command: Command) -> None:
    command("schedule", "set", "monitor", "--cron", "0 6 * * *", "--model", MODEL)
    done = command.well("schedule", "pause", "monitor", "--model", MODEL, "--json")
    assert done.json["schedules"][0]["next"] is None
    assert "paused" in command.well("schedule", "list").out


@pytest.mark.parametrize(
    "words",
    [
        ("set", "monitor", "--cron", "soon", "--model", MODEL),
        ("set", "monitor", "--cron", "0 6 * * *", "--model", MODEL, "--time-zone", "Mars/Base"),
        ("set", "monitor", "--cron", "0 6 * * *", "--model", "nobody-knows-it"),
        ("set", "report", "--cron", "0 6 * * *", "--model", MODEL),
        ("set", "train", "--cron", "0 6 * * *", "--model", "../x"),
        ("set", "train", "--cron", "0 6 * * *"),
        ("set", "dance", "--cron", "0 6 * * *"),
        ("pause", "train", "--model", MODEL),
    ],
)
def test_what_cannot_be_scheduled_ends_with_2_and_one_line(command: Command, words: tuple[str, ...]) -> None:
    before = command.well("schedule", "list", "--json").json
    done = command("schedule", *words)
    assert done.code == 2
    assert [line for line in done.err.splitlines() if line.startswith("overread: ")] == done.err.splitlines()[-1:]
    assert command.well("schedule", "list", "--json").json == before


def test_the_workspaces_folder_is_not_named_in_errors(command: Command) -> None:
    done = command("schedule", "set", "monitor", "--cron", "x " * 5, "--model", MODEL)
    assert str(Path(command.root)) not in done.err
