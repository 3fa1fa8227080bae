"""Opening the workspace for a command; imported lazily, so that `--help` loads no adapter."""

from pathlib import Path

from pipelines.bootstrap import Workspace, find_workspace, open_workspace
from pipelines.cli.access import client, command_asked, require_may
from pipelines.cli.console import passphrase
from registry.domain.person import LOCAL_ADMINISTRATOR, Actor, PersonRole
from registry.people import Signer


def here() -> Workspace:
    """Return the workspace that the command line, the environment or the folder names.

    Raises:
        NotAllowedError: when who is logged in is kept to other commands.
    """
    workspace = open_workspace(find_workspace(None), client=client())
    require_may(workspace.actor, command_asked())
    return workspace


def signer_of(workspace: Workspace, person: str, file: Path | None, *, urgent: bool = False) -> Signer:
    """Unlock a person's signing key; always asks for the passphrase, and for the code where one is asked for.

    Args:
        workspace: the workspace.
        person: their id, or an account of theirs.
        file: with the passphrase in its first line, and the code in its second.
        urgent: whether it is for a stop, which needs the passphrase alone and waits for no lock.

    Raises:
        UnknownNameError: when nobody bears the id.
        WrongSecretError: when the passphrase or the code is wrong.
        NotAllowedError: when the key is missing, expired or revoked, or the account is locked.
    """
    secret, code = secrets_of(workspace, person, file, f"passphrase of {person}", urgent=urgent)
    return workspace.people.unlock(person, secret, code, urgent=urgent)


def secrets_of(
    workspace: Workspace, account: str, file: Path | None, prompt: str, *, urgent: bool = False
) -> tuple[str, str]:
    """Return the secret and the code of an account: the two lines of a file, or what is typed at the terminal.

    Raises:
        UsageError: when the file cannot be read.
        UnknownNameError: when nobody bears the name.
        NotAllowedError: when there is neither a file nor a terminal.
    """
    person = workspace.people.person_of(account)
    secret, _, code = passphrase(file, prompt).partition("\n")
    if file is None and not urgent and workspace.people.guard.credentials.with_codes(account, person):
        code = passphrase(None, f"code of {account}'s authenticator")
    return secret.rstrip("\r"), code.strip()


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
