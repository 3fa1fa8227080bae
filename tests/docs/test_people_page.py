"""The how-to page on people does what it says."""

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from pages import run, steps

PAGE = Path(__file__).parents[2] / "docs/how-to/people.md"


def test_every_command_of_the_page_ends_as_the_page_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OVERREAD_WORKSPACE", raising=False)
    environment = dict(os.environ) | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    finished = run(steps(PAGE.read_text()), tmp_path, environment)
    assert finished.returncode == 0, finished.stdout[-3000:] + finished.stderr[-3000:]
    assert "vacant: nobody holds it" in finished.stdout
