"""`overread people`: who may do what."""

from typing import Annotated

import typer

from pipelines.cli.console import Json, PassphraseFile, give, passphrase
from registry.domain.person import Person, PersonRole

app = typer.Typer(no_args_is_help=True, help="Enrol people, give them roles and keys, deactivate them.")
PersonId = Annotated[str, typer.Argument(help="The person's id; never reused.")]
Roles = Annotated[list[PersonRole], typer.Option("--role", help="A role; may be given several times.")]


def _document(person: Person) -> dict[str, object]:
    roles = [role.value for role in person.roles]
    return {"person": person.person, "printed_name": person.printed_name, "roles": roles, "active": person.active}


def _line(person: Person) -> str:
    mark = "" if person.active else " (deactivated)"
    return f"{person.person:20} {person.printed_name:30} {', '.join(person.roles)}{mark}"


@app.command(epilog="Example: overread people add ann --name 'Ann Example' --role engineer --passphrase-file ann.pass")
def add(
    person: PersonId,
    name: Annotated[str, typer.Option("--name", help="The printed name that signatures show.")],
    role: Roles,
    key_days: Annotated[int, typer.Option("--key-days", help="For how many days the signing key counts.")] = 365,
    passphrase_file: PassphraseFile = None,
    *,
    as_json: Json = False,
) -> None:
    """Enrol a person and make their signing key, encrypted under their passphrase."""
    from pipelines.cli.opened import administrator, here  # noqa: PLC0415 - lazy: --help loads no adapter

    workspace = here()
    secret = passphrase(passphrase_file, f"new passphrase of {person} (15 characters or more)")
    made = workspace.people.add(person, name, tuple(role), secret, administrator(workspace), key_days=key_days)
    give(_document(made), [_line(made)], as_json=as_json)


@app.command(epilog="Example: overread people role ann --role validator")
def role(person: PersonId, role: Roles, *, as_json: Json = False) -> None:
    """Give a person more roles."""
    from pipelines.cli.opened import administrator, here  # noqa: PLC0415 - lazy: --help loads no adapter

    workspace = here()
    for granted in role:
        workspace.people.grant(person, granted, administrator(workspace))
    found = workspace.people.get(person)
    give(_document(found), [_line(found)], as_json=as_json)


@app.command(epilog="Example: overread people deactivate ann")
def deactivate(person: PersonId, *, as_json: Json = False) -> None:
    """Deactivate a person: their key signs nothing from now on; what they signed stays."""
    from pipelines.cli.opened import administrator, here  # noqa: PLC0415 - lazy: --help loads no adapter

    workspace = here()
    workspace.people.deactivate(person, administrator(workspace))
    found = workspace.people.get(person)
    give(_document(found), [_line(found)], as_json=as_json)


@app.command("list", epilog="Example: overread people list")
def list_all(*, as_json: Json = False) -> None:
    """List everybody, with their roles."""
    from pipelines.cli.opened import here  # noqa: PLC0415 - lazy: --help loads no adapter

    everybody = here().people.all()
    give(
        {"people": [_document(person) for person in everybody]},
        [_line(person) for person in everybody],
        as_json=as_json,
    )
