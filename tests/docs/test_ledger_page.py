"""The page about the ledger does what it says, from the first command to the last."""

import json
import os
import shlex
import sys
from pathlib import Path

import pytest
from command import Command
from witnesses import policy_text

sys.path.insert(0, str(Path(__file__).parent))
from pages import steps

PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "ledger.md"


def test_every_command_of_the_page_ends_as_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    command = Command(tmp_path)
    made = json.loads(command.well("init", ".", "--json").out)
    monkeypatch.setenv("LEDGER_KEY", made["ledger"])
    command.well("people", "add", "ann", "--name", "Ann", "--role", "engineer", "--passphrase-file", command.secret)
    for step in steps(PAGE.read_text("utf-8")):
        program, *words = shlex.split(os.path.expandvars(step.text))
        assert program == "overread"
        done = command(*words)
        assert done.code == step.code, f"{step.text}: {done.code} {done.err}"
        if words[:3] == ["audit", "witness", "init"]:
            vkey = next(word for word in done.out.split() if word.startswith("quality.hospital.example+"))
            (tmp_path / "policy.txt").write_text(policy_text({"quality": vkey}))
