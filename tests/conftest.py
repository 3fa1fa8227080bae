"""Fixtures that every test may use."""

import os
from pathlib import Path

import pytest
from fakes import FakeClock
from hypothesis import settings

pytest_plugins = ["services"]

# A loaded machine is slow, not wrong: property tests have no deadline.
settings.register_profile("overread", deadline=None)
settings.load_profile("overread")

REPOSITORY = Path(__file__).parent.parent
SHARED = Path(os.environ.get("OVERREAD_SHARED", REPOSITORY.parent / "shared")).resolve()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip, with the reason, what needs shared data where it is absent."""
    if (SHARED / "data").is_dir() and (SHARED / "oracles").is_dir():
        return
    for item in items:
        if item.get_closest_marker("shared"):
            item.add_marker(pytest.mark.skip(reason="shared data absent: set OVERREAD_SHARED"))


@pytest.fixture(scope="session")
def shared() -> Path:
    """Return the folder of shared data and oracles."""
    return SHARED


@pytest.fixture
def clock() -> FakeClock:
    """Return a clock that stands still."""
    return FakeClock()
