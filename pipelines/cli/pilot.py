"""`overread models pilot`: how long a pilot lasts and how much it scores before live use; and whether it is over."""

from typing import Annotated

import typer

from pipelines.cli.console import Json, PassphraseFile, give
from registry.domain.errors import ExitCode, UsageError


def add_to(app: typer.Typer) -> None:
    """Add the command to `overread models`."""
    app.command(
        epilog="Example: overread models pilot nodule@2 --site general --units 200 --days 28 --signer cleo; "
        "is it over: overread models pilot nodule@2 --site general --judge"
    )(pilot)


def pilot(
    name: Annotated[str, typer.Argument(metavar="MODEL[@VERSION]", help="The version; the newest unless given.")],
    site: Annotated[str, typer.Option("--site", help="Where it runs.")],
    units: Annotated[int | None, typer.Option("--units", help="How many units it scores at least.")] = None,
    days: Annotated[int | None, typer.Option("--days", help="How many days it lasts at least.")] = None,
    signer: Annotated[str | None, typer.Option("--signer", help="A clinical lead, who plans it.")] = None,
    passphrase_file: PassphraseFile = None,
    *,
    judge: Annotated[bool, typer.Option("--judge", help="Judge whether it is over; ends with 1 where not.")] = False,
    as_json: Json = False,
) -> None:
    """Plan a pilot in shadow, under a stop rule, or judge it; without a met plan it goes on to no live use."""
    from pipelines.cli.opened import here, name_and_version, signer_of  # noqa: PLC0415 - lazy: --help loads no adapter
    from pipelines.strata import deployment_at  # noqa: PLC0415 - lazy
    from pipelines.usecases.pilot_progress import pilot_units  # noqa: PLC0415 - lazy
    from registry.pilots import judge_pilot, plan_pilot  # noqa: PLC0415 - lazy

    workspace = here()
    place = deployment_at(workspace, *name_and_version(name), site).deployment
    record = workspace.lifecycle.record
    if judge:
        found = judge_pilot(record, place, pilot_units(workspace, place), workspace.actor)
        give(dict(found), [f"the pilot is {'over' if found['met'] else 'not over'}: {found['why']}"], as_json=as_json)
        raise typer.Exit(ExitCode.DONE if found["met"] else ExitCode.ANSWER_IS_NO)
    if units is None or days is None or signer is None:
        raise UsageError("a pilot is planned with units, days and a signer", mend="give all three, or --judge")
    event = plan_pilot(record, place, units, days, signer_of(workspace, signer, passphrase_file))
    says = f"planned: {units} units and {days} days at least; event {event.seq}"
    give({"deployment": place, "units": units, "days": days, "event": event.seq}, [says], as_json=as_json)
