"""Fixtures of the ledger's tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from ledgers import open_ledger

from registry.ledger.store import Ledger


@pytest.fixture
def ledger(url: str) -> Iterator[Ledger]:
    """Return an empty ledger on each kind of server."""
    found = open_ledger(url)
    yield found
    found.engine.dispose()


@pytest.fixture
def file_ledger(tmp_path: Path) -> Iterator[Ledger]:
    """Return an empty ledger on SQLite."""
    found = open_ledger(f"sqlite:///{tmp_path}/record.db")
    yield found
    found.engine.dispose()
