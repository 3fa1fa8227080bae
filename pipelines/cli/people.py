"""`overread people`: who may do what."""

from typing import Annotated

import typer

from pipelines.cli import people_committee, people_credentials, people_lists, people_organisation, people_training
from pipelines.cli.console import Json, PassphraseFile, Reason, give, moment, passphrase
from pipelines.cli.people_text import document, line
from registry.domain.person import PersonRole

app = typer.Typer(
    no_args_is_help=True,
    help="Enrol people, give them roles, deputies, training, accounts and keys; list who fills what; deactivate them.",
)
PersonId = Annotated[str, typer.Argument(help="The person's id; never reused.")]
Roles = Annotated[list[PersonRole], typer.Option("--role", help="A role; may be given several times.")]
OneRole = Annotated[PersonRole, typer.Option("--role", help="The role.")]
End = Annotated[bool, typer.Option("--end", help="End it now, instead.")]
app.add_typer(people_committee.app, name="committee")
for _more in (people_training, people_lists, people_credentials, people_organisation):
    _more.add_to(app)


@app.command(epilog="Example: overread people add ann --name 'Ann Example' --role engineer --passphrase-file ann.pass")
def add(
    person: PersonId,
    name: Annotated[str, typer.Option("--name", help="The printed name that signatures show.")],
    role: Roles,
    key_days: Annotated[int, typer.Option("--key-days", help="For how many days the signing key counts.")] = 365,
    identity: Annotated[
        str, typer.Option("--identity", help="How their identity was verified, such as 'staff badge seen'.")
    ] = "",
    passphrase_file: PassphraseFile = None,
    *,
    as_json: Json = False,
) -> None:
    """Enrol a person and make their signing key, encrypted under their passphrase."""
    from pipelines.cli.opened import administrator, here  # noqa: PLC0415 - lazy: --help loads no adapter

    workspace = here()
    secret = passphrase(passphrase_file, f"new passphrase of {person} (15 characters or more)")
    actor = administrator(workspace)
    made = workspace.people.add(person, name, tuple(role), secret, actor, key_days, identity)
    give(document(made), [line(made)], as_json=as_json)


@app.command(epilog="Example: overread people role ann --role validator --until 2027-12-31")
def role(
    person: PersonId,
    role: Roles,
    since: Annotated[str, typer.Option("--from", help="From this day or instant on; now unless given.")] = "",
    until: Annotated[str, typer.Option("--until", help="Until this day or instant; for good unless given.")] = "",
    reason: Reason = "",
    *,
    end: End = False,
    as_json: Json = False,
) -> None:
    """Give a person more roles, for good or for a time, or end them."""
    from pipelines.cli.opened import administrator, here  # noqa: PLC0415 - lazy: --help loads no adapter
    from registry.appointments import end_role  # noqa: PLC0415 - lazy

    workspace = here()
    actor, first, last = administrator(workspace), moment(since, "--from", begins=True), moment(until, "--until")
    for named in role:
        if end:
            end_role(workspace.people, person, named, actor, reason)
        else:
            workspace.people.grant(person, named, actor, reason, first, last)
    found = workspace.people.get(person)
    give(document(found), [line(found)], as_json=as_json)


@app.command(epilog="Example: overread people deputy ann --by bob --role 'quality officer' --until 2027-01-31")
def deputy(
    person: PersonId,
    by: Annotated[str, typer.Option("--by", help="Who acts for them.")],
    role: OneRole,
    since: Annotated[str, typer.Option("--from", help="From this day or instant on; now unless given.")] = "",
    until: Annotated[str, typer.Option("--until", help="Until this day or instant.")] = "",
    reason: Reason = "",
    *,
    end: End = False,
    as_json: Json = False,
) -> None:
    """Appoint a deputy who acts for a person in a role for a stated time; what they sign says for whom."""
    from pipelines.cli.opened import administrator, here  # noqa: PLC0415 - lazy: --help loads no adapter
    from registry.appointments import appoint_deputy, end_deputy  # noqa: PLC0415 - lazy
    from registry.domain.errors import UsageError  # noqa: PLC0415 - lazy

    workspace = here()
    actor = administrator(workspace)
    named = {"person": person, "deputy": by, "role": role.value}
    if end:
        end_deputy(workspace.people, person, by, role, actor, reason)
        give(named | {"ended": True}, [f"{by} acts for {person} as {role} no longer"], as_json=as_json)
        return
    last = moment(until, "--until")
    if last is None:
        raise UsageError("a deputy is appointed until a day", mend="give --until YYYY-MM-DD")
    period = (moment(since, "--from", begins=True) or workspace.clock.now(), last)
    span = appoint_deputy(workspace.people, person, by, role, period, actor, reason).span
    says = f"{by} acts for {person} as {role} from {span.since} until {span.until}"
    give(named | {"since": span.since, "until": span.until}, [says], as_json=as_json)


@app.command(epilog="Example: overread people same ann2 ann --reason 'enrolled twice: the staff number is the same'")
def same(
    person: PersonId,
    same_as: Annotated[str, typer.Argument(help="The other id of the same human.")],
    reason: Reason = "",
    *,
    as_json: Json = False,
) -> None:
    """Say that two ids are one human: from now on they count once, in what they signed before too."""
    from pipelines.cli.opened import administrator, here  # noqa: PLC0415 - lazy: --help loads no adapter
    from registry.appointments import declare_same  # noqa: PLC0415 - lazy

    workspace = here()
    declare_same(workspace.people, person, same_as, administrator(workspace), reason)
    give({"person": person, "same_as": same_as}, [f"{person} and {same_as} count as one human"], as_json=as_json)


@app.command(epilog="Example: overread people deactivate ann")
def deactivate(person: PersonId, reason: Reason = "", *, as_json: Json = False) -> None:
    """Deactivate a person: their key signs nothing from now on; what they signed stays."""
    from pipelines.cli.opened import administrator, here  # noqa: PLC0415 - lazy: --help loads no adapter

    workspace = here()
    workspace.people.deactivate(person, administrator(workspace), reason)
    found = workspace.people.get(person)
    give(document(found), [line(found)], as_json=as_json)
