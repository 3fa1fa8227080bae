"""Opening the workspace for a command; imported lazily, so that `--help` loads no adapter."""

from pathlib import Path

from pipelines.bootstrap import Workspace, find_workspace, open_workspace
from pipelines.cli.console import passphrase
from registry.domain.person import LOCAL_ADMINISTRATOR, Actor, PersonRole
from registry.people import Signer


def here() -> Workspace:
    """Return the workspace that the command line, the environment or the folder names."""
    return open_workspace(find_workspace(None))


def signer_of(workspace: Workspace, person: str, file: Path | None) -> Signer:
    """Unlock a person's signing key; always asks for the passphrase.

    Raises:
        UnknownNameError: when nobody bears the id.
        NotAllowedError: when the key is missing, expired or revoked, or the passphrase is wrong.
    """
    return workspace.people.unlock(person, passphrase(file, f"passphrase of {person}"))


def name_and_version(text: str) -> tuple[str, str | None]:
    """Split `MODEL[@VERSION]`."""
    model, _, version = text.partition("@")
    return model, version or None


def administrator(workspace: Workspace) -> Actor:
    """Return who enrols people: the logged-in administrator, else whoever holds this workspace's files."""
    actor = workspace.actor
    return actor if actor.role == PersonRole.ADMINISTRATOR else LOCAL_ADMINISTRATOR


def witness_after(workspace: Workspace) -> None:
    """Ask the policy's witnesses after an act that matters; nothing waits for them, and what fails is said at most."""
    from pipelines.usecases.witness_watch import ask_for_tail  # noqa: PLC0415 - lazy: most workspaces have no policy

    ask_for_tail(workspace, patience_s=2)
