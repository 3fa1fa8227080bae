"""`overread people train`, `courses`, `policy`, `accept`: who passed and accepted what, and what a role needs."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.console import Json, PassphraseFile, Reason, give, moment
from registry.domain.person import PersonRole


def add_to(app: typer.Typer) -> None:
    """Add the commands to the group."""
    epilog = "Example: overread people train ann --course reading-with-ai --version 2 --valid-until 2027-12-31"
    app.command(epilog=epilog)(train)
    app.command(epilog="Example: overread people policy accountability.md --version 2")(policy)
    app.command(epilog="Example: overread people accept --signer ann --passphrase-file ann.pass")(accept)
    app.command(epilog="Example: overread people courses 'clinical lead' --course reading-with-ai@2")(courses)


def train(
    person: Annotated[str, typer.Argument(help="Who passed the course.")],
    course: Annotated[str, typer.Option("--course", help="The course's name.")],
    valid_until: Annotated[str, typer.Option("--valid-until", help="Until this day or instant it counts.")] = "",
    valid_days: Annotated[int, typer.Option("--valid-days", min=0, help="Or for how many days from now.")] = 0,
    version: Annotated[str, typer.Option("--version", help="The course's version.")] = "1",
    passed: Annotated[str, typer.Option("--passed", help="When it was passed; now unless given.")] = "",
    reason: Reason = "",
    *,
    as_json: Json = False,
) -> None:
    """Record that a person passed a course; without a valid one nobody signs, and nobody records their own."""
    from pipelines.cli.opened import here  # noqa: PLC0415 - lazy: --help loads no adapter
    from registry.domain.errors import UsageError  # noqa: PLC0415 - lazy
    from registry.training import record_training, recorder  # noqa: PLC0415 - lazy

    workspace = here()
    until = moment(valid_until, "--valid-until")
    if (until is None) == (not valid_days):
        raise UsageError("training ends on a day", mend="give --valid-until YYYY-MM-DD, or --valid-days N")
    until = until or workspace.clock.now() + timedelta(days=valid_days)
    actor, when = recorder(workspace.actor), moment(passed, "--passed", begins=True)
    found = record_training(workspace.people, person, course, until, actor, version, when, reason)
    record = {"person": person, "course": course, "version": version, "recorded_by": actor.person}
    days = {"passed_at": found.span.since, "valid_until": found.span.until}
    give(record | days, [f"{person} passed {course}@{version}, valid until {found.span.until}"], as_json=as_json)


def courses(
    role: Annotated[PersonRole, typer.Argument(help="The role.")],
    course: Annotated[
        list[str] | None, typer.Option("--course", help="COURSE or COURSE@VERSION; may be given several times.")
    ] = None,
    reason: Reason = "",
    *,
    none: Annotated[bool, typer.Option("--none", help="The role needs no training.")] = False,
    as_json: Json = False,
) -> None:
    """Say which courses a role needs from now on; until then a role needs at least one course, whichever."""
    from pipelines.cli.opened import administrator, here  # noqa: PLC0415 - lazy: --help loads no adapter
    from registry.domain.errors import UsageError  # noqa: PLC0415 - lazy
    from registry.training import require_courses  # noqa: PLC0415 - lazy

    wanted = tuple(course or ())
    if bool(wanted) == none:
        raise UsageError("name the courses, or say that none is needed", mend="--course COURSE, or --none")
    workspace = here()
    require_courses(workspace.people, role, wanted, administrator(workspace), reason)
    says = f"{role} needs {', '.join(wanted) or 'no training'}"
    give({"role": role.value, "courses": list(wanted)}, [says], as_json=as_json)


def policy(
    file: Annotated[Path, typer.Argument(help="The policy's text, whose digest goes on record.")],
    version: Annotated[str, typer.Option("--version", help="The version's name.")],
    *,
    as_json: Json = False,
) -> None:
    """Issue a version of the accountability policy: from now on nobody signs before they accepted it, but to stop."""
    from pipelines.cli.opened import here  # noqa: PLC0415 - lazy: --help loads no adapter
    from registry.accountability import issue_policy  # noqa: PLC0415 - lazy
    from registry.training import recorder  # noqa: PLC0415 - lazy

    workspace = here()
    event = issue_policy(workspace.people, file.read_bytes(), version, recorder(workspace.actor))
    give(
        {"version": version, "event": event.seq}, [f"version {version} is in force; event {event.seq}"], as_json=as_json
    )


def accept(
    signer: Annotated[str, typer.Option("--signer", help="Your person id; the passphrase of your key is asked for.")],
    passphrase_file: PassphraseFile = None,
    *,
    as_json: Json = False,
) -> None:
    """Accept the accountability policy in force, with your key."""
    from pipelines.cli.opened import here, signer_of  # noqa: PLC0415 - lazy: --help loads no adapter
    from registry.accountability import accept_policy  # noqa: PLC0415 - lazy

    workspace = here()
    key = signer_of(workspace, signer, passphrase_file)
    event = accept_policy(workspace.people, key)
    person = key.person.person
    give({"person": person, "event": event.seq}, [f"{person} accepted it; event {event.seq}"], as_json=as_json)
