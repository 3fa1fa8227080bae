"""The page about the ledger does what it says, from the first command to the last."""

import json
import os
import subprocess
import sys
from pathlib import Path

from witnesses import policy_text

sys.path.insert(0, str(Path(__file__).parent))
from pages import run, steps

PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "ledger.md"


def test_every_command_of_the_page_ends_as_it_says(tmp_path: Path) -> None:
    environment = dict(os.environ) | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    made = subprocess.run(
        ["overread", "init", ".", "--json"], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )
    environment |= {"LEDGER_KEY": json.loads(made.stdout)["ledger"], "OVERREAD_WORKSPACE": str(tmp_path)}
    found = steps(PAGE.read_text("utf-8"))
    first = run(found[:2], tmp_path, environment)
    assert first.returncode == 0, first.stdout + first.stderr
    vkey = next(word for word in first.stdout.split() if word.startswith("quality.hospital.example+"))
    (tmp_path / "policy.txt").write_text(policy_text({"quality": vkey}))
    prove = [step for step in found if " prove 1 " in step.text]
    assert prove, "the page proves an event"
    rest = [step for step in found[2:] if step not in prove and "event.tlog-proof" not in step.text]
    finished = run(rest, tmp_path, environment)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    (tmp_path / "pass").write_text("a long enough passphrase")
    words = ["people", "add", "ann", "--name", "Ann", "--role", "engineer", "--passphrase-file", "pass"]
    subprocess.run(["overread", *words], cwd=tmp_path, env=environment, check=True, capture_output=True)
    proved = run([step for step in found if "event.tlog-proof" in step.text], tmp_path, environment)
    assert proved.returncode == 0, proved.stdout + proved.stderr
