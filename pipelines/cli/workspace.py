"""`overread init`, `login`, `logout`, `doctor`: the workspace itself."""

from pathlib import Path
from typing import Annotated, Any

import typer

from pipelines.cli.console import Json, PassphraseFile, give, tell


def add_to(app: typer.Typer) -> None:
    """Add the commands to the root."""
    app.command(epilog="Example: overread init my-workspace")(init)
    app.command(epilog="Example: overread login ann --passphrase-file ann.pass")(login)
    app.command(epilog="Example: overread logout")(logout)
    app.command(epilog="Example: overread doctor")(doctor)


def init(
    folder: Annotated[Path, typer.Argument(help="The folder; made when absent.")] = Path(),
    database: Annotated[
        str, typer.Option("--database", help="PostgreSQL URL without a password; SQLite in the folder unless given.")
    ] = "",
    *,
    as_json: Json = False,
) -> None:
    """Make a workspace: settings, keys, database, segments, MLflow store, Dagster home."""
    from pipelines.bootstrap import init_workspace  # noqa: PLC0415 - lazy: --help loads no adapter

    folder.mkdir(parents=True, exist_ok=True)
    made = init_workspace(folder.resolve(), database=database)
    give(
        {"workspace": str(made.root), "ledger": made.ledger.public_vkey},
        [
            f"workspace: {made.root}",
            f"ledger key: {made.ledger.public_vkey}",
            "keep a copy of keys/ apart from the data: without the pseudonym key nothing joins any more",
            f"next: cd {made.root} && overread people add ID --name NAME --role engineer",
        ],
        as_json=as_json,
    )


def login(
    account: Annotated[str, typer.Argument(help="The person's id, or an account of theirs.")],
    passphrase_file: PassphraseFile = None,
    *,
    oidc: Annotated[bool, typer.Option("--oidc", help="Let the identity provider of the settings vouch.")] = False,
    as_json: Json = False,
) -> None:
    """Prove who you are for 15 minutes, so that what you start carries your name; signing still asks each time.

    Takes the account's password where it has one, else the passphrase of the person's key; and a code where one is due.
    """
    from pipelines.cli.opened import here, secrets_of  # noqa: PLC0415 - lazy: --help loads no adapter
    from pipelines.usecases.provider_login import provider_login  # noqa: PLC0415 - lazy
    from registry.logins import log_in  # noqa: PLC0415 - lazy

    found = here()
    if oidc:
        session = provider_login(found, account, lambda page: tell(f"open in a browser: {page}"))
    else:
        secret, code = secrets_of(found, account, passphrase_file, f"password or passphrase of {account}")
        session = log_in(found.people, found.root, account, secret, code, found.log_key)
    document = {"person": session.person, "expires_at": session.expires_at, "methods": session.methods}
    give(document, [f"{session.person} until {session.expires_at}"], as_json=as_json)


def logout(*, as_json: Json = False) -> None:
    """End your login before its 15 minutes are over; without one nothing happens."""
    from pipelines.cli.opened import here  # noqa: PLC0415 - lazy: --help loads no adapter
    from registry.sessions import close_session  # noqa: PLC0415 - lazy

    close_session(here().root)
    give({"logged_in": False}, ["nobody is logged in"], as_json=as_json)


def doctor(*, as_json: Json = False) -> None:
    """Check the workspace and what it needs: settings, keys, database, ledger, stores, disk, clock, versions."""
    from pipelines.bootstrap import find_workspace  # noqa: PLC0415 - lazy: --help loads no adapter
    from pipelines.doctor.finding import exit_code  # noqa: PLC0415 - lazy
    from pipelines.usecases.doctor import examine  # noqa: PLC0415 - lazy

    findings = examine(find_workspace(None))
    document: dict[str, Any] = {"findings": [vars(finding) for finding in findings]}
    give(document, [f"{finding.state:11} {finding.what}: {finding.says}" for finding in findings], as_json=as_json)
    code = exit_code(findings)
    if code:
        raise typer.Exit(code)
