"""Attacks whose defence stands outside the log, as far as no other test proves it already; and the table of all."""

import ast
import re
import sys
import threading
from pathlib import Path

import pytest
from ledgers import fill, open_ledger

sys.path.insert(0, str(Path(__file__).parent))
from golden import LOG, THIEF
from test_mutants import MUTANTS

from pipelines.cli.main import run
from pipelines.cli.proof_check import check_proof_file
from registry.domain.artifact import folder_digest, require_folder
from registry.domain.errors import ArtifactChangedError, ExitCode
from registry.ledger.copy import CheckpointCopy
from registry.ledger.tlog_proof import TlogProof
from registry.ledger.verify import verify_ledger

TESTS = Path(__file__).parents[3]
TABLE = TESTS.parent / "docs" / "explanation" / "attacks.md"
ROW = re.compile(r"^\| (\d+) \| (.+?) \| (.+?) \| (.+?) \| (.+?) \| `(.+?)::(.+?)` \|$", re.MULTILINE)


def rows() -> list[tuple[str, ...]]:
    return ROW.findall(TABLE.read_text("utf-8"))


def test_the_table_has_the_thirty_attacks_in_order() -> None:
    assert [int(row[0]) for row in rows()] == list(range(1, 31))


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[0])
def test_each_attack_names_a_test_that_is_there(row: tuple[str, ...]) -> None:
    tree = ast.parse((TESTS / row[5]).read_text("utf-8"))
    assert row[6] in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_each_attack_that_is_called_a_mutant_has_one_or_a_test_of_the_mutation() -> None:
    called = {int(row[0]) for row in rows() if row[2].startswith("mutant")}
    assert {int(name.split()[0]) for name in MUTANTS} == called


def test_a_hidden_file_in_an_ignored_folder_changes_the_models_digest(tmp_path: Path) -> None:
    (tmp_path / "network.json").write_text("{}")
    digest = folder_digest(tmp_path)
    for name in (".git/hooks.py", ".gitignore", "__pycache__/x.pyc", ".hidden"):
        place = tmp_path / name
        place.parent.mkdir(exist_ok=True)
        place.write_text("evil")
        with pytest.raises(ArtifactChangedError):
            require_folder(tmp_path, digest, "m@1")
        place.unlink()
    require_folder(tmp_path, digest, "m@1")
    (tmp_path / "link").symlink_to("network.json")
    with pytest.raises(ArtifactChangedError, match="plain files"):
        require_folder(tmp_path, digest, "m@1")


def test_verifying_while_others_write_raises_no_false_alarm(tmp_path: Path) -> None:
    copy = tmp_path / "checkpoint.txt"
    ledger = open_ledger(f"sqlite:///{tmp_path}/record.db", LOG, copy_to=copy)
    fill(ledger, [1])
    over = threading.Event()

    def write() -> None:
        while not over.is_set():
            fill(ledger, [2])

    writer = threading.Thread(target=write)
    writer.start()
    try:
        beside = CheckpointCopy(copy, LOG.public_vkey)
        reports = [verify_ledger(ledger.engine, LOG.public_vkey, None, beside) for _ in range(25)]
        contradictions = [ledger.contradiction() for _ in range(25)]
    finally:
        over.set()
        writer.join()
    assert {report.verdict for report in reports} == {"VERIFIED"}
    assert set(contradictions) == {""}
    assert reports[-1].size > reports[0].size


def test_a_proof_is_never_checked_with_a_key_of_its_own(tmp_path: Path) -> None:
    ledger = open_ledger(f"sqlite:///{tmp_path}/record.db", THIEF)
    fill(ledger, [3])
    found = ledger.prove(1)
    place = tmp_path / "event.tlog-proof"
    place.write_text(TlogProof(1, ledger.event(1).data, found.path, found.checkpoint).to_text())
    assert check_proof_file(place, THIEF.public_vkey, None)[2] == ExitCode.DONE
    assert check_proof_file(place, LOG.public_vkey, None)[2] == ExitCode.ANSWER_IS_NO
    assert run(["verify", str(place)]) == ExitCode.USAGE
