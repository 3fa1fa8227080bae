"""`overread people list` and `vacancies`: who there is, who fills what, and what is vacant."""

from typing import TYPE_CHECKING, Any

import typer

from pipelines.cli.console import Json, give
from pipelines.cli.people_text import document, line

if TYPE_CHECKING:
    from registry.vacancies import RoleFilled


def add_to(app: typer.Typer) -> None:
    """Add the commands to the group."""
    app.command("list", epilog="Example: overread people list")(list_all)
    app.command(epilog="Example: overread people vacancies --json")(vacancies)


def list_all(*, as_json: Json = False) -> None:
    """List everybody with their roles, deputies, accounts and training, and the roles that are vacant."""
    from pipelines.cli.opened import here  # noqa: PLC0415 - lazy: --help loads no adapter
    from registry.vacancies import filled_roles  # noqa: PLC0415 - lazy

    people = here().people
    everybody, told, filled = people.all(), people.roster(), filled_roles(people)
    shown = []
    for person in everybody:
        own = sorted(
            name for name, whose in told.accounts.items() if whose == person.person and name not in told.closed
        )
        courses = [_course(one) for one in told.training if one.person == person.person]
        human = told.human(person.person)
        also = {} if human == person.person else {"same_as": human}
        shown.append(
            document(person)
            | {"accounts": [name for name in own if name not in told.closed], "training": courses}
            | also
        )
    deputies = [
        {"person": one.person, "deputy": one.deputy, "role": one.role, "since": one.span.since, "until": one.span.until}
        for one in told.deputies
    ]
    vacant = [_record(one) for one in filled if one.vacant and one.needed]
    lines = [line(person) for person in everybody]
    lines += [f"{one.deputy} acts for {one.person} as {one.role} until {one.span.until}" for one in told.deputies]
    lines += [f"vacant: {one.role}, which a release needs: {one.why}" for one in filled if one.vacant and one.needed]
    give({"people": shown, "deputies": deputies, "vacant": vacant}, lines, as_json=as_json)


def vacancies(*, as_json: Json = False) -> None:
    """Show every role, who fills it today, and which are vacant; exit code 1 when a release needs a vacant one."""
    from pipelines.cli.opened import here  # noqa: PLC0415 - lazy: --help loads no adapter
    from registry.vacancies import filled_roles, vacant_roles  # noqa: PLC0415 - lazy

    people = here().people
    filled, blocks = filled_roles(people), vacant_roles(people)
    vacant = [one.role.value for one in filled if one.vacant and one.needed]
    lines = []
    for one in filled:
        state = f"vacant: {one.why}" if one.vacant else "; ".join(who.text for who in one.filled_by)
        lines.append(f"{one.role:16} {'needed' if one.needed else '':7} {state}")
    lines += [f"no version is approved: {why}" for why in blocks]
    document = {"roles": [_record(one) for one in filled], "vacant": vacant, "blocks": list(blocks)}
    give(document, lines, as_json=as_json)
    if blocks:
        raise typer.Exit(1)


def _record(one: "RoleFilled") -> dict[str, Any]:
    who = [vars(filling) | {"lacks": list(filling.lacks), "fit": filling.fit} for filling in one.filled_by]
    return {"role": one.role.value, "needed": one.needed, "vacant": one.vacant, "why": one.why, "filled_by": who}


def _course(one: Any) -> dict[str, str | None]:
    return {"course": one.course, "version": one.version, "valid_until": one.span.until, "recorded_by": one.recorded_by}
