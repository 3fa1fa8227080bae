"""The answers from elsewhere, read once."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="session")
def answers(shared: Path) -> dict[str, Any]:
    """Return the oracles' numbers."""
    return json.loads((shared / "oracles" / "oracles.json").read_text())


@pytest.fixture(scope="session")
def oracle_rows(shared: Path) -> Callable[[str], list[dict[str, str]]]:
    """Return what reads an oracle's CSV file as rows."""

    def rows(name: str) -> list[dict[str, str]]:
        with (shared / "oracles" / name).open() as file:
            return list(csv.DictReader(file))

    return rows
