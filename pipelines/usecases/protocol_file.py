"""Reading a validation protocol from a TOML file."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from registry.domain.errors import UnreadableFileError


def read_protocol(file: Path | None) -> Mapping[str, Any] | None:
    """Return the protocol's mapping, or None for the default protocol.

    Raises:
        UnreadableFileError: when the file is missing or is not TOML.
    """
    return None if file is None else read_toml(file, "protocol")


def read_toml(file: Path, what: str) -> Mapping[str, Any]:
    """Return a TOML file's mapping.

    Raises:
        UnreadableFileError: when the file is missing or is not TOML.
    """
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UnreadableFileError(f"the {what} cannot be read", where=str(file), mend="give a TOML file") from error
