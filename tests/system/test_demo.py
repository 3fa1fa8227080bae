"""The demo plays the whole story: what must be refused is refused, and what it names at its end is there."""

from pathlib import Path
from typing import Any

import pytest
from command import Command, Done


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the demo's folder."""
    return tmp_path_factory.mktemp("demo") / "out"


@pytest.fixture(scope="module")
def demo(out: Path) -> Done:
    """Play the demo once."""
    return Command(out / "workspace").well("demo", "--out", out, "--json")


def step(demo: Done, words: str) -> dict[str, Any]:
    """Return the one step whose title begins so."""
    (found,) = [step for step in demo.json["steps"] if step["step"].startswith(words)]
    return dict(found)


def test_every_step_is_told_in_order_while_it_is_played(demo: Done) -> None:
    titles = [line for line in demo.err.splitlines() if line.startswith("[")]
    assert [title.partition("]")[0] for title in titles] == [f"[{n}/7" for n in range(1, 8)]
    assert [title.partition("] ")[2] for title in titles] == [step["step"] for step in demo.json["steps"]]


def test_a_split_by_slice_is_refused_as_a_leak(demo: Done) -> None:
    (refused,) = [line for line in step(demo, "freeze cohorts")["says"] if line.startswith("refused")]
    assert "cohort 'demo-by-slice' shares" in refused
    assert "patient(s)" in refused


def test_neither_missing_evidence_nor_the_trainer_gets_an_approval_and_two_others_do(demo: Done) -> None:
    decided = step(demo, "decide")
    outcomes = dict(line.split(": ", 1) for line in decided["says"])
    assert outcomes["approve, without an external site"].startswith("refused (exit code 1)")
    assert outcomes["approve, as the trainer"].startswith("refused (exit code 5)")
    assert "still to sign: clinical lead" in outcomes["approve, as quality officer"]
    assert "now approved" in outcomes["approve, as clinical lead"]
    assert outcomes["deploy in shadow"] == "done"
    assert decided["state"] == "approved"


def test_the_model_passes_at_home_and_at_the_external_site(demo: Done) -> None:
    judged, decided = step(demo, "train")["says"], step(demo, "decide")["says"]
    (internal,) = [line for line in judged if line.startswith("demo-internal: ")]
    (external,) = [line for line in decided if line.startswith("validate at the external site: ")]
    assert all(": passed, AUC " in line for line in (internal, external))


def test_studies_are_scored_and_signals_are_given(demo: Done) -> None:
    operated = step(demo, "operate")
    assert operated["predictions"] > 0
    assert operated["signals"]["not_assessed"] > 0, "the sequential layer is not part of this version"
    assert set(operated["signals"]) <= {"ok", "watch", "not_assessed"}


def test_the_ledger_is_verified_against_the_checkpoint_that_was_kept(demo: Done, out: Path) -> None:
    assert step(demo, "verify")["verdict"] == "VERIFIED"
    command = Command(out / "workspace")
    done = command.well("audit", "verify", "--checkpoint", out / "checkpoint.txt", "--json")
    assert (done.json["verdict"], done.json["anchor"]) == ("VERIFIED", "outside checkpoint")


def test_what_it_names_is_there_and_private_where_it_must_be(demo: Done, out: Path) -> None:
    assert demo.json["out"] == str(out)
    assert (out / "report.pdf").read_bytes().startswith(b"%PDF-")
    assert "synthetic" in (out / "report.html").read_text().lower()
    secrets = list((out / "passphrases").glob("*.pass"))
    assert len(secrets) == 3
    assert all(place.stat().st_mode & 0o077 == 0 for place in secrets)


def test_the_commands_that_it_names_work(demo: Done, out: Path) -> None:
    command = Command(out / "workspace")
    shown = command.well("models", "show", "lesion-visible@1", "--json").json
    assert shown["state"] == step(demo, "decide")["state"]
    assert command.well("monitor", "run", "--model", "lesion-visible", "--json").json["model"] == "lesion-visible"
    assert command.well("doctor", "--json").json["findings"]


def test_a_folder_that_is_no_demo_is_left_alone_even_with_a_workspace_in_it(tmp_path: Path) -> None:
    command = Command(tmp_path / "workspace")
    command.well("init", command.root)
    done = command("demo", "--out", tmp_path)
    assert (done.code, "is no demo" in done.line) == (2, True)
    command.well("audit", "verify")
