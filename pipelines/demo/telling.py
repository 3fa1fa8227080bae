"""How the demo tells what happens."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from registry.domain.errors import OverreadError
from registry.domain.ports import Progress

Bars = Callable[[str], AbstractContextManager[Progress]]
Told = dict[str, Any]


def outcome(act: Callable[[], Any]) -> str:
    """Act, and say what came of it: done, or refused with the exit code that a command would end with."""
    try:
        done = act()
    except OverreadError as error:
        return f"refused (exit code {int(error.exit_code)}): {error.line()}"
    return done if isinstance(done, str) else str(getattr(done, "says", "done"))
