"""`overread audit overrides` and `whois`: what names people, by role and purpose, and told each time."""

from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.console import Json, give, moment
from registry.domain.errors import ExitCode, UnreadableFileError

Purpose = Annotated[str, typer.Option("--purpose", help="Why; it goes on record, so it names nobody.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands to `overread audit`."""
    app.command(epilog="Example: overread audit overrides nodule --from 2026-07-01")(overrides)
    app.command(epilog="Example: overread audit whois p:3f1c… --kind patient --among ids --purpose 'recall 7'")(whois)


def overrides(
    model: Annotated[str, typer.Argument(help="The model.")],
    since: Annotated[str, typer.Option("--from", help="Reads from this day or instant on (UTC).")] = "",
    until: Annotated[str, typer.Option("--to", help="Reads to the end of this day, or before this instant.")] = "",
    purpose: Purpose = "",
    *,
    as_json: Json = False,
) -> None:
    """List a model's overrides; readers are named to a clinical lead or oversight with a purpose, to nobody else."""
    from pipelines.cli.opened import here  # noqa: PLC0415 - lazy: --help loads no adapter
    from pipelines.usecases.audit_query import Question  # noqa: PLC0415 - lazy
    from pipelines.usecases.list_overrides import list_overrides  # noqa: PLC0415 - lazy

    question = Question(None, moment(since, "--from", begins=True), moment(until, "--to"))
    found = list_overrides(here(), model, question, purpose)
    words = {True: "positive", False: "negative"}
    lines = [
        f"{row['read_at']} {row['study_uid']} {row['version']:4} AI {words[row['ai_decision']]}, "
        f"read {words[row['read_decision']]}, by {row['reader']}"
        for row in found.rows
    ]
    head = f"{len(found.rows)} overrides of {found.reactions} reads with the answer of {model} on screen"
    give(found.to_json(), [head, *lines], as_json=as_json)


def whois(
    pseudonym: Annotated[str, typer.Argument(help="The pseudonym.")],
    kind: Annotated[str, typer.Option("--kind", help="patient, study, reader, accession or scanner.")],
    among: Annotated[Path, typer.Option("--among", help="The source's identifiers, one a line.")],
    purpose: Purpose = "",
    *,
    as_json: Json = False,
) -> None:
    """Find the identifier behind a pseudonym among those of its source: 0 found, 1 none of them fits."""
    from pipelines.cli.opened import here  # noqa: PLC0415 - lazy: --help loads no adapter
    from pipelines.usecases.reveal_identity import reveal  # noqa: PLC0415 - lazy

    try:
        source = among.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise UnreadableFileError("the identifiers are not UTF-8 text", mend="one identifier a line") from error
    found = reveal(here(), pseudonym, kind, source, purpose)
    line = "none of them fits" if found.identifier is None else found.identifier
    give(dict(vars(found)), [line], as_json=as_json)
    if found.identifier is None:
        raise typer.Exit(ExitCode.ANSWER_IS_NO)
