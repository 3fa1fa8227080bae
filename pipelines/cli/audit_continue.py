"""`overread audit continue`: the way out of a read-only record, signed by two persons."""

from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.console import Json, PassphraseFile, Reason, give


def add_to(app: typer.Typer) -> None:
    """Add the command to `overread audit`."""
    words = "overread audit continue --signer quinn --second clara --reason 'no newer backup'"
    app.command("continue", epilog=f"Example: {words}")(continue_record)


def continue_record(
    signer: Annotated[str, typer.Option("--signer", help="A quality officer, clinical lead or compliance.")],
    second: Annotated[str, typer.Option("--second", help="Another person, in another of these roles.")],
    reason: Reason,
    passphrase_file: PassphraseFile = None,
    second_passphrase_file: Annotated[
        Path | None, typer.Option("--second-passphrase-file", help="The second person's passphrase (mode 0600).")
    ] = None,
    *,
    as_json: Json = False,
) -> None:
    """Let a record that was restored from an older backup go on: as a new log, under a new key, that names its loss.

    For when no newer backup can be found. Pin the new key, and let each witness trust it.
    """
    from pipelines.cli.opened import here, signer_of  # noqa: PLC0415 - lazy: --help loads no adapter
    from pipelines.usecases import continue_ledger as usecase  # noqa: PLC0415 - lazy
    from registry.ledger.log_key import LogKey  # noqa: PLC0415 - lazy

    workspace = here()
    if usecase.unfinished(workspace):
        former = usecase.finish(workspace)
        event, lost, line = former.seq, former.lost, former.line()
    else:
        both = (
            signer_of(workspace, signer, passphrase_file),
            signer_of(workspace, second, second_passphrase_file),
        )
        done = usecase.continue_ledger(workspace, both, reason)
        event, lost = done.event.seq, done.loss.lost
        line = f"{lost} events of the former log are lost, {done.loss.kept} are here; event {event} tells of it"
    vkey = LogKey.load(workspace.root / usecase.KEY).public_vkey
    lines = [line, f"new ledger key: {vkey}", "pin it, and let each witness trust it: overread audit witness trust"]
    give({"event": event, "lost": lost, "ledger": vkey}, lines, as_json=as_json)
