"""Writers killed in every phase of an append: no acknowledged event is lost, none is doubled, the chain verifies."""

import subprocess
import sys
from pathlib import Path

import pytest
from ledgers import fill, open_ledger

from registry.ledger.log_key import LogKey

TESTS = Path(__file__).parents[2]


def killed(folder: Path, kills: int, *words: str) -> tuple[int, int, int, int, list[str]]:
    """Run a campaign in a process of its own, which forks the writers; return its figures."""
    ledger = open_ledger(f"sqlite:///{folder}/record.db", LogKey.make(folder / "log.pem"))
    fill(ledger, [1])
    ledger.engine.dispose()
    command = [sys.executable, str(TESTS / "ledger_kills.py"), str(folder), str(kills), *words]
    path = {"PYTHONPATH": f"{TESTS.parent}:{TESTS}"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=path)
    assert done.returncode == 0, done.stderr
    acknowledged, lost, doubled, more, *verdicts = done.stdout.split()
    return int(acknowledged), int(lost), int(doubled), int(more), verdicts


def hold(folder: Path, kills: int) -> None:
    acknowledged, lost, doubled, _, verdicts = killed(folder, kills)
    assert acknowledged > kills
    assert (lost, doubled) == (0, 0)
    assert verdicts == ["VERIFIED"]


def test_seven_kills_one_in_each_phase_lose_and_double_nothing(tmp_path: Path) -> None:
    hold(tmp_path, 7)


@pytest.mark.slow
def test_a_hundred_and_fifty_kills_lose_and_double_nothing(tmp_path: Path) -> None:
    hold(tmp_path, 150)


def test_a_writer_that_acknowledges_before_the_commit_does_lose(tmp_path: Path) -> None:
    """The negative control: the same kills find what is wrong where something is."""
    _, lost, _, _, verdicts = killed(tmp_path, 7, "early-ack")
    assert lost > 0
    assert verdicts == ["VERIFIED"]
