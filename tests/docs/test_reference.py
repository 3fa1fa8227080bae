"""The reference pages say what the code says."""

import re
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from reference_pages import files_page

from registry.domain.errors import ExitCode

REPOSITORY = Path(__file__).parents[2]
PAGES = [*sorted((REPOSITORY / "docs").rglob("*.md")), REPOSITORY / "README.md"]


def test_the_page_of_files_is_the_one_that_the_code_generates() -> None:
    assert (REPOSITORY / "docs/reference/files.md").read_text() == files_page()


def test_every_exit_code_is_documented_once() -> None:
    rows = re.findall(r"^\| (\d+) \|", (REPOSITORY / "docs/reference/exit-codes.md").read_text(), re.MULTILINE)
    assert [int(row) for row in rows] == [code.value for code in ExitCode]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(REPOSITORY)))
def test_every_link_to_a_file_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text())
    missing = [link for link in links if "://" not in link and not (page.parent / link).exists()]
    assert missing == []
