"""The commands of the page on change plans end as the page says."""

import re
import shlex
import shutil
import tomllib
from pathlib import Path

from change_plans import plan_record
from command import Command
from fakes import NoProgress
from intake_workspace import TARGET
from trained_workspace import PASSPHRASE, clara, reopened
from worlds import teach

from pipelines.bootstrap import Workspace
from pipelines.usecases.judging_methods import judging_methods
from pipelines.usecases.train import train
from registry.change_plans import sign_plan
from registry.domain.person import LOCAL_ADMINISTRATOR, PersonRole
from registry.domain.plan_covers import COVERABLE, FIXED
from registry.domain.release import release_faults

PAGE = Path(__file__).parents[3] / "docs/reference/change-plan.md"
NAMES = {"nodule": TARGET, "train-2": "train", "tune-2": "tune", "plan-test": "internal"}


def commands() -> list[list[str]]:
    """Return the commands of the page's shell blocks, with the names of the tests' workspace."""
    blocks = re.findall(r"^```sh\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    lines = [line for block in blocks for line in block.replace("\\\n", " ").splitlines() if line]
    return [[_named(word) for word in shlex.split(line, comments=True)[1:]] for line in lines]


def _named(word: str) -> str:
    for shown, real in NAMES.items():
        word = re.sub(rf"^{re.escape(shown)}(?=@|$)", real, word)
    return word


def test_every_command_of_the_page_ends_with_done(trained: Workspace, tmp_path: Path) -> None:
    shutil.copytree(trained.root, tmp_path / "workspace")
    workspace = reopened(tmp_path)
    workspace.people.add("quinn", "Quinn Q", (PersonRole.QUALITY_OFFICER,), PASSPHRASE, LOCAL_ADMINISTRATOR)
    teach(workspace.people, "quinn")
    content = plan_record(TARGET, "internal")
    for signer in (workspace.people.unlock("quinn", PASSPHRASE), clara(workspace)):
        sign_plan(workspace.lifecycle.record, content, signer, judging_methods(content))
    train(workspace, TARGET, "train", "tune", device="cpu", epochs=1, seed=5, progress=NoProgress())
    command = Command(workspace.root)
    found = commands()
    assert found
    for words in found:
        command.well(*words)


def test_the_page_names_every_aspect() -> None:
    page = PAGE.read_text()
    assert [aspect for aspect in (*COVERABLE, *FIXED, "roll_out") if f"`{aspect}`" not in page] == []


def test_the_release_of_the_page_is_complete() -> None:
    _, release = re.findall(r"^```toml\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    assert release_faults(tomllib.loads(release), "2") == ()
