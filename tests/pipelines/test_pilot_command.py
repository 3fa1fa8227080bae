"""A pilot is planned, judged and told by command, with the exit codes of the contract."""

from datetime import UTC, datetime
from pathlib import Path

from command import Command
from opened_worlds import opened
from worlds import MODEL, PASSPHRASE, World

from registry.domain.stop_rule import StopRule


def test_a_pilot_is_planned_and_judged_by_command(tmp_path: Path) -> None:
    world = World.found(tmp_path / "founded")
    world.approved()
    place = world.deploy("1", "shadow")
    opened(world)
    command, secret = Command(world.root), tmp_path / "pass"
    secret.write_text(PASSPHRASE)
    asked = ("models", "pilot", f"{MODEL}@1", "--site", place.site)
    plan = (*asked, "--units", "200", "--days", "28", "--signer", "clara", "--passphrase-file", secret)
    assert command(*asked).code == 2
    refused = command(*plan)
    assert (refused.code, "a pilot has a stop rule" in refused.err) == (1, True)
    rule = StopRule(place.deployment, "unanswered", "any", 3, "read without AI")
    world.lifecycle.set_stop_rule(rule, world.signer("clara"), "as agreed")
    assert command(*asked, "--judge").code == 1
    planned = command.well(*plan, "--json").json
    assert {name: planned[name] for name in ("deployment", "units", "days")} == {
        "deployment": place.deployment,
        "units": 200,
        "days": 28,
    }
    assert world.told("pilot.planned")[-1]["units"] == 200
    world.clock.advance(seconds=(datetime.now(UTC) - world.clock.now()).total_seconds() + 1)  # the command told by it
    world.deploy("1", "pilot")
    judged = command(*asked, "--judge", "--json")
    assert judged.code == 1
    assert (judged.json["met"], judged.json["why"]) == (False, "0 of 200 units, 0 of 28 days")
    assert "the pilot is not over: 0 of 200 units" in command(*asked, "--judge").out
