"""`overread audit witness`, `prove`, `erase`, `checkpoint --paper`, a restored workspace, as a person types them."""

import os
import shutil
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from command import Command, new_workspace
from pypdf import PdfReader
from witnesses import policy_text, serving

from pipelines.bootstrap import SystemClock, open_workspace
from pipelines.cli.opened import witness_after
from pipelines.usecases.witness_watch import witnessed_meanwhile
from pipelines.usecases.witnessing import Tail, is_due, tail
from registry.domain.errors import ExitCode
from registry.witness import Witness


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return new_workspace(tmp_path_factory.mktemp("template")).root


@pytest.fixture
def workspace(template: Path, tmp_path: Path) -> Command:
    shutil.copytree(template.parent, tmp_path / "copy")
    return Command(tmp_path / "copy" / template.name)


def log_key(workspace: Command) -> str:
    return open_workspace(workspace.root).ledger.public_vkey


def made(workspace: Command, folder: Path, name: str) -> Witness:
    workspace.well("audit", "witness", "init", folder, "--name", name)
    workspace.well("audit", "witness", "trust", folder, log_key(workspace))
    return Witness(folder, SystemClock())


def adopt(workspace: Command, folder: Path, text: str) -> Path:
    place = folder / "policy.txt"
    place.write_text(text)
    workspace.well("audit", "witness", "policy", place)
    return place


def test_two_of_three_witnesses_anchor_the_ledger_and_one_that_is_away_is_told(
    workspace: Command, tmp_path: Path
) -> None:
    names = ("quality", "physics", "it")
    three = {name: made(workspace, tmp_path / name, f"{name}.example") for name in names}
    vkeys = {name: one.key.vkey for name, one in three.items()}
    with serving(three["quality"]) as first, serving(three["physics"]) as second:
        urls = {"quality": first, "physics": second, "it": "http://127.0.0.1:9"}
        policy = adopt(workspace, tmp_path, policy_text(vkeys, "2", urls))
        asked = workspace("audit", "witness", "ask", "--json")
        assert asked.code == 0, asked.err
        assert asked.json["quorum"] is True
        assert "does not answer" in asked.json["witnesses"]["it"]["refused"]
    report = workspace("audit", "verify", "--json")
    assert (report.code, report.json["verdict"], report.json["anchor"]) == (0, "VERIFIED", "witnesses")
    assert report.json["ranges"][0]["witnesses"] == ["physics.example", "quality.example"]
    workspace.well("people", "add", "late", "--name", "L", "--role", "engineer", "--passphrase-file", workspace.secret)
    tailed = workspace("audit", "verify")
    assert tailed.code == 3
    assert "UNANCHORED (own checkpoint)" in tailed.out
    proof = tmp_path / "event.tlog-proof"
    workspace.well("audit", "prove", "1", "--out", proof)
    held = workspace("verify", proof, "--key", log_key(workspace), "--policy", policy, "--json")
    assert (held.code, sorted(held.json["witnesses"])) == (0, ["physics.example", "quality.example"])
    workspace.well("audit", "prove", str(report.json["size"]), "--out", proof)
    assert workspace("verify", proof, "--key", log_key(workspace), "--policy", policy).code == 3
    assert workspace("verify", proof, "--key", log_key(workspace)).code == 0
    proof.write_text(proof.read_text().replace("index ", "index 1"))
    assert workspace("verify", proof, "--key", log_key(workspace)).code == 1
    assert workspace("verify", proof, "--key", "nothing").code == 2


def test_files_carry_the_exchange_where_there_is_no_network(workspace: Command, tmp_path: Path) -> None:
    witness = made(workspace, tmp_path / "witness", "quality.example")
    exchange = tmp_path / "exchange"
    assert workspace("audit", "witness", "ask").code == 2
    adopt(workspace, tmp_path, policy_text({"quality": witness.key.vkey}))
    assert workspace("audit", "witness", "ask").code == 3
    workspace.well("audit", "witness", "ask", "--folder", exchange)
    workspace.well("audit", "witness", "answer", tmp_path / "witness", exchange)
    workspace.well("audit", "witness", "take", exchange)
    assert workspace("audit", "verify").code == 0
    findings = {one["what"]: one["says"] for one in workspace("doctor", "--json").json["findings"]}
    assert findings["witnesses"] == "a quorum has cosigned every event"


def test_a_restored_workspace_is_read_only_and_every_place_says_so(workspace: Command, tmp_path: Path) -> None:
    acquisitions = tmp_path / "acquisitions.csv"
    acquisitions.write_text(
        "series_uid,study_uid,patient,site,acquired_at,modality\n1.2.3.4,1.2.3,p1,general,2026-06-01T06:00:00Z,MR\n"
    )
    workspace.well("ingest", "acquisitions", acquisitions)
    shutil.copytree(workspace.root, tmp_path / "backup")
    grown = ("people", "add", "late", "--name", "L", "--role", "engineer", "--passphrase-file", workspace.secret)
    workspace.well(*grown)
    open_workspace(workspace.root).engine.dispose()
    for name in ("overread.db", "overread.db-wal", "overread.db-shm"):
        (workspace.root / name).unlink(missing_ok=True)
        if (tmp_path / "backup" / name).exists():
            shutil.copy(tmp_path / "backup" / name, workspace.root / name)
    refused = workspace(*grown)
    assert refused.code == 1
    assert "restored from an older backup" in refused.line
    assert workspace("audit", "verify").code == 1
    findings = [one for one in workspace("doctor", "--json").json["findings"] if one["what"] == "ledger"]
    assert any(one["state"] == "failed" and one["says"].startswith("read-only: ") for one in findings)
    reads = tmp_path / "reads.csv"
    reads.write_text(
        "read_id,study_uid,target,reader,read_at,decision\nr1,1.2.3,lesion-visible,ann,2026-06-01T08:00:00Z,true\n"
    )
    taken = workspace("ingest", "reads", reads)
    assert taken.code == 0, taken.err
    predictions = tmp_path / "predictions.csv"
    predictions.write_text(
        "prediction_id,model,version,study_uid,target,predicted_at,score,decision\n"
        "p1,m,1,1.2.3,lesion-visible,2026-06-01T07:00:00Z,0.7,true\n"
    )
    assert workspace("ingest", "predictions", predictions).code == 1


def test_a_printed_checkpoint_is_typed_back_and_finds_a_rewriting(workspace: Command, tmp_path: Path) -> None:
    for ending in ("txt", "pdf"):
        workspace.well("audit", "checkpoint", "--paper", tmp_path / f"page.{ending}")
    code = workspace("audit", "checkpoint", "--json").json["code"]
    text = "".join(page.extract_text() for page in PdfReader(tmp_path / "page.pdf").pages)
    assert code in (tmp_path / "page.txt").read_text()
    assert code in text.replace("\n", "").replace("\N{NO-BREAK SPACE}", " ")
    held = workspace("audit", "verify", "--paper", code.lower(), "--json")
    assert (held.code, held.json["anchor"]) == (0, "outside checkpoint")
    assert workspace("audit", "verify", "--paper", code[:-1] + "1").code == 2
    from registry.ledger.checkpoint import Checkpoint
    from registry.ledger.paper import code_of

    other = code_of(Checkpoint("x", held.json["size"], bytes(32)))
    assert workspace("audit", "verify", "--paper", other).code == 1


def test_an_erasure_asks_for_a_signature_and_a_reason(workspace: Command) -> None:
    events = workspace("audit", "list", "--json").json["events"]
    session = next(one["seq"] for one in events if one["title"] == "A person logged in")
    words = ("audit", "erase", str(session), "--passphrase-file", workspace.secret, "--reason", "request 17")
    assert workspace(*words, "--signer", "engineer").code == 5
    assert workspace(*words, "--signer", "quality").code == 0
    assert workspace("audit", "verify").code == 0


def test_running_services_ask_when_it_is_due_and_once_more_at_the_end(workspace: Command, tmp_path: Path) -> None:
    witness = made(workspace, tmp_path / "witness", "quality.example")
    with (workspace.root / "overread.toml").open("a") as settings:
        settings.write("\n[witness]\nevery_events = 1\n")
    with serving(witness) as address:
        adopt(workspace, tmp_path, policy_text({"quality": witness.key.vkey}, urls={"quality": address}))
        opened = open_workspace(workspace.root)
        assert is_due(opened)
        with witnessed_meanwhile(opened, step_s=3600):
            assert is_due(opened)
        found = tail(opened)
        assert found is not None
        assert found.events == 0
        assert not is_due(opened)


def test_after_an_act_that_matters_the_witnesses_are_asked_and_one_that_is_away_is_only_logged(
    workspace: Command, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    witness = made(workspace, tmp_path / "witness", "quality.example")
    opened = open_workspace(workspace.root)
    witness_after(opened)
    with serving(witness) as address:
        adopt(workspace, tmp_path, policy_text({"quality": witness.key.vkey}, urls={"quality": address}))
        witness_after(opened)
        assert tail(opened) == Tail(0, None, timedelta())
    workspace.well("people", "add", "late", "--name", "L", "--role", "engineer", "--passphrase-file", workspace.secret)
    witness_after(opened)
    assert "did not cosign" in caplog.text


def test_the_witness_service_answers_in_a_process_of_its_own_and_stops_when_told(
    workspace: Command, tmp_path: Path
) -> None:
    """Whoever starts it may ignore SIGTERM, which a process inherits: it stops all the same."""
    witness = made(workspace, tmp_path / "witness", "quality.example")
    deaf = ["sh", "-c", 'trap "" TERM; exec "$@"', "sh"]
    command = [*deaf, sys.executable, "-c", "from pipelines.cli.main import main; main()", "audit", "witness", "serve"]
    running = subprocess.Popen(
        [*command, str(tmp_path / "witness"), "--port", "0"], stderr=subprocess.PIPE, text=True, env=dict(os.environ)
    )
    try:
        assert running.stderr is not None
        address = running.stderr.readline().split(": ")[1].split()[0]
        adopt(workspace, tmp_path, policy_text({"quality": witness.key.vkey}, urls={"quality": address}))
        assert workspace("audit", "witness", "ask").code == 0
    finally:
        running.terminate()
        running.communicate(timeout=60)
    assert running.returncode == ExitCode.INTERRUPTED
