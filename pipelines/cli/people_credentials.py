"""`overread people account`: the accounts of a person."""

from typing import Annotated

import typer

from pipelines.cli.console import Json, Reason, give


def add_to(app: typer.Typer) -> None:
    """Add the commands to the group."""
    app.command(epilog="Example: overread people account ann ann-at-work")(account)


def account(
    person: Annotated[str, typer.Argument(help="Whose account it is.")],
    name: Annotated[str, typer.Argument(help="The account's name; never reused.")],
    reason: Reason = "",
    *,
    end: Annotated[bool, typer.Option("--end", help="Close it for good, instead.")] = False,
    as_json: Json = False,
) -> None:
    """Open one more account of a person: whoever uses it is the same person in every count."""
    from pipelines.cli.opened import administrator, here  # noqa: PLC0415 - lazy: --help loads no adapter
    from registry.appointments import close_account, open_account  # noqa: PLC0415 - lazy

    workspace = here()
    if end:
        close_account(workspace.people, name, administrator(workspace), reason)
    else:
        open_account(workspace.people, person, name, "local", administrator(workspace), reason)
    says = f"{name} is {'closed' if end else f'an account of {person}'}"
    give({"person": person, "account": name, "closed": end}, [says], as_json=as_json)
