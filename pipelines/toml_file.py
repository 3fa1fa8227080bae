"""Reading TOML that a person wrote: settings, plans, protocols, maps."""

import tomllib
from pathlib import Path
from typing import Any

from registry.domain.errors import UnreadableFileError

MAX_BYTES = 1 << 20


def read_toml(file: Path, what: str) -> dict[str, Any]:
    """Return the mapping of a TOML file.

    Args:
        file: the file.
        what: what it is, for the error's words, such as `protocol`.

    Raises:
        UnreadableFileError: when the file is missing, too large or not TOML.
    """
    return parse_toml(read_bytes(file, what), what, str(file))


def read_bytes(file: Path, what: str) -> bytes:
    """Return the bytes of a TOML file, at most 1 MiB; for who needs their digest too.

    Raises:
        UnreadableFileError: when the file is missing or too large.
    """
    try:
        if file.stat().st_size > MAX_BYTES:
            raise UnreadableFileError(f"the {what} is too large", where=str(file), mend="a TOML file has 1 MiB at most")
        return file.read_bytes()
    except OSError as error:
        raise UnreadableFileError(f"the {what} cannot be read", where=str(file), mend="give a TOML file") from error


def parse_toml(data: bytes, what: str, where: str) -> dict[str, Any]:
    """Return the mapping that some bytes spell.

    Raises:
        UnreadableFileError: when they are not TOML.
    """
    try:
        return tomllib.loads(data.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UnreadableFileError(f"the {what} is not TOML", where=where, mend=str(error)) from error
