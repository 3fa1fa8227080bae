"""The demo plays the whole story: what must be refused is refused, each planted failure is found and named."""

import json
from pathlib import Path
from typing import Any

import pytest
from command import Command, Done

MODEL = "brain-tumour"


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


def outcomes(told: dict[str, Any]) -> dict[str, str]:
    """Return what came of each act of a step."""
    return dict(line.split(": ", 1) for line in told["says"])


def test_every_step_is_told_in_order_while_it_is_played(demo: Done) -> None:
    titles = [line for line in demo.err.splitlines() if line.startswith("[")]
    assert [title.partition("] ")[2] for title in titles] == [step["step"] for step in demo.json["steps"]]
    assert titles[-1].startswith(f"[{len(titles)}/{len(titles)}]")


def test_a_split_that_is_not_by_patient_is_refused_as_a_leak(demo: Done) -> None:
    (refused,) = [line for line in step(demo, "freeze cohorts")["says"] if line.startswith("refused")]
    assert "cohort 'demo-by-study' shares" in refused
    assert "patient(s)" in refused


def test_the_model_passes_at_home_and_at_the_external_site(demo: Done) -> None:
    judged = outcomes(step(demo, "train, and judge"))
    assert all(judged[cohort].startswith("passed, AUC ") for cohort in ("demo-internal", "demo-external"))


def test_the_trainer_gets_no_approval_and_two_others_do(demo: Done) -> None:
    decided = step(demo, "decide")
    found = outcomes(decided)
    assert found["approve, before any review"].startswith("refused (exit code 1)")
    assert found["approve, as the trainer"].startswith("refused (exit code 5)")
    assert "still to sign: clinical lead" in found["approve, as quality officer"]
    assert "adopted" in found["change plan, as clinical lead"]
    assert decided["state"] == "approved"


@pytest.mark.usefixtures("demo")
def test_it_is_live_at_two_sites_and_in_shadow_at_a_third(out: Path) -> None:
    shown = Command(out / "workspace").well("models", "show", f"{MODEL}@1", "--json").json
    found = {one["site"]: one["mode"] for one in shown["deployments"]}
    assert found == {"general": "live", "riverside": "live", "hillcrest": "shadow"}


def test_each_planted_failure_is_found_and_named_and_the_site_without_one_is_quiet(demo: Done, out: Path) -> None:
    planted = json.loads((out / "year/year.json").read_text())["failures"]
    alerts = step(demo, "live through it")["alerts"]
    for failure in planted:
        mine = [one for one in alerts if one["site"] == failure["site"] and one["cause"]["kind"] in failure["causes"]]
        assert [one for one in mine if one["opened"] >= failure["since"]], failure
    assert {one["site"] for one in alerts} == {failure["site"] for failure in planted}


def test_alerts_are_taken_up_strata_stopped_and_a_retraining_asked_for(demo: Done, out: Path) -> None:
    command = Command(out / "workspace")
    states = {one["state"] for one in command.well("alerts", "list", "--json").json["alerts"]}
    assert states
    assert "open" not in states
    says = "\n".join(step(demo, "live through it")["says"])
    assert "sex=F stopped at riverside: signed by demo-clinician" in says
    assert "stopped at general: signed by demo-clinician" in says
    assert "retraining asked for: task " in says


def test_the_candidate_is_compared_under_the_change_plan_and_looked_at_once(demo: Done) -> None:
    compared = step(demo, "compare it")
    assert compared["verdict"] in {"passed", "failed", "not_assessed"}
    assert "no second look" in outcomes(compared)["asked a second time"]


def test_the_evidence_is_verified_by_its_key_alone(demo: Done, out: Path) -> None:
    key = (out / "ledger-key.txt").read_text().strip()
    assert step(demo, "export")["digest"].startswith("sha256:")
    assert Command(out / "workspace")("verify", out / "evidence.zip", "--key", key).code in {0, 3}


def test_the_ledger_is_verified_against_the_checkpoint_that_was_kept(demo: Done, out: Path) -> None:
    assert step(demo, "verify")["verdict"] == "VERIFIED"
    done = Command(out / "workspace").well("audit", "verify", "--checkpoint", out / "checkpoint.txt", "--json")
    assert (done.json["verdict"], done.json["anchor"]) == ("VERIFIED", "outside checkpoint")


def test_what_it_names_is_there_and_private_where_it_must_be(demo: Done, out: Path) -> None:
    assert demo.json["out"] == str(out)
    assert (out / "report.pdf").read_bytes().startswith(b"%PDF-")
    assert "synthetic" in (out / "report.html").read_text().lower()
    secrets = list((out / "passphrases").glob("*.pass"))
    assert len(secrets) == 3
    assert all(place.stat().st_mode & 0o077 == 0 for place in secrets)


def test_a_folder_that_is_no_demo_is_left_alone_even_with_a_workspace_in_it(tmp_path: Path) -> None:
    command = Command(tmp_path / "workspace")
    command.well("init", command.root)
    done = command("demo", "--out", tmp_path)
    assert (done.code, "is no demo" in done.line) == (2, True)
    command.well("audit", "verify")
