"""Which command was asked for, and who may ask for it: an auditor reads the audit, and nothing else."""

from collections.abc import Mapping, Sequence
from contextvars import ContextVar

import typer

from registry.domain.errors import NotAllowedError
from registry.domain.person import Actor, PersonRole

# The commands that a role is kept to; a role that is not named here may read all, and signs what its signatures allow.
_AUDIT = ("list", "export", "verify", "checkpoint", "prove", "retention")
KEPT_TO: Mapping[str, frozenset[str]] = {
    PersonRole.AUDITOR.value: frozenset({*(f"audit {name}" for name in _AUDIT), "login", "serve"})
}
_ASKED: ContextVar[str] = ContextVar("asked", default="")
_WITH_VALUE = frozenset({"--workspace"})


def note_command(app: typer.Typer, words: Sequence[str]) -> None:
    """Remember which command the words of a call ask for, such as `audit list`."""
    _ASKED.set(" ".join(_names(app, words)))


def command_asked() -> str:
    """Return the command that is under way; empty where none was started by words."""
    return _ASKED.get()


def client() -> str:
    """Return by what the record is reached, as events tell it."""
    return f"overread {command_asked()}".strip()


def require_may(actor: Actor, command: str) -> None:
    """Refuse a command to whoever is kept to others.

    Raises:
        NotAllowedError: naming the role and what it may do.
    """
    kept = KEPT_TO.get(actor.role)
    if kept is not None and command not in kept:
        raise NotAllowedError(
            f"the role '{actor.role}' reads the audit and nothing else", where=f"overread {command}", mend=_mend(kept)
        )


def _mend(kept: frozenset[str]) -> str:
    return f"it may {', '.join(sorted(kept))}"


def _names(app: typer.Typer, words: Sequence[str]) -> list[str]:
    """Return the words that name the command: a group's name, the names of groups in it, the command's own."""
    found: list[str] = []
    group: typer.Typer | None = app
    skip = False
    for word in words:
        if skip or word.startswith("-"):
            skip = word in _WITH_VALUE
            continue
        found.append(word)
        groups = {info.name: info.typer_instance for info in (group.registered_groups if group else [])}
        group = groups.get(word)
        if group is None:
            return found
    return found
