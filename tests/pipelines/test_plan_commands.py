"""`overread plan check` and the page that documents the plan."""

import re
import tomllib
from pathlib import Path

from command import Command

from registry.domain.change_plan import plan_faults

PAGE = Path(__file__).parents[2] / "docs/reference/change-plan.md"


def documented() -> str:
    """Return the plan that the page shows."""
    found = re.search(r"^```toml\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    assert found is not None
    return found.group(1)


def test_the_plan_of_the_page_is_complete(tmp_path: Path) -> None:
    file = tmp_path / "plan.toml"
    file.write_text(documented())
    assert plan_faults(tomllib.loads(documented())) == ()
    done = Command(tmp_path)("plan", "check", file, "--json")
    assert (done.code, done.json) == (0, {"complete": True, "faults": []})


def test_an_empty_cell_ends_with_one_and_is_named(tmp_path: Path) -> None:
    file = tmp_path / "plan.toml"
    file.write_text(re.sub(r'^update_procedure = ".*"$', 'update_procedure = ""', documented(), flags=re.MULTILINE))
    done = Command(tmp_path)("plan", "check", file)
    assert done.code == 1
    assert "the cell retrain x update_procedure of modification_protocol is empty" in done.out


def test_a_file_that_is_none_ends_with_two(tmp_path: Path) -> None:
    file = tmp_path / "plan.toml"
    file.write_text("words = [")
    command = Command(tmp_path)
    assert command("plan", "check", file).code == 2
    assert command("plan", "check", tmp_path / "absent.toml").code == 2


def test_a_monitoring_plan_is_checked_by_the_same_command(tmp_path: Path) -> None:
    file = tmp_path / "plan.toml"
    file.write_text("quiet_days = 14\n[detectors]\nscore = 'ewma'\n")
    done = Command(tmp_path)("plan", "check", file, "--json")
    assert (done.code, done.json["complete"]) == (0, True)
    file.write_text("quiet_days = 14\n[owners]\nscore = 'engineer'\n")
    done = Command(tmp_path)("plan", "check", file)
    assert done.code == 1
    assert "names no owner for" in done.out
