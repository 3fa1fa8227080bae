"""Floors of versions: read from `floors.toml`, held against what is installed."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

TABLE = Path(__file__).with_name("floors.toml")


@dataclass(frozen=True)
class Floor:
    """The least version of a package, the advisory that asks for it, and what it is about."""

    package: str
    version: str
    advisory: str
    reason: str


def read_floors(file: Path = TABLE) -> tuple[Floor, ...]:
    """Return the floors of a table.

    Raises:
        ValueError: when the table is empty: nothing would be checked, and all would look well.
    """
    floors = tuple(Floor(**entry) for entry in tomllib.loads(file.read_text("utf-8")).get("floor", ()))
    if not floors:
        raise ValueError("the table of floors is empty")
    return floors


def below_floor(floor: Floor, installed: str | None) -> str:
    """Say what is wrong with an installed version; empty when nothing is, or the package is not installed.

    Args:
        floor: the floor.
        installed: a version as PEP 440 spells it, or None.
    """
    from packaging.version import Version  # noqa: PLC0415 - lazy: only the doctor compares versions

    if installed is None or Version(installed) >= Version(floor.version):
        return ""
    mend = f"pip install '{floor.package}>={floor.version}'"
    return f"{floor.package} {installed} is below {floor.version} ({floor.advisory}: {floor.reason}): {mend}"
