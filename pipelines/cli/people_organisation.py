"""`overread people letter`, `permit`: what the organisation itself puts on record."""

from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.console import Json, PassphraseFile, give

Speaker = Annotated[str, typer.Option("--signer", help="A quality officer or compliance, who speaks for it.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands to `overread people`."""
    app.command(
        epilog="Example: overread people letter certification.pdf --to 'FDA, Office of Regulatory Affairs' "
        "--sent 2026-10-01 --signer quinn"
    )(letter)
    app.command(
        epilog="Example: overread people permit race --basis 'GDPR Art. 9(2)(i), decision 14 of 2026' --signer quinn"
    )(permit)


def letter(
    file: Annotated[Path, typer.Argument(help="The letter, whose digest goes on record.")],
    to: Annotated[str, typer.Option("--to", help="To whom it was sent.")],
    sent: Annotated[str, typer.Option("--sent", help="The day on which it was sent.")],
    signer: Speaker,
    passphrase_file: PassphraseFile = None,
    *,
    as_json: Json = False,
) -> None:
    """Record the letter that certifies electronic signatures as legally binding (21 CFR 11.100(c))."""
    from pipelines.cli.opened import here, signer_of  # noqa: PLC0415 - lazy: --help loads no adapter
    from registry.organisation import letter_of, record_letter  # noqa: PLC0415 - lazy

    workspace = here()
    text = file.read_bytes()
    event = record_letter(workspace.people, signer_of(workspace, signer, passphrase_file), text, to, sent)
    found = letter_of(workspace.people)
    document = {} if found is None else dict(vars(found))
    give(document, [f"the letter to {to} of {sent} is on record; event {event.seq}"], as_json=as_json)


def permit(
    attribute: Annotated[str, typer.Argument(help="race or ethnicity.")],
    signer: Speaker,
    basis: Annotated[str, typer.Option("--basis", help="The legal basis, or with --end why it ended.")],
    passphrase_file: PassphraseFile = None,
    *,
    end: Annotated[bool, typer.Option("--end", help="End it now, instead.")] = False,
    as_json: Json = False,
) -> None:
    """Record on which legal basis race or ethnicity may be looked at; without one, no evaluation does."""
    from pipelines.cli.opened import here, signer_of  # noqa: PLC0415 - lazy: --help loads no adapter
    from registry.organisation import forbid_attribute, permit_attribute  # noqa: PLC0415 - lazy

    workspace = here()
    say = forbid_attribute if end else permit_attribute
    event = say(workspace.people, signer_of(workspace, signer, passphrase_file), attribute, basis)
    says = f"{attribute} is {'no longer looked at' if end else 'looked at from now on'}; event {event.seq}"
    give({"attribute": attribute, "permitted": not end, "event": event.seq}, [says], as_json=as_json)
