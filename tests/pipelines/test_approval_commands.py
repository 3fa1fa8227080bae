"""What was decided, refused and abstained from stands beside the request: in lines, in JSON and on the model's page."""

from pathlib import Path

import pytest
from command import Command
from opened_worlds import opened
from worlds import MODEL, PASSPHRASE, World

from dashboards.view.deployment import signature_section
from pipelines.queries import RecordQueries


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Return a world with a version."""
    world = World.found(tmp_path / "founded")
    world.clock.advance(hours=1)
    world.register()
    return world


def test_abstentions_and_refusals_are_shown_with_their_reasons(world: World, tmp_path: Path) -> None:
    workspace = opened(world)
    command, secret = Command(world.root), tmp_path / "pass"
    secret.write_text(PASSPHRASE)
    name, by = f"{MODEL}@1", ("--passphrase-file", secret)
    command.well("models", "abstain", name, "--signer", "clara", "--reason", "I chose the cohort", *by)
    assert command("models", "abstain", name, "--signer", "clara", *by).code == 2
    assert command("models", "approve", name, "--signer", "vera", *by).code == 5
    assert command("models", "approve", name, "--signer", "quinn", "--valid-days", "30", *by).code == 1
    shown = command.well("models", "show", name, "--json").json
    kept = {one["act"]: one["reason"] for one in shown["signatures"]}
    assert kept["abstain"] == "I chose the cohort"
    assert "may not sign 'approve'" in str([one["why"] for one in shown["refused_decisions"]])
    assert (shown["approval"], shown["tier"]["quorum"]) == (None, ["quality officer", "clinical lead"])
    lines = command.well("models", "show", name).out
    assert "takes no part in the decision (I chose the cohort)" in lines
    assert "refused    approve of vera" in lines
    command.well("models", "reject", name, "--signer", "quinn", "--reason", "never evaluated", *by)
    assert "rejection: this version shall not be used (never evaluated)" in command.well("models", "show", name).out
    assert "I chose the cohort" in str(signature_section(RecordQueries(workspace).dossier(MODEL, "1", None)))


def test_a_tier_is_shown_declared_and_asked_for_by_command(world: World, tmp_path: Path) -> None:
    opened(world)
    command, secret = Command(world.root), tmp_path / "pass"
    secret.write_text(PASSPHRASE)
    by = ("--passphrase-file", secret, "--reason", "triage of haemorrhages")
    assert command.well("models", "tier", MODEL, "--json").json["tier"] == "medium"
    assert command("models", "tier", MODEL, "high").code == 2
    done = command.well("models", "tier", MODEL, "high", "--signer", "otto", *by, "--json").json
    assert (done["tier"], done["quorum"][-1]) == ("high", "oversight or validator")
    lowered = command.well("models", "tier", MODEL, "low", "--signer", "quinn", *by)
    assert "until the lowering is signed by: clinical lead, oversight or validator" in lowered.out
    assert f"{MODEL}@1" in command.well("models", "list").out
