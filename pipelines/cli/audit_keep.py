"""`overread audit archive`, `drill`, `hold` and `retention`: the record kept, and its way back rehearsed."""

from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.console import Json, PassphraseFile, Reason, give
from registry.domain.errors import ExitCode


def add_to(app: typer.Typer) -> None:
    """Add the commands to `overread audit`."""
    app.command(epilog="Example: overread audit archive --out ledger.zip")(archive)
    app.command(epilog="Example: overread audit drill ledger.zip")(drill)
    app.command(epilog="Example: overread audit hold case-7 --first 12 --signer conny --reason 'case 7'")(hold)
    app.command(epilog="Example: overread audit retention")(retention)


def archive(
    out: Annotated[Path, typer.Option("--out", help="The zip file to write; it holds payloads: keep it safe.")],
    at: Annotated[int | None, typer.Option("--at", help="Only the first so many events.")] = None,
    *,
    as_json: Json = False,
) -> None:
    """Write the whole ledger, payloads and all, as one signed file from which it is restored."""
    from pipelines.cli.opened import here  # noqa: PLC0415 - lazy: --help loads no adapter
    from pipelines.usecases.drill_restore import archive_ledger  # noqa: PLC0415 - lazy

    digest = archive_ledger(here(), out, at)
    give({"file": str(out), "digest": digest}, [f"{out} ({digest})"], as_json=as_json)


def drill(
    file: Annotated[Path, typer.Argument(help="A file made by `overread audit archive`.")], *, as_json: Json = False
) -> None:
    """Rehearse a restore: into an empty system, verified there, and told by an event: 0 it held, 1 it did not."""
    from pipelines.cli.opened import here  # noqa: PLC0415 - lazy: --help loads no adapter
    from pipelines.usecases.drill_restore import drill as rehearse  # noqa: PLC0415 - lazy

    found = rehearse(here(), file)
    why = f": {found.fault}" if found.fault else ""
    line = f"{found.verdict}: {found.events} events restored into an empty database{why}"
    give(dict(vars(found)) | {"verdict": found.verdict}, [line], as_json=as_json)
    if found.fault:
        raise typer.Exit(ExitCode.ANSWER_IS_NO)


def hold(
    name: Annotated[str, typer.Argument(help="The hold's name, such as a case's number.")],
    signer: Annotated[str, typer.Option("--signer", help="Compliance or a quality officer.")],
    reason: Reason,
    first: Annotated[int, typer.Option("--first", min=0, help="The first event.")] = 0,
    last: Annotated[int | None, typer.Option("--last", min=0, help="The last event.")] = None,
    passphrase_file: PassphraseFile = None,
    *,
    end: Annotated[bool, typer.Option("--release", help="Release it, instead.")] = False,
    as_json: Json = False,
) -> None:
    """Keep payloads from being erased until the hold is released."""
    from pipelines.cli.opened import here, signer_of  # noqa: PLC0415 - lazy: --help loads no adapter
    from registry.audit.holds import hold as hold_events  # noqa: PLC0415 - lazy
    from registry.audit.holds import release  # noqa: PLC0415 - lazy

    workspace = here()
    person, record = signer_of(workspace, signer, passphrase_file), workspace.lifecycle.record
    span = (first, workspace.ledger.head().size - 1 if last is None else last)
    event = release(record, name, person, reason) if end else hold_events(record, name, span, person, reason)
    line = f"released '{name}'" if end else f"'{name}' holds the events {span[0]} to {span[1]}"
    give({"hold": name, "event": event.seq, "released": end}, [line], as_json=as_json)


def retention(*, as_json: Json = False) -> None:
    """List the classes of records, how long each is kept, how many events it has, and the holds."""
    from pipelines.cli.opened import here  # noqa: PLC0415 - lazy: --help loads no adapter
    from pipelines.usecases.list_retention import list_retention  # noqa: PLC0415 - lazy

    found = list_retention(here())
    lines = [
        f"{one.name}: {one.events} events, {'for ever' if one.years is None else f'{one.years:g} years'} ({one.source})"
        for one in found.classes
    ]
    lines += [f"held: {one.first} to {one.last} by '{one.name}' since {one.at}" for one in found.holds]
    give(found.to_json(), lines, as_json=as_json)
